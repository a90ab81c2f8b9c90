//go:build e2e

package dnssrv_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/component"
)

// TestZoneLoads: named-checkzone takes the zone form, included in a zone.
func TestZoneLoads(t *testing.T) {
	t.Parallel()
	for domain, records := range formatPlans(t) {
		dir := t.TempDir()
		dnstest.WriteFile(t, filepath.Join(dir, "plan.zone"), written(t, "zone", domain, records, dnssrv.FormatOptions{}))
		dnstest.WriteFile(t, filepath.Join(dir, "zone"),
			"$TTL 3600\n@ SOA ns1 hostmaster 1 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.53\n"+
				"imap A 192.0.2.1\nimap2 A 192.0.2.1\npop A 192.0.2.1\nsmtp A 192.0.2.1\nsieve A 192.0.2.1\njmap A 192.0.2.1\ndav A 192.0.2.1\n$INCLUDE plan.zone\n")
		dnstest.RunTool(t, dir, "named-checkzone", "-k", "fail", "-m", "fail", "-n", "fail", "-S", "fail", domain, "zone")
	}
}

// stubs are DNSControl's words, which note what they are called with.
const stubs = `
const out = [];
const NO_PURGE = "NO_PURGE", NewRegistrar = n => ({registrar: n}), NewDnsProvider = n => ({provider: n}), DnsProvider = p => ({dns: p}), TTL = n => ({ttl: n});
const IGNORE = (...a) => ({ignore: a});
const word = type => (label, ...rest) => ({type, label, ttl: rest.pop().ttl, rest});
const SRV = word("SRV"), CNAME = word("CNAME"), TXT = word("TXT");
const D = (zone, registrar, provider, ...rest) => out.push({zone, purge: !rest.includes(NO_PURGE), ignored: rest.filter(r => r.ignore).map(r => r.ignore), records: rest.filter(r => r.type)});
`

// TestDNSControlRuns: node runs dnsconfig.js with stubs for DNSControl's words.
func TestDNSControlRuns(t *testing.T) {
	t.Parallel()
	node := component.Need(t, "node")
	for domain, records := range formatPlans(t) {
		script := stubs + written(t, "dnscontrol", domain, records, dnssrv.FormatOptions{}) +
			"\nconsole.log(JSON.stringify(out))"
		said, err := exec.Command(node, "--use_strict", "-e", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		var zones []struct {
			Zone    string
			Purge   bool
			Ignored [][]string
			Records []struct {
				Type, Label string
				TTL         int
				Rest        []any
			}
		}
		if err := json.Unmarshal(said, &zones); err != nil || len(zones) != 1 || zones[0].Purge || zones[0].Zone != domain ||
			len(zones[0].Ignored) != 1 {
			t.Fatalf("%v: %s", err, said)
		}
		var got []dns.RR
		for _, r := range zones[0].Records {
			data := strings.Trim(fmt.Sprint(r.Rest), "[]")
			if r.Type == "TXT" {
				data = txt(r.Rest[0].(string))
			}
			got = append(got, record(t, r.Label, domain, r.Type, data, r.TTL))
		}
		if diff := cmp.Diff(lines(records), lines(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", domain, diff)
		}
	}
}
