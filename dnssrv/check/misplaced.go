package check

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// wrongServices are names that are published in place of a service's own: old
// ones, and those of other protocols.
var wrongServices = map[string][]string{
	"imaps":       {"_imap._tls", "_imap._ssl", "_imap4s._tcp", "_imaps._tls", "_imaps._udp"},
	"imap":        {"_imap4._tcp", "_imap._udp"},
	"pop3s":       {"_pop3._tls", "_pop3._ssl", "_pops._tcp", "_pop3s._tls"},
	"pop3":        {"_pop._tcp"},
	"submissions": {"_smtps._tcp", "_submission._tls", "_submissions._tls", "_smtp._tls", "_ssmtp._tcp"},
	"submission":  {"_smtp._tcp", "_submit._tcp"},
}

// misplacement is a wrong owner name of a record, and what is wrong with it.
type misplacement struct{ owner, why, fix string }

// misplacements are the names at which a record is found that was entered
// wrongly.
func (d *inspection) misplacements(name string, qtype uint16) []misplacement {
	label := strings.TrimSuffix(name, "."+d.name(""))
	doubled := misplacement{name + d.name(""), "the domain was entered twice: the form where it was entered appends it by itself",
		"enter " + label + " as the name, or the whole name with a dot at its end"}
	out := []misplacement{doubled}
	first, second, isService := strings.Cut(label, ".")
	if qtype != dns.TypeSRV || !isService {
		return out
	}
	service, transport := strings.TrimPrefix(first, "_"), strings.TrimPrefix(second, "_")
	for _, typed := range []string{"_" + service + "_." + transport, "_" + service + "." + transport, service + "._" + transport, service + "." + transport,
		service + "_." + transport + "_", "_" + service + "_._" + transport + "_", "__" + service + "._" + transport} {
		out = append(out, misplacement{typed + "." + d.name(""), "an underscore goes before each of the two words, and nowhere else", "publish it at " + label})
	}
	for _, typed := range append([]string{"_" + transport + "._" + service}, wrongServices[service]...) {
		out = append(out, misplacement{typed + "." + d.name(""), "clients ask for " + label, "publish it at " + label})
	}
	return out
}

// findMisplaced looks for planned records that are missing where they belong.
func (d *inspection) findMisplaced() {
	var questions []query.Question
	places := map[query.Question]misplaced{}
	for asked, want := range d.want {
		if a := d.seen.get(asked.Name, asked.Type); !a.Outcome.Known() || len(a.RRs) > 0 || len(a.CNAMEs) > 0 || absent(want) {
			continue
		}
		for _, m := range d.misplacements(asked.Name, asked.Type) {
			q := query.Question{Name: m.owner, Type: asked.Type}
			if _, planned := d.want[q]; !planned && len(m.owner) < 255 {
				questions = append(questions, q)
				places[q] = misplaced{m, asked, nil}
			}
		}
	}
	for _, a := range query.All(questions, d.ask) {
		q := query.Question{Name: a.Name, Type: a.Type}
		if m := places[q]; len(a.RRs) > 0 && (len(a.CNAMEs) == 0 || a.Type == dns.TypeCNAME) {
			if _, known := d.misplaced[m.asked]; !known {
				m.got = a.RRs
				d.misplaced[m.asked] = m
			}
		}
	}
}

// misplaced is what was found in place of the records asked for.
type misplaced struct {
	misplacement
	asked query.Question
	got   []dns.RR
}

// reportMisplaced reports a record that is at a wrong name.
func (d *inspection) reportMisplaced(name string, want []dns.RR) bool {
	m, ok := d.misplaced[query.Question{Name: name, Type: want[0].Header().Rrtype}]
	if !ok {
		return false
	}
	f := d.compared("dns-name-misplaced", name, want[0].Header().Rrtype, statusMissing, want, m.got)
	d.add(f.Because("the record is at %s instead: %s", dnssrv.Plain(m.owner), m.why).Do("%s, and remove the other", m.fix))
	return true
}

// reportMistyped finds targets that were entered wrongly: an address in place of a
// name, and a name to which the zone was appended.
func (d *inspection) reportMistyped(name string, qtype uint16, want, got []dns.RR) bool {
	for _, rr := range got {
		host := dnssrv.Target(rr)
		entered, appended := strings.CutSuffix(host, "."+d.Domain)
		if numeric(host, d.Domain) {
			f := d.compared("dns-target-number", name, qtype, statusDiffers, want, got)
			d.add(f.Because("%s is an IP address; the target of %s is a name (RFC 2782, RFC 1035 §3.3)", entered, article(qtype)))
			return true
		}
		twice := strings.HasSuffix(entered, "."+d.Domain) || entered == d.Domain || d.Provider != nil && belongs([]string{entered}, d.Provider.MX)
		for _, rr := range want {
			twice = twice || entered == dnssrv.Target(rr)
		}
		if appended && twice {
			f := d.compared("dns-target-appended", name, qtype, statusDiffers, want, got)
			d.add(f.Because("the target is %s: the zone's name was appended to %s, which does not end with a dot", host, entered))
			return true
		}
	}
	return false
}

// numeric reports whether a target is an IP address, perhaps with the zone
// appended to it.
func numeric(host, domain string) bool {
	_, err := netip.ParseAddr(strings.Trim(strings.TrimSuffix(host, "."+domain), "[]"))
	return err == nil
}

func article(qtype uint16) string {
	if qtype == dns.TypeCNAME {
		return "a CNAME record"
	}
	return "an " + dns.TypeToString[qtype] + " record"
}

// verification is where Microsoft's MX records lead that only prove who owns a
// domain; no mail ever goes there (RFC 6761 §6.4).
const verification = "msv1.invalid"

// dashes is a domain as Microsoft's host names have it.
func dashes(domain string) string { return strings.ReplaceAll(domain, ".", "-") }

// reportVendorName finds a mail exchanger of Microsoft 365 with the domain's own
// dots in it, which no certificate and no record of Microsoft's has.
func (d *inspection) reportVendorName(got []dns.RR) bool {
	for _, rr := range got {
		for _, suffix := range d.Provider.MX {
			token, ok := strings.CutSuffix(dnssrv.Target(rr), "."+suffix)
			if !ok || suffix != "mail.protection.outlook.com" || !strings.Contains(token, ".") {
				continue
			}
			f := d.compared("dns-vendor-mx-name", d.name(""), dns.TypeMX, statusDiffers, nil, got)
			right := dashes(d.Domain) + "." + suffix
			d.add(f.Because("%s has dots where Microsoft writes dashes, so it does not exist", dnssrv.Target(rr)).
				Do("write %s, or what the Microsoft 365 admin center shows for the domain", right))
			return true
		}
	}
	return false
}

// microsoftHosts are where Autodiscover leads for mail at Microsoft.
var microsoftHosts = []string{"outlook.com", "office365.com", "office.com", "hotmail.com"}

// atMicrosoft reports whether Autodiscover is left over from Microsoft 365: the
// domain's mail is elsewhere.
func (d *inspection) atMicrosoft(got []dns.RR) bool {
	if d.Provider == nil || d.Provider.Vendor != nil || provider.VendorOwned(d.Domain) != "" {
		return false
	}
	return slices.ContainsFunc(got, func(rr dns.RR) bool {
		return slices.ContainsFunc(microsoftHosts, func(host string) bool { return provider.Below(dnssrv.Target(rr), host) })
	})
}
