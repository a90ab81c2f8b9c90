package autodiscover

import "bytes"

// maxDepth bounds the nesting of a request; a real one has three levels.
const maxDepth = 16

// scanner walks the elements of a request. An XML library would not do: clients put the address in unescaped (measured
// with Thunderbird 153), so that o'neil&x=1@example.org makes a document that is not well-formed. Tags must nest all
// the same.
type scanner struct {
	rest   []byte
	open   [maxDepth][]byte // names of the open elements, outermost first
	depth  int
	rooted bool // the root element has begun
	bad    bool // the document is malformed; nothing more is read
}

// tag is a start tag.
type tag struct {
	name  []byte // without its prefix
	attrs []byte
	empty bool // <name/>
}

// next finds the next start tag. It is false at the end, and when the document turns out to be malformed.
func (s *scanner) next() (tag, bool) {
	for !s.bad {
		text, _, more := bytes.Cut(s.rest, []byte("<"))
		s.rest = s.rest[len(text):]
		switch {
		case s.depth == 0 && len(bytes.TrimSpace(text)) > 0:
			s.bad = true // text outside the root element
		case !more:
			s.bad = s.depth > 0 || !s.rooted
			return tag{}, false
		case bytes.HasPrefix(s.rest, []byte("<!--")):
			s.cut("<!--", "-->")
		case bytes.HasPrefix(s.rest, []byte(cdata)):
			s.cut(cdata, "]]>")
		case bytes.HasPrefix(s.rest, []byte("<?")):
			s.cut("<?", "?>")
		case bytes.HasPrefix(s.rest, []byte("</")):
			s.end()
		default:
			return s.start()
		}
	}
	return tag{}, false
}

const cdata = "<![CDATA["

// cut takes what begins with prefix and ends with suffix off the rest.
func (s *scanner) cut(prefix, suffix string) (inner []byte) {
	inner, rest, ok := bytes.Cut(s.rest[len(prefix):], []byte(suffix))
	s.rest, s.bad = rest, !ok
	return inner
}

// end reads an end tag, which must close the innermost element.
func (s *scanner) end() {
	name := s.cut("</", ">")
	if s.depth--; s.depth < 0 || !bytes.Equal(s.open[s.depth], bytes.TrimRight(name, blanks)) {
		s.bad, s.depth = true, 0
	}
}

const blanks = " \t\r\n"

// start reads a start tag.
func (s *scanner) start() (tag, bool) {
	inside, ok := s.untilClose()
	inside, empty := bytes.CutSuffix(inside, []byte("/"))
	name, attrs := inside, []byte(nil)
	if i := bytes.IndexAny(inside, blanks); i >= 0 {
		name, attrs = inside[:i], inside[i:]
	}
	if !ok || !startsName(name) || s.depth == maxDepth || s.depth == 0 && s.rooted {
		s.bad = true
		return tag{}, false
	}
	s.rooted = true
	if !empty {
		s.open[s.depth] = name
		s.depth++
	}
	return tag{name[bytes.IndexByte(name, ':')+1:], attrs, empty}, true
}

// untilClose takes a tag off the rest, up to the first > outside quotes.
func (s *scanner) untilClose() ([]byte, bool) {
	for i := 0; ; i++ {
		n := bytes.IndexAny(s.rest[i:], `>"'`)
		if n < 0 {
			return nil, false
		}
		if i += n; s.rest[i] == '>' {
			inside := s.rest[1:i]
			s.rest = s.rest[i+1:]
			return inside, true
		}
		end := bytes.IndexByte(s.rest[i+1:], s.rest[i]) // of what is quoted
		if end < 0 {
			return nil, false
		}
		i += end + 1
	}
}

// startsName reports whether a tag begins as a name does, or with any character beyond ASCII.
func startsName(b []byte) bool {
	return len(b) > 0 && (b[0] >= 0x80 || b[0] == '_' || 'a' <= b[0]|0x20 && b[0]|0x20 <= 'z')
}

// text is the content of the element t just begun, up to the next end tag,
// whatever else is in it: a stray < stays, for the address check to refuse.
func (s *scanner) text(t tag) string {
	if t.empty {
		return ""
	}
	i := bytes.Index(s.rest, []byte("</"))
	if i < 0 {
		s.bad = true
		return ""
	}
	raw := bytes.TrimSpace(s.rest[:i])
	s.rest = s.rest[i:]
	if inner, ok := bytes.CutPrefix(raw, []byte(cdata)); ok {
		if inner, ok = bytes.CutSuffix(inner, []byte("]]>")); ok {
			return string(bytes.TrimSpace(inner))
		}
	}
	return unescape(raw)
}

// hasDirective reports whether a document holds a directive (DOCTYPE, ENTITY …) anywhere, even in a comment. None is
// ever needed, and entities are how a small document becomes a large one.
func hasDirective(b []byte) bool {
	for {
		_, after, ok := bytes.Cut(b, []byte("<!"))
		if !ok {
			return false
		}
		if !bytes.HasPrefix(after, []byte("--")) && !bytes.HasPrefix(after, []byte("[CDATA[")) {
			return true
		}
		b = after
	}
}
