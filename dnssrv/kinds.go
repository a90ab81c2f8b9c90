package dnssrv

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// Kinds lists the kinds of records, by which a plan is narrowed. Negative are the records that say a mail service is
// not offered (RFC 6186 §3.4).
func Kinds() []string {
	return []string{"imap", "pop3", "submission", "sieve", "jmap", "caldav", "carddav", "autodiscover", "autoconfig", "pacc", negative}
}

const negative = "negative"

// ErrKind is a word that names no kind of records.
var ErrKind = errors.New("unknown kind of records")

func checkKinds(lists ...[]string) error {
	for _, kind := range slices.Concat(lists...) {
		if !slices.Contains(Kinds(), kind) {
			return fmt.Errorf("%w %q; write one of %s", ErrKind, kind, strings.Join(Kinds(), ", "))
		}
	}
	return nil
}

// Place is where records of a kind are below a domain.
type Place struct {
	Kind    string
	Label   string
	Type    uint16
	Purpose string // in a few words
}

// The labels of the host names a client derives from a domain, and of the PACC digest.
const (
	AutoconfigLabel   = "autoconfig"      // draft-ietf-mailmaint-autoconfig
	AutodiscoverLabel = "autodiscover"    // MS-OXDISCO §3.1.5.1
	PACCLabel         = "ua-auto-config"  // draft-ietf-mailmaint-pacc
	PACCTXTLabel      = "_ua-auto-config" // the same
)

// srvLabel is the owner of a service's SRV records below a domain (RFC 2782).
func srvLabel(service string) string { return "_" + service + "._tcp" }

// Places lists where planned records can be, in the order of a plan.
func Places() []Place { return places }

var places = allPlaces()

func allPlaces() []Place {
	var out []Place
	for _, s := range provider.Services() {
		out = append(out, Place{kindOf(s), srvLabel(s.Name), dns.TypeSRV, servicePurpose(s)})
	}
	const dav, outlook = "(RFC 6764)", "where Outlook asks for the settings"
	return append(out,
		Place{"jmap", srvLabel("jmap"), dns.TypeSRV, "JMAP: where mail is read and sent over HTTPS (RFC 8620)"},
		Place{"caldav", srvLabel("caldavs"), dns.TypeSRV, "CalDAV: where calendars are " + dav},
		Place{"caldav", srvLabel("caldavs"), dns.TypeTXT, "CalDAV: the path of the calendars there " + dav},
		Place{"carddav", srvLabel("carddavs"), dns.TypeSRV, "CardDAV: where contacts are " + dav},
		Place{"carddav", srvLabel("carddavs"), dns.TypeTXT, "CardDAV: the path of the contacts there " + dav},
		Place{"autodiscover", AutodiscoverSRV, dns.TypeSRV, "Autodiscover: " + outlook + ", unless it finds them at the host name autodiscover"}, // MS-OXDISCO §3.1.5.1
		Place{"autodiscover", AutodiscoverLabel, dns.TypeCNAME, "Autodiscover: " + outlook},
		Place{"autoconfig", AutoconfigLabel, dns.TypeCNAME, "autoconfig: where Thunderbird and many others ask for the settings"},
		Place{"pacc", PACCLabel, dns.TypeCNAME, "PACC: where newer programs ask for the settings"},
		Place{"pacc", PACCTXTLabel, dns.TypeTXT, "PACC: the digest of those settings; it changes when they do"},
	)
}

// servicePurpose says what a service is for.
func servicePurpose(s provider.Service) string {
	what := map[provider.Protocol]string{provider.IMAP: "where mail is read", provider.POP3: "where mail is fetched",
		provider.SMTP: "where mail is submitted", provider.ManageSieve: "where mail filters are managed"}[s.Protocol]
	how, rfc := "STARTTLS", "RFC 6186"
	switch {
	case s.Protocol == provider.ManageSieve:
		rfc = "RFC 5804"
	case s.Security == provider.TLS:
		how, rfc = "TLS", "RFC 8314"
	}
	name := strings.Replace(strings.ToUpper(string(s.Protocol)), "MANAGESIEVE", "ManageSieve", 1)
	return fmt.Sprintf("%s with %s: %s (%s)", name, how, what, rfc)
}

// Purpose says in a few words what a planned record is for.
func Purpose(rr RR) string {
	p := placeOf(rr)
	if _, none := rr.(*dns.SRV); none && Kind(rr) == negative {
		service, _, _ := strings.Cut(p.Purpose, ":")
		return service + ": not offered (RFC 6186, section 3.4)"
	}
	return p.Purpose
}

// AutodiscoverSRV is the label of the Autodiscover service record.
var AutodiscoverSRV = srvLabel("autodiscover")

// kindOf is the kind that a mail service's records are of.
func kindOf(s provider.Service) string {
	switch s.Protocol {
	case provider.SMTP:
		return "submission"
	case provider.ManageSieve:
		return "sieve"
	}
	return string(s.Protocol)
}

// Kind is the kind of a planned record, "" for a record no plan has.
func Kind(rr dns.RR) string {
	if srv, ok := rr.(*dns.SRV); ok && srv.Target == "." {
		return negative
	}
	return placeOf(rr).Kind
}

// placeOf is where a planned record is, the zero place for a record no plan has.
func placeOf(rr dns.RR) Place {
	for _, p := range places {
		if rest, ok := strings.CutPrefix(dns.CanonicalName(rr.Header().Name), p.Label); ok && strings.HasPrefix(rest, ".") && rr.Header().Rrtype == p.Type {
			return p
		}
	}
	return Place{}
}
