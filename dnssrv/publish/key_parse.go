package publish

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// keyGap is what may be between tokens: white space and comments. keyToken is a quoted text, a mark or a word, which
// goes on over // and #, as base64 and names may hold them.
var (
	keyGap   = regexp.MustCompile(`^(?:\s+|#[^\n]*|//[^\n]*|(?s:/\*.*?\*/))*`)
	keyToken = regexp.MustCompile(`^(?:"[^"\n]*"|[{};]|[^\s{};"]+)`)
)

// keyParser stops at the first error: no token follows it.
type keyParser struct {
	text string
	at   int // where the current token begins, and errors point
	next int // where it ends
	err  error
}

func (p *keyParser) fail(err error) { p.err = cmp.Or(p.err, err) }

// token moves to the next token; "" is the end.
func (p *keyParser) token() string {
	if p.err != nil {
		return ""
	}
	p.at = p.next + len(keyGap.FindString(p.text[p.next:]))
	t := keyToken.FindString(p.text[p.at:])
	p.next = p.at + len(t)
	switch {
	case strings.HasPrefix(t, "/*"):
		p.fail(errors.New("the comment has no end; write */ behind it"))
	case t == "" && p.at < len(p.text):
		p.fail(errors.New("the quoted text has no end; write \" behind it, on the same line"))
	}
	return t
}

var errKeyForm = errors.New(`write key "name" { algorithm hmac-sha256; secret "…"; }; or name:algorithm:secret`)

func (p *keyParser) file() (keys []Key) {
	for p.err == nil {
		switch t := p.token(); {
		case t == "" && len(keys) == 0:
			p.fail(fmt.Errorf("no key; %w", errKeyForm))
		case t == "":
			return keys
		case len(keys) == 0 && t[0] != '"' && strings.Contains(t, ":"):
			return p.line(t)
		case t != "key":
			p.fail(fmt.Errorf("not a key statement; %w", errKeyForm))
		default:
			keys = append(keys, p.statement(keys))
		}
	}
	return nil
}

// line reads name:algorithm:secret, which is alone in its file.
func (p *keyParser) line(text string) []Key {
	parts := strings.Split(text, ":")
	switch {
	case len(parts) != 3:
		p.fail(fmt.Errorf("%d colons; %w", len(parts)-1, errKeyForm))
		return nil
	case strings.HasPrefix(strings.ToLower(parts[0]), "hmac-") && !strings.HasPrefix(strings.ToLower(parts[1]), "hmac-"):
		p.fail(errors.New("the name comes before the algorithm; write name:algorithm:secret"))
	}
	var key Key
	for i, set := range []func(string) error{key.setName, key.setAlgorithm, key.setSecret} {
		if p.fail(set(parts[i])); p.err != nil {
			return nil
		}
		p.at += len(parts[i]) + 1
	}
	if p.token() != "" {
		p.fail(errors.New("a second thing behind name:algorithm:secret; this form takes one key alone"))
	}
	return []Key{key}
}

// statement reads a key statement behind its first word; before are the keys read already.
func (p *keyParser) statement(before []Key) (key Key) {
	p.value(key.setName)
	if slices.ContainsFunc(before, func(k Key) bool { return k.Name == key.Name }) {
		p.fail(errors.New("a second key of this name"))
	}
	p.expect("{")
	for p.err == nil {
		t := p.token()
		set := map[string]func(string) error{"algorithm": key.setAlgorithm, "secret": key.setSecret}[t]
		switch {
		case t == "}" && (key.Algorithm == "" || key.secret == nil):
			p.fail(errors.New("the key lacks its algorithm or its secret"))
		case t == "}":
			p.expect(";")
			return key
		case set == nil:
			p.fail(errors.New(`write algorithm or secret here, or } at the end of the key`))
		case t == "algorithm" && key.Algorithm != "" || t == "secret" && key.secret != nil:
			p.fail(fmt.Errorf("a second %s in one key", t))
		}
		p.value(set)
		p.expect(";")
	}
	return key
}

// value sets what the next token says, without its quotes.
func (p *keyParser) value(set func(string) error) {
	switch t := p.token(); {
	case p.err != nil:
	case strings.Contains("{};", t): // or the end
		p.fail(errKeyForm)
	default:
		p.fail(set(strings.Trim(t, `"`)))
	}
}

func (p *keyParser) expect(mark string) {
	if p.token() != mark {
		p.fail(fmt.Errorf("write %s here", mark))
	}
}
