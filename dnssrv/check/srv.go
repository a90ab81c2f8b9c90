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

func (d *inspection) reportSRV(name string, want []dns.RR, a query.Answer) {
	got := a.RRs
	if d.reportMistyped(name, dns.TypeSRV, want, got) {
		return
	}
	if name == d.name(dnssrv.AutodiscoverSRV) && d.atMicrosoft(got) {
		d.note("dns-autodiscover-microsoft", name, dns.TypeSRV, statusDiffers, want, got)
		return
	}
	if len(want) == 0 {
		d.observeSRV(name, got)
		return
	}
	negated := absent(want)
	if len(got) == 0 {
		id := "dns-record-missing"
		if negated {
			id = "dns-negative-missing"
		}
		d.reportMissing(id, name, want)
		return
	}
	id, status := "dns-record-differs", statusDiffers
	missing, extra := dnssrv.Lacking(want, got), dnssrv.Lacking(got, want)
	switch {
	case len(missing) == 0 && len(extra) == 0:
		id, status = "dns-record-ok", statusOK
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
	d.note(id, name, dns.TypeSRV, status, want, got)
}

// observeSRV looks at service records without a plan: in themselves, and compared with the servers of the provider.
func (d *inspection) observeSRV(name string, got []dns.RR) {
	if len(got) == 0 {
		return
	}
	id, status := "dns-record-published", statusOK
	var want []dns.RR
	if d.Provider != nil {
		want = recordsByName(dnssrv.PlanMail(d.Domain, d.Provider))[query.Question{Name: name, Type: dns.TypeSRV}]
	}
	switch {
	case mixed(got):
		id, status = "dns-srv-mixed", statusDiffers
	case fromCPanel(got) && (d.Provider != nil || d.Want != nil):
		id, status = "dns-srv-cpanel", statusDiffers
	case d.vendor() != nil && name == d.name(dnssrv.AutodiscoverSRV):
		id, status = "dns-vendor-srv", statusDiffers
	case len(want) > 0 && len(dnssrv.Lacking(hosts(got), hosts(want))) > 0:
		id, status = "dns-srv-provider", statusDiffers
	default:
		want = nil
	}
	f := d.compared(id, name, dns.TypeSRV, status, want, got)
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
	var out []dns.RR
	for _, srv := range dnssrv.Records[*dns.SRV](rrs) {
		bare := *srv
		bare.Priority, bare.Weight = 0, 0
		out = append(out, &bare)
	}
	return out
}
