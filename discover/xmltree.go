package discover

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// node is an XML element as it stands: clients differ in what they make of
// attributes, white space and repeated elements, so nothing is normalised, as
// mozilla.Decode does. The name has its prefix.
type node struct {
	name  string
	attrs map[string]string
	text  strings.Builder // directly in it
	kids  []*node
}

// What is wrong with a document.
var (
	errNotUTF8   = errors.New("it is not UTF-8")
	errDepth     = errors.New("its elements are nested too deep")
	errXML       = errors.New("it is not well-formed XML")
	errNotAtHead = errors.New("something stands before its XML declaration")
)

// Bounds on a tree. A real document has five levels and some hundred elements.
const (
	maxDepth = 16
	maxNodes = 4096
)

// parseXML reads a document into a tree. Directives are passed over and
// entities are never defined, so a document cannot grow while it is read.
func parseXML(body []byte) (*node, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return nil, errNotUTF8
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // its octets are UTF-8, whatever it says
	p := treeParser{}
	for {
		at := d.InputOffset()
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errXML
		}
		if pi, ok := t.(xml.ProcInst); ok && pi.Target == "xml" && at != 0 {
			return nil, errNotAtHead // XML 1.0 §2.8
		}
		if err := p.take(t); err != nil {
			return nil, err
		}
	}
	if p.root == nil || len(p.open) > 0 {
		return nil, errXML
	}
	return p.root, nil
}

type treeParser struct {
	root  *node
	open  []*node // the innermost last
	nodes int
}

func (p *treeParser) take(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		return p.start(t)
	case xml.EndElement:
		if len(p.open) == 0 || p.open[len(p.open)-1].name != qualified(t.Name) {
			return errXML
		}
		p.open = p.open[:len(p.open)-1]
	case xml.CharData:
		if len(p.open) > 0 {
			p.open[len(p.open)-1].text.Write(t)
		} else if len(bytes.TrimSpace(t)) > 0 {
			return errXML
		}
	}
	return nil
}

func (p *treeParser) start(t xml.StartElement) error {
	n := &node{name: qualified(t.Name), attrs: map[string]string{}}
	for _, a := range t.Attr {
		n.attrs[qualified(a.Name)] = a.Value
	}
	p.nodes++
	switch {
	case len(p.open) == maxDepth, p.nodes > maxNodes:
		return errDepth
	case len(p.open) > 0:
		parent := p.open[len(p.open)-1]
		parent.kids = append(parent.kids, n)
	case p.root != nil:
		return errXML // a second root
	default:
		p.root = n
	}
	p.open = append(p.open, n)
	return nil
}

func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// all are the children of a name.
func (n *node) all(name string) []*node {
	var out []*node
	for _, k := range n.kids {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}

// first is the first child of a name, nil when there is none.
func (n *node) first(name string) *node {
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// value is the text of the first child of a name, as it stands.
func (n *node) value(name string) (string, bool) {
	if k := n.first(name); k != nil {
		return k.text.String(), true
	}
	return "", false
}

// trimXML takes XML's white space (XML 1.0 §2.3) off.
func trimXML(s string) string { return strings.Trim(s, " \t\r\n") }
