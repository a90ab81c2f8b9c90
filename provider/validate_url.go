package provider

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// URLForm says what an https URL may have in addition to scheme, host, port, path and query.
type URLForm int

// The forms of URLs: end points of protocols; pages for people; issuers, which are compared octet by octet and have no
// query either (RFC 8414 §2).
const (
	URLPlain URLForm = iota
	URLWithFragment
	URLIssuer
)

// CheckURL says what is wrong with an https URL, or returns nil.
func CheckURL(raw string, form URLForm) error {
	u, err := url.Parse(raw)
	if err != nil || strings.ContainsAny(raw, " \\<>\"") {
		return errors.New("it is not a URL")
	}
	_, hostErr := ParseDomain(u.Hostname())
	switch {
	case u.Scheme != "https":
		return errors.New("it does not begin with https://")
	case hostErr != nil:
		return errors.New("it has no host name" + ForbiddenIn(u.Hostname()))
	case u.User != nil:
		return errors.New("it has a user name")
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && Port(u.Port()) == 0:
		return errors.New("its port is not a number from 1 to 65535")
	case form != URLWithFragment && strings.Contains(raw, "#"):
		return errors.New("it has a fragment (#)")
	case form == URLIssuer && strings.Contains(raw, "?"):
		return errors.New("an issuer has no query (?)")
	case form == URLIssuer && strings.Contains(raw, "%"):
		return errors.New("an issuer has no percent-encoding")
	case form == URLIssuer && (strings.Contains(u.Path+"/", "/./") || strings.Contains(u.Path+"/", "/../")):
		return errors.New("an issuer has no . or .. in its path")
	}
	return nil
}

// HostOf is the host name of a URL, or the text itself if it is not a URL.
func HostOf(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return raw
}

func (v *validator) httpsURL(path, raw string, form URLForm) { v.expandedURL(path, raw, raw, form) }

// expandedURL checks what raw becomes.
func (v *validator) expandedURL(path, raw, expanded string, form URLForm) {
	if raw == "" {
		if strings.HasSuffix(path, ".url") {
			v.fault("config-url-invalid", path, "no URL", "write url: https://example.org/help")
		}
		return
	}
	if err := CheckURL(expanded, form); err != nil {
		v.fault("config-url-invalid", path, fmt.Sprintf("%q is not an https URL that can be used: %v", raw, err),
			urlFix(raw, form))
	}
}

// urlFix is the URL without what makes it wrong, where that is clear.
func urlFix(raw string, form URLForm) string {
	fixed, _, _ := strings.Cut(raw, "#")
	if form == URLIssuer {
		fixed, _, _ = strings.Cut(fixed, "?")
	}
	if rest, ok := strings.CutPrefix(fixed, "http://"); ok {
		fixed = "https://" + rest
	} else if !strings.Contains(fixed, ":") {
		fixed = "https://" + fixed
	}
	if fixed != raw && CheckURL(strings.ReplaceAll(fixed, EmailDomain, standIn), form) == nil {
		return "write " + fixed
	}
	return "write https://host.example.org/path"
}
