package service

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/dnstest"
)

const ownerConfig = `
service_host: autoconfig.hoster.test
admin: 127.0.0.1:0
pages: {records: true}
dns: {resolver: ["RESOLVER"]}
limits: {per_minute: 6000, burst: 600}
providers:
  - domains: [customer.test, fresh.test]
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
`

var (
	recordState = regexp.MustCompile(`<h3>(\S+) <span class="tag (\w+)">`)
	programRow  = regexp.MustCompile(`<tr><th scope="row">([^<]*)</th><td class="(\w+)">[^<]*</td><td class="(\w+)">`)
)

// The page shows the owner each record with its state, and what programs find now and with all records. One look a
// minute is made for it, and none for a domain that is not listed.
func TestOwnersPage(t *testing.T) {
	t.Parallel()
	soa := "@ 3600 IN SOA ns.test. root.test. 1 3600 600 86400 60\n@ 3600 IN NS ns.test.\n"
	dnsServer := dnstest.Start(t, rootZone,
		"$ORIGIN hoster.test.\n"+soa+"autoconfig 60 IN A 192.0.2.1\nmail 60 IN A 192.0.2.2\n",
		"$ORIGIN customer.test.\n"+soa+
			"autoconfig 3600 IN CNAME Autoconfig.hoster.test.\n_imaps._tcp 3600 IN SRV 0 1 993 old.hoster.test.\n"+
			"_submissions._tcp 300 IN SRV 0 1 465 mail.hoster.test.\n", "$ORIGIN fresh.test.\n"+soa)
	r := newRig(t, strings.ReplaceAll(ownerConfig, "RESOLVER", dnsServer.Addr()))
	status, body := r.get("/records/customer.test")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	states := map[string]string{}
	for _, m := range recordState.FindAllStringSubmatch(body, -1) {
		states[m[1]] = m[2]
	}
	for name, want := range map[string]string{"autoconfig.customer.test": "published", "_imaps._tcp.customer.test": "differs",
		"_submissions._tcp.customer.test": "published", "_pop3._tcp.customer.test": "missing",
		"autodiscover.customer.test": "missing"} {
		if states[name] != want {
			t.Errorf("%s is %q, want %q", name, states[name], want)
		}
	}
	for _, want := range []string{`">_imaps._tcp</code>`, `">993</code>`, `">3600</code>`, `">mail.hoster.test</code>`,
		"old.hoster.test",
		"$ORIGIN customer.test.", "https://autoconfig.hoster.test/records/customer.test",
		"9 of 11 records are missing or different", `content="noindex"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	programs := map[string]string{}
	for _, m := range programRow.FindAllStringSubmatch(body, -1) {
		name, _, _ := strings.Cut(m[1], " ")
		programs[name] = m[2] + " " + m[3]
	}
	if programs["Thunderbird"] != "found found" || !strings.Contains(programs["Outlook"], "nothing ") ||
		len(programs) < 10 {
		t.Errorf("programs: %v", programs)
	}
	_, metrics := ask(r.srv.Admin(), "/metrics")
	if counted := regexp.MustCompile(`autoconfig_requests_total\{[^}]*"(?:autoconfig|autodiscover|pacc|ispdb)"[^}]*\} [1-9].*`).FindAllString(metrics, -1); counted != nil ||
		!strings.Contains(metrics, "autoconfig_requests_total{") {
		t.Errorf("the simulation is counted: %q", counted)
	}
	asked := dnsServer.Queries()
	if _, again := r.get("/records/customer.test"); again != body || dnsServer.Queries() != asked {
		t.Errorf("%d more questions for the page a second time", dnsServer.Queries()-asked)
	}
	if _, body := r.get("/records/fresh.test"); strings.Contains(body, `tag published"`) ||
		!strings.Contains(body, `tag missing"`) || !strings.Contains(body, "11 of 11 records") {
		t.Error("a domain without any record")
	}
	asked = dnsServer.Queries()
	_, none := r.get("/records/unserved.test")
	for _, path := range []string{"/records/live.co.uk", "/records/hoster.test", "/records/a@customer.test",
		"/records/x..test", "/records/%00"} {
		if status, body := r.get(path); status != http.StatusNotFound || body != none {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if dnsServer.Queries() != asked {
		t.Errorf("%d questions about domains that are not listed", dnsServer.Queries()-asked)
	}
}

// A resolver that fails leaves the plan on the page, and says that nobody could look.
func TestOwnersPageWithoutDNS(t *testing.T) {
	t.Parallel()
	dnsServer := dnstest.Start(t, rootZone)
	dnsServer.Fail("", dns.RcodeServerFailure)
	r := newRig(t, strings.ReplaceAll(ownerConfig, "RESOLVER", dnsServer.Addr()))
	status, body := r.get("/records/customer.test")
	if status != http.StatusOK || !strings.Contains(body, "mail.hoster.test") || strings.Contains(body, `tag missing"`) {
		t.Errorf("status %d, states %s", status, fmt.Sprint(recordState.FindAllString(body, -1)))
	}
}
