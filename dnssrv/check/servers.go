package check

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

type nameServer struct {
	name    string
	address string // host:port
	soa     query.Answer
}

// findServers lists the zone's name servers that can be asked, and reports the others.
func (d *inspection) findServers() {
	a := d.checker.client.Ask(d.ctx, d.zone, dns.TypeNS)
	d.seen.put(a)
	servers := provider.Map(a.RRs, func(rr dns.RR) nameServer { return nameServer{name: dnssrv.Target(rr)} })
	slices.SortFunc(servers, func(a, b nameServer) int { return strings.Compare(a.name, b.name) })
	for _, s := range query.Together(servers, d.reach) {
		id := s.fault()
		if id == "" {
			d.servers = append(d.servers, s)
			continue
		}
		f := finding.New(id, s.name)
		f.Name, f.Type, f.Status, f.RCode = dnssrv.Plain(d.zone), "NS", "error", string(s.soa.Outcome)
		f.Got = []string{f.Name + ". NS " + s.name + "."}
		d.zoneFindings = append(d.zoneFindings, f)
	}
	d.serials()
}

// reach finds a server's address, unless --connect-to gives another place, and asks it for the zone.
func (d *inspection) reach(s nameServer) nameServer {
	s.address = net.JoinHostPort(s.name, "53")
	if d.checker.client.Dialled(s.address) == s.address {
		host := d.checker.host(d.ctx, s.name)
		if len(host.addresses) == 0 {
			s.address = ""
			return s
		}
		s.address = net.JoinHostPort(host.addresses[0].String(), "53")
	}
	s.soa = d.checker.client.AskServer(d.ctx, s.address, d.zone, dns.TypeSOA)
	return s
}

// fault is the id of what keeps a server from being asked, "" if nothing does.
func (s nameServer) fault() string {
	switch {
	case s.address == "":
		return "dns-server-address"
	case s.soa.Outcome == query.TIMEOUT:
		return "dns-server-silent"
	case s.soa.Outcome != query.NOERROR || !s.soa.AA:
		return "dns-server-lame"
	}
	return ""
}

func (d *inspection) serials() {
	var lines, serials []string
	for _, s := range d.servers {
		for _, soa := range dnssrv.Records[*dns.SOA](s.soa.RRs) {
			lines = append(lines, fmt.Sprintf("%s: serial %d", s.name, soa.Serial))
			serials = append(serials, fmt.Sprint(soa.Serial))
		}
	}
	if len(slices.Compact(serials)) > 1 {
		f := d.about("dns-server-serial", query.Question{Name: d.zone, Type: dns.TypeSOA})
		f.Got = lines
		d.zoneFindings = append(d.zoneFindings, f)
	}
}

// askServers asks every server and keeps where they disagree; false when none has authority over the name.
func (d *inspection) askServers(q query.Question) (query.Answer, bool) {
	answers := query.Together(d.servers, func(s nameServer) query.Answer {
		return d.checker.client.AskServer(d.ctx, s.address, q.Name, q.Type)
	})
	best, lines, views := answers[0], []string(nil), map[string]bool{}
	for i, a := range answers {
		if len(a.NS) > 0 {
			return a, false // the name is delegated: other servers have it
		}
		if !best.Outcome.Known() {
			best = a
		}
		if a.Outcome != query.TIMEOUT { // a lost packet is not another opinion
			view := ownView(a)
			views[view] = true
			lines = append(lines, d.servers[i].name+": "+view)
		}
	}
	if len(views) > 1 {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.differ[q] = lines
	}
	return best, true
}

// ownView is what a server says about the name itself: what lies behind a CNAME may be known to some servers only.
func ownView(a query.Answer) string {
	if len(a.CNAMEs) > 0 {
		return "CNAME " + strings.ToLower(a.CNAMEs[0].Target)
	}
	if len(a.RRs) == 0 {
		return string(a.Outcome)
	}
	lines := provider.Map(a.RRs, dnssrv.Data)
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

// The limits of good TTLs in seconds: below, every client asks again and again; above, a mistake stays for days.
const (
	shortTTL = 300
	longTTL  = 86400
)

// reportTTL checks the domain's own records. Only a server with authority shows a short TTL: a resolver counts it down.
func (d *inspection) reportTTL() {
	var short, long []dns.RR
	for _, q := range d.questions() {
		a := d.seen[q]
		own := a.RRs
		if len(a.CNAMEs) > 0 {
			own = []dns.RR{a.CNAMEs[0]}
		}
		for _, rr := range own {
			switch ttl := rr.Header().Ttl; {
			case ttl < shortTTL && a.AA && len(dnssrv.Lacking([]dns.RR{rr}, short)) > 0:
				short = append(short, rr)
			case ttl > longTTL && len(dnssrv.Lacking([]dns.RR{rr}, long)) > 0:
				long = append(long, rr)
			}
		}
	}
	d.reportTTLs("dns-ttl-low", short)
	d.reportTTLs("dns-ttl-high", long)
}

func (d *inspection) reportTTLs(id string, rrs []dns.RR) {
	if len(rrs) > 0 {
		f := d.compared(id, question(rrs[0]), rrs)
		f.Want = nil
		d.add(f)
	}
}

func (d *inspection) reportServers() {
	for _, q := range slices.SortedFunc(maps.Keys(d.differ), query.Question.Compare) {
		if q.Type != dns.TypeCNAME && q.Type != dns.TypeA && d.alias(q.Name) != nil {
			continue // reported with the CNAME
		}
		f := d.compared("dns-server-disagree", q, nil)
		f.Got = d.differ[q]
		d.add(f)
	}
}

// reportValidation says whether a resolver vouches for the zone (RFC 4035 §3.2.3). Name servers never do.
func (d *inspection) reportValidation() {
	q, id := d.at("", dns.TypeSOA), "dns-dnssec-unvalidated"
	if d.seen[q].AD {
		id = "dns-dnssec-validated"
	}
	if f := d.about(id, q); len(d.servers) == 0 {
		f.Status = ""
		d.add(f)
	}
}
