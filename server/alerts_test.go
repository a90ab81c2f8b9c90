package server

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// allMetrics is /metrics with every metric in it: those with labels appear once they have a value.
func allMetrics(t *testing.T) string {
	t.Helper()
	s := newTestServer(t, nil)
	s.settings.Load().BadRows = func() map[string]int { return map[string]int{"customers": 1} }
	s.ReloadFailed("a bad file")
	s.RecordsChecked(Records{At: time.Now(), Status: map[string]int{}})
	s.metrics.orders.WithLabelValues("ok").Inc()
	s.metrics.refused.WithLabelValues("acme-not-listed").Inc()
	ask(t, s, "POST http://autodiscover.example.org/autodiscover/autodiscover.xml", "")
	return bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
}

// undrawn are the metrics that no panel shows, with the reason.
var undrawn = map[string]string{
	"go_info":                      "a constant",
	"go_memstats_sys_bytes":        "resident memory says what the machine gives",
	"process_virtual_memory_bytes": "address space says nothing about memory in use",
}

// Every metric of the dashboard exists, and every metric is in it or has a reason not to be. Its variables, and the
// panels' places, fit together.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../deploy/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID          int
			Type, Title string
			Description string
			GridPos     struct{ X, Y, W, H int }
			Targets     []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Query string }
		}
		Annotations struct{ List []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	exists, drawn := map[string]bool{"up": true}, map[string]bool{"up": true}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(allMetrics(t), -1) {
		if exists[m[1]] = true; m[2] == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				exists[m[1]+suffix] = true
			}
		}
	}
	variables := map[string]bool{"__rate_interval": true}
	use := func(where, expr string) {
		for _, name := range regexp.MustCompile(`\b((?:autoconfig|process|go)_[a-z_]+|up)\b`).FindAllString(expr, -1) {
			if drawn[name] = true; !exists[name] {
				t.Errorf("%s: no metric %s", where, name)
			}
			drawn[regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")] = true
		}
		for _, m := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(expr, -1) {
			if !variables[m[1]] {
				t.Errorf("%s: no variable %s", where, m[1])
			}
		}
		if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
			t.Errorf("%s: %s", where, expr)
		}
	}
	for _, v := range board.Templating.List {
		use("the variable "+v.Name, v.Query)
		variables[v.Name] = true
	}
	cells, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) ||
			p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("the panel %d, %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if cells[cell] != "" {
					t.Fatalf("%q lies over %q", p.Title, cells[cell])
				}
				cells[cell] = p.Title
			}
		}
		for _, target := range p.Targets {
			use(p.Title, target.Expr)
		}
	}
	for _, a := range board.Annotations.List {
		use("an annotation", a.Expr)
	}
	for name := range exists {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if (drawn[name] || drawn[base]) == (undrawn[name] != "") {
			t.Errorf("%s: drawn %v, reason %q", name, drawn[name], undrawn[name])
		}
	}
}

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
	metrics := allMetrics(t)
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
