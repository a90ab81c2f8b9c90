package publish

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// keyToken is a comment or white space, a quoted text, a mark or a word, at the
// beginning of what is left. A word goes on over // and #, which base64 and names
// may hold.
var keyToken = regexp.MustCompile(`^(?:\s+|#[^\n]*|//[^\n]*|(?s:/\*.*?\*/)|"[^"\n]*"|[{};]|[^\s{};"]+)`)

type keyParser struct {
	text string
	at   int // where the token that is looked at begins, and errors point
	next int // where it ends
}

// token moves to the next token; "" is the end.
func (p *keyParser) token() (string, error) {
	for {
		p.at = p.next
		rest := p.text[p.at:]
		t := keyToken.FindString(rest)
		p.next += len(t)
		switch {
		case strings.HasPrefix(t, "/*") && !strings.HasSuffix(t, "*/"), t == "/*/":
			return "", errors.New("the comment has no end; write */ behind it")
		case t == "" && rest != "":
			return "", errors.New("the quoted text has no end; write \" behind it, on the same line")
		case t != "" && (strings.TrimSpace(t) == "" || t[0] == '#' || strings.HasPrefix(t, "//") || strings.HasPrefix(t, "/*")):
			continue
		}
		return t, nil
	}
}

var errKeyForm = errors.New(`write key "name" { algorithm hmac-sha256; secret "…"; }; or name:algorithm:secret`)

func (p *keyParser) file() (keys []Key, err error) {
	for {
		t, err := p.token()
		switch {
		case err != nil:
			return nil, err
		case t == "" && len(keys) == 0:
			return nil, fmt.Errorf("no key; %w", errKeyForm)
		case t == "":
			return keys, nil
		case len(keys) == 0 && t[0] != '"' && strings.Contains(t, ":"):
			return p.line(t)
		case t != "key":
			return nil, fmt.Errorf("not a key statement; %w", errKeyForm)
		}
		key, err := p.statement(keys)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
}

// statement reads a key statement behind its first word; before are the keys
// read already.
func (p *keyParser) statement(before []Key) (key Key, err error) {
	if err := p.value(key.setName); err != nil {
		return key, err
	}
	if slices.ContainsFunc(before, func(k Key) bool { return k.Name == key.Name }) {
		return key, errors.New("a second key of this name")
	}
	if err := p.expect("{"); err != nil {
		return key, err
	}
	for {
		t, err := p.token()
		set := map[string]func(string) error{"algorithm": key.setAlgorithm, "secret": key.setSecret}[t]
		switch {
		case err != nil:
			return key, err
		case t == "}" && (key.Algorithm == "" || key.secret == nil):
			return key, errors.New("the key lacks its algorithm or its secret")
		case t == "}":
			return key, p.expect(";")
		case set == nil:
			return key, errors.New(`write algorithm or secret here, or } at the end of the key`)
		case t == "algorithm" && key.Algorithm != "" || t == "secret" && key.secret != nil:
			return key, fmt.Errorf("a second %s in one key", t)
		}
		if err := p.value(set); err != nil {
			return key, err
		}
		if err := p.expect(";"); err != nil {
			return key, err
		}
	}
}

// value hands the next token on, without its quotes.
func (p *keyParser) value(set func(string) error) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t == "" || strings.Contains("{};", t) {
		return errKeyForm
	}
	return set(strings.Trim(t, `"`))
}

func (p *keyParser) expect(mark string) error {
	t, err := p.token()
	if err == nil && t != mark {
		err = fmt.Errorf("write %s here", mark)
	}
	return err
}
