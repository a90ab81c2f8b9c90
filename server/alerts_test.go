package server

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// Every metric and outcome that an alert rule names exists, and the rule and the
// operator's page say what to do.
func TestAlertRules(t *testing.T) {
	text, err := os.ReadFile("../deploy/prometheus-rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	s := newTestServer(t, nil)
	s.settings.Load().BadRows = func() map[string]int { return map[string]int{"customers": 1} }
	s.Reloaded(false)
	s.RecordsChecked(Records{At: time.Now(), Status: map[string]int{}})
	metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
	count := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			count++
			if !strings.Contains(string(page), "**"+r.Alert+"**") {
				t.Errorf("docs/operate.md does not say what to do about %s", r.Alert)
			}
			names := regexp.MustCompile(`autoconfig_[a-z_]+`).FindAllString(r.Expr, -1)
			if r.Expr == `up{job="autoconfig"} == 0` { // Prometheus's own metric
				continue
			}
			if len(names) == 0 || r.Annotations["action"] == "" {
				t.Errorf("%s: no metric, or nothing to do", r.Alert)
			}
			for _, name := range names {
				if !strings.Contains(metrics, "\n"+name+" ") && !strings.Contains(metrics, "\n"+name+"{") {
					t.Errorf("%s: no metric %s", r.Alert, name)
				}
			}
			for _, m := range regexp.MustCompile(`\{([a-z]+)="([a-z_]+)"\}`).FindAllStringSubmatch(r.Expr, -1) {
				if !strings.Contains(metrics, m[1]+`="`+m[2]+`"`) {
					t.Errorf("%s: no series with %s=%q", r.Alert, m[1], m[2])
				}
			}
		}
	}
	if count < 9 {
		t.Errorf("%d rules", count)
	}
}
