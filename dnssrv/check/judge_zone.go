package check

import (
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// The TTLs outside of which records are pointed out, in seconds: below, every
// client asks again and again; above, a mistake stays for days.
const (
	shortTTL = 300
	longTTL  = 86400
)

// judgeTTL looks at the domain's own records. A resolver counts a TTL down, so
// only a server with authority shows a short one (RFC 1035 §3.2.1).
func (l *look) judgeTTL() {
	var short, long []dns.RR
	for _, q := range l.questions() {
		a := l.seen.get(q.Name, q.Type)
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
	l.judgeTTLs("dns-ttl-low", short)
	l.judgeTTLs("dns-ttl-high", long)
}

func (l *look) judgeTTLs(id string, rrs []dns.RR) {
	if len(rrs) > 0 {
		h := rrs[0].Header()
		l.add(l.compared(id, dns.CanonicalName(h.Name), h.Rrtype, statusDiffers, nil, rrs))
	}
}

// judgeServers reports where the zone's name servers disagree.
func (l *look) judgeServers() {
	var asked []query.Question
	for q := range l.differ {
		if q.Type != dns.TypeCNAME && q.Type != dns.TypeA && l.alias(q.Name) != nil {
			continue // said of the CNAME
		}
		asked = append(asked, q)
	}
	slices.SortFunc(asked, query.Question.Compare)
	for _, q := range asked {
		f := l.compared("dns-server-disagree", q.Name, q.Type, statusConflict, l.wanted(q.Name, q.Type), nil)
		f.Got = l.differ[q]
		l.add(f)
	}
}

// judgeValidation says whether a resolver vouches for the zone (RFC 4035
// §3.2.3). Name servers never do.
func (l *look) judgeValidation() {
	id := "dns-dnssec-unvalidated"
	if l.seen.get(l.name(""), dns.TypeSOA).AD {
		id = "dns-dnssec-validated"
	}
	if len(l.servers) == 0 {
		l.add(l.about(id, l.name(""), dns.TypeSOA, ""))
	}
}
