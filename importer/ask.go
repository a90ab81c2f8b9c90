package importer

import (
	"cmp"
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"autoconfig/autodiscover"
	"autoconfig/discover"
	"autoconfig/provider"
)

// ask is a request for one document of a server.
type ask struct {
	path    string
	address provider.Address // to ask with

	query []string // its keys for the address
	post  bool
	to    autodiscover.Schema
}

// asks are the requests for all that a server may have for a domain, best first: this program's and those of automx2,
// go-autoconfig, mailcow and others.
func asks(domain string) []ask {
	a := provider.Address{Local: "postmaster", Domain: domain} // which every domain has (RFC 5321 §4.5.1)
	return []ask{
		{path: "/api/v1/settings", address: provider.Address{Domain: domain}, query: []string{"email"}},
		{path: "/mail/config-v1.1.xml", address: a, query: []string{"emailaddress"}},
		{path: "/autodiscover/autodiscover.xml", address: a, post: true},
		{path: "/autodiscover/autodiscover.xml", address: a, post: true, to: autodiscover.MobileSync},
		{path: "/mobileconfig", address: a, query: []string{"email", "emailaddress"}},
	}
}

// fetch sends the request to the server at base, a URL without a path.
func (a ask) fetch(ctx context.Context, env *discover.Env, base string) ([]byte, error) {
	if a.post {
		return discover.FetchAutodiscover(ctx, env, base+a.path, a.address.String(), a.to)
	}
	query := url.Values{}
	for _, key := range a.query {
		query.Set(key, a.address.String())
	}
	data, _, err := discover.Fetch(ctx, env, base+a.path+"?"+query.Encode())
	return data, err
}

// DomainOf is the domain in a path or a host name after one of the labels that clients put before it, or the domain in
// whose folder an Autodiscover answer is; "" without one.
func DomainOf(place string) string {
	if host, ok := strings.CutSuffix(strings.ToLower(place), "/autodiscover/autodiscover.xml"); ok {
		place = host
		if domain, err := provider.ParseDomain(path.Base(host)); err == nil && DomainOf(path.Base(host)) == "" {
			return domain
		}
	}
	for part := range strings.FieldsFuncSeq(place, func(r rune) bool { return strings.ContainsRune(`/\:`, r) }) {
		for _, prefix := range provider.HostPrefixes {
			if name, ok := strings.CutPrefix(strings.ToLower(part), prefix); ok {
				domain, err := provider.ParseDomain(name)
				if err == nil && !strings.HasSuffix(domain, ".xml") && !strings.HasSuffix(domain, ".json") {
					return domain
				}
			}
		}
	}
	return ""
}

// betterFirst orders documents by how much their formats can say.
func betterFirst(a, b *Document) int {
	order := []discover.Format{Settings, discover.Autoconfig, discover.PACC, discover.Profile, discover.Autodiscovery}
	return cmp.Or(slices.Index(order, a.Format)-slices.Index(order, b.Format), strings.Compare(a.Name, b.Name))
}

// fromReport is what mail programs found for an address by SRV records alone, if they found anything.
func fromReport(r *discover.Report, a provider.Address) (out []*Document) {
	for _, c := range r.Clients {
		s := c.Settings
		if s == nil || s.Incoming == nil || s.Outgoing == nil || !strings.HasPrefix(s.From, "SRV ") {
			continue
		}
		d := &Document{Name: s.From, Provider: &provider.Provider{}, address: a}
		for _, found := range []*discover.Server{s.Incoming, s.Outgoing} {
			m := provider.Server{Protocol: provider.Protocol(found.Protocol), Host: found.Host, Port: found.Port,
				Security: found.Security, Auth: found.Auth, Username: found.Username}
			m.SetDefaults()
			if m.Protocol == provider.SMTP {
				d.Provider.Outgoing = append(d.Provider.Outgoing, m)
			} else {
				d.Provider.Incoming = append(d.Provider.Incoming, m)
			}
		}
		d.finish()
		return []*Document{d}
	}
	return nil
}
