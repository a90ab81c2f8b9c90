package publish

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/files"
)

// Key is a TSIG key (RFC 8945). Its secret is in no text made of it.
type Key struct {
	Name      string // lower case with its trailing dot
	Algorithm string // dns.HmacSHA256, dns.HmacSHA384 or dns.HmacSHA512
	secret    string // base64
}

// String is the key without its secret.
func (k Key) String() string {
	return dnssrv.Plain(k.Name) + " (" + strings.TrimSuffix(k.Algorithm, ".") + ")"
}

// GoString keeps the secret out of %#v too.
func (k Key) GoString() string { return k.String() }

// LoadKeys reads the TSIG keys of a file that its owner alone may read; see [ParseKeys] for its form.
func LoadKeys(file string) (keys []Key, err error) {
	text, err := (&files.Reader{AnyKind: true}).Private(file)
	if err != nil {
		return nil, err
	}
	return ParseKeys(file, text)
}

// ParseKeys reads TSIG keys: statements as in named.conf of BIND,
//
//	key "name" { algorithm hmac-sha256; secret "base64"; };
//
// with comments in any of its three styles, or one line name:algorithm:secret. Errors begin with file:line:column and
// never show a word of the file that may be the secret.
func ParseKeys(file string, text []byte) ([]Key, error) {
	p := &keyParser{text: string(text)}
	keys := p.file()
	if p.err == nil {
		return keys, nil
	}
	before := p.text[:p.at]
	line, column := strings.Count(before, "\n")+1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])+1
	return nil, fmt.Errorf("%s:%d:%d: %w", file, line, column, p.err)
}

// PickKey is the key of this name, or the only one when name is "".
func PickKey(keys []Key, name string) (Key, error) {
	var names []string
	for _, k := range keys {
		if name != "" && k.Name == dns.CanonicalName(name) || name == "" && len(keys) == 1 {
			return k, nil
		}
		names = append(names, dnssrv.Plain(k.Name))
	}
	if name == "" {
		return Key{}, fmt.Errorf("the key file has %d keys; name the one to use with --tsig-key: %s",
			len(keys), strings.Join(names, ", "))
	}
	return Key{}, fmt.Errorf("the key file has no key %q; it has %s", name, strings.Join(names, ", "))
}

// algorithms are those in use; RFC 8945 §6 keeps hmac-md5 and hmac-sha1 for old servers only.
var algorithms = []string{dns.HmacSHA256, dns.HmacSHA384, dns.HmacSHA512}

func (k *Key) setName(text string) error {
	if _, ok := dns.IsDomainName(text); !ok || text == "" || text == "." || strings.ContainsFunc(text, unicode.IsSpace) {
		return errors.New("the key's name is not a domain name")
	}
	k.Name = dns.CanonicalName(text)
	return nil
}

func (k *Key) setAlgorithm(text string) error {
	name := dns.CanonicalName(text)
	switch {
	case strings.HasPrefix(name, "hmac-md5"), name == "hmac-sha1.", strings.HasPrefix(name, "hmac-sha1-"):
		return errors.New("hmac-md5 and hmac-sha1 are too weak to sign updates and no longer to be used " +
			"(RFC 8945 §6); make a new key with tsig-keygen -a hmac-sha256")
	case !slices.Contains(algorithms, name):
		return errors.New("the algorithm is not one of hmac-sha256, hmac-sha384, hmac-sha512")
	}
	k.Algorithm = name
	return nil
}

func (k *Key) setSecret(text string) error {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return errors.New("the secret is not base64") // and is not shown
	}
	k.secret = text
	return nil
}

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
		p.fail(errors.New("the comment does not end; write */ after it"))
	case t == "" && p.at < len(p.text):
		p.fail(errors.New("the quoted text does not end; write \" after it, on the same line"))
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
		p.fail(errors.New("something else after name:algorithm:secret; a file of this form holds only one key"))
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
		case t == "}" && (key.Algorithm == "" || key.secret == ""):
			p.fail(errors.New("the key lacks its algorithm or its secret"))
		case t == "}":
			p.expect(";")
			return key
		case set == nil:
			p.fail(errors.New(`write algorithm or secret here, or } at the end of the key`))
		case t == "algorithm" && key.Algorithm != "" || t == "secret" && key.secret != "":
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
