package apple

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
)

// dict is a dictionary of a property list that is being made. Property lists are read with a library, which also
// understands what others write; ours are a few dictionaries with a dozen keys each, made anew for every address.
type dict []entry

// entry is a key with its value: an element and its text, or dictionaries.
type entry struct {
	key     string
	element string // string, integer, true, false, dict or array
	text    string
	list    []dict
}

func (d *dict) text(key, value string) {
	*d = append(*d, entry{key: key, element: "string", text: value})
}

func (d *dict) integer(key string, value int) {
	*d = append(*d, entry{key: key, element: "integer", text: strconv.Itoa(value)})
}

func (d *dict) boolean(key string, value bool) {
	*d = append(*d, entry{key: key, element: strconv.FormatBool(value)})
}

func (d *dict) dict(key string, value dict) {
	*d = append(*d, entry{key: key, element: "dict", list: []dict{value}})
}

func (d *dict) array(key string, values []dict) {
	*d = append(*d, entry{key: key, element: "array", list: values})
}

const plistHead = xml.Header +
	`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
`

// document is the property list of a dictionary. Keys are sorted, so that the bytes depend on nothing but the values.
func (d dict) document() []byte {
	out := d.append(append(make([]byte, 0, 6<<10), plistHead...), 1)
	return append(out, "</plist>\n"...)
}

func (d dict) append(out []byte, depth int) []byte {
	slices.SortFunc(d, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	out = append(indent(out, depth), "<dict>\n"...)
	for i := range d {
		e := &d[i]
		out = escape(append(indent(out, depth+1), "<key>"...), e.key)
		out = append(out, "</key>\n"...)
		switch e.element {
		case "true", "false":
			out = append(append(append(indent(out, depth+1), '<'), e.element...), "/>\n"...)
		case "dict":
			out = e.list[0].append(out, depth+1)
		case "array":
			out = append(indent(out, depth+1), "<array>\n"...)
			for _, v := range e.list {
				out = v.append(out, depth+2)
			}
			out = append(indent(out, depth+1), "</array>\n"...)
		default:
			out = append(append(append(indent(out, depth+1), '<'), e.element...), '>')
			out = append(append(append(escape(out, e.text), "</"...), e.element...), ">\n"...)
		}
	}
	return append(indent(out, depth), "</dict>\n"...)
}

func indent(out []byte, depth int) []byte { return append(out, "\t\t\t\t\t\t\t\t"[:depth]...) }

// escape appends text as XML has it; nearly all of it has nothing to escape.
func escape(out []byte, text string) []byte {
	special := func(r rune) bool {
		return r < ' ' || r > '~' || r == '"' || r == '\'' || r == '&' || r == '<' || r == '>'
	}
	if !strings.ContainsFunc(text, special) {
		return append(out, text...)
	}
	b := bytes.NewBuffer(out)
	_ = xml.EscapeText(b, []byte(text)) // a buffer takes everything
	return b.Bytes()
}
