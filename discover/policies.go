package discover

import (
	"crypto/md5" //nolint:gosec // Evolution's query has an MD5, nothing is protected by it
	"encoding/hex"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

type vars struct {
	addr  provider.Address // that settings are wanted for; a redirect may change it
	login provider.Address // the person's own, for user names
	x     string           // the domain, or the name a DNS answer led to
	ispdb string
}

// expand fills in a template. Domains are A-labels and need no escaping.
func (v vars) expand(template string) string {
	address := v.addr.String()
	alnum := strings.NewReplacer("-", "%2D", "_", "%5F", "~", "%7E", "+", "%20") // no mark is left but the full stop
	md := md5.Sum([]byte(strings.ToLower(address)))                              //nolint:gosec // as above
	return strings.NewReplacer(
		"{domain}", v.addr.Domain,
		"{x}", v.x,
		"{ispdb}", v.ispdb,
		"{address}", url.QueryEscape(address), // form encoding: + for a blank
		"{alnum}", alnum.Replace(url.QueryEscape(address)),
		"{raw}", rawQuery.Replace(address),
		"{path}", url.PathEscape(address),
		"{md5}", hex.EncodeToString(md[:]),
	).Replace(template)
}

// parentDomain is a name without its first label; "" when nothing that could be a mail domain is left.
func parentDomain(name string) string {
	_, parent, _ := strings.Cut(name, ".")
	if parent, err := provider.ParseDomain(parent); err == nil {
		return parent
	}
	return ""
}

// rawQuery leaves an address as a client that does not escape it writes it, as far as a URL can hold it.
var rawQuery = strings.NewReplacer(" ", "%20", "#", "%23", "%", "%25", `"`, "%22", "<", "%3C", ">", "%3E")

// The rules of reading that have a name in clients.json.

// host is a document's host name as the client has it, "" for one it refuses.
func (r reading) host(template string, v vars) string {
	switch r.Host {
	case "as it is":
		return template
	case "escaped": // aerc writes it into a URL
		return strings.ReplaceAll(template, "%", "%25")
	case "evolution":
		return strings.NewReplacer(provider.EmailDomain, "", provider.EmailLocalPart, "EVOLUTIONUSER").Replace(template)
	}
	host := expand(template, v)
	if _, err := netip.ParseAddr(host); err == nil && r.Host == "thunderbird" {
		return strings.ToLower(host)
	}
	host, err := provider.ParseHost(host)
	if err != nil {
		return ""
	}
	return host
}

func (r reading) user(template string, v vars) string {
	filled := expand(trimXML(template), v)
	switch r.User {
	case "address":
		return v.login.String()
	case "local part or address":
		if template != provider.EmailLocalPart {
			return v.login.String()
		}
	case "whole placeholder":
		if template != provider.EmailAddress && template != provider.EmailLocalPart {
			return template
		}
	case "evolution": // a server has filled in EVOLUTIONUSER, which is sent in place of the local part
		return strings.ReplaceAll(filled, "EVOLUTIONUSER", v.login.Local)
	case "thunderbird": // JXON: numbers and booleans lose their form, white space stays
		n, err := strconv.ParseUint(template, 10, 53)
		switch {
		case template == "" || template == "true":
			return "true"
		case err == nil:
			return strconv.FormatUint(n, 10)
		}
		return expand(template, v)
	}
	return filled
}

// noUser completes a server without a user name; false: it is refused.
func (r reading) noUser(s *Server, v vars) bool {
	switch r.NoUser {
	case "refused":
		return false
	case "address":
		s.Username = v.login.String()
	case "domain": // Delta Chat falls back to the domain as the host
		s.Host, s.Username = v.addr.Domain, v.login.String()
	default:
		s.Username = r.NoUser
	}
	return true
}

func (r reading) oauth2(host string) bool {
	return r.OAuth2 == nil || slices.Contains(r.OAuth2, host) ||
		r.OAuth2[0] == "thunderbird" && mozilla.ThunderbirdOAuth2(host)
}

// unknownSecurity is what the client makes of a socketType that it does not know, "" when it refuses the server.
func (r reading) unknownSecurity(s Server) provider.Security {
	if r.SecurityElse != "by port" {
		return provider.Security(r.SecurityElse)
	}
	model := provider.Server{Protocol: provider.Protocol(s.Protocol), Port: s.Port}
	if want, _ := model.PortSecurity(); want == provider.STARTTLS {
		return want
	}
	return provider.TLS
}

// expand fills in the three placeholders with the person's own address, but the domain with the one that is asked.
func expand(template string, v vars) string {
	return provider.Expand(strings.ReplaceAll(template, provider.EmailDomain, v.addr.Domain), v.login)
}
