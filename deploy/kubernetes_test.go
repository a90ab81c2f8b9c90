package deploy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"

	"autoconfig/config"
)

// The configuration in the ConfigMap is one. What the manifests say otherwise is tested by tools/kubernetes.
func TestKubernetesConfiguration(t *testing.T) {
	text, err := os.ReadFile("kubernetes/configuration.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Data map[string]string }
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(manifest.Data["autoconfig.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := config.Load(path)
	if _, more := cfg.Data(); len(found)+len(more) > 0 {
		t.Error(found, more)
	}
}
