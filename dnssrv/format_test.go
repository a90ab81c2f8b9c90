package dnssrv_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/provider"
)

// formatPlans are the plans that each format is tried with: all kinds, and a
// Microsoft 365 domain.
func formatPlans(t testing.TB) map[string][]dns.RR {
	t.Helper()
	nasty := dnstest.Everything()
	nasty.CalDAV = "https://dav.example.test/${a}%{b}'\"; \\" + strings.Repeat("x", 300)
	out := map[string][]dns.RR{}
	for name, p := range map[string]*provider.Provider{"example.test": dnstest.Everything(),
		"shop.example": provider.Builtin(provider.Microsoft365), "sub.xn--mller-kva.example": nasty} {
		records, err := dnssrv.Plan(name, p, dnssrv.PlanOptions{ServiceHost: dnstest.ServiceHost, PACC: dnstest.PACC})
		if err != nil {
			t.Fatal(err)
		}
		out[name] = records
	}
	return out
}

func written(t testing.TB, format, domain string, records []dns.RR, o dnssrv.FormatOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := dnssrv.WriteFormat(&b, format, domain, records, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestFormats: the files in testdata/format are what two domains give.
func TestFormats(t *testing.T) {
	t.Parallel()
	plans := formatPlans(t)
	type form struct{ format, terraform string }
	var forms []form
	for _, format := range slices.DeleteFunc(dnssrv.Formats(), func(f string) bool { return f == "terraform" }) {
		forms = append(forms, form{format: format})
	}
	for _, name := range dnssrv.TerraformProviders() {
		forms = append(forms, form{"terraform", name})
	}
	for _, f := range forms {
		text := written(t, f.format, "example.test", plans["example.test"], dnssrv.FormatOptions{Terraform: f.terraform}) +
			written(t, f.format, "shop.example", plans["shop.example"],
				dnssrv.FormatOptions{Terraform: f.terraform, Further: true})
		path := filepath.Join("testdata", "format", strings.TrimSuffix(f.format+"-"+f.terraform, "-")+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if !strings.Contains(text, "MX and SPF") && !strings.Contains(text, "such as SPF, and MX") {
			t.Errorf("%s does not say what would delete MX and SPF", path)
		}
	}
}

// lines are records as text, sorted, for comparisons.
func lines(records []dns.RR) []string {
	var out []string
	for _, rr := range records {
		out = append(out, rr.String())
	}
	slices.Sort(out)
	return out
}

// record is one made of what a format says.
func record(t testing.TB, name, zone, kind, data string, ttl int) dns.RR {
	t.Helper()
	switch {
	case name == "@" || name == "":
		name = zone
	case zone != "":
		name += "." + zone
	}
	return dnstest.RR(t, fmt.Sprintf("%s. %d %s %s", strings.TrimSuffix(name, "."), ttl, kind, data))
}

// txt is text as a zone file has it.
func txt(s string) string {
	var parts []string
	for ; len(s) > 255; s = s[255:] {
		parts = append(parts, s[:255])
	}
	return dnssrv.Data(&dns.TXT{Txt: append(parts, s)})
}

// TestFormatsSayThePlan: what each format says is the plan, no less and no more.
func TestFormatsSayThePlan(t *testing.T) {
	t.Parallel()
	for format, read := range map[string]func(t testing.TB, text, zone string) []dns.RR{
		"zone": readZone, "manual": readManual, "octodns": readOctoDNS, "external-dns": readExternalDNS,
	} {
		for domain, records := range formatPlans(t) {
			for _, zone := range []string{domain, domain[strings.IndexByte(domain, '.')+1:]} {
				if !strings.Contains(zone, ".") && format != "zone" {
					continue
				}
				got := read(t, written(t, format, domain, records, dnssrv.FormatOptions{Zone: zone}), zone)
				if diff := cmp.Diff(lines(records), lines(got)); diff != "" {
					t.Errorf("%s of %s in %s (-want +got):\n%s", format, domain, zone, diff)
				}
			}
		}
	}
}

func readZone(t testing.TB, text, _ string) []dns.RR {
	t.Helper()
	var out []dns.RR
	p := dns.NewZoneParser(strings.NewReader(text), "", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		out = append(out, rr)
	}
	if p.Err() != nil {
		t.Error(p.Err())
	}
	return out
}

// readManual reads the columns where the head of the table says they are.
func readManual(t testing.TB, text, zone string) []dns.RR {
	t.Helper()
	_, table, _ := strings.Cut(text, "\n\n")
	table, rest, _ := strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	var starts []int
	for _, head := range []string{"TYPE", "HOST", "PRIORITY", "WEIGHT", "PORT", "TARGET OR VALUE", "TTL"} {
		starts = append(starts, strings.Index(rows[0], head))
	}
	var out []dns.RR
	for _, row := range rows[1:] {
		var f []string
		for i, from := range starts {
			to := len(row)
			if i+1 < len(starts) {
				to = starts[i+1]
			}
			f = append(f, strings.TrimRight(row[from:to], " "))
		}
		ttl, err := strconv.Atoi(f[6])
		if err != nil {
			t.Fatal(row, err)
		}
		data := map[string]string{"SRV": strings.Join(f[2:5], " ") + " " + dns.Fqdn(f[5]), "CNAME": f[5] + ".",
			"TXT": txt(f[5])}[f[0]]
		out = append(out, record(t, f[1], zone, f[0], data, ttl))
	}
	_, rest, _ = strings.Cut(rest, "\n")
	rest, _, _ = strings.Cut(rest, "\n\n")
	if diff := cmp.Diff(lines(readZone(t, rest, zone)), lines(out)); diff != "" {
		t.Errorf("the lines say something else than the table: %s", diff)
	}
	return out
}

// The schema of octoDNS's files, as far as a plan uses it.
type octoConfig struct {
	Processors map[string]struct {
		Class     string   `yaml:"class"`
		Allowlist []string `yaml:"allowlist"`
	} `yaml:"processors"`
	Providers map[string]struct {
		Class        string `yaml:"class"`
		Directory    string `yaml:"directory"`
		EnforceOrder bool   `yaml:"enforce_order"`
	} `yaml:"providers"`
	Zones map[string]struct {
		Sources, Processors, Targets []string
	} `yaml:"zones"`
}

type octoRecord struct {
	Type   string `yaml:"type"`
	TTL    int    `yaml:"ttl"`
	Values []any  `yaml:"values"`
}

func readOctoDNS(t testing.TB, text, zone string) []dns.RR {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text), yaml.Strict())
	var config octoConfig
	records := map[string][]octoRecord{}
	if err := d.Decode(&config); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(&records); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(&struct{}{}); err != io.EOF { //nolint:errorlint // the decoder's own
		t.Error("a third document:", err)
	}
	names, types := config.Processors["autoconfig-names"].Allowlist, config.Processors["autoconfig-types"].Allowlist
	if z := config.Zones[zone+"."]; len(config.Zones) != 1 || !slices.Equal(z.Processors,
		[]string{"autoconfig-names", "autoconfig-types"}) || !slices.Equal(z.Sources, []string{"autoconfig"}) {
		t.Errorf("%+v", config.Zones)
	}
	if slices.Contains(types, "MX") || slices.Contains(types, "NS") || slices.Contains(names, "") ||
		len(names) != len(records) {
		t.Errorf("the filters let more through than the plan: %v %v", names, types)
	}
	var out []dns.RR
	for name, sets := range records {
		if !slices.Contains(names, name) {
			t.Errorf("%s is filtered out", name)
		}
		for _, set := range sets {
			for _, v := range set.Values {
				data := fmt.Sprint(v)
				switch v := v.(type) {
				case map[string]any:
					data = fmt.Sprintf("%v %v %v %v", v["priority"], v["weight"], v["port"], v["target"])
				case string:
					if set.Type == "TXT" {
						if regexp.MustCompile(`[^\\];`).MatchString(v) {
							t.Errorf("octoDNS refuses an unescaped semicolon: %s", v)
						}
						data = txt(strings.ReplaceAll(v, `\;`, ";"))
					}
				}
				if !slices.Contains(types, set.Type) {
					t.Errorf("%s is filtered out", set.Type)
				}
				out = append(out, record(t, name, zone, set.Type, data, set.TTL))
			}
		}
	}
	return out
}

// The schema that ExternalDNS publishes for a DNSEndpoint, version v1alpha1
// (config/crd/standard/dnsendpoints.externaldns.k8s.io.yaml).
type dnsEndpoint struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Spec struct {
		Endpoints []struct {
			DNSName    string   `yaml:"dnsName"`
			RecordType string   `yaml:"recordType"`
			RecordTTL  int      `yaml:"recordTTL"`
			Targets    []string `yaml:"targets"`
		} `yaml:"endpoints"`
	} `yaml:"spec"`
}

var (
	endpointName = regexp.MustCompile(`^(\*\.)?([a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?\.)*[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?\.?$`)
	objectName   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`) // RFC 1123, as Kubernetes wants it
)

func readExternalDNS(t testing.TB, text, _ string) []dns.RR {
	t.Helper()
	var e dnsEndpoint
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&e); err != nil {
		t.Fatal(err)
	}
	if e.APIVersion != "externaldns.k8s.io/v1alpha1" || e.Kind != "DNSEndpoint" ||
		!objectName.MatchString(e.Metadata.Name) || len(e.Metadata.Name) > 253 {
		t.Errorf("%+v", e)
	}
	var out []dns.RR
	for _, p := range e.Spec.Endpoints {
		if !endpointName.MatchString(p.DNSName) || len(p.DNSName) > 253 || p.RecordTTL < 0 ||
			!slices.Contains([]string{"A", "AAAA", "CNAME", "MX", "SRV", "TXT"}, p.RecordType) {
			t.Errorf("%+v", p)
		}
		for _, target := range p.Targets {
			if p.RecordType == "SRV" && !strings.HasSuffix(target, ".") || target == "" || len(target) > 4096 {
				t.Errorf("%+v", p)
			}
			data := map[string]string{"SRV": target, "CNAME": target + ".", "TXT": txt(target)}[p.RecordType]
			out = append(out, record(t, p.DNSName, "", p.RecordType, data, p.RecordTTL))
		}
	}
	return out
}
