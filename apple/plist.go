package apple

import (
	"bytes"
	"encoding/xml"
	"strings"

	"autoconfig/provider"

	"howett.net/plist"
)

// dict is a dictionary of a property list. In one that somebody else wrote, a value of the wrong type counts as absent.
type dict map[string]any

// document is the property list of a dictionary. Keys are sorted, so that the bytes depend on nothing but the values.
func (d dict) document() ([]byte, error) {
	out, err := plist.MarshalIndent(d, plist.XMLFormat, "\t")
	return append(out, '\n'), err
}

// setText sets a text unless it is empty.
func (d dict) setText(key, value string) {
	if value != "" {
		d[key] = value
	}
}

func (d dict) text(key string) string {
	s, _ := d[key].(string)
	return provider.Printable(s, 0)
}

func (d dict) flag(key string, absent bool) bool {
	if b, ok := d[key].(bool); ok {
		return b
	}
	return absent
}

// port reads an integer, or a real, as some generators write.
func (d dict) port(key string) uint16 {
	if n, ok := number(d[key]); ok && n >= 0 && n <= 65535 {
		return uint16(n)
	}
	return 0
}

func (d dict) has(key string) bool {
	_, ok := d[key]
	return ok
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case uint64:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

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
