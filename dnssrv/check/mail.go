package check

import (
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

func (d *inspection) bestMX() []string {
	proof := func(rr dns.RR) bool { return provider.Below(dnssrv.Target(rr), verification) }
	return query.BestMX(slices.DeleteFunc(slices.Clone(d.seen[d.at("", dns.TypeMX)].RRs), proof))
}

// reportMail notes what is published about the mail itself, which is never planned: it is not this program's business.
func (d *inspection) reportMail() {
	q, best := d.at("", dns.TypeMX), d.bestMX()
	a := d.seen[q]
	takesMail := len(best) > 0 && !slices.Contains(best, ".")
	switch {
	case !a.Outcome.Known():
		d.add(d.failed(a))
	case len(best) == 0 && len(a.RRs) > 0:
		d.note("dns-mx-verification", q, a.RRs)
	case len(best) == 0:
		d.note("dns-mx-missing", q, nil)
	case !takesMail:
		d.note("dns-mx-null", q, a.RRs)
	default:
		d.reportMX(q, best, a.RRs)
	}
	d.reportNeighbours(d.checker.o.Neighbours, best)
	advise := takesMail && provider.VendorOwned(d.Domain) == "" // whoever runs this does not own live.co.uk
	d.reportSPF(advise)
	d.reportDKIM(advise)
	d.reportDMARC(advise)
	if d.vendor() != nil {
		d.reportVendor()
	}
}

// vendor is what a vendor prescribes for the domain, nil for most.
func (d *inspection) vendor() *provider.VendorDNS {
	if d.Provider == nil {
		return nil
	}
	return d.Provider.Vendor
}

// reportMX compares where mail goes with the provider that clients get settings of.
func (d *inspection) reportMX(q query.Question, best []string, got []dns.RR) {
	p, id := d.Provider, "dns-mx-published"
	switch {
	case d.reportMistyped(q, got):
		return
	case d.vendor() != nil && d.reportVendorName(got):
		return
	case p != nil && belongs(best, p.MX):
		id = "dns-mx-provider"
	case d.vendor() != nil:
		d.reportVendorMX(q, got)
		return
	case p != nil && d.otherProvider(best) != nil:
		other := d.otherProvider(best)
		f := d.compared("dns-autoconfig-mx", q, got)
		d.add(f.Because("clients are given the settings of %s, but the mail exchangers are those of %s: "+
			"people would set up a mailbox that gets no mail", p.Name, other.Name))
		return
	case p != nil && len(p.MX) > 0:
		id = "dns-mx-provider-differs"
	}
	f := d.compared(id, q, got)
	if p != nil && id != "dns-mx-published" {
		f = f.Because("%s (%s)", f.Cause, p.Name)
	}
	d.add(f)
	d.reportAutoconfigMX(best)
}

func (d *inspection) otherProvider(best []string) *provider.Provider {
	if d.checker.o.ByMX == nil {
		return nil
	}
	if other := d.checker.o.ByMX(best); other != nil && other.ID != d.Provider.ID {
		return other
	}
	return nil
}

// belongs reports whether every exchanger is one of the names, or below one.
func belongs(exchangers, names []string) bool {
	return !slices.ContainsFunc(exchangers, func(host string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return provider.Below(host, name) })
	})
}

// reportAutoconfigMX finds an autoconfig host of another company than the mail exchangers, as a move leaves it behind.
func (d *inspection) reportAutoconfigMX(best []string) {
	q := d.at(dnssrv.AutoconfigLabel, dns.TypeCNAME)
	alias := d.alias(q.Name)
	if alias == nil || d.Want != nil || d.fromWildcard(q.Name) {
		return
	}
	leads, own := provider.Registrable(dnssrv.Target(alias)), provider.Registrable(d.Domain)
	for _, host := range best {
		if mail := provider.Registrable(host); leads == own || mail == own || mail == leads {
			return
		}
	}
	f := d.compared("dns-autoconfig-mx", q, []dns.RR{alias})
	d.add(f.Because("%s leads to %s, but the mail exchangers belong to %s: "+
		"clients may be given the settings of a former provider",
		dnssrv.Plain(q.Name), leads, provider.Registrable(best[0])))
}

// reportVendor verifies what a vendor prescribes. A domain that is not the operator's is only warned about.
func (d *inspection) reportVendor() {
	vendor, top, host := d.Provider.Vendor, d.at("", dns.TypeTXT), d.at(dnssrv.AutodiscoverLabel, dns.TypeCNAME)
	header := func(q query.Question) dns.RR_Header {
		return dns.RR_Header{Name: q.Name, Rrtype: q.Type, Class: dns.ClassINET, Ttl: dnssrv.DefaultTTL}
	}
	if !d.vendorSPF() {
		f := d.compared("dns-vendor-spf", top, d.spf())
		f.Want = dnssrv.Lines([]dns.RR{&dns.TXT{Hdr: header(top), Txt: []string{"v=spf1 include:" + vendor.SPF + " -all"}}})
		d.add(f)
	}
	want := []dns.RR{&dns.CNAME{Hdr: header(host), Target: vendor.Autodiscover + "."}}
	_, got := d.host(host.Name)
	if !d.seen[host].Outcome.Known() {
		return
	}
	f := d.vendorFault("dns-vendor-autodiscover", host, got)
	switch {
	case len(dnssrv.Lacking(want, got)) == 0:
		f = d.compared("dns-record-ok", host, got)
	case len(got) == 0:
		f.Status = "missing"
	}
	f.Want = dnssrv.Lines(want)
	d.add(f)
}

func (d *inspection) vendorFault(id string, q query.Question, got []dns.RR) finding.Finding {
	f := d.compared(id, q, got)
	if d.Want == nil {
		f.Level = finding.Warn
	}
	return f
}

func (d *inspection) vendorSPF() bool {
	return slices.ContainsFunc(dnssrv.Texts(d.spf()), func(text string) bool {
		return slices.Contains(strings.Fields(strings.ToLower(text)), "include:"+d.Provider.Vendor.SPF)
	})
}

// reportVendorMX is for mail exchangers that are not the vendor's: a filter may be in front, as the other records show.
func (d *inspection) reportVendorMX(q query.Question, got []dns.RR) {
	alias := d.alias(d.name(dnssrv.AutodiscoverLabel))
	if d.vendorSPF() || alias != nil && dnssrv.Target(alias) == d.Provider.Vendor.Autodiscover {
		d.note("dns-vendor-mx-filter", q, got)
		return
	}
	d.add(d.vendorFault("dns-vendor-mx", q, got))
}
