package dnssrv

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// PlanOptions narrow and complete a plan.
type PlanOptions struct {
	ServiceHost string   // the host that serves the documents, what CNAME records point to; a provider's own goes before
	Instead     string   // the host for every provider, in place of either
	TTL         uint32   // seconds; default 3600
	PACC        string   // the value of the PACC TXT record; "" when PACC cannot state the provider
	PACCAlso    []string // values of the record published next to it, while documents change
	Only        []string // kinds; none: all
	Without     []string // kinds
}

// DefaultTTL is the TTL of planned records, in seconds.
const DefaultTTL = 3600

// Why there is no plan.
var (
	ErrVendorOwned = errors.New("only its owner can publish records there")
	ErrServiceHost = errors.New("no service host")
)

// HostOf is the host that serves a provider's documents by these options.
func (o PlanOptions) HostOf(p *provider.Provider) string {
	return cmp.Or(o.Instead, p.ServedAt(o.ServiceHost))
}

// Plan lists the records that lead clients from a domain to its provider. It fails with [ErrVendorOwned] for a built-in
// consumer domain, with [ErrServiceHost] when a record needs that host, with [ErrKind] for an unknown kind, and with
// [provider.ErrDomain].
//
// Where a vendor prescribes records ([provider.VendorDNS]) Autodiscover is the vendor's, so nothing is planned for it;
// MX and SPF never are.
func Plan(domain string, p *provider.Provider, o PlanOptions) ([]dns.RR, error) {
	domain, err := provider.ParseDomain(domain)
	if err != nil {
		return nil, err
	}
	if err := Ownable(domain); err != nil {
		return nil, err
	}
	if err := checkKinds(o.Only, o.Without); err != nil {
		return nil, err
	}
	b := &planner{domain: domain, host: o.HostOf(p), ttl: cmp.Or(o.TTL, DefaultTTL), o: o, out: []dns.RR{}}
	p = p.For(domain)
	b.mail(p)
	b.url("jmap", p.JMAP, "")
	b.url("caldavs", p.CalDAV, "/.well-known/caldav")
	b.url("carddavs", p.CardDAV, "/.well-known/carddav")
	if p.Vendor == nil {
		b.document("autodiscover", AutodiscoverSRV, dns.TypeSRV)
		b.document("autodiscover", AutodiscoverLabel, dns.TypeCNAME)
	}
	b.document("autoconfig", AutoconfigLabel, dns.TypeCNAME)
	if o.PACC != "" {
		b.document("pacc", PACCLabel, dns.TypeCNAME)
		for _, text := range append([]string{o.PACC}, o.PACCAlso...) {
			b.txt(PACCTXTLabel, text)
		}
	}
	return b.out, b.err
}

// Ownable fails with [ErrVendorOwned] for a built-in consumer domain, in which no operator can publish.
func Ownable(domain string) error {
	if id := provider.VendorOwned(domain); id != "" {
		return fmt.Errorf("%s is one of %s's own domains: %w", domain, id, ErrVendorOwned)
	}
	return nil
}

// PlanMail lists the mail records alone, which exist for any domain.
func PlanMail(domain string, p *provider.Provider) []dns.RR {
	b, own := &planner{domain: domain, ttl: DefaultTTL}, *p.For(domain)
	own.ManageSieve = nil
	b.mail(&own)
	return b.out
}

// OwnAddress is the service host if it is below the domain, else "". No CNAME can be there: it has addresses.
func OwnAddress(domain, serviceHost string) string {
	if of, ok := provider.CutHostPrefix(Plain(serviceHost)); ok && of == domain {
		return Plain(serviceHost)
	}
	return ""
}

type planner struct {
	domain string
	host   string // that serves the documents
	ttl    uint32
	o      PlanOptions
	out    []dns.RR
	err    error
}

func (b *planner) header(label string, rtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: label + "." + b.domain + ".", Rrtype: rtype, Class: dns.ClassINET, Ttl: b.ttl}
}

func (b *planner) wanted(kind string) bool {
	return (len(b.o.Only) == 0 || slices.Contains(b.o.Only, kind)) && !slices.Contains(b.o.Without, kind)
}

func (b *planner) add(rr dns.RR) {
	switch name := rr.Header().Name; {
	case !b.wanted(Kind(rr)):
	case len(name) > 254: // RFC 1035 §2.3.4, with the last dot
		b.err = fmt.Errorf("%w: %s is longer than a name can be", provider.ErrDomain, Plain(name))
	default:
		b.out = append(b.out, rr)
	}
}

func (b *planner) srv(label string, priority, weight, port uint16, host string) {
	b.add(&dns.SRV{Hdr: b.header(label, dns.TypeSRV), Priority: priority, Weight: weight, Port: port,
		Target: dns.Fqdn(host)})
}

// priorityStep is between the priorities of servers of a kind, and of a kind and the one that is better.
const priorityStep = 10

// mail plans the services of RFC 6186, RFC 8314 and RFC 5804. Of the six for mail it also says what is not offered: the
// others may be served elsewhere.
func (b *planner) mail(p *provider.Provider) {
	for _, svc := range provider.Services() {
		servers := offered(p, svc)
		if len(servers) == 0 && svc.Protocol != provider.ManageSieve {
			b.srv(srvLabel(svc.Name), 0, 0, 0, ".")
		}
		priority := firstPriority(p, svc)
		for _, s := range servers {
			b.srv(srvLabel(svc.Name), priority, 1, s.Port, s.Host)
			priority += priorityStep
		}
	}
}

// offered are a provider's servers of a service, best first; those that differ only in the login share a record.
func offered(p *provider.Provider, svc provider.Service) []provider.Server {
	var out []provider.Server
	for _, s := range p.AllServers() {
		same := func(o provider.Server) bool { return o.Host == s.Host && o.Port == s.Port }
		if have, ok := s.Service(); ok && have == svc && !slices.ContainsFunc(out, same) {
			out = append(out, s)
		}
	}
	return out
}

// firstPriority makes clients take IMAP before POP3 (RFC 6186 §3.4) and implicit TLS before STARTTLS (RFC 8314 §3).
func firstPriority(p *provider.Provider, svc provider.Service) uint16 {
	priority := uint16(0)
	if svc.Protocol == provider.POP3 {
		priority = priorityStep
	}
	if svc.Security == provider.STARTTLS {
		better, ok := provider.Server{Protocol: svc.Protocol, Security: provider.TLS}.Service()
		if ok && len(offered(p, better)) > 0 {
			priority += priorityStep
		}
	}
	return priority
}

// url plans the SRV record of an https service, and the path there (RFC 6764 §4): unless the URL leaves it to the
// well-known one that clients try without it, or the service has none.
func (b *planner) url(service, raw, wellKnown string) {
	u, err := url.Parse(raw)
	if raw == "" || err != nil {
		return
	}
	b.srv(srvLabel(service), 0, 1, provider.Port(cmp.Or(u.Port(), "443")), u.Hostname())
	if wellKnown != "" && u.Path != "" && u.Path != wellKnown {
		b.txt(srvLabel(service), "path="+u.EscapedPath())
	}
}

func (b *planner) txt(label, value string) {
	rr := &dns.TXT{Hdr: b.header(label, dns.TypeTXT)}
	for chunk := range slices.Chunk([]byte(value), 255) { // one character-string holds no more (RFC 1035 §3.3)
		rr.Txt = append(rr.Txt, string(chunk))
	}
	b.add(rr)
}

func (b *planner) document(kind, label string, rtype uint16) {
	host, err := provider.ParseDomain(b.host)
	switch {
	case !b.wanted(kind):
	case b.host == "":
		b.err = ErrServiceHost
	case err != nil:
		b.err = fmt.Errorf("%w: %q is not a host name", ErrServiceHost, b.host)
	case rtype == dns.TypeSRV:
		b.srv(label, 0, 0, 443, host)
	case label+"."+b.domain != host: // see OwnAddress
		b.add(&dns.CNAME{Hdr: b.header(label, rtype), Target: dns.Fqdn(host)})
	}
}
