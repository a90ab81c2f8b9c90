package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every file in testdata/invalid has the exact messages it must give beside it.
func TestInvalid(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, found := Load(file)
			if !Failed(found) {
				_, more := c.Data()
				found = append(found, more...)
			}
			compare(t, strings.TrimSuffix(file, ".yaml")+".want", []byte(lines(found)))
		})
	}
}

func lines(found []finding.Finding) string {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(string(f.Level) + " " + f.ID + " " + f.String() + "\n")
	}
	return b.String()
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

const examplePath = "../autoconfig.example.yaml"

func TestExample(t *testing.T) {
	day := time.Date(2026, time.November, 28, 0, 0, 0, 0, time.UTC) // the words about Microsoft change with the year
	c, found := LoadWith(&files.Reader{}, examplePath, day)
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	data, found := c.Data()
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	for domain, id := range map[string]string{"example.org": "example.org", "example.net": "example.org",
		"example.com": "example", "shop.example": "microsoft365"} {
		p, err := data.Listed.Lookup(t.Context(), provider.Address{Domain: domain})
		if err != nil || p.ID != id {
			t.Errorf("%s: %v %v", domain, p, err)
		}
	}
	if n := data.Builtin.Len(); n != 102 {
		t.Errorf("%d built-in domains, want 102", n)
	}
	shown, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "testdata/example.show.yaml", shown)
}

// What config show prints is a configuration that means the same.
func TestShowLoadsAgain(t *testing.T) {
	c, _ := Load(examplePath)
	shown, err := c.Show()
	if err != nil {
		t.Fatal(err)
	}
	again, found := parse("show.yaml", shown)
	if len(found) > 0 {
		t.Fatal(lines(found))
	}
	second, err := again.Show()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(shown), string(second)); diff != "" {
		t.Error(diff)
	}
}

func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("autoconfig.json", doc); err != nil {
		t.Fatal(err)
	}
	sch, err := compiler.Compile("autoconfig.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(file string) error {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		asJSON, err := yaml.YAMLToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(asJSON, &v); err != nil {
			t.Fatal(err)
		}
		return sch.Validate(v)
	}
	if err := validate(examplePath); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"key-unknown", "type", "auth-unknown"} {
		if validate("testdata/invalid/"+bad+".yaml") == nil {
			t.Errorf("%s validates against the schema", bad)
		}
	}
}

func TestNoFile(t *testing.T) {
	c, found := Load("")
	if len(found) > 0 || len(c.Model()) != 2 || c.Listen != "127.0.0.1:8080" {
		t.Errorf("%+v %v", c, found)
	}
}

func TestOverlay(t *testing.T) {
	c, found := parse("x.yaml", []byte("providers: [{id: outlook.com, auth: [oauth2], domains: [own.example]}]"))
	if Failed(found) {
		t.Fatal(lines(found))
	}
	data, _ := c.Data()
	p, err := data.Builtin.Lookup(t.Context(), provider.Address{Domain: "live.co.uk"})
	if err != nil || len(p.Outgoing[0].Auth) != 1 || p.Outgoing[0].Host != "smtp-mail.outlook.com" {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := data.Listed.Lookup(t.Context(), provider.Address{Domain: "live.co.uk"}); err == nil {
		t.Error("live.co.uk counts as the operator's")
	}
	if own, err := data.Listed.Lookup(t.Context(), provider.Address{Domain: "own.example"}); err != nil || own != p {
		t.Errorf("own.example: %v %v", own, err)
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile(examplePath)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("providers: &p [{domains: *p}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, found := parse("fuzz.yaml", text)
		if Failed(found) {
			return
		}
		for _, e := range c.Model() {
			e.DomainsFile = nil // never open what the fuzzer names
		}
		if _, err := c.Show(); err != nil {
			t.Error(err)
		}
	})
}
