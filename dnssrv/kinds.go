package dnssrv

import (
	_ "embed" // places.txt
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// Place is where records of a kind are below a domain.
type Place struct {
	Kind    string
	Label   string
	Type    uint16
	Purpose string // in a few words
}

//go:embed places.txt
var placesText string

var places = readPlaces()

// Places lists where planned records can be, in the order of a plan.
func Places() []Place { return places }

func readPlaces() (out []Place) {
	for line := range strings.Lines(placesText) {
		if f := strings.Fields(line); f[0] != "#" {
			out = append(out, Place{f[0], f[1], dns.StringToType[f[2]], strings.Join(f[3:], " ")})
		}
	}
	return out
}

// The labels of the host names a client derives from a domain, of the PACC digest, and of the Autodiscover service.
const (
	AutoconfigLabel   = "autoconfig"         // draft-ietf-mailmaint-autoconfig
	AutodiscoverLabel = "autodiscover"       // MS-OXDISCO §3.1.5.1
	AutodiscoverSRV   = "_autodiscover._tcp" // the same
	PACCLabel         = "ua-auto-config"     // draft-ietf-mailmaint-pacc
	PACCTXTLabel      = "_ua-auto-config"    // the same
)

// srvLabel is the owner of a service's SRV records below a domain (RFC 2782).
func srvLabel(service string) string { return "_" + service + "._tcp" }

// Kinds lists the kinds of records. Negative ones say that a mail service is not offered (RFC 6186 §3.4).
func Kinds() []string {
	return append(slices.Compact(provider.Map(places, func(p Place) string { return p.Kind })), negative)
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

// Purpose says in a few words what a planned record is for.
func Purpose(rr RR) string {
	purpose := placeOf(rr).Purpose
	if Kind(rr) == negative {
		service, _, _ := strings.Cut(purpose, ":")
		return service + ": not offered (RFC 6186, section 3.4)"
	}
	return purpose
}

// Kind is the kind of a planned record, "" for a record no plan has.
func Kind(rr RR) string {
	if srv, ok := rr.(*dns.SRV); ok && srv.Target == "." {
		return negative
	}
	return placeOf(rr).Kind
}

// placeOf is where a planned record is, the zero place for a record no plan has.
func placeOf(rr RR) Place {
	for _, p := range places {
		after, ok := strings.CutPrefix(dns.CanonicalName(rr.Header().Name), p.Label)
		if ok && strings.HasPrefix(after, ".") && rr.Header().Rrtype == p.Type {
			return p
		}
	}
	return Place{}
}
