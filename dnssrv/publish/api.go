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

// NewAPI is the interface of a provider with the token that opens it, which is
// in no text made of it.
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
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the address of the API is not of the form https://HOST[:PORT][/PATH]")
	}
	address = strings.TrimSuffix(address, "/")
	return &API{Name: name, URL: strings.TrimSuffix(address, p.prefix), token: token}, nil
}

// String is the provider and its address.
func (a *API) String() string { return a.Name + " at " + a.URL }

// GoString keeps the token out of %#v too.
func (a *API) GoString() string { return a.String() }

// Clear reports whether the token goes over a network without encryption, and to
// which host.
func (a *API) Clear() (host string, plain bool) {
	u, err := url.Parse(a.URL)
	if err != nil {
		return a.URL, true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	return u.Host, u.Scheme == "http" && !here
}

// provider is what differs between providers.
type provider interface {
	// zone finds the zone of just this name, its id and its TTL; errNotFound: the
	// account has no such zone.
	zone(ctx context.Context, name string) (Zone, error)
	// list are the record sets of a zone.
	list(ctx context.Context, z Zone) ([]apiSet, error)
	// replace makes the changes.
	replace(ctx context.Context, z Zone, u *ZoneUpdate) error
}

// apiSet is a record set, or a part of one, as an API lists it.
type apiSet struct {
	name, kind string   // with or without the final dot; SRV
	ttl        uint32   // 0: as it is planned, for the provider decides
	data       []string // in zone form
	ids        []string // of the records; nil: the API has none
	held       string   // why it must not be replaced
}

// providers are the APIs known: where each is, how many requests a second it
// allows for long, and in what header the token goes.
var providers = map[string]struct {
	url       string
	perSecond float64
	header    string
	scheme    string
	prefix    string // of its paths, which people write into the address too
	new       func(*requester) provider
}{
	// 1,200 requests in five minutes: developers.cloudflare.com/fundamentals/api/reference/limits
	"cloudflare": {"https://api.cloudflare.com/client/v4", 4, "Authorization", "Bearer ", "", func(r *requester) provider { return &cloudflare{r} }},
	// 50 reads in a minute: desec.readthedocs.io/en/latest/rate-limits.html
	"desec": {"https://desec.io/api/v1", 50.0 / 60, "Authorization", "Token ", "", func(r *requester) provider { return &desec{r} }},
	// 3,600 requests in an hour: docs.hetzner.cloud/reference/cloud#rate-limiting
	"hetzner":  {"https://api.hetzner.cloud/v1", 1, "Authorization", "Bearer ", "", func(r *requester) provider { return &hetzner{r} }},
	"powerdns": {"", 0, "X-API-Key", "", "/api/v1", func(r *requester) provider { return &powerDNS{requester: r} }},
}

// Providers are the names of the APIs, sorted.
func Providers() []string { return slices.Sorted(maps.Keys(providers)) }

// apiBurst is how many requests may follow one another at once.
const apiBurst = 10

// apiBackend keeps zones behind an API.
type apiBackend struct {
	requester *requester
	provider  provider
	zone      string // of all names; "": found
	zones     *cache[Zone]
}

func newAPIBackend(o Options) *apiBackend {
	p := providers[o.API.Name]
	client := *cmp.Or(o.API.Client, http.DefaultClient)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the token is for this host alone
	r := &requester{api: o.API, client: &client, header: p.header, scheme: p.scheme, timeout: o.Timeout}
	if perSecond := cmp.Or(o.API.PerSecond, p.perSecond); perSecond > 0 {
		r.limit = rate.NewLimiter(rate.Limit(perSecond), apiBurst)
	}
	return &apiBackend{requester: r, provider: p.new(r), zone: o.Zone, zones: &cache[Zone]{}}
}

// Guards implements backend: none of these APIs takes conditions.
func (*apiBackend) Guards() bool { return false }

// Zone asks for the zone of the domain, then for those above it.
func (p *apiBackend) Zone(ctx context.Context, domain, name string) (Zone, error) {
	at := cmp.Or(p.zone, dns.Fqdn(domain))
	if !dns.IsSubDomain(at, name) {
		return Zone{}, newFault("dns-publish-zone-wrong", dnssrv.Plain(name)).
			because("%s does not lie in the zone %s; nothing was written", dnssrv.Plain(name), dnssrv.Plain(at))
	}
	if z, ok := p.zones.get(at); ok {
		return z, nil
	}
	for parent := at; ; {
		z, err := p.provider.zone(ctx, dnssrv.Plain(parent))
		switch next := query.Parent(parent); {
		case err == nil:
			z.Name, z.Server = parent, p.requester.host()
			p.zones.put(at, z)
			return z, nil
		case !errors.Is(err, errNotFound):
			return Zone{}, err
		case p.zone != "" || isRegistry(next):
			return Zone{}, newFault("dns-publish-zone-missing", dnssrv.Plain(at)).
				because("%s has no zone that %s lies in, or this token may not see it; nothing was written", p.requester.host(), dnssrv.Plain(at))
		default:
			parent = next
		}
	}
}

// List reads the zone and keeps what is at the planned names.
func (p *apiBackend) List(ctx context.Context, z Zone, sets []recordSet) (zoneState, error) {
	listed, err := p.provider.list(ctx, z)
	if errors.Is(err, errNotFound) {
		err = newFault("dns-publish-zone-missing", dnssrv.Plain(z.Name)).because("%s no longer has the zone %s; nothing was written", z.Server, dnssrv.Plain(z.Name))
	}
	if err != nil {
		return nil, err
	}
	state := zoneState{}
	for _, set := range sets {
		if state[set.name] == nil {
			state[set.name] = &owner{sets: map[uint16][]dns.RR{}, held: map[uint16]string{}, ids: map[dns.RR]string{}}
		}
		state[set.name].sets[set.qtype] = nil
	}
	for _, l := range listed {
		name := dns.CanonicalName(l.name)
		if l.kind == "NS" && name != z.Name {
			for _, set := range sets {
				if dns.IsSubDomain(name, set.name) {
					return nil, delegated(set.name, name)
				}
			}
		}
		if o := state[name]; o != nil {
			o.take(l, z.Name, sets)
		}
	}
	return state, nil
}

// take adds a set to what is at a name.
func (o *owner) take(l apiSet, zone string, sets []recordSet) {
	name := dns.CanonicalName(l.name)
	qtype, known := dns.StringToType[l.kind]
	if !known {
		qtype = privateType
	}
	ttl := l.ttl
	if i := slices.IndexFunc(sets, func(s recordSet) bool { return s.name == name && s.qtype == qtype }); ttl == 0 && i >= 0 {
		ttl = sets[i].rrs[0].Header().Ttl
	}
	for i, data := range l.data {
		h := dns.RR_Header{Name: name, Rrtype: qtype, Class: dns.ClassINET, Ttl: ttl}
		rr := parseRecord(h, zone, l.kind, data)
		o.sets[qtype] = append(o.sets[qtype], rr)
		if i < len(l.ids) {
			o.ids[rr] = l.ids[i]
		}
	}
	if l.held != "" {
		o.held[qtype] = l.held
	}
}

// privateType is for types that only a provider knows, such as ALIAS (RFC 6895 §3.1).
const privateType = 65280

// parseRecord reads data in zone form. What cannot be read is kept as text, so
// that it is seen that something is there.
func parseRecord(h dns.RR_Header, zone, kind, data string) dns.RR {
	line := fmt.Sprintf("%s %d IN %s %s", h.Name, h.Ttl, kind, data)
	rr, ok := dns.NewZoneParser(strings.NewReader(line), zone, "").Next()
	if !ok || rr.Header().Rrtype != h.Rrtype || rr.Header().Name != h.Name || strings.ContainsAny(data, "\r\n") {
		return &dns.TXT{Hdr: h, Txt: []string{kind, strings.ToValidUTF8(data, "")}}
	}
	return rr
}

// Verify lists the zone again.
func (p *apiBackend) Verify(ctx context.Context, u *ZoneUpdate) ([]Change, error) {
	sets := u.changedSets()
	state, err := p.List(ctx, u.at, sets)
	var out []Change
	for _, set := range sets {
		if err == nil {
			if c, differs := set.change(state[set.name].sets[set.qtype]); differs {
				out = append(out, c)
			}
		}
	}
	return out, err
}

// Replace implements backend.
func (p *apiBackend) Replace(ctx context.Context, u *ZoneUpdate) error {
	err := p.provider.replace(ctx, u.at, u)
	if errors.Is(err, errNotFound) { // a record that was there when the changes were shown
		return newFault("dns-publish-raced", dnssrv.Plain(u.Zone)).because("%s: %v", u.Server, err)
	}
	return err
}

// data are records in zone form without owner, TTL and type.
func data(rrs []dns.RR) []string {
	out := make([]string, len(rrs))
	for i, rr := range rrs {
		out[i] = dnssrv.Data(rr)
	}
	return out
}
