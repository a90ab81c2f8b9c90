package dnssrv

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// Kinds lists the kinds of records, by which a plan is narrowed. Negative are
// the records that say a mail service is not offered (RFC 6186 §3.4).
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
	Kind  string
	Label string
	Type  uint16
}

// The labels of the host names a client derives from a domain, and of the
// PACC digest.
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
		out = append(out, Place{kindOf(s), srvLabel(s.Name), dns.TypeSRV})
	}
	return append(out,
		Place{"jmap", srvLabel("jmap"), dns.TypeSRV},        // RFC 8620 §2.2
		Place{"caldav", srvLabel("caldavs"), dns.TypeSRV},   // RFC 6764 §3
		Place{"caldav", srvLabel("caldavs"), dns.TypeTXT},   // RFC 6764 §4
		Place{"carddav", srvLabel("carddavs"), dns.TypeSRV}, // RFC 6764 §3
		Place{"carddav", srvLabel("carddavs"), dns.TypeTXT}, // RFC 6764 §4
		Place{"autodiscover", AutodiscoverSRV, dns.TypeSRV}, // MS-OXDISCO §3.1.5.1
		Place{"autodiscover", AutodiscoverLabel, dns.TypeCNAME},
		Place{"autoconfig", AutoconfigLabel, dns.TypeCNAME},
		Place{"pacc", PACCLabel, dns.TypeCNAME},
		Place{"pacc", PACCTXTLabel, dns.TypeTXT},
	)
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
	for _, p := range places {
		if rest, ok := strings.CutPrefix(dns.CanonicalName(rr.Header().Name), p.Label); ok && strings.HasPrefix(rest, ".") && rr.Header().Rrtype == p.Type {
			return p.Kind
		}
	}
	return ""
}
