package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"autoconfig/finding"
)

// Pos is a place in a file; line and column count from 1.
type Pos struct {
	File         string
	Line, Column int
}

// String is file:line:column, without the parts that are not known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// A textValue is written as one YAML string; fix says what to write when it
// cannot be read.
type textValue interface{ fromText(s string) (fix string) }

// A nodeValue reads more than one form.
type nodeValue interface {
	fromNode(d *decoder, path string, n ast.Node)
}

// decoder fills structs from a YAML tree. Unlike a plain Unmarshal it goes on
// after a mistake, so that an operator sees all of them at once.
type decoder struct {
	file    string
	pos     map[string]Pos
	anchors map[string]ast.Node
	faults  []finding.Finding
	depth   int
}

func (d *decoder) fault(id string, n ast.Node, cause, fix string) {
	d.faults = append(d.faults, finding.New(id, d.at(n).String()).Because("%s", cause).Do("%s", fix))
}

func (d *decoder) at(n ast.Node) Pos {
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
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.faults = append(d.faults, d.syntax(err))
		return
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			d.fault("config-document-second", doc.Body, "a second YAML document starts here", "remove the line --- before it, and move what follows into the first")
			return
		}
		body = doc.Body
	}
	if body != nil {
		d.value("", body, reflect.ValueOf(v).Elem())
	}
}

func (d *decoder) syntax(err error) finding.Finding {
	at, cause := Pos{File: d.file}, err.Error()
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		at.Line, at.Column, cause = syntax.Token.Position.Line, syntax.Token.Position.Column, syntax.Message
	}
	return finding.New("config-syntax", at.String()).Because("not YAML: %s", strings.SplitN(cause, "\n", 2)[0])
}

// value fills v from n.
func (d *decoder) value(path string, n ast.Node, v reflect.Value) {
	if d.depth++; d.depth > 50 { // an alias inside its own anchor never ends
		d.fault("config-syntax", n, "nested too deeply", "remove the alias that contains itself")
		d.depth--
		return
	}
	defer func() { d.depth-- }()
	switch x := n.(type) {
	case *ast.AnchorNode:
		d.anchors[x.Name.GetToken().Value] = x.Value
		d.value(path, x.Value, v)
		return
	case *ast.AliasNode:
		target, ok := d.anchors[x.Value.GetToken().Value]
		if !ok {
			d.fault("config-syntax", n, "an alias of no anchor before it", "write the value itself")
			return
		}
		d.value(path, target, v)
		return
	case *ast.NullNode:
		return // an empty value: as if the key were not there
	}
	d.pos[path] = d.at(n)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if v.CanAddr() {
		switch t := v.Addr().Interface().(type) {
		case nodeValue:
			t.fromNode(d, path, n)
			return
		case textValue:
			d.textValue(n, t)
			return
		case *netip.Prefix:
			d.prefix(n, t)
			return
		case *netip.Addr:
			d.address(n, t)
			return
		}
	}
	d.kind(path, n, v)
}

func (d *decoder) textValue(n ast.Node, t textValue) {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode: // quotes, as text advises, would not help: the unit is missing
		d.fault("config-type", n, n.GetToken().Value+" has no unit", "write a duration such as 5m or 0s")
		return
	}
	if s, ok := d.text(n, "a text such as 5m"); ok {
		if fix := t.fromText(s); fix != "" {
			d.fault("config-value-invalid", n, fmt.Sprintf("%q cannot be read here", s), fix)
		}
	}
}

// kind fills v by its Go kind.
func (d *decoder) kind(path string, n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(path, n, v)
	case reflect.Slice:
		d.sequence(path, n, v)
	case reflect.String:
		if s, ok := d.text(n, "a text"); ok {
			v.SetString(s)
		}
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.typeFault(n, "true or false")
			return
		}
		v.SetBool(b.Value)
	case reflect.Int, reflect.Uint16:
		d.integer(n, v)
	default:
		panic("config: no form for " + v.Type().String())
	}
}

func (d *decoder) mapping(path string, n ast.Node, v reflect.Value) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.typeFault(n, "a mapping (key: value)")
		return
	}
	seen := map[string]ast.Node{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		if first, twice := seen[key]; twice {
			d.fault("config-key-duplicate", it.Key(), fmt.Sprintf("%q stands twice, first on line %d", key, d.at(first).Line), "remove one of them")
			continue
		}
		seen[key] = it.Key()
		field, ok := fieldByKey(v, key)
		if !ok {
			d.unknown(it.Key(), key, v)
			continue
		}
		at := joinPath(path, key)
		d.value(at, it.Value(), field)
		if _, ok := d.pos[at]; !ok { // a null
			d.pos[at] = d.at(it.Key())
		}
	}
}

func (d *decoder) unknown(n ast.Node, key string, v reflect.Value) {
	keys := keysOf(v.Type())
	fix := "write one of " + strings.Join(keys, ", ")
	if near := nearest(key, keys); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	d.fault("config-key-unknown", n, fmt.Sprintf("unknown key %q", key), fix)
}

func (d *decoder) sequence(path string, n ast.Node, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.typeFault(n, "a list: [a, b], or one \"- \" a line")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	for i, e := range s.Values {
		d.value(fmt.Sprintf("%s[%d]", path, i), e, out.Index(i))
	}
	v.Set(out)
}

func (d *decoder) integer(n ast.Node, v reflect.Value) {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		d.typeFault(n, "a whole number")
		return
	}
	var num uint64
	switch x := i.Value.(type) {
	case int64:
		if x < 0 {
			d.fault("config-value-invalid", n, "a negative number", "write a number from 1 up")
			return
		}
		num = uint64(x)
	case uint64:
		num = x
	}
	most := uint64(math.MaxInt32)
	id, fix := "config-value-invalid", "write a smaller number"
	if v.Kind() == reflect.Uint16 {
		most, id, fix = math.MaxUint16, "config-port-invalid", "write a port from 1 to 65535, or leave it out"
		if num == 0 {
			num = most + 1
		}
	}
	if num > most {
		d.fault(id, n, fmt.Sprintf("%s is out of range", i.GetToken().Value), fix)
		return
	}
	if v.Kind() == reflect.Uint16 {
		v.SetUint(num)
	} else {
		v.SetInt(int64(num))
	}
}

func (d *decoder) prefix(n ast.Node, p *netip.Prefix) {
	s, ok := d.text(n, "a network such as 10.0.0.0/8")
	if !ok {
		return
	}
	v, err := netip.ParsePrefix(s)
	if addr, aerr := netip.ParseAddr(s); err != nil && aerr == nil {
		d.fault("config-value-invalid", n, fmt.Sprintf("%q is an address, not a network", s), fmt.Sprintf("write %s/%d", addr, addr.BitLen()))
		return
	}
	if err != nil {
		d.fault("config-value-invalid", n, fmt.Sprintf("%q is not a network", s), "write a network such as 10.0.0.0/8")
		return
	}
	*p = v.Masked()
}

func (d *decoder) address(n ast.Node, a *netip.Addr) {
	s, ok := d.text(n, "an IP address such as 192.0.2.1")
	if !ok {
		return
	}
	v, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil || v.Zone() != "" || v.IsUnspecified() {
		d.fault("config-value-invalid", n, fmt.Sprintf("%q is not an IP address", s), "write an address such as 192.0.2.1 or 2001:db8::1, without a port")
		return
	}
	*a = v.Unmap()
}

// text reads a YAML string. A number or a bool where a text belongs is a
// mistake: YAML would have lost its leading zeros or its spelling.
func (d *decoder) text(n ast.Node, what string) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		d.fault("config-type", n, fmt.Sprintf("%s is %s, and a text is wanted", n.GetToken().Value, nodeName(n)), fmt.Sprintf("write it in quotes: %q", n.GetToken().Value))
		return "", false
	}
	d.typeFault(n, what)
	return "", false
}

func (d *decoder) typeFault(n ast.Node, want string) {
	d.fault("config-type", n, fmt.Sprintf("%s where %s is wanted", nodeName(n), want), "write "+want)
}

func nodeName(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a mapping"
	case *ast.IntegerNode:
		return "a number"
	case *ast.FloatNode:
		return "a fraction"
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	}
	return "a value"
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("yaml"); tag == key && tag != "-" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		if tag := field.Tag.Get("yaml"); tag != "" && tag != "-" {
			keys = append(keys, tag)
		}
	}
	return keys
}

// nearest is the key a mistyped one was probably meant to be.
func nearest(key string, keys []string) string {
	best, most := "", 1+len(key)/4
	for _, k := range keys {
		if n := levenshtein.ComputeDistance(strings.ToLower(key), k); n <= most {
			best, most = k, n-1
		}
	}
	return best
}
