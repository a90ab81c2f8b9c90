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

// recognise takes the provider that the mail exchangers belong to, for a domain of which nothing else is known.
func (d *inspection) recognise() {
	if d.Provider == nil && d.checker.o.ByMX != nil {
		d.Provider = d.checker.o.ByMX(d.bestMX())
	}
}

func (d *inspection) bestMX() []string {
	proof := func(rr dns.RR) bool { return provider.Below(dnssrv.Target(rr), verification) }
	return query.BestMX(slices.DeleteFunc(slices.Clone(d.seen.get(d.name(""), dns.TypeMX).RRs), proof))
}

// reportMail notes what is published about the mail itself. None of it is ever planned: where mail goes and who may
// send is not this program's business.
func (d *inspection) reportMail() {
	a := d.seen.get(d.name(""), dns.TypeMX)
	best := d.bestMX()
	takesMail := len(best) > 0 && !slices.Contains(best, ".")
	switch {
	case !a.Outcome.Known():
		d.add(d.failed(a))
	case len(best) == 0 && len(a.RRs) > 0:
		d.note("dns-mx-verification", d.name(""), dns.TypeMX, statusMissing, nil, a.RRs)
	case len(best) == 0:
		d.note("dns-mx-missing", d.name(""), dns.TypeMX, statusMissing, nil, nil)
	case !takesMail:
		d.note("dns-mx-null", d.name(""), dns.TypeMX, statusOK, nil, a.RRs)
	default:
		d.reportMX(best, a.RRs)
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
func (d *inspection) reportMX(best []string, got []dns.RR) {
	p := d.Provider
	id, status := "dns-mx-published", statusOK
	switch {
	case d.reportMistyped(d.name(""), dns.TypeMX, nil, got):
		return
	case d.vendor() != nil && d.reportVendorName(got):
		return
	case p != nil && belongs(best, p.MX):
		id = "dns-mx-provider"
	case d.vendor() != nil:
		d.reportVendorMX(got)
		return
	case p != nil && d.otherProvider(best) != nil:
		other := d.otherProvider(best)
		f := d.compared("dns-autoconfig-mx", d.name(""), dns.TypeMX, statusDiffers, nil, got)
		d.add(f.Because("clients are given the settings of %s, but the mail exchangers are those of %s: "+
			"people would set up a mailbox that gets no mail", p.Name, other.Name))
		return
	case p != nil && len(p.MX) > 0:
		id, status = "dns-mx-provider-differs", statusDiffers
	}
	f := d.compared(id, d.name(""), dns.TypeMX, status, nil, got)
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

// reportAutoconfigMX finds an autoconfig host of one company next to mail exchangers of another, as a move leaves it
// behind. A planned one is meant so.
func (d *inspection) reportAutoconfigMX(best []string) {
	name := d.name(dnssrv.AutoconfigLabel)
	alias := d.alias(name)
	if alias == nil || d.Want != nil || d.fromWildcard(name) {
		return
	}
	leads, own := provider.Registrable(dnssrv.Target(alias)), provider.Registrable(d.Domain)
	for _, host := range best {
		if mail := provider.Registrable(host); leads == own || mail == own || mail == leads {
			return
		}
	}
	f := d.compared("dns-autoconfig-mx", name, dns.TypeCNAME, statusDiffers, nil, []dns.RR{alias})
	d.add(f.Because("%s leads to %s, but the mail exchangers belong to %s: "+
		"clients may be given the settings of a former provider",
		dnssrv.Plain(name), leads, provider.Registrable(best[0])))
}

// reportVendor verifies what a vendor prescribes. A domain that is not the operator's is only warned about.
func (d *inspection) reportVendor() {
	vendor, name := d.Provider.Vendor, d.name(dnssrv.AutodiscoverLabel)
	header := func(name string, qtype uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: qtype, Class: dns.ClassINET, Ttl: dnssrv.DefaultTTL}
	}
	if !d.vendorSPF() {
		policy := &dns.TXT{Hdr: header(d.name(""), dns.TypeTXT), Txt: []string{"v=spf1 include:" + vendor.SPF + " -all"}}
		d.note("dns-vendor-spf", d.name(""), dns.TypeTXT, statusDiffers, []dns.RR{policy}, d.spf())
	}
	want := []dns.RR{&dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: vendor.Autodiscover + "."}}
	_, got := d.host(name)
	switch {
	case !d.seen.get(name, dns.TypeCNAME).Outcome.Known():
	case len(dnssrv.Lacking(want, got)) == 0:
		d.note("dns-record-ok", name, dns.TypeCNAME, statusOK, want, got)
	case len(got) == 0:
		d.add(d.vendorFault(d.compared("dns-vendor-autodiscover", name, dns.TypeCNAME, statusMissing, want, nil)))
	default:
		d.add(d.vendorFault(d.compared("dns-vendor-autodiscover", name, dns.TypeCNAME, statusDiffers, want, got)))
	}
}

func (d *inspection) vendorFault(f finding.Finding) finding.Finding {
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
func (d *inspection) reportVendorMX(got []dns.RR) {
	alias := d.alias(d.name(dnssrv.AutodiscoverLabel))
	if d.vendorSPF() || alias != nil && dnssrv.Target(alias) == d.Provider.Vendor.Autodiscover {
		d.note("dns-vendor-mx-filter", d.name(""), dns.TypeMX, statusOK, nil, got)
		return
	}
	d.add(d.vendorFault(d.compared("dns-vendor-mx", d.name(""), dns.TypeMX, statusDiffers, nil, got)))
}
