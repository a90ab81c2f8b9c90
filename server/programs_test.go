package server

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"autoconfig/dnssrv"
	"autoconfig/finding"
	"autoconfig/pages"
	"autoconfig/provider"
)

// exampleRecords is the plan of a domain that has published a third of it, and something else in place of another.
func exampleRecords(_ context.Context, domain string) ([]dnssrv.RR, func(context.Context) []finding.Finding, error) {
	plan, err := dnssrv.Plan(domain, custom("plain", nil),
		dnssrv.PlanOptions{ServiceHost: "autoconfig.hoster.example", PACC: "v=UAAC1; a=sha256; d=none"})
	return plan, func(context.Context) (found []finding.Finding) {
		for i, rr := range plan {
			parts := dnssrv.Split(domain, rr)
			f := finding.New([]string{"dns-record-missing", "dns-record-ok", "dns-record-differs"}[i%3], "")
			f.Name, f.Type, f.Status = parts.Name, parts.Type, []string{"missing", "ok", "differs"}[i%3]
			f.Got = [][]string{nil, {dnssrv.Line(rr)},
				{parts.Name + ". 300 IN " + parts.Type + " 0 1 993 old-mail-server.elsewhere.example."}}[i%3]
			found = append(found, f)
		}
		return found
	}, err
}

// What programs find follows from the records alone: without any there is nothing to find, and each record lets those
// programs find settings that read it.
func TestPrograms(t *testing.T) {
	s := newTestServer(t, nil)
	p := custom("x", func(p *provider.Provider) { p.PACC = provider.PACCOff })
	for _, test := range []struct {
		only  string
		finds []string
		not   []string
	}{
		{"", []string{"thunderbird", "kde", "evolution", "outlook", "srv", "fairemail", "aerc"}, nil},
		{"autoconfig", []string{"thunderbird", "kde", "evolution", "fairemail"}, []string{"outlook", "srv", "outlook-new"}},
		{"imap submission", []string{"srv"}, []string{"outlook", "kde"}},
		{"autodiscover", []string{"outlook"}, []string{"srv", "kde"}},
		{"none", nil, []string{"thunderbird", "kde", "evolution", "outlook", "srv", "fairemail", "aerc", "deltachat", "apple",
			"pacc"}},
	} {
		var records []dnssrv.Parts
		o := dnssrv.PlanOptions{ServiceHost: "autoconfig.hoster.example",
			Only: strings.Fields(strings.TrimPrefix(test.only, "none"))}
		plan, err := dnssrv.Plan("example.org", p, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, rr := range plan {
			if test.only != "none" {
				records = append(records, dnssrv.Split("example.org", rr))
			}
		}
		found := map[string]bool{}
		for _, c := range s.discover(s.settings.Load().ServiceHost, "example.org", records) {
			found[c.Client] = c.Settings != nil
			if in := c.Settings; in != nil && in.Incoming != nil && in.Incoming.Host != "imap.example.org" {
				t.Errorf("%q: %s finds %+v", test.only, c.Client, in.Incoming)
			}
		}
		for _, name := range test.finds {
			if !found[name] {
				t.Errorf("%q: %s finds nothing", test.only, name)
			}
		}
		for _, name := range test.not {
			if found[name] {
				t.Errorf("%q: %s finds settings", test.only, name)
			}
		}
	}
}

// A record counts as published where DNS has that very record: its name, its type and what it says.
func TestProgramsToday(t *testing.T) {
	s := newTestServer(t, nil)
	host := s.settings.Load().ServiceHost
	plan, err := dnssrv.Plan("example.org", custom("x", nil),
		dnssrv.PlanOptions{ServiceHost: host, Only: []string{"autoconfig"}})
	if err != nil || len(plan) != 1 {
		t.Fatal(plan, err)
	}
	name, line := dnssrv.Split("example.org", plan[0]).Name, dnssrv.Line(plan[0])
	other := name + ". 300 IN CNAME www.elsewhere.example."
	for _, test := range []struct {
		what string
		f    finding.Finding
		now  bool
	}{
		{"the record", finding.Finding{Name: name, Type: "CNAME", Got: []string{line}}, true},
		{"the record, and one more", finding.Finding{Name: name, Type: "CNAME", Got: []string{other, line}}, true},
		{"nothing", finding.Finding{Name: name, Type: "CNAME"}, false},
		{"another host", finding.Finding{Name: name, Type: "CNAME", Got: []string{other}}, false},
		{"another type", finding.Finding{Name: name, Type: "TXT", Got: []string{line}}, false},
		{"another name", finding.Finding{Name: "www.example.org", Type: "CNAME", Got: []string{line}}, false},
	} {
		for _, p := range s.programs(host,
			pages.Records{Domain: "example.org", Plan: plan, Found: []finding.Finding{test.f}}) {
			if strings.HasPrefix(p.Title, "Thunderbird") && (p.Then != "found" || (p.Now == "found") != test.now) {
				t.Errorf("%s is published: Thunderbird: %+v", test.what, p)
			}
		}
	}
	for _, p := range s.programs(host, pages.Records{Domain: "example.org", Plan: plan}) {
		if p.Now != "" || p.Then == "" {
			t.Errorf("nobody looked: %+v", p)
		}
	}
}

// An owner's page is there only with a plan to show.
func TestRecordsWithoutPlan(t *testing.T) {
	for name, fault := range map[string]error{"an empty plan": nil, "a fault": errors.New("no plan")} {
		s := newTestServer(t, func(_ *Options, set *Settings) {
			set.Records = func(ctx context.Context, domain string) ([]dnssrv.RR, func(context.Context) []finding.Finding,
				error) {
				plan, look, _ := exampleRecords(ctx, domain)
				if fault == nil {
					plan = nil
				}
				return plan, look, fault
			}
		})
		if r := ask(t, s, "GET http://x.example/records/example.org", ""); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
}

// What DNS said is believed for a minute, and asked again after it.
func TestLooksAge(t *testing.T) {
	var l looks
	asked := 0
	look := func() {
		found, ok := l.get("example.org", func() bool { return true },
			func() pages.Records { asked++; return pages.Records{} })
		if !ok {
			t.Fatal("refused")
		}
		found()
	}
	look()
	look()
	if asked != 1 {
		t.Errorf("asked %d times at once", asked)
	}
	old := l.byDomain["example.org"]
	old.at = old.at.Add(-2 * looksGood)
	l.byDomain["example.org"] = old
	if look(); asked != 2 {
		t.Errorf("asked %d times after two minutes", asked)
	}
}

var programRow = regexp.MustCompile(`<tr><th scope="row">Thunderbird[^<]*</th>(?:<td class="\w+">[^<]*</td>)*</tr>`)

// Strangers who open the pages of many domains make it ask DNS for a few of them, and see the plan of the others.
func TestRecordsLimited(t *testing.T) {
	asked := map[string]int{}
	s := newTestServer(t, func(o *Options, set *Settings) {
		o.PerMinute, o.Burst = 1, 14
		set.Records = func(ctx context.Context, domain string) ([]dnssrv.RR, func(context.Context) []finding.Finding, error) {
			plan, look, err := exampleRecords(ctx, domain)
			return plan, func(ctx context.Context) []finding.Finding { asked[domain]++; return look(ctx) }, err
		}
	})
	for i, domain := range []string{"example.org", "example.org", "example.net", "hoster.example"} {
		body := get200(t, s, "GET http://x.example/records/"+domain, "")
		cells := strings.Count(programRow.FindString(body), `class="found"`)
		if want := map[bool]int{true: 1, false: 2}[i == 3]; cells != want { // what is found today is not known without a look
			t.Errorf("%d: %s: Thunderbird finds settings %d times, want %d", i, domain, cells, want)
		}
		if unseen := strings.Contains(body, "could not be looked up"); unseen != (i == 3) ||
			!strings.Contains(body, ">_imaps._tcp</code>") {
			t.Errorf("%d: %s: unseen %v", i, domain, unseen)
		}
	}
	if asked["example.org"] != 1 || asked["example.net"] != 1 || asked["hoster.example"] != 0 {
		t.Errorf("asked %v", asked)
	}
	if r := ask(t, s, "GET http://x.example/records/oauth.example", ""); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("over the limit: status %d", r.StatusCode)
	}
}

// Browsers that do not read the link in a page get the icon too, and keep it.
func TestFavicon(t *testing.T) {
	r := ask(t, newTestServer(t, nil), "GET http://x.example/favicon.ico", "")
	if kept := r.Header.Get("Cache-Control"); r.StatusCode != http.StatusOK || kept != "public, max-age=86400" {
		t.Errorf("status %d, %q", r.StatusCode, kept)
	}
}
