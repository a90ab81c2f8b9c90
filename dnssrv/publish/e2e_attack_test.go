//go:build e2e

package publish_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/component"
)

// leastPolicy is what docs/publish.md recommends: the names of a plan alone.
const leastPolicy = `update-policy {
	grant autoconfig subdomain _tcp.example.test. SRV TXT;
	grant autoconfig name autoconfig.example.test. CNAME;
	grant autoconfig name autodiscover.example.test. CNAME;
	grant autoconfig name ua-auto-config.example.test. CNAME;
	grant autoconfig name _ua-auto-config.example.test. TXT;
};`

// tryUpdate sends an update as somebody does who holds the key file.
func tryUpdate(t *testing.T, addr, key, commands string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	dnstest.WriteFile(t, file, key)
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command(component.Need(t, "nsupdate"), "-k", file)
	cmd.Stdin = strings.NewReader("server " + host + " " + port + "\nzone example.test\n" + commands + "\nsend\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// TestBINDStolenKey: whoever has the key can change what a plan has, and nothing
// else: no mail is diverted, no sender policy or signature key replaced, no host
// moved. A key of the same name with another secret changes nothing.
func TestBINDStolenKey(t *testing.T) {
	t.Parallel()
	addr := namedWith(t, leastPolicy, `k1._domainkey TXT "v=DKIM1; p="`, `_dmarc TXT "v=DMARC1; p=reject"`)
	p := bindPublisher(t, addr)
	if found := carryOut(t, p, prepared(t, p, plans(t, smallPlan...))); ids(found) != "dns-publish-done" {
		t.Fatalf("the policy keeps the plan out: %+v", found)
	}
	forbidden := map[string]string{
		"mail":        "update add example.test. 60 MX 0 thief.test.",
		"SPF":         "update add example.test. 60 TXT \"v=spf1 +all\"",
		"no SPF":      "update delete example.test. TXT",
		"DKIM":        "update add k1._domainkey.example.test. 60 TXT \"v=DKIM1; p=thief\"",
		"DMARC":       "update delete _dmarc.example.test. TXT",
		"host":        "update add mx.example.test. 60 A 203.0.113.66",
		"web":         "update add www.example.test. 60 CNAME thief.test.",
		"delegation":  "update add example.test. 60 NS thief.test.",
		"challenge":   "update add _acme-challenge.example.test. 60 TXT thief",
		"other type":  "update add autoconfig.example.test. 60 A 203.0.113.66",
		"all of them": "update delete example.test.",
	}
	for name, commands := range forbidden {
		if err := tryUpdate(t, addr, keyClause, commands); err == nil || !strings.Contains(err.Error(), "REFUSED") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, want := range map[string]string{"MX": "10 mx.example.test.", "TXT": `"v=spf1 mx -all"`} {
		if got := dig(t, addr, "example.test", what); got != want {
			t.Errorf("%s is now %q", what, got)
		}
	}
	forged := strings.Replace(keyClause, secret, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", 1)
	if err := tryUpdate(t, addr, forged, "update delete autoconfig.example.test. CNAME"); err == nil {
		t.Error("a forged key was taken")
	}
	// What remains possible, until the key is replaced: a planned record of the thief's. A check names it, and publishing repairs it.
	if err := tryUpdate(t, addr, keyClause,
		"update delete autodiscover.example.test. CNAME\nupdate add autodiscover.example.test. 60 CNAME thief.test."); err != nil {
		t.Fatal(err)
	}
	u := prepared(t, p, plans(t, smallPlan...))
	if found := carryOut(t, p, u); ids(found) != "dns-publish-done" ||
		at(t, addr, "autodiscover", "CNAME") == "thief.test." {
		t.Errorf("not repaired: %+v", found)
	}
}

func dig(t *testing.T, addr, name, qtype string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	return strings.TrimSpace(dnstest.RunTool(t, t.TempDir(), "dig", "+short", "+norecurse", "@"+host, "-p", port, name,
		qtype))
}

// TestBINDRace: two publishers and nsupdate change the same zone at the same
// time, again and again. Whoever is told that the records are published has
// published all of them, whoever is told that a record moved has written nothing.
func TestBINDRace(t *testing.T) {
	t.Parallel()
	addr := namedWith(t, allow)
	const rounds = 15
	done, raced := 0, 0
	for round := range rounds {
		reset(t, addr)
		targets := []string{fmt.Sprintf("a%d.test.", round), fmt.Sprintf("b%d.test.", round)}
		results := make([]string, len(targets))
		var start, all sync.WaitGroup
		start.Add(len(targets))
		for i, target := range targets {
			p := bindPublisher(t, addr)
			u := prepared(t,
				p, plans(t, "autoconfig CNAME "+target, "autodiscover CNAME "+target, "_imaps._tcp SRV 0 1 993 "+target))
			all.Go(func() {
				start.Done()
				start.Wait()
				results[i] = ids(carryOut(t, p, u))
			})
		}
		all.Go(func() { _ = tryUpdate(t, addr, keyClause, "update add other.example.test. 60 TXT x") })
		all.Wait()
		now := []string{at(t, addr, "autoconfig", "CNAME"), at(t, addr, "autodiscover", "CNAME"),
			strings.TrimPrefix(at(t, addr, "_imaps._tcp", "SRV"), "0 1 993 ")}
		if now[0] != now[1] || now[1] != now[2] || now[0] == "" {
			t.Errorf("round %d: a mixture: %v", round, now)
		}
		for i, result := range results {
			switch {
			case result == "dns-publish-done" && now[0] == targets[i]:
				done++
			case result == "dns-publish-raced" && now[0] != targets[i]:
				raced++
			default:
				t.Errorf("round %d: %s was told %s, and the zone has %s", round, targets[i], result, now[0])
			}
		}
	}
	if done != rounds || raced != rounds {
		t.Errorf("%d published, %d raced in %d rounds", done, raced, rounds)
	}
}

// reset takes the planned names out of the zone.
func reset(t *testing.T, addr string) {
	t.Helper()
	if err := tryUpdate(t, addr, keyClause,
		"update delete autoconfig.example.test.\nupdate delete autodiscover.example.test.\nupdate delete _imaps._tcp.example.test."); err != nil {
		t.Fatal(err)
	}
}
