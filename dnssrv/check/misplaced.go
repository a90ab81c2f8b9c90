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

// wrongServices are names that are published in place of a service's own: old ones, and those of other protocols.
var wrongServices = map[string][]string{
	"imaps":       {"_imap._tls", "_imap._ssl", "_imap4s._tcp", "_imaps._tls", "_imaps._udp"},
	"imap":        {"_imap4._tcp", "_imap._udp"},
	"pop3s":       {"_pop3._tls", "_pop3._ssl", "_pops._tcp", "_pop3s._tls"},
	"pop3":        {"_pop._tcp"},
	"submissions": {"_smtps._tcp", "_submission._tls", "_submissions._tls", "_smtp._tls", "_ssmtp._tcp"},
	"submission":  {"_smtp._tcp", "_submit._tcp"},
}

// misplaced is a wrong owner name of records, what is wrong with it, and what was found there.
type misplaced struct {
	owner, why, fix string
	asked           query.Question // where the records belong
	got             []dns.RR
}

// misplacements are the names at which records are found that were entered wrongly.
func (d *inspection) misplacements(asked query.Question) (out []misplaced) {
	label := strings.TrimSuffix(asked.Name, "."+d.name(""))
	add := func(why, fix string, labels ...string) {
		for _, typed := range labels {
			out = append(out, misplaced{typed + "." + d.name(""), why, fix, asked, nil})
		}
	}
	add("the domain was entered twice: the form where it was entered appends it by itself",
		"enter "+label+" as the name, or the whole name with a dot at its end", strings.TrimSuffix(asked.Name, "."))
	first, second, isService := strings.Cut(label, ".")
	if asked.Type != dns.TypeSRV || !isService {
		return out
	}
	service, transport := strings.TrimPrefix(first, "_"), strings.TrimPrefix(second, "_")
	add("an underscore goes before each of the two words, and nowhere else", "publish it at "+label,
		"_"+service+"_."+transport, "_"+service+"."+transport, service+"._"+transport, service+"."+transport,
		service+"_."+transport+"_", "_"+service+"_._"+transport+"_", "__"+service+"._"+transport)
	others := append([]string{"_" + transport + "._" + service}, wrongServices[service]...)
	add("clients ask for "+label, "publish it at "+label, others...)
	return out
}

func (d *inspection) findMisplaced() {
	var questions []query.Question
	places := map[query.Question]misplaced{}
	for asked, want := range d.want {
		if a := d.seen[asked]; !a.Outcome.Known() || len(a.RRs) > 0 || len(a.CNAMEs) > 0 || absent(want) {
			continue
		}
		for _, m := range d.misplacements(asked) {
			q := query.Question{Name: m.owner, Type: asked.Type}
			if _, planned := d.want[q]; !planned && len(m.owner) < 255 {
				questions = append(questions, q)
				places[q] = m
			}
		}
	}
	for _, a := range query.All(questions, d.ask) {
		m := places[query.Question{Name: a.Name, Type: a.Type}]
		if _, known := d.misplaced[m.asked]; !known && len(a.RRs) > 0 && (len(a.CNAMEs) == 0 || a.Type == dns.TypeCNAME) {
			m.got = a.RRs
			d.misplaced[m.asked] = m
		}
	}
}

func (d *inspection) reportMisplaced(q query.Question) bool {
	m, ok := d.misplaced[q]
	if ok {
		d.add(d.compared("dns-name-misplaced", q, m.got).Because("the record is at %s instead: %s",
			dnssrv.Plain(m.owner), m.why).Do("%s, and remove the other", m.fix))
	}
	return ok
}

// reportMistyped finds targets entered wrongly: an address for a name, and a name to which the zone was appended.
func (d *inspection) reportMistyped(q query.Question, got []dns.RR) bool {
	for _, rr := range got {
		host := dnssrv.Target(rr)
		entered, appended := strings.CutSuffix(host, "."+d.Domain)
		if numeric(host, d.Domain) {
			d.add(d.compared("dns-target-number", q, got).Because(
				"%s is an IP address; the target of %s is a name (RFC 2782, RFC 1035 §3.3)", entered, article(q.Type)))
			return true
		}
		twice := provider.Below(entered, d.Domain) || d.Provider != nil && belongs([]string{entered}, d.Provider.MX)
		for _, rr := range d.want[q] {
			twice = twice || entered == dnssrv.Target(rr)
		}
		if appended && twice {
			d.add(d.compared("dns-target-appended", q, got).Because(
				"the target is %s: the zone's name was appended to %s, which does not end with a dot", host, entered))
			return true
		}
	}
	return false
}

// numeric reports whether a target is an IP address, perhaps with the zone appended to it.
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

// verification is where MX records lead that only prove to Microsoft who owns a domain (.invalid, RFC 6761 §6.4).
const verification = "msv1.invalid"

// reportVendorName finds an exchanger of Microsoft 365 with the domain's own dots in it, which does not exist.
func (d *inspection) reportVendorName(got []dns.RR) bool {
	for _, rr := range got {
		for _, suffix := range d.Provider.MX {
			token, ok := strings.CutSuffix(dnssrv.Target(rr), "."+suffix)
			if !ok || suffix != "mail.protection.outlook.com" || !strings.Contains(token, ".") {
				continue
			}
			right := strings.ReplaceAll(d.Domain, ".", "-") + "." + suffix
			f := d.compared("dns-vendor-mx-name", d.at("", dns.TypeMX), got)
			d.add(f.Because("%s has dots where Microsoft writes dashes, so it does not exist", dnssrv.Target(rr)).
				Do("write %s, or what the Microsoft 365 admin center shows for the domain", right))
			return true
		}
	}
	return false
}

var microsoftHosts = []string{"outlook.com", "office365.com", "office.com", "hotmail.com"}

// atMicrosoft reports whether Autodiscover is left over from Microsoft 365: the domain's mail is elsewhere.
func (d *inspection) atMicrosoft(got []dns.RR) bool {
	if d.Provider == nil || d.Provider.Vendor != nil || provider.VendorOwned(d.Domain) != "" {
		return false
	}
	return slices.ContainsFunc(got, func(rr dns.RR) bool {
		return slices.ContainsFunc(microsoftHosts, func(host string) bool { return provider.Below(dnssrv.Target(rr), host) })
	})
}
