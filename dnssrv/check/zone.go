package check

import (
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// The TTLs outside of which records are pointed out, in seconds: below, every client asks again and again; above, a
// mistake stays for days.
const (
	shortTTL = 300
	longTTL  = 86400
)

// reportTTL looks at the domain's own records. A resolver counts a TTL down, so only a server with authority shows a
// short one (RFC 1035 §3.2.1).
func (d *inspection) reportTTL() {
	var short, long []dns.RR
	for _, q := range d.questions() {
		a := d.seen.get(q.Name, q.Type)
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
		h := rrs[0].Header()
		d.note(id, dns.CanonicalName(h.Name), h.Rrtype, statusDiffers, nil, rrs)
	}
}

// reportServers reports where the zone's name servers disagree.
func (d *inspection) reportServers() {
	var asked []query.Question
	for q := range d.differ {
		if q.Type != dns.TypeCNAME && q.Type != dns.TypeA && d.alias(q.Name) != nil {
			continue // said of the CNAME
		}
		asked = append(asked, q)
	}
	slices.SortFunc(asked, query.Question.Compare)
	for _, q := range asked {
		f := d.compared("dns-server-disagree", q.Name, q.Type, statusConflict, d.wanted(q.Name, q.Type), nil)
		f.Got = d.differ[q]
		d.add(f)
	}
}

// reportValidation says whether a resolver vouches for the zone (RFC 4035 §3.2.3). Name servers never do.
func (d *inspection) reportValidation() {
	id := "dns-dnssec-unvalidated"
	if d.seen.get(d.name(""), dns.TypeSOA).AD {
		id = "dns-dnssec-validated"
	}
	if len(d.servers) == 0 {
		d.add(d.about(id, d.name(""), dns.TypeSOA, ""))
	}
}
