package config

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"autoconfig/finding"
)

// decoder fills structs from a YAML tree. Unlike a plain Unmarshal it continues after a mistake, so that an operator
// sees all of them at once.
type decoder struct {
	places
	lines   []string  // of the file
	day     time.Time // whose values of the built-in providers are served
	anchors map[string]ast.Node
	faults  []finding.Finding
	broken  []string // paths with a fault, or left out because of one
	partial bool     // parts of the file could not be read, so anchors may be missing
	path    string   // of the value being read
	aliases int      // that the value being read is inside of
	copies  int      // values read through an alias
}

// fault reports something wrong with the value at n, which is at d.path.
func (d *decoder) fault(id string, n ast.Node, cause, fix string) {
	f := finding.New(id, d.position(n).String()).Because("%s", cause).Do("%s", fix)
	f.Key = d.path
	d.faults, d.broken = append(d.faults, f), append(d.broken, d.path)
}

func (d *decoder) position(n ast.Node) Pos {
	switch m := n.(type) { // a block mapping's own token is its first colon
	case *ast.MappingValueNode:
		n = m.Key
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return Pos{File: d.file, Line: 1, Column: 1}
	}
	p := n.GetToken().Position
	return Pos{File: d.file, Line: p.Line, Column: p.Column}
}

// decode reads one YAML document into v, a pointer to a struct.
func (d *decoder) decode(text []byte, v any) {
	file := d.parse(text)
	if file == nil {
		return
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			d.fault("config-document-second", doc.Body, "a second YAML document starts here",
				"remove the line --- before it, and move what follows into the first")
			break
		}
		body = doc.Body
	}
	if _, ok := body.(ast.MapNode); !ok && d.partial {
		return // reported already
	}
	if body != nil {
		d.value("", body, reflect.ValueOf(v).Elem())
	}
}

const maxCopies = 100_000 // values read through aliases

// value fills v from n. The types are not recursive, so an alias inside its own anchor ends too.
func (d *decoder) value(path string, n ast.Node, v reflect.Value) {
	outer := d.path
	d.path = path
	defer func() { d.path = outer }()
	if d.aliases > 0 {
		if d.copies++; d.copies == maxCopies {
			d.fault("config-syntax", n, "aliases repeat more than 100,000 values", "write a domains_file, or fewer aliases")
		}
		if d.copies >= maxCopies {
			return
		}
	}
	switch x := n.(type) {
	case *ast.AnchorNode:
		d.anchors[x.Name.GetToken().Value] = x.Value
		d.value(path, x.Value, v)
		return
	case *ast.AliasNode:
		d.alias(path, x, v)
		return
	case *ast.NullNode:
		d.null(n, v)
		return
	}
	d.at[path] = d.position(n)
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch n.(type) {
	case ast.MapNode, *ast.SequenceNode:
	default:
		d.leafs[path] = true
	}
	if !d.form(path, n, v.Addr().Interface()) {
		d.kind(path, n, v)
	}
}

func (d *decoder) alias(path string, n *ast.AliasNode, v reflect.Value) {
	name := n.Value.GetToken().Value
	if target, ok := d.anchors[name]; ok {
		d.aliases++
		d.value(path, target, v)
		d.aliases--
		d.at[path] = d.position(n)
		return
	}
	d.leafs[path] = true
	if d.partial {
		d.broken = append(d.broken, path)
		return
	}
	if strings.HasPrefix(name, ".") { // a wildcard without quotes
		d.fault("config-domain-invalid", n, notDomain("*"+name), domainFix("*"+name, inBrackets))
		return
	}
	d.fault("config-syntax", n, "a value that begins with * repeats an anchor, and no anchor &"+name+" is before it",
		`put text that begins with * in quotes, or write the value itself`)
}

// null reports an empty value, which would silently mean the default.
func (d *decoder) null(n ast.Node, v reflect.Value) {
	d.leafs[d.path] = true
	if strings.HasSuffix(d.path, "]") {
		d.fault("config-value-missing", n, "an empty entry in the list", "write a value after the -, or remove the line")
		return
	}
	key, fix := lastKey(d.path), "write a value, or remove the line"
	switch v.Kind() {
	case reflect.Slice, reflect.Struct, reflect.Pointer:
		if key == "providers" || key == "sources" || v.Kind() != reflect.Slice {
			d.fault("config-value-missing", n, "the key has no value, so the default is used", fix)
			f := &d.faults[len(d.faults)-1]
			f.Level, d.broken = finding.Warn, d.broken[:len(d.broken)-1]
			return
		}
	case reflect.String:
		if key == "admin" || key == "listen_tls" {
			fix = key + `: "" switches it off; without the line the default is used`
		}
	}
	cause := "the key has no value"
	if line := d.at[d.path].Line; line >= 1 && line <= len(d.lines) {
		if _, comment, found := strings.Cut(d.lines[line-1], " #"); found && !strings.HasPrefix(comment, " ") {
			cause = "a # after a space begins a comment, so the key has no value"
			fix = fmt.Sprintf("put the value in quotes: %s: %q", key, beforeComment("#"+comment))
		}
	}
	d.fault("config-value-missing", n, cause, fix)
}

func (d *decoder) kind(path string, n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(path, n, v)
	case reflect.Slice:
		d.sequence(path, n, v)
	case reflect.String:
		if s, ok := d.text(n); ok {
			d.word(n, s, v)
		}
	case reflect.Bool:
		d.boolean(n, v)
	case reflect.Int, reflect.Uint16:
		d.integer(n, v)
	default:
		panic("config: no form for " + v.Type().String())
	}
}

func (d *decoder) mapping(path string, n ast.Node, v reflect.Value) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.typeFault(n, "a mapping", d.mappingFix(n, v.Type()))
		return
	}
	fields, seen := maps.Collect(fieldsOf(v.Type())), map[string]ast.Node{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		d.path = joinPath(path, key)
		if first, twice := seen[key]; twice {
			d.fault("config-key-duplicate", it.Key(),
				fmt.Sprintf("the key is written twice, first on line %d", d.position(first).Line), "remove one of them")
			continue
		}
		seen[key] = it.Key()
		field, ok := fields[key]
		if !ok {
			d.unknown(it.Key(), key, it.Value(), v)
			continue
		}
		d.at[d.path] = d.position(it.Key()) // of an empty value
		d.value(d.path, it.Value(), v.FieldByIndex(field.Index))
	}
	d.path = path
}

func (d *decoder) sequence(path string, n ast.Node, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		what := "text in place of a list"
		if _, ok := n.(*ast.StringNode); !ok {
			what = d.shown(n) + " is not a list"
		}
		d.fault("config-type", n, what, d.listFix(n, v.Type().Elem()))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	for i, e := range s.Values {
		d.value(fmt.Sprintf("%s[%d]", path, i), e, out.Index(i))
	}
	v.Set(out)
}

func (d *decoder) boolean(n ast.Node, v reflect.Value) {
	if b, ok := n.(*ast.BoolNode); ok {
		v.SetBool(b.Value)
		return
	}
	fix := "write true or false"
	if text, ok := n.(*ast.StringNode); ok {
		switch strings.ToLower(text.Value) {
		case "yes", "on", "true", "y":
			fix = "write true"
		case "no", "off", "false", "n":
			fix = "write false"
		}
	}
	d.typeFault(n, "true or false", fix)
}

func (d *decoder) integer(n ast.Node, v reflect.Value) {
	key := lastKey(d.path)
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		d.typeFault(n, "a whole number", numberFix(key, n))
		return
	}
	num, _ := i.Value.(uint64) // a negative one is an int64
	most := uint64(math.MaxInt32)
	id, fix := "config-value-invalid", fmt.Sprintf("write a number from 1 to %d", most)
	if v.Kind() == reflect.Uint16 {
		most, id, fix = math.MaxUint16, "config-port-invalid", "write a port from 1 to 65535, or leave it out"
	}
	if num == 0 || num > most {
		d.fault(id, n, i.GetToken().Value+" is out of range", fix)
		return
	}
	v.Set(reflect.ValueOf(num).Convert(v.Type()))
}

// text reads a YAML string. A number or a bool in place of a string is a mistake: YAML would have lost its leading
// zeros or its spelling.
func (d *decoder) text(n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		d.typeFault(n, "text", textFix(lastKey(d.path), d.shown(n)))
		return "", false
	}
	fix := "write one value in place of it"
	if _, ok := n.(ast.MapNode); ok { // also a text with a colon in brackets
		fix = "put text with a colon in quotes"
	}
	d.typeFault(n, "text", fix)
	return "", false
}

func (d *decoder) typeFault(n ast.Node, want, fix string) {
	d.fault("config-type", n, fmt.Sprintf("%s is not %s", d.shown(n), want), fix)
}

// shown is a value for a message: as it is written where it is short, and never a secret.
func (d *decoder) shown(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a mapping"
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
		if text := n.GetToken().Value; len(text) <= 40 && !secretKeys[lastKey(d.path)] {
			return `"` + text + `"`
		}
	}
	return "the value"
}

// fieldsOf yields the fields of a struct that have a key in the file, in their order and with those of embedded
// structs.
func fieldsOf(t reflect.Type) iter.Seq2[string, reflect.StructField] {
	return func(yield func(string, reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key != "" && key != "-" && !yield(key, f) {
				return
			}
		}
	}
}

func keysOf(t reflect.Type) (keys []string) {
	for key := range fieldsOf(t) {
		keys = append(keys, key)
	}
	return keys
}
