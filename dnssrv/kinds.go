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

// place is where records of a kind stand below a domain.
type place struct {
	kind  string
	label string
	rtype uint16
}

// The labels of the host names a client derives from a domain, and of the
// PACC digest.
const (
	autoconfigLabel   = "autoconfig"      // draft-ietf-mailmaint-autoconfig
	autodiscoverLabel = "autodiscover"    // MS-OXDISCO §3.1.5.1
	paccLabel         = "ua-auto-config"  // draft-ietf-mailmaint-pacc
	paccTXTLabel      = "_ua-auto-config" // the same
)

// srvLabel is the owner of a service's SRV records below a domain (RFC 2782).
func srvLabel(service string) string { return "_" + service + "._tcp" }

// places lists where planned records can stand, in the order of a plan.
var places = allPlaces()

func allPlaces() []place {
	var out []place
	for _, s := range provider.Services() {
		out = append(out, place{kindOf(s), srvLabel(s.Name), dns.TypeSRV})
	}
	return append(out,
		place{"jmap", srvLabel("jmap"), dns.TypeSRV},        // RFC 8620 §2.2
		place{"caldav", srvLabel("caldavs"), dns.TypeSRV},   // RFC 6764 §3
		place{"caldav", srvLabel("caldavs"), dns.TypeTXT},   // RFC 6764 §4
		place{"carddav", srvLabel("carddavs"), dns.TypeSRV}, // RFC 6764 §3
		place{"carddav", srvLabel("carddavs"), dns.TypeTXT}, // RFC 6764 §4
		place{"autodiscover", autodiscoverSRV, dns.TypeSRV}, // MS-OXDISCO §3.1.5.1
		place{"autodiscover", autodiscoverLabel, dns.TypeCNAME},
		place{"autoconfig", autoconfigLabel, dns.TypeCNAME},
		place{"pacc", paccLabel, dns.TypeCNAME},
		place{"pacc", paccTXTLabel, dns.TypeTXT},
	)
}

var autodiscoverSRV = srvLabel("autodiscover")

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
		if rest, ok := strings.CutPrefix(fqdn(rr.Header().Name), p.label); ok && strings.HasPrefix(rest, ".") && rr.Header().Rrtype == p.rtype {
			return p.kind
		}
	}
	return ""
}
