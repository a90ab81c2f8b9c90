package check

import (
	"slices"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

// cpanelHost is where cPanel points _autodiscover by default; it is left over after many a move.
const cpanelHost = "cpanelemaildiscovery.cpanel.net"

func (d *inspection) reportSRV(q query.Question, got []dns.RR) {
	want, id := d.want[q], "dns-record-differs"
	missing, extra := dnssrv.Lacking(want, got), dnssrv.Lacking(got, want)
	negated := absent(want)
	switch {
	case d.reportMistyped(q, got):
		return
	case q.Name == d.name(dnssrv.AutodiscoverSRV) && d.atMicrosoft(got):
		id = "dns-autodiscover-microsoft"
	case len(want) == 0:
		d.observeSRV(q, got)
		return
	case len(got) == 0 && negated:
		d.reportMissing("dns-negative-missing", q)
		return
	case len(got) == 0:
		d.reportMissing("dns-record-missing", q)
		return
	case len(missing) == 0 && len(extra) == 0:
		id = "dns-record-ok"
	case mixed(got):
		id = "dns-srv-mixed"
	case fromCPanel(got):
		id = "dns-srv-cpanel"
	case negated || len(missing) == 0:
		id = "dns-srv-leftover"
	case absent(got):
		id = "dns-srv-denied"
	case sameServers(got, want):
		id = "dns-srv-priority"
	}
	d.note(id, q, got)
}

// observeSRV looks at service records without a plan: in themselves, and compared with the servers of the provider.
func (d *inspection) observeSRV(q query.Question, got []dns.RR) {
	var want []dns.RR
	if d.Provider != nil {
		want = recordsByName(dnssrv.PlanMail(d.Domain, d.Provider))[q]
	}
	id := ""
	switch {
	case len(got) == 0:
		return
	case mixed(got):
		id = "dns-srv-mixed"
	case fromCPanel(got) && (d.Provider != nil || d.Want != nil):
		id = "dns-srv-cpanel"
	case d.vendor() != nil && q.Name == d.name(dnssrv.AutodiscoverSRV):
		id = "dns-vendor-srv"
	case len(want) > 0 && len(dnssrv.Lacking(hosts(got), hosts(want))) > 0:
		id = "dns-srv-provider"
	default:
		d.note("dns-record-published", q, got)
		return
	}
	f := d.compared(id, q, got)
	f.Want = dnssrv.Lines(want)
	if id == "dns-srv-cpanel" && d.Want == nil {
		f.Level = finding.Warn // the records of others may be meant so
	}
	d.add(f)
}

// absent reports whether records only say that a service is not offered (RFC 2782, "Target").
func absent(rrs []dns.RR) bool {
	return len(rrs) > 0 && !slices.ContainsFunc(rrs, func(rr dns.RR) bool { return dnssrv.Target(rr) != "." })
}

// mixed reports whether records name servers and say that there are none.
func mixed(rrs []dns.RR) bool {
	return !absent(rrs) && slices.ContainsFunc(rrs, func(rr dns.RR) bool { return dnssrv.Target(rr) == "." })
}

func fromCPanel(rrs []dns.RR) bool {
	return slices.ContainsFunc(rrs, func(rr dns.RR) bool { return provider.Below(dnssrv.Target(rr), cpanelHost) })
}

// sameServers reports whether two sets differ in priority and weight alone.
func sameServers(a, b []dns.RR) bool {
	a, b = hosts(a), hosts(b)
	return len(dnssrv.Lacking(a, b)) == 0 && len(dnssrv.Lacking(b, a)) == 0
}

// hosts are service records without their priority and weight.
func hosts(rrs []dns.RR) []dns.RR {
	return provider.Map(dnssrv.Records[*dns.SRV](rrs), func(srv *dns.SRV) dns.RR {
		bare := *srv
		bare.Priority, bare.Weight = 0, 0
		return &bare
	})
}
