//go:build e2e

package publish_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/publish"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// dynamicZone is a zone of BIND that the key autoconfig may update.
const (
	keyClause   = "key \"autoconfig\" {\n\talgorithm hmac-sha256;\n\tsecret \"" + secret + "\";\n};\n"
	dynamicZone = "zone \"example.test\" { type primary; file \"example.test.zone\"; notify no; %s };\n"
)

// namedWith runs BIND with a dynamic zone.
func namedWith(t *testing.T, policy string, lines ...string) string {
	t.Helper()
	return dnstest.StartNamed(t, keyClause+fmt.Sprintf(dynamicZone, policy), map[string]string{
		"options":           "recursion no;",
		"example.test.zone": dnstest.Zone(append([]string{"@ NS ns1", "ns1 A 127.0.0.1", "@ MX 10 mx", `@ TXT "v=spf1 mx -all"`, "mx A 192.0.2.1"}, lines...)...),
	})
}

// bindPublisher publishes to BIND, to which ns1 leads too.
func bindPublisher(t *testing.T, addr string, change ...func(*publish.Options)) *publish.Publisher {
	t.Helper()
	o := publish.Options{Key: theKey(t, keyClause), Server: addr, Wait: 10 * time.Second}
	for _, f := range change {
		f(&o)
	}
	return publish.New(leading(addr, map[string]string{"ns1.example.test:53": addr}), o)
}

// at is what a server has at a name, with dig, so that nothing of ours vouches
// for itself.
func at(t *testing.T, addr, name, qtype string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	return strings.TrimSpace(dnstest.RunTool(t, t.TempDir(), "dig", "+short", "+norecurse", "@"+host, "-p", port,
		name+".example.test", qtype))
}

const allow = "allow-update { key autoconfig; };"

func TestBINDPublish(t *testing.T) {
	t.Parallel()
	addr := namedWith(t, "update-policy { grant autoconfig zonesub CNAME SRV TXT; };", "_imaps._tcp 60 SRV 0 1 993 IMAP",
		"_imaps._tcp 60 SRV 0 0 993 Old", "autodiscover CNAME Old.test.", "* TXT wild")
	p := bindPublisher(t, addr)
	u := prepared(t, p, plans(t, smallPlan...))
	if u.Count() != 7 {
		t.Errorf("%v", u.Changes)
	}
	if found := carryOut(t, p, u); ids(found) != "dns-publish-done" {
		t.Fatal(found)
	}
	for _, test := range []struct{ name, qtype, want string }{
		{"_imaps._tcp", "SRV", "0 1 993 imap.example.test."},
		{"_pop3._tcp", "SRV", "0 0 0 ."},
		{"autoconfig", "CNAME", "host.test."},
		{"autodiscover", "CNAME", "host.test."},
		{"mx", "A", "192.0.2.1"},
	} {
		if got := at(t, addr, test.name, test.qtype); !strings.EqualFold(got, test.want) {
			t.Errorf("%s %s: %q", test.name, test.qtype, got)
		}
	}
	if again := prepared(t, p, plans(t, smallPlan...)); again.Count() != 0 {
		t.Errorf("second run: %v", again.Changes)
	}
	// A TTL alone.
	for _, c := range prepared(t, p, plans(t, "autoconfig 600 CNAME host.test.")).Changes {
		if lines := strings.Join(c.Lines(),
			" "); lines != "- autoconfig.example.test. 3600 IN CNAME host.test. + autoconfig.example.test. 600 IN CNAME host.test." {
			t.Error(lines)
		}
	}
	if found := carryOut(t, p,
		prepared(t, p, plans(t, "autoconfig 600 CNAME host.test."))); ids(found) != "dns-publish-done" {
		t.Error(found)
	}
}

// TestBINDRaced: nsupdate changes a record between the look and the update.
func TestBINDRaced(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ meanwhile, name, qtype, stays string }{
		"changed": {"update delete autodiscover.example.test. CNAME\nupdate add autodiscover.example.test. 300 CNAME theirs.test.", "autodiscover", "CNAME", "theirs.test."},
		"added": {"update add _pop3._tcp.example.test. 300 SRV 0 1 110 pop.example.test.", "_pop3._tcp",
			"SRV", "0 1 110 pop.example.test."},
		"in the way": {"update add autoconfig.example.test. 300 A 192.0.2.80", "autoconfig", "A",
			"192.0.2.80"},
		"of a type nobody asks for": {"update add autoconfig.example.test. 300 LOC 52 N 0 E 0m", "autoconfig", "LOC",
			"52 0 0.000 N 0 0 0.000 E 0.00m 1m 10000m 10m"},
		"one that was fine": {"update delete _imaps._tcp.example.test. SRV", "_imaps._tcp", "SRV", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := namedWith(t, allow, "_imaps._tcp SRV 0 1 993 imap", "autodiscover CNAME old.test.")
			p := bindPublisher(t, addr)
			u := prepared(t, p, plans(t, smallPlan...))
			nsupdate(t, addr, test.meanwhile)
			found := carryOut(t, p, u)
			if ids(found) != "dns-publish-raced" || strings.Contains(found[0].Cause, "were not seen") != (test.qtype == "LOC") {
				t.Errorf("%+v", found)
			}
			if got := at(t, addr, test.name, test.qtype); got != test.stays {
				t.Errorf("now %q", got)
			}
			if got := at(t, addr, "_pop3._tcp", "SRV"); test.name != "_pop3._tcp" && got != "" {
				t.Errorf("half-written: %q", got)
			}
		})
	}
}

// nsupdate is BIND's own client.
func nsupdate(t *testing.T, addr, commands string) {
	t.Helper()
	dir := t.TempDir()
	dnstest.WriteFile(t, filepath.Join(dir, "key"), keyClause)
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command(component.Need(t, "nsupdate"), "-k", filepath.Join(dir, "key"))
	cmd.Stdin = strings.NewReader("server " + host + " " + port + "\nzone example.test\n" + commands + "\nsend\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nsupdate: %v\n%s", err, out)
	}
}

func TestBINDRefuses(t *testing.T) {
	t.Parallel()
	addr := namedWith(t, "update-policy { grant autoconfig name autoconfig.example.test. CNAME; };")
	static := dnstest.StartNamed(t, keyClause+fmt.Sprintf(dynamicZone, ""),
		map[string]string{"options": "recursion no;", "example.test.zone": dnstest.Zone("@ NS ns1", "ns1 A 127.0.0.1")})
	for _, test := range []struct{ name, addr, key, found, cause string }{
		{"policy", addr, tsigKey, "dns-publish-refused", "does not let the key autoconfig (hmac-sha256) make"},
		{"not dynamic", static, tsigKey, "dns-publish-refused", "REFUSED"},
		{"wrong secret", addr, "autoconfig:hmac-sha256:QUFBQQ==", "dns-publish-key-wrong", "not with this secret (BADSIG)"},
		{"wrong algorithm", addr, "autoconfig:hmac-sha512:" + secret, "dns-publish-key-unknown",
			"no TSIG key autoconfig (hmac-sha512)"},
		{"unknown key", addr, "other:hmac-sha256:" + secret, "dns-publish-key-unknown", "no TSIG key other"},
	} {
		p := bindPublisher(t, test.addr, func(o *publish.Options) { o.Key = theKey(t, test.key) })
		found := carryOut(t, p, prepared(t, p, plans(t, smallPlan...)))
		if ids(found) != test.found || !strings.Contains(found[0].Cause, test.cause) {
			t.Errorf("%s: %+v", test.name, found)
		}
		if got := at(t, test.addr, "autoconfig", "CNAME"); got != "" {
			t.Errorf("%s: half-written: %s", test.name, got)
		}
	}
	// What the policy grants goes through.
	p := bindPublisher(t, addr)
	if found := carryOut(t, p, prepared(t, p, plans(t, "autoconfig CNAME host.test."))); ids(found) != "dns-publish-done" {
		t.Error(found)
	}
}

// TestBINDSecondary: a secondary without NOTIFY lags, one with it catches up.
func TestBINDSecondary(t *testing.T) {
	t.Parallel()
	primary, follows, lags := freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1"), freeport.On(t, "127.0.0.1")
	secondary := func(at string) {
		dnstest.StartNamedAt(t,
			at, fmt.Sprintf("zone \"example.test\" { type secondary; file \"copy\"; primaries { 127.0.0.1 port %s; }; };\n",
				port(primary)),
			map[string]string{"options": "recursion no; allow-notify { 127.0.0.1; };"})
		waitForZone(t, at)
	}
	dnstest.StartNamedAt(t, primary,
		keyClause+
			fmt.Sprintf("zone \"example.test\" { type primary; file \"zone\"; notify explicit; notify-delay 0; also-notify { 127.0.0.1 port %s; }; allow-transfer { any; }; allow-update { key autoconfig; }; };\n", port(follows)),
		map[string]string{"options": "recursion no;",
			"zone": dnstest.Zone("@ NS ns1", "@ NS ns2", "@ NS ns3", "ns1 A 127.0.0.1", "ns2 A 127.0.0.1", "ns3 A 127.0.0.1")})
	secondary(follows)
	secondary(lags)
	c := leading(primary,
		map[string]string{"ns1.example.test:53": primary, "ns2.example.test:53": follows, "ns3.example.test:53": lags})
	p := publish.New(c, publish.Options{Key: theKey(t, keyClause), Server: primary, Wait: 8 * time.Second})
	found := carryOut(t, p, prepared(t, p, plans(t, smallPlan...)))
	if ids(found) != "dns-publish-done dns-publish-lags" || found[1].Subject != "ns3.example.test" {
		t.Errorf("%+v", found)
	}
	if at(t, follows, "autoconfig", "CNAME") != "host.test." || at(t, lags, "autoconfig", "CNAME") != "" {
		t.Error("the secondaries are not as the findings say")
	}
}

func port(addr string) string {
	_, p, _ := strings.Cut(addr, ":")
	return p
}

// waitForZone returns when a secondary has its copy.
func waitForZone(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		m, err := dns.Exchange(new(dns.Msg).SetQuestion("example.test.", dns.TypeSOA), addr)
		if err == nil && m.Rcode == dns.RcodeSuccess && m.Authoritative {
			return
		}
	}
	t.Fatal("the secondary never had the zone")
}
