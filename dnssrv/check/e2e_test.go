//go:build e2e

package check_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/check"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

const primaryZone = `zone "example.test" { type primary; file "example.test.zone"; };
zone "hoster.example" { type primary; file "hoster.zone"; };
`

// A planned zone passes named-checkzone, BIND serves it, and it is fine.
func TestE2EPlannedZone(t *testing.T) {
	dir, text := t.TempDir(), plannedZone(t, dropping("\x00"))
	dnstest.WriteFile(t, filepath.Join(dir, "zone"), text)
	dnstest.RunTool(t, dir, "named-checkzone", "-i", "local", "example.test", "zone")
	addr := dnstest.StartNamed(t, primaryZone, map[string]string{"options": "recursion no;", "example.test.zone": text,
		"hoster.zone": hosterZone + "@ NS autoconfig\n"})
	c := query.New(query.Options{Resolvers: []string{addr}})
	found, _ := check.New(c, checkOptions()).Check(t.Context(), served(t))
	expect(t, found)
	if n := len(slices.DeleteFunc(found, func(f finding.Finding) bool { return f.ID != "dns-record-ok" })); n != 17 {
		t.Errorf("%d record sets as planned", n)
	}
}

// The zone form of every plan in testdata loads when a SOA and NS go before it.
func TestE2EPlansLoad(t *testing.T) {
	files, err := filepath.Glob("../testdata/plan/*.zone")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	dir := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		origin := strings.TrimSuffix(strings.Fields(string(text))[1], ".")
		head := "$TTL 3600\n" + origin + ". SOA ns1.invalid. hostmaster.invalid. 1 3600 600 86400 300\n" + origin +
			". NS ns1.invalid.\n"
		dnstest.WriteFile(t, filepath.Join(dir, "zone"), head+string(text))
		dnstest.RunTool(t, dir, "named-checkzone", "-i", "none", origin, "zone")
	}
}

// A secondary that has missed a change is found by asking every server.
func TestE2ESecondaryLags(t *testing.T) {
	text := plannedZone(t, dropping("\x00"))
	options := "recursion no; notify no; allow-transfer { any; };"
	primary := dnstest.StartNamed(t,
		`zone "example.test" { type primary; file "example.test.zone"; allow-update { 127.0.0.1; }; };
zone "hoster.example" { type primary; file "hoster.zone"; };`,
		map[string]string{"options": options, "example.test.zone": text, "hoster.zone": hosterZone + "@ NS autoconfig\n"})
	_, port, _ := strings.Cut(primary, ":")
	secondary := dnstest.StartNamed(t, `zone "example.test" { type secondary; file "copy"; primaries { 127.0.0.1 port `+
		port+`; }; };`, map[string]string{"options": options})
	c := query.New(query.Options{Resolvers: []string{primary},
		ConnectTo: connectTo(map[string]string{"ns1.example.test:53": primary, "ns2.example.test:53": secondary})})
	waitUntil(t, func() bool {
		return c.AskServer(t.Context(), secondary, "example.test", dns.TypeSOA).Outcome == query.NOERROR
	})
	o := checkOptions()
	o.Authoritative = true
	found, _ := check.New(c, o).Check(t.Context(), served(t))
	expect(t, found)

	change := new(dns.Msg).SetUpdate("example.test.")
	change.RemoveRRset([]dns.RR{dnstest.RR(t, "_jmap._tcp.example.test. SRV 0 0 0 .")})
	if r, _, err := new(dns.Client).Exchange(change, primary); err != nil || r.Rcode != dns.RcodeSuccess {
		t.Fatal(r, err)
	}
	found, _ = check.New(c, o).Check(t.Context(), served(t))
	expect(t, found,
		"warn dns-server-serial example.test SOA conflict",
		"fail dns-record-missing _jmap._tcp.example.test SRV missing",
		"fail dns-server-disagree _jmap._tcp.example.test SRV conflict")
}

func waitUntil(t testing.TB, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal("it never happens")
}

// A validating resolver vouches for a signed zone, and refuses one whose
// signatures have expired; without checking it gives that one too.
func TestE2EValidation(t *testing.T) {
	dir := t.TempDir()
	signed, anchor := signZone(t, dir, "example.test", plannedZone(t, dropping("\x00")))
	expired, badAnchor := signZone(t, dir, "expired.test",
		strings.ReplaceAll(dnstest.Zone("@ NS ns1", "ns1 A 127.0.0.1", "@ MX 10 ns1"), "example.test", "expired.test"),
		"-s", "20200101000000", "-e", "20200201000000")
	authority := dnstest.StartNamed(t, primaryZone+`zone "expired.test" { type primary; file "expired.test.zone"; };`,
		map[string]string{"options": "recursion no;", "example.test.zone": signed, "expired.test.zone": expired,
			"hoster.zone": hosterZone + "@ NS autoconfig\n"})
	_, port, _ := strings.Cut(authority, ":")
	config := "trust-anchors { " + anchor + badAnchor + " };\n"
	for _, origin := range []string{"example.test", "expired.test", "hoster.example"} {
		config += `zone "` + origin + `" { type forward; forward only; forwarders { 127.0.0.1 port ` + port + "; }; };\n"
	}
	resolver := dnstest.StartNamed(t, config,
		map[string]string{"options": "recursion yes; allow-recursion { 127.0.0.1; }; dnssec-validation yes; empty-zones-enable no;"})
	c := query.New(query.Options{Resolvers: []string{resolver}, Timeout: 5 * time.Second})

	found, seen := check.New(c, checkOptions()).Check(t.Context(), served(t))
	expect(t, found)
	if !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.ID == "dns-dnssec-validated" }) {
		t.Error("AD is not reported")
	}
	if a := seen[query.Question{Name: "_imaps._tcp.example.test.", Type: dns.TypeSRV}]; !a.AD {
		t.Error("an SRV answer without AD")
	}
	found, _ = check.New(c, checkOptions()).Check(t.Context(), check.Subject{Domain: "expired.test"})
	expect(t, found, "fail dns-dnssec-bogus expired.test SOA error")
}

var dnskeyLine = regexp.MustCompile(`(?m)^(\S+) (?:\d+ )?IN DNSKEY (\d+) (\d+) (\d+) (.*)$`)

// signZone signs a zone and returns its text and a trust anchor for its key.
func signZone(t testing.TB, dir, origin, text string, more ...string) (signed, anchor string) {
	t.Helper()
	dnstest.WriteFile(t, filepath.Join(dir, origin), text)
	key := strings.TrimSpace(dnstest.RunTool(t, dir, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", origin))
	public, err := os.ReadFile(filepath.Join(dir, key+".key"))
	if err != nil {
		t.Fatal(err)
	}
	m := dnskeyLine.FindStringSubmatch(string(public))
	if m == nil {
		t.Fatalf("no key in %s", public)
	}
	args := append([]string{"-q", "-z", "-P", "-S", "-o", origin, "-f", origin + ".signed"}, more...)
	dnstest.RunTool(t, dir, "dnssec-signzone", append(args, origin)...)
	out, err := os.ReadFile(filepath.Join(dir, origin+".signed"))
	if err != nil {
		t.Fatal(err)
	}
	return string(out), strings.Join(append([]string{origin, "static-key"}, m[2], m[3], m[4], `"`+m[5]+`";`), " ") + "\n"
}
