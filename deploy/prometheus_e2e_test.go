//go:build e2e

package deploy_test

import (
	"os/exec"
	"testing"

	"autoconfig/e2e/component"
)

// Prometheus takes the rules, and each alert is raised by what it is for and not before.
func TestPrometheusRules(t *testing.T) {
	promtool := component.Need(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "prometheus-rules.yml"},
		{"test", "rules", "testdata/prometheus-rules.test.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %q: %v\n%s", args, err, out)
		}
	}
}
