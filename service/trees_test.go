package service

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"

	"autoconfig/config"
	"autoconfig/e2e/component"
)

var codeBlock = regexp.MustCompile("(?s)```(yaml|sh)\n(.*?)```")

// absolute are the paths of a recipe that a tree has below its root.
var absolute = regexp.MustCompile(`/(?:etc|srv|var)/`)

// TestRecipeTrees serves each recipe in docs/recipes that reads another program's
// files from a tree of such files: every entry of the page lists the same domains,
// after its script has run, and no local part is anywhere.
func TestRecipeTrees(t *testing.T) {
	trees, err := filepath.Glob("testdata/trees/*.txtar")
	if err != nil || len(trees) != 4 {
		t.Fatal(trees, err)
	}
	for _, tree := range trees {
		name := strings.TrimSuffix(filepath.Base(tree), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(tree)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			for _, f := range archive.Files {
				path := filepath.Join(root, f.Name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			want := strings.Fields(string(archive.Comment))[1:]
			slices.Sort(want)
			page, err := os.ReadFile(filepath.Join("../docs/recipes", name+".md"))
			if err != nil {
				t.Fatal(err)
			}
			var entries []string
			for _, m := range codeBlock.FindAllStringSubmatch(string(page), -1) {
				switch text := absolute.ReplaceAllStringFunc(m[2], func(path string) string { return root + path }); {
				case m[1] == "sh":
					runRecipe(t, root, text)
				case strings.Contains(text, "providers:"):
					entries = append(entries, text)
				default:
					var compose struct {
						Services map[string]struct{ Image string }
					}
					if err := yaml.Unmarshal([]byte(m[2]), &compose); err != nil || compose.Services["autoconfig"].Image == "" {
						t.Errorf("a compose file: %v\n%s", err, m[2])
					}
				}
			}
			for _, text := range entries {
				got, log := listOf(t, root, text)
				if !slices.Equal(got, want) {
					t.Errorf("lists %v, want %v, by\n%s", got, want, text)
				}
				if strings.Contains(log, "secret") {
					t.Error(log)
				}
			}
			if len(entries) == 0 {
				t.Error("no entry")
			}
		})
	}
}

// runRecipe runs a script with the tree's programs before the system's.
func runRecipe(t *testing.T, root, text string) {
	t.Helper()
	if strings.Contains(text, "jq ") {
		component.Need(t, "jq")
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", text)
	cmd.Env = []string{"PATH=" + filepath.Join(root, "bin") + ":" + os.Getenv("PATH")}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\nby\n%s", err, out, text)
	}
}

// listOf are the domains that a configuration serves, sorted, and what is logged.
func listOf(t *testing.T, root, text string) ([]string, string) {
	t.Helper()
	path := filepath.Join(root, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := config.Load(path)
	data, more := cfg.Data()
	log := &buffer{}
	sources := NewSources(slog.New(slog.NewTextHandler(log, nil)), os.LookupEnv)
	if found = slices.Concat(found, more, sources.Open(cfg, data)); len(found) > 0 {
		t.Errorf("%v\nby\n%s", found, text)
	}
	var got []string
	for domain, err := range data.Own().Domains(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, domain)
	}
	slices.Sort(got)
	return got, log.take()
}
