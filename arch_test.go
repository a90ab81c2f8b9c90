// Package autoconfig_test keeps the shape of the project: what may import what.
package autoconfig_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors are the folders from the ground up. Imports go down only, never
// sideways; a folder named here covers what lies below it, the longest name
// first.
var floors = [][]string{
	{"templates/findings"}, // texts alone
	{"finding", "provider", "files", "server/metrics", "e2e/freeport", "e2e/component"},
	{"mozilla", "autodiscover", "apple", "pacc", "dnssrv/dnstest", "acme/acmetest", "acme/pgtest"},
	{"dnssrv", "source", "templates"},
	{"dnssrv/query"},
	{"dnssrv/check", "dnssrv/publish"},
	{"config", "discover", "pages", "acme"},
	{"server", "discover/probe"},
	{"importer"},
	{"service", "discover/setup"},
	{"service/doctor", "service/export"},
	{"cmd"},
}

// fences say where alone a library may be used, and where it is.
var fences = map[string][]string{
	"github.com/labstack/echo/v4":      {"server"},
	"github.com/beevik/etree":          {"mozilla"},
	"github.com/miekg/dns":             {"dnssrv"},
	"database/sql":                     {"source", "acme"},
	"github.com/jackc/pgx/v5":          {"source", "acme"},
	"github.com/caddyserver/certmagic": {"acme"},
	"github.com/mholt/acmez/v3":        {"acme"},
	"go.uber.org/zap":                  {"acme"},
	"github.com/go-ldap/ldap/v3":       {"source"},
	"flag":                             nil, // nowhere: cobra has flags
	"github.com/spf13/cobra":           {"cmd"},
}

// words are the calls that only cmd may make.
var words = []string{"os.Exit(", "os.Getenv(", "os.LookupEnv(", "func init()"}

func TestImports(t *testing.T) {
	count, used := 0, map[string]bool{}
	for file, text := range sources(t) {
		count++
		folder := filepath.ToSlash(filepath.Dir(file))
		tree, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range tree.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if own, ok := strings.CutPrefix(path, "autoconfig/"); ok {
				checkFloor(t, file, folder, own)
				continue
			}
			checkFence(t, file, folder, path, used)
		}
		if !below(folder, "cmd") && !below(folder, "e2e") &&
			!strings.HasSuffix(folder, "test") { // the latter two ask whether CI runs them
			for _, word := range words {
				if strings.Contains(string(text), "\n"+word) || strings.Contains(string(text), "\t"+word) ||
					strings.Contains(string(text), " "+word) {
					t.Errorf("%s: %s belongs into cmd/", file, word)
				}
			}
		}
	}
	if count < 40 {
		t.Errorf("only %d files looked at", count)
	}
	for library, folders := range fences {
		for _, folder := range folders {
			if !used[library+" in "+folder] {
				t.Errorf("nothing in %s imports %s: take it out of fences", folder, library)
			}
		}
	}
	for _, floor := range floors {
		for _, folder := range floor {
			if _, err := os.Stat(folder); err != nil {
				t.Errorf("floors: %v", err)
			}
		}
	}
}

func checkFloor(t *testing.T, file, folder, imported string) {
	t.Helper()
	from, to := floorOf(folder), floorOf(imported)
	switch {
	case from < 0 || to < 0:
		t.Errorf("%s imports autoconfig/%s: a folder without a floor, add it to floors", file, imported)
	case folder == imported, to < from:
	default:
		t.Errorf("%s (floor %d) imports autoconfig/%s (floor %d): imports go down only", file, from, imported, to)
	}
}

func checkFence(t *testing.T, file, folder, path string, used map[string]bool) {
	t.Helper()
	for library, folders := range fences {
		if !below(path, library) {
			continue
		}
		i := slices.IndexFunc(folders, func(f string) bool { return below(folder, f) })
		if i < 0 {
			t.Errorf("%s imports %s, which is for %v only", file, path, folders)
			continue
		}
		used[library+" in "+folders[i]] = true
	}
}

// floorOf is the floor of the longest folder name that covers folder.
func floorOf(folder string) int {
	best, length := -1, 0
	for i, names := range floors {
		for _, name := range names {
			if below(folder, name) && len(name) > length {
				best, length = i, len(name)
			}
		}
	}
	return best
}

func below(path, top string) bool { return path == top || strings.HasPrefix(path, top+"/") }

// sources are the Go files that are not tests, with their text.
func sources(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() &&
			(path == "tools" || path != "." && strings.HasPrefix(d.Name(), ".")) { // tools/ is a module of its own
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			!strings.Contains(path, string(filepath.Separator)) {
			return nil
		}
		text, err := os.ReadFile(path)
		out[path] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
