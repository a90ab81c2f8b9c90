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

// recognise takes the provider that the mail exchangers belong to, for a domain
// of which nothing else is known.
func (l *look) recognise() {
	if l.Provider == nil && l.k.o.ByMX != nil {
		l.Provider = l.k.o.ByMX(l.bestMX())
	}
}

func (l *look) bestMX() []string {
	proof := func(rr dns.RR) bool { return provider.Below(dnssrv.Target(rr), verification) }
	return query.BestMX(slices.DeleteFunc(slices.Clone(l.seen.get(l.name(""), dns.TypeMX).RRs), proof))
}

// judgeMail notes what is published about the mail itself. None of it is ever
// planned: where mail goes and who may send is not this program's business.
func (l *look) judgeMail() {
	a := l.seen.get(l.name(""), dns.TypeMX)
	best := l.bestMX()
	takesMail := len(best) > 0 && !slices.Contains(best, ".")
	switch {
	case !a.Outcome.Known():
		l.add(l.failed(a))
	case len(best) == 0 && len(a.RRs) > 0:
		l.add(l.compared("dns-mx-verification", l.name(""), dns.TypeMX, statusMissing, nil, a.RRs))
	case len(best) == 0:
		l.add(l.compared("dns-mx-missing", l.name(""), dns.TypeMX, statusMissing, nil, nil))
	case !takesMail:
		l.add(l.compared("dns-mx-null", l.name(""), dns.TypeMX, statusOK, nil, a.RRs))
	default:
		l.judgeMX(best, a.RRs)
	}
	l.judgeNeighbours(l.k.o.Neighbours, best)
	advise := takesMail && provider.VendorOwned(l.Domain) == "" // nobody who asks owns live.co.uk
	l.judgeSPF(advise)
	l.judgeDKIM(advise)
	l.judgeDMARC(advise)
	if l.Provider != nil && l.Provider.Vendor != nil {
		l.judgeVendor()
	}
}

// judgeMX compares where mail goes with whose settings clients are given.
func (l *look) judgeMX(best []string, got []dns.RR) {
	p := l.Provider
	id, status := "dns-mx-published", statusOK
	switch {
	case l.judgeEntry(l.name(""), dns.TypeMX, nil, got):
		return
	case p != nil && p.Vendor != nil && l.judgeVendorName(got):
		return
	case p != nil && belongs(best, p.MX):
		id = "dns-mx-provider"
	case p != nil && p.Vendor != nil:
		l.judgeVendorMX(got)
		return
	case p != nil && l.otherProvider(best) != nil:
		other := l.otherProvider(best)
		f := l.compared("dns-autoconfig-mx", l.name(""), dns.TypeMX, statusDiffers, nil, got)
		l.add(f.Because("clients are given the settings of %s, but the mail exchangers are those of %s: people would set up a mailbox that gets no mail", p.Name, other.Name))
		return
	case p != nil && len(p.MX) > 0:
		id, status = "dns-mx-provider-differs", statusDiffers
	}
	f := l.compared(id, l.name(""), dns.TypeMX, status, nil, got)
	if p != nil && id != "dns-mx-published" {
		f = f.Because("%s (%s)", f.Cause, p.Name)
	}
	l.add(f)
	l.judgeAutoconfigMX(best)
}

func (l *look) otherProvider(best []string) *provider.Provider {
	if l.k.o.ByMX == nil {
		return nil
	}
	if other := l.k.o.ByMX(best); other != nil && other.ID != l.Provider.ID {
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

// judgeAutoconfigMX finds an autoconfig host of one company next to mail
// exchangers of another, as a move leaves it behind. A planned one is meant so.
func (l *look) judgeAutoconfigMX(best []string) {
	name := l.name(dnssrv.AutoconfigLabel)
	alias := l.alias(name)
	if alias == nil || l.Want != nil || l.wildcardMade(name) {
		return
	}
	leads, own := provider.Registrable(dnssrv.Target(alias)), provider.Registrable(l.Domain)
	for _, host := range best {
		if mail := provider.Registrable(host); leads == own || mail == own || mail == leads {
			return
		}
	}
	f := l.compared("dns-autoconfig-mx", name, dns.TypeCNAME, statusDiffers, nil, []dns.RR{alias})
	l.add(f.Because("%s leads to %s, but the mail exchangers belong to %s: clients may be given the settings of a former provider", dnssrv.Plain(name), leads, provider.Registrable(best[0])))
}

// judgeVendor verifies what a vendor prescribes. A domain that is not the
// operator's is only warned about.
func (l *look) judgeVendor() {
	p := l.Provider
	if !l.vendorSPF() {
		want := &dns.TXT{Hdr: dns.RR_Header{Name: l.name(""), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: dnssrv.DefaultTTL}, Txt: []string{"v=spf1 include:" + p.Vendor.SPF + " -all"}}
		l.add(l.compared("dns-vendor-spf", l.name(""), dns.TypeTXT, statusDiffers, []dns.RR{want}, l.spf()))
	}
	name := l.name(dnssrv.AutodiscoverLabel)
	want := []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: dnssrv.DefaultTTL}, Target: p.Vendor.Autodiscover + "."}}
	_, got := l.host(name)
	switch {
	case !l.seen.get(name, dns.TypeCNAME).Outcome.Known():
	case len(dnssrv.Lacking(want, got)) == 0:
		l.add(l.compared("dns-record-ok", name, dns.TypeCNAME, statusOK, want, got))
	case len(got) == 0:
		l.add(l.vendorFault(l.compared("dns-vendor-autodiscover", name, dns.TypeCNAME, statusMissing, want, nil)))
	default:
		l.add(l.vendorFault(l.compared("dns-vendor-autodiscover", name, dns.TypeCNAME, statusDiffers, want, got)))
	}
}

func (l *look) vendorFault(f finding.Finding) finding.Finding {
	if l.Want == nil {
		f.Level = finding.Warn
	}
	return f
}

// vendorSPF reports whether the sender policy names the vendor.
func (l *look) vendorSPF() bool {
	return slices.ContainsFunc(dnssrv.Texts(l.spf()), func(text string) bool {
		return slices.Contains(strings.Fields(strings.ToLower(text)), "include:"+l.Provider.Vendor.SPF)
	})
}

// judgeVendorMX is for mail exchangers that are not the vendor's: a filter may
// be in front, as the other records show.
func (l *look) judgeVendorMX(got []dns.RR) {
	alias := l.alias(l.name(dnssrv.AutodiscoverLabel))
	if l.vendorSPF() || alias != nil && dnssrv.Target(alias) == l.Provider.Vendor.Autodiscover {
		l.add(l.compared("dns-vendor-mx-filter", l.name(""), dns.TypeMX, statusOK, nil, got))
		return
	}
	l.add(l.vendorFault(l.compared("dns-vendor-mx", l.name(""), dns.TypeMX, statusDiffers, nil, got)))
}
