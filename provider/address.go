package provider

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// The placeholders of user names (draft-ietf-mailmaint-autoconfig, "Placeholders").
const (
	EmailAddress   = "%EMAILADDRESS%"
	EmailLocalPart = "%EMAILLOCALPART%"
	EmailDomain    = "%EMAILDOMAIN%"
)

// Address is a mail address. Domain is a lower-case A-label name without a trailing dot. Local keeps its case and is
// empty where only a domain is known.
type Address struct{ Local, Domain string }

// String is the address, or the bare domain when there is no local part.
func (a Address) String() string {
	if a.Local == "" {
		return a.Domain
	}
	return a.Local + "@" + a.Domain
}

// The errors of text that should be an address or a domain.
var (
	ErrAddress = errors.New("not a mail address")
	ErrDomain  = errors.New("not a domain name")
)

// ParseAddress reads local@domain. The local part has at most 64 octets (RFC 5321 §4.5.3.1.1), the whole at most 254
// (§4.5.3.1.3), and no blank, control character, angle bracket or quote.
func ParseAddress(s string) (Address, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 || !utf8.ValidString(s) {
		return Address{}, ErrAddress
	}
	local := s[:at]
	if strings.ContainsFunc(local, forbiddenInLocal) {
		return Address{}, ErrAddress
	}
	domain, err := ParseDomain(s[at+1:])
	if err != nil || at+1+len(domain) > 254 {
		return Address{}, ErrAddress
	}
	return Address{Local: local, Domain: domain}, nil
}

func forbiddenInLocal(r rune) bool {
	switch r {
	case '<', '>', '"', '@', utf8.RuneError, '\uFFFE', '\uFFFF': // XML 1.0 forbids the last two
		return true
	}
	return unicode.IsSpace(r) || unicode.IsControl(r)
}

// ParseAddressOrDomain reads an address, or a bare domain as an address without a local part.
func ParseAddressOrDomain(s string) (Address, error) {
	if strings.Contains(s, "@") {
		return ParseAddress(s)
	}
	domain, err := ParseDomain(s)
	return Address{Domain: domain}, err
}

// Unwrap is the address in what people paste: without blanks at both ends and around the @ (percent-encoded ones too),
// invisible characters, "mailto:" with its query, other schemes such as "smtp:", the name before <…>, quotes of any
// script, brackets and the comma of a list, and with "@" for its full-width form. What is left is for [ParseAddress] or
// [ParseAddressOrDomain] to check; a sound address comes back as it is. Pages, /api, /mobileconfig and commands read
// addresses so; protocols only trim.
func Unwrap(s string) string {
	if len(s) > mostPasted || !utf8.ValidString(s) {
		return s
	}
	s = strings.Map(visible, s)
	for before := ""; s != before; {
		before = s
		s = trimPasted(s)
		if local, domain, ok := strings.Cut(s, "@"); ok { // keyboards of phones add a blank after a word
			s = strings.TrimRight(local, " ") + "@" + strings.TrimLeft(domain, " ")
		}
		if scheme, rest, ok := strings.Cut(s, ":"); ok && slices.Contains(schemes, strings.ToLower(scheme)) {
			s = strings.TrimLeft(rest, "/")
		}
		if scheme, rest, ok := strings.Cut(s, ":"); ok && strings.EqualFold(scheme, "mailto") {
			s, _, _ = strings.Cut(strings.TrimLeft(rest, "/"), "?")
			if plain, err := url.PathUnescape(s); err == nil { // RFC 6068 §2
				s = plain
			}
		}
		if open := strings.IndexByte(s, '<'); open >= 0 && open == strings.LastIndexByte(s, '<') &&
			strings.IndexByte(s, '>') == len(s)-1 {
			s = s[open+1 : len(s)-1]
		}
		first, a := utf8.DecodeRuneInString(s)
		last, z := utf8.DecodeLastRuneInString(s)
		if len(s) >= a+z && (strings.ContainsRune(quotes, first) && strings.ContainsRune(quotes, last) ||
			first == '(' && last == ')' || first == '[' && last == ']') {
			s = s[a : len(s)-z]
		}
		if !strings.Contains(s, "@") {
			s = strings.NewReplacer("\uff20", "@", "\ufe6b", "@", "%40", "@").Replace(s)
		}
	}
	return s
}

// mostPasted bounds what Unwrap reads, in octets: an address, its name, and every octet percent-encoded.
const mostPasted = 2048

// schemes are those before addresses in directories, chats and browsers.
var schemes = []string{"smtp", "sip", "xmpp", "http", "https"}

// visible drops what copied text has between its letters and nobody sees: blanks of no width, soft hyphens and marks of
// direction. The joiners of Persian and Indic scripts stay.
func visible(r rune) rune {
	if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
		return -1
	}
	return r
}

const quotes = "\"'`´‘’‚‛“”„‟‹›«»\uff02\uff07「」『』"

// trimPasted takes off what nobody means at the ends of an address.
func trimPasted(s string) string {
	blank := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
	for before := ""; s != before; {
		before = s
		s = strings.TrimRightFunc(strings.TrimFunc(s, blank), func(r rune) bool { return r == ',' || r == ';' })
		for _, code := range []string{"%20", "%09", "%0a", "%0A", "%0d", "%0D", "%C2%A0", "%c2%a0"} {
			s = strings.TrimSuffix(strings.TrimPrefix(s, code), code)
		}
	}
	return s
}

// HostName is the domain of a Host header or of a TLS server name, without its port; "" for what is not a domain.
func HostName(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.Contains(name[i:], "]") {
		name = name[:i]
	}
	name, err := ParseDomain(name)
	if err != nil {
		return ""
	}
	return name
}

// ParseDomain normalises a domain of at least two labels: lower case, A-labels,
// no trailing dot. An IP address is not a domain.
func ParseDomain(s string) (string, error) {
	host, err := ParseHost(s)
	if err != nil || !strings.Contains(host, ".") {
		return "", ErrDomain
	}
	return host, nil
}

// ParseHost normalises a host name as [ParseDomain] does, one label allowed.
func ParseHost(s string) (string, error) {
	s = strings.TrimSuffix(s, ".")
	if plainHost(s) {
		return s, nil
	}
	if s == "" || len(s) > 1024 || !utf8.ValidString(s) {
		return "", ErrDomain
	}
	s = widthMapped(s)
	if _, ok := forbidden(s); !ok {
		return "", ErrDomain
	}
	host, err := idna.Lookup.ToASCII(s)
	host = strings.ToLower(host)
	if err != nil || !plainHost(host) {
		return "", ErrDomain
	}
	return host, nil
}

// plainHost reports whether s is a host name in its normal form already, so
// that the common case costs no IDNA run and no allocation.
func plainHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	start, digits := 0, true
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			c := s[i]
			switch {
			case 'a' <= c && c <= 'z', c == '-':
				digits = false
			case '0' <= c && c <= '9':
			default:
				return false
			}
			continue
		}
		label := s[start:i]
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if len(label) > 3 && label[2:4] == "--" && !validALabel(label) {
			return false
		}
		if i == len(s) {
			return !digits // an all-numeric last label is an IPv4 address (RFC 3696 §2)
		}
		start, digits = i+1, true
	}
	return false
}

// validALabel reports whether a label with hyphens in its third and fourth
// place is a sound A-label (RFC 5891 §4.2.3.1 reserves all others).
func validALabel(label string) bool {
	if !strings.HasPrefix(label, "xn--") {
		return true // registered names such as r3---sn do exist in DNS
	}
	u, err := idna.Lookup.ToUnicode(label)
	_, ok := forbidden(u)
	return err == nil && ok && u != label
}

// IsIP reports whether s is an IP address, bracketed or not.
func IsIP(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil
}

// Expand fills an address into a template of the three placeholders. Without a local part the template stays as it is.
func Expand(template string, a Address) string {
	if a.Local == "" {
		return template
	}
	switch template { // the two in use cost nothing
	case EmailAddress:
		return a.String()
	case EmailLocalPart:
		return a.Local
	}
	if !strings.Contains(template, "%") {
		return template
	}
	return strings.NewReplacer(EmailAddress, a.String(), EmailLocalPart, a.Local, EmailDomain, a.Domain).Replace(template)
}

// Below reports whether name is suffix or lies below it, on a label boundary.
func Below(name, suffix string) bool {
	if len(name) == len(suffix) {
		return name == suffix
	}
	return len(name) > len(suffix) && name[len(name)-len(suffix)-1] == '.' && strings.HasSuffix(name, suffix)
}

// Registrable is the part of a host name that somebody registered (the public
// suffix and one label); the name itself where there is no such part.
func Registrable(name string) string {
	if base, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return base
	}
	return name
}
