package mozilla

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// Element is an element of a document as it was written: no name, value or order is changed.
type Element = etree.Element

// Parse reads a document into its tree, for who wants to see what one client makes of it; [Decode] says what it means.
// Directives are passed over and entities never defined, so a document does not grow. Errors are those of [Decode], and
// a declared encoding counts for nothing.
func Parse(data []byte) (*Element, error) {
	doc, err := parse(data, func(_ string, r io.Reader) (io.Reader, error) { return r, nil })
	switch {
	case err != nil:
		return nil, err
	case isLate(doc):
		return nil, fmt.Errorf("%w: something comes before the XML declaration", ErrSyntax) // XML 1.0 §2.8
	}
	return doc.Root(), nil
}

// parse reads XML into a tree with one root element. Namespaces count for nothing: a prefix is left to the caller.
func parse(data []byte, charset func(string, io.Reader) (io.Reader, error)) (*etree.Document, error) {
	if len(data) > MaxSize {
		return nil, ErrTooLarge
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, ErrEncoding
	}
	if bytes.Count(data, []byte("<")) > maxTags {
		return nil, fmt.Errorf("%w: it has too many elements", ErrSyntax)
	}
	doc := etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{MaxDepth: maxDepth, PreserveDuplicateAttrs: true, CharsetReader: charset}
	if err := doc.ReadFromBytes(data); err != nil {
		if errors.Is(err, ErrEncoding) {
			return nil, ErrEncoding
		}
		return nil, fmt.Errorf("%w: %s", ErrSyntax, where(data))
	}
	if len(doc.ChildElements()) != 1 || slices.ContainsFunc(doc.Child, isText) {
		return nil, fmt.Errorf("%w: not one root element", ErrSyntax)
	}
	if attributeTwice(doc.Root()) {
		return nil, fmt.Errorf("%w: an attribute is twice in one tag", ErrSyntax)
	}
	return doc, nil
}

// where says at which line a document stops being well-formed. The tree's own error has no line.
func where(data []byte) string {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return "it is nested too deep"
		} else if err != nil {
			line, _ := d.InputPos()
			text := strings.TrimPrefix(err.Error(), "XML syntax error on ")
			return fmt.Sprintf("line %d: %s", line, strings.TrimPrefix(text, fmt.Sprintf("line %d: ", line)))
		}
	}
}

// isLate reports an XML declaration that is not the very first thing.
func isLate(doc *etree.Document) bool {
	return slices.IndexFunc(doc.Child, func(t etree.Token) bool {
		pi, ok := t.(*etree.ProcInst)
		return ok && pi.Target == "xml"
	}) > 0
}

// isText reports text other than white space.
func isText(t etree.Token) bool {
	text, ok := t.(*etree.CharData)
	return ok && trim(text.Data) != ""
}

// attributeTwice reports what encoding/xml lets pass, and the clients' parsers
// do not (XML 1.0 §3.1, "Unique Att Spec").
func attributeTwice(e *etree.Element) bool {
	if len(e.Attr) > 1 {
		seen := make(map[string]bool, len(e.Attr))
		for _, a := range e.Attr {
			if seen[a.FullKey()] {
				return true
			}
			seen[a.FullKey()] = true
		}
	}
	return slices.ContainsFunc(e.Child, func(t etree.Token) bool {
		child, ok := t.(*etree.Element)
		return ok && attributeTwice(child)
	})
}

// refuseCharset is asked about any declared encoding but UTF-8. US-ASCII is a part of it.
func refuseCharset(charset string, r io.Reader) (io.Reader, error) {
	if strings.EqualFold(charset, "us-ascii") {
		return r, nil
	}
	return nil, ErrEncoding
}

// hasDirective reports a DOCTYPE or its like anywhere. Autoconfig has no use
// for one, and entities are how a small document becomes a large one.
func hasDirective(e *etree.Element) bool {
	return slices.ContainsFunc(e.Child, func(t etree.Token) bool {
		switch t := t.(type) {
		case *etree.Directive:
			return true
		case *etree.Element:
			return hasDirective(t)
		}
		return false
	})
}

// value is the text of the first child element of that name.
func value(e *etree.Element, tag string) string {
	if c := e.SelectElement(tag); c != nil {
		return trim(c.Text())
	}
	return ""
}

// attr is the attribute of that name without white space around it.
func attr(e *etree.Element, key string) string { return trim(e.SelectAttrValue(key, "")) }
