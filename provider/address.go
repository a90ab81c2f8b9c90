package provider

import (
	"errors"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The placeholders of user names (draft-ietf-mailmaint-autoconfig, "Placeholders").
const (
	EmailAddress   = "%EMAILADDRESS%"
	EmailLocalPart = "%EMAILLOCALPART%"
	EmailDomain    = "%EMAILDOMAIN%"
)

// Address is a mail address. Domain is a lower-case A-label name without a
// trailing dot. Local keeps its case and is empty where only a domain is known.
type Address struct{ Local, Domain string }

// String is the address, or the bare domain when there is no local part.
func (a Address) String() string {
	if a.Local == "" {
		return a.Domain
	}
	return a.Local + "@" + a.Domain
}

// What is wrong with a text that should be an address or a domain.
var (
	ErrAddress = errors.New("not a mail address")
	ErrDomain  = errors.New("not a domain name")
)

// ParseAddress reads local@domain. The local part has at most 64 octets (RFC
// 5321 §4.5.3.1.1), the whole at most 254 (§4.5.3.1.3), and no blank, control
// character, angle bracket or quote.
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
	case '<', '>', '"', '@', utf8.RuneError, '\uFFFE', '\uFFFF': // the last two cannot stand in XML 1.0
		return true
	}
	return unicode.IsSpace(r) || unicode.IsControl(r)
}

// ParseAddressOrDomain reads an address, or a bare domain as an address
// without a local part.
func ParseAddressOrDomain(s string) (Address, error) {
	if strings.Contains(s, "@") {
		return ParseAddress(s)
	}
	domain, err := ParseDomain(s)
	return Address{Domain: domain}, err
}

// ParseDomain normalises a domain of at least two labels: lower case, A-labels,
// no trailing dot. IP addresses are no domains.
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
	return err == nil && u != label
}

// IsIP reports whether s is an IP address, bracketed or not.
func IsIP(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil
}

// Expand fills an address into a template of the three placeholders. Without a
// local part the template stays as it is.
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
