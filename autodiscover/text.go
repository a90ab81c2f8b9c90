package autodiscover

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// EscapeText appends s as XML text to dst, the way every Encode function writes a value: what they write for an address
// is what EscapeText writes for it, so an answer can be made once and the address be put in later.
func EscapeText(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r < ' ' && r != '\t' && r != '\n', r == '\ufffe', r == '\uffff': // XML 1.0 §2.2 has no way to write them
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// unescape resolves XML's own five entities and character references. What
// only looks like one stays, as an address may hold & and nobody escaped it.
func unescape(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	var b strings.Builder
	for {
		before, after, ok := bytes.Cut(raw, []byte("&"))
		b.Write(before)
		if !ok {
			return strings.TrimSpace(b.String())
		}
		if name, rest, ok := bytes.Cut(after, []byte(";")); ok {
			if r, ok := entity(name); ok {
				b.WriteRune(r)
				raw = rest
				continue
			}
		}
		b.WriteByte('&')
		raw = after
	}
}

// entity is the character that a reference without its & and ; stands for (XML 1.0 §4.1 and §4.6).
func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, base := name, 10
	if len(name) > 9 || !bytes.HasPrefix(name, []byte("#")) {
		return 0, false
	}
	if digits = name[1:]; bytes.HasPrefix(digits, []byte("x")) {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	return rune(n), err == nil && n <= unicode.MaxRune
}

// toUTF8 drops a byte order mark and transcodes UTF-16, recognised by its mark or by the zero byte next to the first <
// (XML 1.0 appendix F). The encoding the document declares counts for nothing then.
func toUTF8(b []byte) ([]byte, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return b[3:], true
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return fromUTF16(b[2:], binary.LittleEndian)
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return fromUTF16(b[2:], binary.BigEndian)
	case bytes.HasPrefix(b, []byte("<\x00")):
		return fromUTF16(b, binary.LittleEndian)
	case bytes.HasPrefix(b, []byte("\x00<")):
		return fromUTF16(b, binary.BigEndian)
	}
	return b, true
}

func fromUTF16(b []byte, order binary.ByteOrder) ([]byte, bool) {
	if len(b)%2 != 0 {
		return nil, false
	}
	units := make([]uint16, 0, len(b)/2)
	for pair := range slices.Chunk(b, 2) {
		units = append(units, order.Uint16(pair))
	}
	return []byte(string(utf16.Decode(units))), true
}
