package provider

import (
	"slices"
	"testing"
)

func TestOutlookDomains(t *testing.T) {
	p := Builtin(Outlook)
	if len(p.Domains) != 102 || len(p.Unverified) != 18 {
		t.Fatalf("%d domains and %d unverified, want 102 and 18", len(p.Domains), len(p.Unverified))
	}
	seen := map[string]bool{}
	for _, d := range append(append([]string(nil), p.Domains...), p.Unverified...) {
		if norm, err := ParseDomain(d); err != nil || norm != d || seen[d] {
			t.Errorf("%q: %v, seen %v", d, err, seen[d])
		}
		seen[d] = true
	}
	for _, d := range []string{"live.co.uk", "outlook.co.il", "windowslive.com", "livemail.tw", "msn.com"} {
		if !slices.Contains(p.Domains, d) {
			t.Errorf("%s is missing", d)
		}
	}
}

func TestBuiltinsAreValid(t *testing.T) {
	for _, p := range Builtins() {
		for _, f := range p.Validate() {
			t.Errorf("%s: %+v", p.ID, f)
		}
		if len(Facts(p.ID)) == 0 {
			t.Errorf("%s: no sources", p.ID)
		}
	}
}

// The one the user asked for.
func TestLiveOutgoing(t *testing.T) {
	s := Builtin(Outlook).Outgoing[0]
	if s.Host != "smtp-mail.outlook.com" || s.Port != 587 || s.Security != STARTTLS || s.Username != EmailAddress {
		t.Errorf("got %+v", s)
	}
}
