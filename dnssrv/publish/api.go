package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// API is the HTTP interface of a DNS provider.
type API struct {
	Name      string       // one of Providers
	URL       string       // default: the provider's; required for PowerDNS
	Client    *http.Client // default: http.DefaultClient
	PerSecond float64      // requests; default: what the provider allows; below 0: no limit
	token     string
}

// NewAPI is the interface of a provider with the token that opens it, which is in no text made of it.
func NewAPI(name, address, token string) (*API, error) {
	p, ok := providers[name]
	if !ok {
		return nil, fmt.Errorf("unknown provider %q; write %s", name, strings.Join(Providers(), ", "))
	}
	address = cmp.Or(address, p.url)
	u, err := url.Parse(address)
	switch {
	case address == "":
		return nil, fmt.Errorf("%s has no address of its own; write --api-url http://127.0.0.1:8081", name)
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https", u.User != nil, u.RawQuery+u.Fragment != "":
		return nil, errors.New("the address of the API is not of the form https://HOST[:PORT][/PATH]")
	}
	return &API{Name: name, URL: strings.TrimSuffix(strings.TrimSuffix(address, "/"), p.prefix), token: token}, nil
}

// String is the provider and its address.
func (a *API) String() string { return a.Name + " at " + a.URL }

// GoString keeps the token out of %#v too.
func (a *API) GoString() string { return a.String() }

// Clear reports whether the token goes over a network without encryption, and to which host.
func (a *API) Clear() (host string, plain bool) {
	u, _ := url.Parse(a.URL) // NewAPI has
	addr, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	return u.Host, u.Scheme == "http" && !here
}

type provider struct {
	url       string
	prefix    string  // of its paths, which people write into the address too
	perSecond float64 // requests that it allows for long; 0: any number
	header    string  // that the token goes into, after scheme
	scheme    string
	// zone finds the zone of just this name, its id and its TTL; errNotFound: the account has no such zone.
	zone    func(ctx context.Context, p *apiBackend, name string) (Zone, error)
	list    func(ctx context.Context, p *apiBackend, z Zone) ([]apiSet, error) // the record sets of a zone
	replace func(ctx context.Context, p *apiBackend, u *ZoneUpdate) error      // makes the changes
}

// apiSet is a record set, or a part of one, as an API lists it.
type apiSet struct {
	name, kind string   // with or without the final dot; SRV
	ttl        uint32   // 0: as it is planned, for the provider decides
	data       []string // in zone form
	ids        []string // of the records; nil: the API has none
	held       string   // why it must not be replaced
}

var providers = map[string]provider{
	"cloudflare": {
		url: "https://api.cloudflare.com/client/v4", header: "Authorization", scheme: "Bearer ",
		perSecond: 4, // 1,200 requests in five minutes: developers.cloudflare.com/fundamentals/api/reference/limits
		zone:      cloudflareZone, list: cloudflareList, replace: cloudflareReplace,
	},
	"desec": {
		url: "https://desec.io/api/v1", header: "Authorization", scheme: "Token ",
		perSecond: 50.0 / 60, // 50 reads in a minute: desec.readthedocs.io/en/latest/rate-limits.html
		zone:      desecZone, list: desecList, replace: desecReplace,
	},
	"hetzner": {
		url: "https://api.hetzner.cloud/v1", header: "Authorization", scheme: "Bearer ",
		perSecond: 1, // 3,600 requests in an hour: docs.hetzner.cloud/reference/cloud#rate-limiting
		zone:      hetznerZone, list: hetznerList, replace: hetznerReplace,
	},
	"powerdns": {prefix: "/api/v1", header: "X-API-Key", zone: powerDNSZone, list: powerDNSList, replace: powerDNSReplace},
}

// Providers are the names of the APIs, sorted.
func Providers() []string { return slices.Sorted(maps.Keys(providers)) }

// apiBurst is how many requests may follow one another at once.
const apiBurst = 10

type apiBackend struct {
	provider
	o       Options
	client  *http.Client
	limit   *rate.Limiter
	zones   query.Memory[Zone]
	writing sync.Mutex // for PowerDNS: one change at a time
}

func newAPIBackend(o Options) *apiBackend {
	p := &apiBackend{provider: providers[o.API.Name], o: o, limit: rate.NewLimiter(rate.Inf, apiBurst)}
	client := *cmp.Or(o.API.Client, http.DefaultClient)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { // the token is for this host alone
		return http.ErrUseLastResponse
	}
	p.client = &client
	if perSecond := cmp.Or(o.API.PerSecond, p.perSecond); perSecond > 0 {
		p.limit.SetLimit(rate.Limit(perSecond))
	}
	return p
}

// Zone asks for the zone of the domain, then for those above it.
func (p *apiBackend) Zone(ctx context.Context, domain, name string) (Zone, error) {
	at := cmp.Or(p.o.Zone, dns.Fqdn(domain))
	if !dns.IsSubDomain(at, name) {
		return Zone{}, outside(name, at)
	}
	return p.zones.Get(at, func() (Zone, error) {
		for parent := at; ; parent = query.Parent(parent) {
			z, err := p.zone(ctx, p, dnssrv.Plain(parent))
			if z.Name, z.Server = parent, p.host(); !errors.Is(err, errNotFound) {
				return z, err
			}
			if p.o.Zone != "" || isRegistry(query.Parent(parent)) {
				return Zone{}, newFault("dns-publish-zone-missing", at,
					"%s has no zone that %s lies in, or this token may not see it; nothing was written", p.host(), dnssrv.Plain(at))
			}
		}
	})
}

// List reads the zone and keeps what is at the planned names.
func (p *apiBackend) List(ctx context.Context, z Zone, sets []Change) (zoneState, error) {
	listed, err := p.list(ctx, p, z)
	if errors.Is(err, errNotFound) {
		err = newFault("dns-publish-zone-missing", z.Name,
			"%s no longer has the zone %s; nothing was written", z.Server, dnssrv.Plain(z.Name))
	}
	state := newZoneState()
	for _, set := range sets {
		state.put(set.Name, set.Type, nil)
	}
	for _, l := range listed {
		name := dns.CanonicalName(l.name)
		if l.kind == "NS" && name != z.Name {
			for _, set := range sets {
				if dns.IsSubDomain(name, set.Name) {
					return state, delegated(set.Name, name)
				}
			}
		}
		if state.sets[name] != nil {
			state.take(l, name, z.Name, sets)
		}
	}
	return state, err
}

func (z zoneState) take(l apiSet, name, zone string, sets []Change) {
	qtype, known := dns.StringToType[l.kind]
	if !known {
		qtype = privateType
	}
	h := dns.RR_Header{Name: name, Rrtype: qtype, Class: dns.ClassINET, Ttl: l.ttl}
	planned := func(s Change) bool { return s.Name == name && s.Type == qtype }
	if i := slices.IndexFunc(sets, planned); l.ttl == 0 && i >= 0 {
		h.Ttl = sets[i].Set[0].Header().Ttl
	}
	for i, data := range l.data {
		rr := parseRecord(h, zone, l.kind, data)
		z.put(name, qtype, append(z.sets[name][qtype], rr))
		if i < len(l.ids) {
			z.ids[rr] = l.ids[i]
		}
	}
	if l.held != "" {
		z.held[query.Question{Name: name, Type: qtype}] = l.held
	}
}

// privateType is for types that only a provider knows, such as ALIAS (RFC 6895 §3.1).
const privateType = 65280

// parseRecord reads data in zone form. What cannot be read is kept as text, so that it is seen that something is there.
func parseRecord(h dns.RR_Header, zone, kind, data string) dns.RR {
	line := fmt.Sprintf("%s %d IN %s %s", h.Name, h.Ttl, kind, data)
	rr, ok := dns.NewZoneParser(strings.NewReader(line), zone, "").Next()
	if !ok || rr.Header().Rrtype != h.Rrtype || rr.Header().Name != h.Name || strings.ContainsAny(data, "\r\n") {
		return &dns.TXT{Hdr: h, Txt: []string{kind, strings.ToValidUTF8(data, "")}}
	}
	return rr
}

// Verify lists the zone again.
func (p *apiBackend) Verify(ctx context.Context, u *ZoneUpdate) (left []Change, err error) {
	state, err := p.List(ctx, u.at, u.Changes)
	return state.unshown(u.Changes), err
}

func (p *apiBackend) Replace(ctx context.Context, u *ZoneUpdate) error {
	err := p.replace(ctx, p, u)
	if errors.Is(err, errNotFound) { // a record that was there when the changes were shown
		return newFault("dns-publish-raced", u.Zone, "%s: %v", u.Server, err)
	}
	return err
}

// secondary: what is written into such a zone is lost at its next transfer.
func (p *apiBackend) secondary(name string) error {
	return newFault("dns-publish-not-authoritative", name,
		"%s has %s as a secondary zone, which is a copy; nothing was written", p.host(), name).
		do("publish at the server that it is copied from")
}

// data are records in zone form without owner, TTL and type.
func data(rrs []dns.RR) []string {
	out := make([]string, len(rrs))
	for i, rr := range rrs {
		out[i] = dnssrv.Data(rr)
	}
	return out
}
