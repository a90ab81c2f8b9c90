package check

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// Neighbours has a check include what is never planned: MTA-STS, TLS reports, DANE and CAA.
type Neighbours struct {
	// Fetch gets the body of a URL, which must answer 200 itself.
	Fetch func(ctx context.Context, url string) ([]byte, error)
	// CAs are the CAA names of the authorities that certificates are ordered from; none: CAA is not checked.
	CAs []string
}

// reportNeighbours checks them where the domain takes mail.
func (d *inspection) reportNeighbours(n *Neighbours, exchangers []string) {
	if n == nil {
		return
	}
	if len(exchangers) > 0 && !slices.Contains(exchangers, ".") {
		d.reportMTASTS(n, exchangers)
		d.reportTLSRPT()
		for _, host := range exchangers {
			d.reportDANE(host)
		}
	}
	if d.Want != nil && len(n.CAs) > 0 {
		d.reportCAA(n)
	}
}

// text asks for the text records at a label that begin with a version.
func (d *inspection) text(label, version string) (query.Question, []dns.RR) {
	q := d.at(label, dns.TypeTXT)
	a := d.ask(q)
	d.seen.put(a)
	return q, withText(a.RRs, func(text string) bool { return strings.HasPrefix(text, version) })
}

// stsID is the id that an MTA-STS record must have (RFC 8461 §3.1).
var stsID = regexp.MustCompile(`^v=STSv1\s*;(.*;)?\s*id=[A-Za-z0-9]{1,32}\s*(;|$)`)

// reportMTASTS compares the policy with the mail exchangers (RFC 8461).
func (d *inspection) reportMTASTS(n *Neighbours, exchangers []string) {
	q, got := d.text("_mta-sts", "v=STSv1")
	if len(got) == 0 {
		return
	}
	broken := func(format string, args ...any) {
		d.add(d.compared("dns-mta-sts-broken", q, got).Because(format, args...))
	}
	if len(got) > 1 || !stsID.MatchString(dnssrv.Texts(got)[0]) {
		broken("there must be one record v=STSv1 with an id of letters and digits (RFC 8461, section 3.1); " +
			"senders treat this as no record")
		return
	}
	if n.Fetch == nil {
		d.note("dns-mta-sts-published", q, got)
		return
	}
	address := "https://mta-sts." + d.Domain + "/.well-known/mta-sts.txt"
	body, err := n.Fetch(d.ctx, address)
	if err != nil {
		broken("the policy cannot be read from %s: %v; senders go on without it, or with the one they remember", address, err)
		return
	}
	mode, patterns := stsPolicy(string(body))
	if mode == "" {
		broken("%s is not a policy: it needs version: STSv1, mode: enforce, testing or none, and max_age", address)
		return
	}
	for _, host := range exchangers {
		if mode != "none" && !slices.ContainsFunc(patterns, func(p string) bool { return stsMatches(p, host) }) {
			broken("the policy (mode %s) does not name the mail exchanger %s; where it is enforced, senders do not deliver "+
				"there", mode, host)
			return
		}
	}
	d.add(d.compared("dns-mta-sts-published", q, got).
		Because("the MTA-STS policy (mode %s) names every mail exchanger", mode))
}

// stsPolicy reads a policy (RFC 8461 §3.2); mode is "" for anything else.
func stsPolicy(body string) (mode string, patterns []string) {
	fields := map[string]string{}
	for line := range strings.Lines(body) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if key, value = strings.TrimSpace(key), strings.TrimSpace(value); key == "mx" {
			patterns = append(patterns, strings.ToLower(value))
		} else {
			fields[key] = value
		}
	}
	mode = fields["mode"]
	known := slices.Contains([]string{"enforce", "testing", "none"}, mode)
	if !known || fields["version"] != "STSv1" || fields["max_age"] == "" {
		return "", nil
	}
	return mode, patterns
}

// stsMatches: a pattern is a name, or *. and a name for one label more.
func stsMatches(pattern, host string) bool {
	if suffix, wild := strings.CutPrefix(pattern, "*."); wild {
		_, parent, _ := strings.Cut(host, ".")
		return parent == suffix
	}
	return pattern == host
}

// reportsTo is where reports about encryption may go (RFC 8460 §3).
var reportsTo = regexp.MustCompile(`; *rua *= *(mailto|https) *:`)

func (d *inspection) reportTLSRPT() {
	switch q, got := d.text("_smtp._tls", "v=TLSRPTv1"); {
	case len(got) == 1 && reportsTo.MatchString(dnssrv.Texts(got)[0]):
		d.note("dns-tlsrpt-published", q, got)
	case len(got) > 0:
		d.note("dns-tlsrpt-malformed", q, got)
	}
}

// reportDANE checks the certificates that a mail exchanger is pinned to (RFC 7672).
func (d *inspection) reportDANE(host string) {
	a := d.checker.client.Ask(d.ctx, "_25._tcp."+host, dns.TypeTLSA)
	d.seen.put(a)
	if len(a.RRs) == 0 {
		return
	}
	usable := slices.ContainsFunc(dnssrv.Records[*dns.TLSA](a.RRs), func(t *dns.TLSA) bool {
		return (t.Usage == 2 || t.Usage == 3) && t.Selector <= 1 && t.MatchingType <= 2
	})
	id := "dns-dane-published"
	switch {
	case !usable:
		id = "dns-dane-unusable"
	case !a.AD && d.checker.validates():
		id = "dns-dane-insecure"
	}
	f := d.compared(id, query.Question{Name: a.Name, Type: dns.TypeTLSA}, a.RRs)
	if id == "dns-dane-published" && !a.AD {
		f = f.Because("%s; this resolver does not say whether DNSSEC protects it, as it must", f.Cause)
	}
	d.add(f)
}

// reportCAA looks whether the authorities that certificates are ordered from may give them out for the autoconfig host
// (RFC 8659 §3): the closest name with CAA records decides.
func (d *inspection) reportCAA(n *Neighbours) {
	for at := d.name(dnssrv.AutoconfigLabel); at != "."; at = query.Parent(at) {
		a := d.checker.client.Ask(d.ctx, at, dns.TypeCAA)
		d.seen.put(a)
		switch {
		case !a.Outcome.Known():
			f := d.failed(a)
			d.add(f.Because("%s; an authority then issues no certificate (RFC 8659, section 3)", f.Cause))
			return
		case len(a.RRs) == 0:
			continue
		}
		allowed := caaIssuers(a.RRs)
		id, so := "dns-caa-allows", "allow that"
		if allowed != nil && !slices.ContainsFunc(n.CAs, func(ca string) bool { return slices.Contains(allowed, ca) }) {
			id, so = "dns-caa-denies", "forbid that, so the order fails"
		}
		f := d.compared(id, query.Question{Name: at, Type: dns.TypeCAA}, a.RRs)
		d.add(f.Because("certificates for %s are ordered from %s; the records %s",
			dnssrv.Plain(d.name(dnssrv.AutoconfigLabel)), strings.Join(n.CAs, " or "), so))
		return
	}
}

// caaIssuers are the authorities that may give out certificates; nil, without a property issue: all (RFC 8659 §4.2).
func caaIssuers(rrs []dns.RR) []string {
	var out []string
	for _, c := range dnssrv.Records[*dns.CAA](rrs) {
		if strings.EqualFold(c.Tag, "issue") {
			name, _, _ := strings.Cut(c.Value, ";")
			out = append(out, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	return out
}

// CAAName is the name by which CAA records know the authority of an ACME directory, "" for one that is not known here.
func CAAName(directoryHost string) string {
	for suffix, name := range map[string]string{ // each from the authority's own page about CAA
		"letsencrypt.org": "letsencrypt.org", "acme.zerossl.com": "sectigo.com", "pki.goog": "pki.goog",
		"acme.ssl.com": "ssl.com", "api.buypass.com": "buypass.com", "acme.digicert.com": "digicert.com",
	} {
		if provider.Below(directoryHost, suffix) {
			return name
		}
	}
	return ""
}
