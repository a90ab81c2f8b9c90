//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// request is one that Thunderbird saw answered.
type request struct {
	Method, URL string
	Status      int
}

func (r request) String() string { return fmt.Sprintf("%s %s %d", r.Method, r.URL, r.Status) }

// compareSettings compares what Thunderbird found with the model.
func compareSettings(t *testing.T, s *service, c scenario, got findings) {
	t.Helper()
	if c.source == "" {
		if len(got.Incoming)+len(got.Outgoing) > 0 {
			t.Errorf("found %+v", got)
		}
		return
	}
	want := s.model(t, c)
	if diff := cmp.Diff(want.Incoming, got.Incoming); diff != "" {
		t.Errorf("incoming is not the model's (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Outgoing, got.Outgoing); diff != "" {
		t.Errorf("outgoing is not the model's (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(c.source, "exchange") && got.Name != want.Name { // Autodiscover names no provider
		t.Errorf("the provider is called %q, want %q", got.Name, want.Name)
	}
}

// modelServer is a server in the output of `autoconfig render json`.
type modelServer struct {
	Protocol, Host, Security, Username string
	Port                               int
	Auth                               []string
}

// model asks the program itself for the settings.
func (s *service) model(t testing.TB, c scenario) findings {
	t.Helper()
	address := c.address
	if c.model != "" {
		address = c.model
	}
	text, err := tool(t, program, "--config", filepath.Join(s.dir, "autoconfig.yaml"), "render", "json", address)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Provider           string
		Incoming, Outgoing []modelServer
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	out := findings{Name: m.Provider,
		Outgoing: []found{m.Outgoing[0].forThunderbird(address, c.address)}} // a document has one
	for _, v := range m.Incoming {
		out.Incoming = append(out.Incoming, v.forThunderbird(address, c.address))
	}
	return out
}

// tokenHosts are the hosts here that Thunderbird can get a token for.
var tokenHosts = []string{"outlook.office365.com", "smtp-mail.outlook.com", "smtp.office365.com"}

// forThunderbird takes of the methods the first that Thunderbird can use.
func (v modelServer) forThunderbird(model, address string) found {
	usable := slices.DeleteFunc(v.Auth,
		func(a string) bool { return a == "oauth2" && !slices.Contains(tokenHosts, v.Host) })
	return found{v.Protocol, v.Host, v.Security, usable[0], strings.Replace(v.Username, model, address, 1), v.Port}
}

var logged = regexp.MustCompile(`msg=request route=(\S+) outcome=(\S+)`)

// compareRequests compares what Thunderbird saw answered with the access log
// from an offset on. Thunderbird gives up what it has no more use for, which
// the log may have; where nothing is found by autoconfig it needs every answer.
func compareRequests(t *testing.T, s *service, c scenario, requests []request, offset int) {
	t.Helper()
	var saw []string
	want := map[string]int{}
	for _, r := range requests {
		saw = append(saw, r.String())
		want[r.logLine(c)]++
	}
	for _, need := range c.need {
		if !slices.Contains(saw, need) {
			t.Errorf("no request %s", need)
		}
	}
	have := map[string]int{}
	complete := func() bool {
		clear(have)
		for _, m := range logged.FindAllStringSubmatch(s.output()[offset:], -1) {
			have[m[1]+" "+m[2]]++
		}
		for line, n := range want {
			if have[line] < n {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(5 * time.Second); !complete() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // a line follows the answer it is about
	}
	if !complete() || c.source == "" && !c.exchange && !maps.Equal(have, want) {
		t.Errorf("the access log has %v, Thunderbird saw %v", have, want)
	}
}

// logLine is the route and the outcome that the log has for a request.
func (r request) logLine(c scenario) string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return err.Error()
	}
	outcome := map[int]string{200: "served", 302: "redirected", 404: "not_served"}[r.Status]
	switch {
	case strings.HasPrefix(u.Path, "/autodiscover/"):
		if r.Status == 200 && c.source == "" { // an error is a 200 there (MS-OXDSCLI §2.2.4.1.1.3)
			outcome = "not_served"
		}
		return "autodiscover " + outcome
	case strings.HasPrefix(u.Path, "/v1.1/"):
		return "ispdb " + outcome
	case strings.HasSuffix(u.Path, "/mail/config-v1.1.xml"):
		return "autoconfig " + outcome
	}
	return r.String() + " is no request for settings"
}
