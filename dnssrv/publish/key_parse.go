package publish

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/miekg/dns"
)

// ParseKeys reads TSIG keys: statements as in named.conf of BIND,
//
//	key "name" { algorithm hmac-sha256; secret "base64"; };
//
// with comments in any of its three styles, or one line name:algorithm:secret.
// Errors begin with file:line:column and never show a word of the file that may
// be the secret.
func ParseKeys(file string, text []byte) ([]Key, error) {
	p := &keyParser{lexer: keyLexer{text: string(text), line: 1, column: 1}}
	keys, err := p.file()
	if err != nil {
		at := p.token
		if lexical, ok := errors.AsType[*lexicalError](err); ok {
			at = lexical.at
		}
		return nil, fmt.Errorf("%s:%d:%d: %w", file, at.line, at.column, err)
	}
	return keys, nil
}

// keyToken is a word, a quoted text, one of { } ; or the end of the file ("").
type keyToken struct {
	text         string
	quoted       bool
	line, column int // of its first character, from 1
}

func (t keyToken) is(text string) bool { return t.text == text && !t.quoted }

func (t keyToken) mark() bool { return t.is("{") || t.is("}") || t.is(";") || t.is("") }

type keyLexer struct {
	text         string // what is left
	line, column int
}

type lexicalError struct {
	at   keyToken
	what string
}

func (e *lexicalError) Error() string { return e.what }

func (l *keyLexer) skip(n int) {
	for _, r := range l.text[:n] {
		if l.column++; r == '\n' {
			l.line, l.column = l.line+1, 1
		}
	}
	l.text = l.text[n:]
}

// blank passes over white space and comments.
func (l *keyLexer) blank() error {
	for l.text != "" {
		r, size := utf8.DecodeRuneInString(l.text)
		switch {
		case unicode.IsSpace(r):
			l.skip(size)
		case r == '#' || strings.HasPrefix(l.text, "//"):
			l.skip(lengthTo(l.text, "\n"))
		case strings.HasPrefix(l.text, "/*"):
			end := strings.Index(l.text[2:], "*/")
			if end < 0 {
				return &lexicalError{keyToken{line: l.line, column: l.column}, "the comment has no end; write */ behind it"}
			}
			l.skip(2 + end + 2)
		default:
			return nil
		}
	}
	return nil
}

func lengthTo(text, mark string) int {
	if i := strings.Index(text, mark); i >= 0 {
		return i
	}
	return len(text)
}

// next is the next token. A word goes on over // and #, which base64 and names
// may hold; a comment begins only before a word.
func (l *keyLexer) next() (keyToken, error) {
	t := keyToken{}
	if err := l.blank(); err != nil {
		return t, err
	}
	t.line, t.column = l.line, l.column
	if l.text == "" {
		return t, nil
	}
	switch l.text[0] {
	case '{', '}', ';':
		t.text = l.text[:1]
		l.skip(1)
		return t, nil
	case '"':
		end := strings.IndexAny(l.text[1:], "\"\n")
		if end < 0 || l.text[1+end] == '\n' {
			return t, &lexicalError{t, "the quoted text has no end; write \" behind it, on the same line"}
		}
		t.text, t.quoted = l.text[1:1+end], true
		l.skip(end + 2)
		return t, nil
	}
	end := strings.IndexFunc(l.text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`{};"`, r) })
	if end < 0 {
		end = len(l.text)
	}
	t.text = l.text[:end]
	l.skip(end)
	return t, nil
}

type keyParser struct {
	lexer keyLexer
	token keyToken // the one looked at, where errors point
}

func (p *keyParser) advance() error {
	t, err := p.lexer.next()
	if err == nil {
		p.token = t
	}
	return err
}

var errKeyForm = errors.New(`write key "name" { algorithm hmac-sha256; secret "…"; }; or name:algorithm:secret`)

func (p *keyParser) file() ([]Key, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.token.quoted && strings.Contains(p.token.text, ":") {
		key, err := p.line()
		return []Key{key}, err
	}
	var keys []Key
	for !p.token.is("") {
		if !p.token.is("key") {
			return nil, fmt.Errorf("not a key statement; %w", errKeyForm)
		}
		key, err := p.statement(keys)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no key; %w", errKeyForm)
	}
	return keys, nil
}

// line reads name:algorithm:secret.
func (p *keyParser) line() (Key, error) {
	parts := strings.Split(p.token.text, ":")
	if len(parts) != 3 {
		return Key{}, fmt.Errorf("%d colons; %w", len(parts)-1, errKeyForm)
	}
	if strings.HasPrefix(strings.ToLower(parts[0]), "hmac-") && !strings.HasPrefix(strings.ToLower(parts[1]), "hmac-") {
		return Key{}, errors.New("the name comes before the algorithm; write name:algorithm:secret")
	}
	var key Key
	for i, set := range []func(*Key, string) error{(*Key).setName, (*Key).setAlgorithm, (*Key).setSecret} {
		if err := set(&key, parts[i]); err != nil {
			return Key{}, err
		}
		p.token.column += utf8.RuneCountInString(parts[i]) + 1
	}
	if err := p.advance(); err != nil {
		return Key{}, err
	}
	if !p.token.is("") {
		return Key{}, errors.New("a second thing behind name:algorithm:secret; this form takes one key alone")
	}
	return key, nil
}

// statement reads a key statement from its first word to the token behind it;
// before are the keys read already.
func (p *keyParser) statement(before []Key) (Key, error) {
	var key Key
	name := func(key *Key, text string) error {
		if slices.ContainsFunc(before, func(k Key) bool { return k.Name == dns.CanonicalName(text) }) {
			return errors.New("a second key of this name")
		}
		return key.setName(text)
	}
	if err := p.value(&key, name); err != nil {
		return key, err
	}
	if err := p.expect("{"); err != nil {
		return key, err
	}
	for !p.token.is("}") {
		set := map[string]func(*Key, string) error{"algorithm": (*Key).setAlgorithm, "secret": (*Key).setSecret}[p.token.text]
		if set == nil || p.token.quoted {
			return key, errors.New(`write algorithm or secret here, or } at the end of the key`)
		}
		if p.token.is("algorithm") && key.Algorithm != "" || p.token.is("secret") && key.secret != nil {
			return key, fmt.Errorf("a second %s in one key", p.token.text)
		}
		if err := p.value(&key, set); err != nil {
			return key, err
		}
		if err := p.expect(";"); err != nil {
			return key, err
		}
	}
	if key.Algorithm == "" || key.secret == nil {
		return key, errors.New("the key lacks its algorithm or its secret")
	}
	if err := p.expect("}"); err != nil {
		return key, err
	}
	return key, p.expect(";")
}

// value moves from a keyword to its value and takes that; the token behind it
// is the next looked at.
func (p *keyParser) value(key *Key, set func(*Key, string) error) error {
	if err := p.advance(); err != nil {
		return err
	}
	if p.token.mark() {
		return errKeyForm
	}
	if err := set(key, p.token.text); err != nil {
		return err
	}
	return p.advance()
}

func (p *keyParser) expect(mark string) error {
	if !p.token.is(mark) {
		return fmt.Errorf("write %s here", mark)
	}
	return p.advance()
}

func (k *Key) setName(text string) error {
	if _, ok := dns.IsDomainName(text); !ok || text == "" || text == "." || strings.ContainsFunc(text, unicode.IsSpace) {
		return errors.New("the key's name is not a domain name")
	}
	k.Name = dns.CanonicalName(text)
	return nil
}

var (
	errWeakAlgorithm = errors.New("hmac-md5 and hmac-sha1 are too weak to sign updates and no longer to be used (RFC 8945 §6); make a new key with tsig-keygen -a hmac-sha256")
	errAlgorithm     = errors.New("the algorithm is not one of hmac-sha256, hmac-sha384, hmac-sha512")
)

func (k *Key) setAlgorithm(text string) error {
	name := dns.CanonicalName(text)
	if strings.HasPrefix(name, "hmac-md5") || strings.HasPrefix(name, "hmac-sha1.") || strings.HasPrefix(name, "hmac-sha1-") {
		return errWeakAlgorithm
	}
	if hashes[name] == nil {
		return errAlgorithm
	}
	k.Algorithm = name
	return nil
}

func (k *Key) setSecret(text string) error {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return errors.New("the secret is not base64") // and is not shown
	}
	k.secret = raw
	return nil
}
