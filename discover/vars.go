package discover

import (
	"crypto/md5" //nolint:gosec // Evolution's query has an MD5, nothing is protected by it
	"encoding/hex"
	"net/url"
	"strings"

	"autoconfig/provider"
)

// vars fill the templates of a plan.
type vars struct {
	addr  provider.Address // whose settings are looked for; a redirect may change it
	login provider.Address // the person's own, for user names
	x     string           // the domain, or the name a DNS answer led to
	ispdb string
}

// expand fills in a template. Domains are A-labels and need no escaping.
func (v vars) expand(template string) string {
	address := v.addr.String()
	md := md5.Sum([]byte(strings.ToLower(address))) //nolint:gosec // as above
	return strings.NewReplacer(
		"{domain}", v.addr.Domain,
		"{x}", v.x,
		"{ispdb}", v.ispdb,
		"{address}", url.QueryEscape(address), // form encoding: + for a blank
		"{alnum}", strings.NewReplacer("-", "%2D", "_", "%5F", "~", "%7E", "+", "%20").Replace(url.QueryEscape(address)), // no other mark but the full stop
		"{raw}", rawQuery(address),
		"{path}", url.PathEscape(address),
		"{md5}", hex.EncodeToString(md[:]),
	).Replace(template)
}

// parentDomain is a name without its first label; "" when nothing that could
// be a mail domain is left.
func parentDomain(name string) string {
	_, parent, _ := strings.Cut(name, ".")
	if parent, err := provider.ParseDomain(parent); err == nil {
		return parent
	}
	return ""
}

// rawQuery leaves an address as a client that does not escape it writes it, as
// far as a URL can hold it.
func rawQuery(address string) string {
	return strings.NewReplacer(" ", "%20", "#", "%23", "%", "%25", "\"", "%22", "<", "%3C", ">", "%3E").Replace(address)
}
