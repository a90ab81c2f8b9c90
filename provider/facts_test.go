package provider

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Words follow the date; ways to log in change by a release alone.
func TestBuiltinAt(t *testing.T) {
	before, after := BuiltinAt(Microsoft365, day(t, "2026-12-30")), BuiltinAt(Microsoft365, day(t, "2027-01-02"))
	if got := before.PasswordLogin.For(SMTP).Status; got != PasswordWorks {
		t.Errorf("in December SMTP is %q", got)
	}
	if got := after.PasswordLogin.For(SMTP); got.Status != PasswordRetired || got.Since != "2026-12-31" {
		t.Errorf("in January SMTP is %+v", got)
	}
	for _, p := range []*Provider{before, after} {
		if got := p.PasswordLogin.For(IMAP).Status; got != PasswordRetired {
			t.Errorf("IMAP is %q", got)
		}
		if in, out := p.Incoming[0], p.Outgoing[0]; in.PasswordMethod() || !out.PasswordMethod() {
			t.Errorf("IMAP takes %v, SMTP %v", in.Auth, out.Auth)
		}
		if faults := p.Validate(); len(faults) > 0 {
			t.Errorf("%+v", faults)
		}
	}
	if BuiltinAt("nobody", day(t, "2026-12-30")) != nil {
		t.Error("a provider that does not exist")
	}
}

func TestNews(t *testing.T) {
	for _, c := range []struct {
		day          string
		coming, come int
		next         string
	}{
		{"2026-10-31", 0, 0, "2026-12-31"},
		{"2026-11-01", 1, 0, "2026-12-31"}, // sixty days before
		{"2026-12-30", 1, 0, "2026-12-31"},
		{"2026-12-31", 0, 1, "2027-04-01"},
		{"2027-01-02", 0, 1, "2027-04-01"},
		{"2027-04-02", 0, 2, ""},
	} {
		coming, come := News(Microsoft365, day(t, c.day))
		if len(coming) != c.coming || len(come) != c.come {
			t.Errorf("%s: coming %v, come %v", c.day, coming, come)
		}
		next := ""
		if at := NextChange(day(t, c.day)); !at.IsZero() {
			next = at.Format(time.DateOnly)
		}
		if next != c.next {
			t.Errorf("%s: the next change is on %q", c.day, next)
		}
	}
}

// Each change has what the command prints, in the order of the dates.
func TestChanges(t *testing.T) {
	for _, p := range Builtins() {
		last := ""
		for _, c := range Changes(p.ID) {
			if _, err := time.Parse(time.DateOnly, c.Date); err != nil || c.Date < last || c.What == "" || c.Source == "" {
				t.Errorf("%s: %+v: %v", p.ID, c, err)
			}
			last = c.Date
		}
		for _, f := range Facts(p.ID) {
			if f.Key == "" || f.Source == "" || f.Reviewed != Reviewed {
				t.Errorf("%s: %+v", p.ID, f)
			}
		}
	}
}

// Every value that is built in has a source, but for names and words of our own.
func TestEveryValueHasASource(t *testing.T) {
	own := []string{"ID", "Name", "ShortName", "Notes", "PACC"}
	keys := map[string]string{"Unverified": "unverified", "Vendor": "records"}
	for _, p := range Builtins() {
		known := map[string]bool{}
		for _, f := range Facts(p.ID) {
			known[f.Key] = true
		}
		v := reflect.ValueOf(*p)
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if k, ok := keys[f.Name]; ok {
				key = k
			}
			if !v.Field(i).IsZero() && !slices.Contains(own, f.Name) && !known[key] {
				t.Errorf("%s: nothing says where %s is from", p.ID, key)
			}
		}
	}
}
