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
func (l *look) misplacements(name string, qtype uint16) []misplacement {
	label := strings.TrimSuffix(name, "."+l.name(""))
	doubled := misplacement{name + l.name(""), "the domain was entered twice: the form where it was entered appends it by itself",
		"enter " + label + " as the name, or the whole name with a dot at its end"}
	out := []misplacement{doubled}
	first, second, isService := strings.Cut(label, ".")
	if qtype != dns.TypeSRV || !isService {
		return out
	}
	service, transport := strings.TrimPrefix(first, "_"), strings.TrimPrefix(second, "_")
	for _, typed := range []string{"_" + service + "_." + transport, "_" + service + "." + transport, service + "._" + transport, service + "." + transport,
		service + "_." + transport + "_", "_" + service + "_._" + transport + "_", "__" + service + "._" + transport} {
		out = append(out, misplacement{typed + "." + l.name(""), "an underscore goes before each of the two words, and nowhere else", "publish it at " + label})
	}
	for _, typed := range append([]string{"_" + transport + "._" + service}, wrongServices[service]...) {
		out = append(out, misplacement{typed + "." + l.name(""), "clients ask for " + label, "publish it at " + label})
	}
	return out
}

// findMisplaced looks for planned records that are missing where they belong.
func (l *look) findMisplaced() {
	var questions []query.Question
	places := map[query.Question]misplaced{}
	for asked, want := range l.want {
		if a := l.seen.get(asked.Name, asked.Type); !a.Outcome.Known() || len(a.RRs) > 0 || len(a.CNAMEs) > 0 || absent(want) {
			continue
		}
		for _, m := range l.misplacements(asked.Name, asked.Type) {
			q := query.Question{Name: m.owner, Type: asked.Type}
			if _, planned := l.want[q]; !planned && len(m.owner) < 255 {
				questions = append(questions, q)
				places[q] = misplaced{m, asked, nil}
			}
		}
	}
	for _, a := range query.All(questions, l.ask) {
		q := query.Question{Name: a.Name, Type: a.Type}
		if m := places[q]; len(a.RRs) > 0 && (len(a.CNAMEs) == 0 || a.Type == dns.TypeCNAME) {
			if _, known := l.misplaced[m.asked]; !known {
				m.got = a.RRs
				l.misplaced[m.asked] = m
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

// judgeMisplaced reports a record that is at a wrong name.
func (l *look) judgeMisplaced(name string, want []dns.RR) bool {
	m, ok := l.misplaced[query.Question{Name: name, Type: want[0].Header().Rrtype}]
	if !ok {
		return false
	}
	f := l.compared("dns-name-misplaced", name, want[0].Header().Rrtype, statusMissing, want, m.got)
	l.add(f.Because("the record is at %s instead: %s", dnssrv.Plain(m.owner), m.why).Do("%s, and remove the other", m.fix))
	return true
}

// judgeEntry finds targets that were entered wrongly: an address in place of a
// name, and a name to which the zone was appended.
func (l *look) judgeEntry(name string, qtype uint16, want, got []dns.RR) bool {
	for _, rr := range got {
		host := dnssrv.Target(rr)
		entered, appended := strings.CutSuffix(host, "."+l.Domain)
		if numeric(host, l.Domain) {
			f := l.compared("dns-target-number", name, qtype, statusDiffers, want, got)
			l.add(f.Because("%s is an IP address; the target of %s is a name (RFC 2782, RFC 1035 §3.3)", entered, article(qtype)))
			return true
		}
		twice := strings.HasSuffix(entered, "."+l.Domain) || entered == l.Domain || l.Provider != nil && belongs([]string{entered}, l.Provider.MX)
		for _, rr := range want {
			twice = twice || entered == dnssrv.Target(rr)
		}
		if appended && twice {
			f := l.compared("dns-target-appended", name, qtype, statusDiffers, want, got)
			l.add(f.Because("the target is %s: the zone's name was appended to %s, which does not end with a dot", host, entered))
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

// judgeVendorName finds a mail exchanger of Microsoft 365 with the domain's own
// dots in it, which no certificate and no record of Microsoft's has.
func (l *look) judgeVendorName(got []dns.RR) bool {
	for _, rr := range got {
		for _, suffix := range l.Provider.MX {
			token, ok := strings.CutSuffix(dnssrv.Target(rr), "."+suffix)
			if !ok || suffix != "mail.protection.outlook.com" || !strings.Contains(token, ".") {
				continue
			}
			f := l.compared("dns-vendor-mx-name", l.name(""), dns.TypeMX, statusDiffers, nil, got)
			right := dashes(l.Domain) + "." + suffix
			l.add(f.Because("%s has dots where Microsoft writes dashes, so it does not exist", dnssrv.Target(rr)).
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
func (l *look) atMicrosoft(got []dns.RR) bool {
	if l.Provider == nil || l.Provider.Vendor != nil || provider.VendorOwned(l.Domain) != "" {
		return false
	}
	return slices.ContainsFunc(got, func(rr dns.RR) bool {
		return slices.ContainsFunc(microsoftHosts, func(host string) bool { return provider.Below(dnssrv.Target(rr), host) })
	})
}
