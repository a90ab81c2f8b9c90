// Package terraform_test reads with Terraform's own parser what dns plan writes
// for Terraform. It is in this module so that the program does not depend on HCL.
package terraform_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"autoconfig/dnssrv"
	"autoconfig/pacc"
	"autoconfig/provider"
)

// plan has every shape of record, and text that HCL would take for an expression.
func plan(t *testing.T, domain string) []dnssrv.RR {
	t.Helper()
	server := func(p provider.Protocol, port uint16, s provider.Security) provider.Server {
		return provider.Server{Protocol: p, Host: "mail.%EMAILDOMAIN%", Port: port, Security: s}
	}
	p := &provider.Provider{ID: "x", Name: "X", Incoming: []provider.Server{server(provider.IMAP, 993, provider.TLS)},
		Outgoing: []provider.Server{server(provider.SMTP, 465, provider.TLS), server(provider.SMTP, 587, provider.STARTTLS)},
		CalDAV:   "https://dav.example.org/" + strings.Repeat("x", 300), CardDAV: "https://dav.example.org/$%7Ba%7D"}
	records, err := dnssrv.Plan(domain, p,
		dnssrv.PlanOptions{ServiceHost: "autoconfig.hoster.example", PACC: pacc.TXT(nil),
			PACCAlso: []string{`v=${jsonencode(x)} %{if true}y%{endif}`}})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// TestTerraform: the parser takes it, each name is unique, and what the resources
// say is the plan.
func TestTerraform(t *testing.T) {
	for _, name := range dnssrv.TerraformProviders() {
		domains := []string{"example.org", "shop-a.example.org", "shop.a.example.org"}
		var text bytes.Buffer
		var want []string
		for i, domain := range domains {
			records := plan(t, domain)
			if err := dnssrv.WriteFormat(&text, "terraform", domain, records,
				dnssrv.FormatOptions{Terraform: name, Further: i > 0}); err != nil {
				t.Fatal(err)
			}
			for _, row := range dnssrv.SplitAll(domain, records) {
				want = append(want,
					fmt.Sprintf("%s %d %s %s", row.Name, row.TTL, row.Type, strings.ReplaceAll(row.Data, `" "`, "")))
			}
		}
		got := read(t, name, text.Bytes())
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s\nwant %q\n got %q", name, want, got)
		}
	}
}

func read(t *testing.T, provider string, text []byte) []string {
	t.Helper()
	file, problems := hclparse.NewParser().ParseHCL(text, "plan.tf")
	if problems.HasErrors() {
		t.Fatalf("%s: %v\n%s", provider, problems, text)
	}
	zones := cty.MapVal(map[string]cty.Value{"example.org": cty.StringVal("example.org"), "shop-a.example.org": cty.StringVal("shop-a.example.org"), "shop.a.example.org": cty.StringVal("shop.a.example.org")})
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{"cloudflare_zone_ids": zones, "route53_zone_ids": zones})}}
	seen := map[string]bool{}
	var out []string
	for _, block := range file.Body.(*hclsyntax.Body).Blocks {
		if block.Type == "variable" {
			continue
		}
		id := strings.Join(block.Labels, ".")
		if block.Type != "resource" || seen[id] || !hclsyntax.ValidIdentifier(block.Labels[1]) {
			t.Errorf("%s: %s %s is there twice, or not a resource", provider, block.Type, id)
		}
		seen[id] = true
		values := map[string]cty.Value{}
		for key, attribute := range block.Body.Attributes {
			v, problems := attribute.Expr.Value(scope)
			if problems.HasErrors() {
				t.Fatalf("%s: %v", provider, problems)
			}
			values[key] = v
		}
		out = append(out, rows(values)...)
	}
	return out
}

// rows are the records of a resource, one a line.
func rows(v map[string]cty.Value) []string {
	text := func(key string) string { return v[key].AsString() }
	number := func(v cty.Value) string { return v.AsBigFloat().String() }
	zone, name := "", text("name")
	if z, ok := v["zone"]; ok {
		zone = z.AsString()
		name += "." + zone
	}
	head := name + " " + number(v["ttl"]) + " " + text("type") + " "
	if data, ok := v["data"]; ok {
		d := data.AsValueMap()
		target := d["target"].AsString()
		if target != "." {
			target += "."
		}
		return []string{head + strings.Join([]string{number(d["priority"]), number(d["weight"]), number(d["port"]), target},
			" ")}
	}
	if content, ok := v["content"]; ok {
		c := strings.ReplaceAll(content.AsString(), `" "`, "")
		if text("type") == "CNAME" {
			c += "."
		}
		return []string{head + c}
	}
	var out []string
	for _, r := range v["records"].AsValueSlice() {
		if r.Type().IsObjectType() {
			out = append(out, head+strings.ReplaceAll(r.AsValueMap()["value"].AsString(), `" "`, ""))
			continue
		}
		data := r.AsString()
		if text("type") == "TXT" { // the provider puts it into quotes
			data = `"` + strings.NewReplacer(`""`, "", `\`, `\\`, `"`, `\"`).Replace(data) + `"`
		}
		out = append(out, head+data)
	}
	return out
}
