package publish

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	text "autoconfig/provider"
)

// nameServers finds and reads zones by asking their primary server.
type nameServers struct {
	client    *query.Client
	o         Options
	primaries *query.Memory[string] // host:port by zone
}

// Zone finds the zone of a name and the zone's primary. With a server given that server is asked for the zone, so that
// a hidden primary and a zone that no resolver sees yet are found too.
func (p *nameServers) Zone(ctx context.Context, _, name string) (Zone, error) {
	if p.o.Server != "" {
		return p.inZone(ctx, name, p.o.Server)
	}
	soa, err := findSOA(ctx, p.client.Ask, cmp.Or(p.o.Zone, name))
	switch {
	case err != nil:
		return Zone{}, err
	case p.o.Zone == "" && isRegistry(soa.Hdr.Name): // the nearest zone above a domain that is not registered yet
		return Zone{}, newFault("dns-publish-zone-unknown", name,
			"the nearest zone above %s is %s, which is a registry's; nothing was written",
			dnssrv.Plain(name), dnssrv.Plain(soa.Hdr.Name)).
			do("register the domain or delegate it first; if its primary server has the zone already, " +
				"give that with --server HOST:PORT")
	}
	server, err := p.primary(ctx, soa)
	if p.o.Zone == "" || err != nil {
		return Zone{Name: dns.CanonicalName(soa.Hdr.Name), Server: server}, err
	}
	return p.inZone(ctx, name, server)
}

func (p *nameServers) inZone(ctx context.Context, name, server string) (Zone, error) {
	soa, err := findSOA(ctx, p.client.At(server), name)
	if err != nil {
		return Zone{}, err
	}
	zone, within := dns.CanonicalName(soa.Hdr.Name), p.o.Zone
	switch {
	case within == "" || zone == within:
		return Zone{Name: zone, Server: server}, nil
	case !dns.IsSubDomain(within, dns.CanonicalName(name)):
		return Zone{}, outside(name, within)
	case dns.IsSubDomain(within, zone):
		return Zone{}, newFault("dns-publish-delegated", name, "%s lies in the zone %s, below %s; nothing was written",
			dnssrv.Plain(name), dnssrv.Plain(zone), dnssrv.Plain(within)).
			do("leave --zone out: each record then goes to its own zone")
	}
	return Zone{}, newFault("dns-publish-not-authoritative", within,
		"%s has no zone %s, only %s; nothing was written", server, dnssrv.Plain(within), dnssrv.Plain(zone))
}

func findSOA(ctx context.Context, ask query.Asker, name string) (*dns.SOA, error) {
	soa, a := query.FindZone(ctx, ask, name)
	switch {
	case soa != nil:
		return soa, nil
	case a.Outcome == query.REFUSED:
		return nil, newFault("dns-publish-not-authoritative", name,
			"%s refuses questions about %s: it has no such zone, or does not answer this machine; nothing was written",
			a.Server, dnssrv.Plain(a.Name))
	case !a.Outcome.Known():
		return nil, unreadable(a.Name, a)
	case len(a.NS) > 0 && isRegistry(a.NS[0].Header().Name):
		return nil, newFault("dns-publish-not-authoritative", name,
			"%s has no zone that %s lies in; nothing was written", a.Server, dnssrv.Plain(name)).
			do("create the zone there first, or give its primary server with --server HOST:PORT")
	case len(a.NS) > 0:
		return nil, delegated(name, a.NS[0].Header().Name)
	}
	return nil, newFault("dns-publish-zone-unknown", name, "")
}

// isRegistry reports whether domains are registered below a zone: a server that refers to it has no zone of its own.
func isRegistry(zone string) bool {
	zone = dnssrv.Plain(zone)
	suffix, icann := publicsuffix.PublicSuffix(zone)
	return !strings.Contains(strings.Trim(zone, "."), ".") || suffix == zone && icann
}

// primary is the address of the server that the SOA record names as its primary (RFC 1035 §3.3.13), the first that
// answers with authority. It is kept: all zones of an operator mostly have one.
func (p *nameServers) primary(ctx context.Context, soa *dns.SOA) (string, error) {
	zone := dns.CanonicalName(soa.Hdr.Name)
	return p.primaries.Get(zone, func() (string, error) {
		servers, err := hostPorts(ctx, p.client, soa.Ns)
		why := "it has no address"
		if err != nil {
			why = err.Error()
		}
		for _, server := range servers {
			a := p.client.AskServer(ctx, server, zone, dns.TypeSOA)
			if a.AA && a.Outcome == query.NOERROR {
				return server, nil
			}
			why = server + " has no authority for the zone"
			if err := a.Error(); err != nil {
				why = err.Error()
			}
		}
		return "", newFault("dns-publish-primary-unknown", zone,
			"the SOA record of %s names %s as the primary server: %s", dnssrv.Plain(zone), dnssrv.Plain(soa.Ns), why)
	})
}

// hostPorts are the places where a name server is asked: the replacement for its port 53, or each of its addresses.
func hostPorts(ctx context.Context, client *query.Client, host string) ([]string, error) {
	port53 := net.JoinHostPort(dnssrv.Plain(host), "53")
	if client.Dialled(port53) != port53 {
		return []string{port53}, nil
	}
	addrs, err := client.LookupHost(ctx, host)
	return text.Map(addrs, func(a netip.Addr) string { return netip.AddrPortFrom(a, 53).String() }), err
}
