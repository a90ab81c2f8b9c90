//go:build e2e

package e2e

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/component"
)

// thunderbirdBinary is the program itself: /usr/bin/thunderbird is a wrapper.
const thunderbirdBinary = "/usr/lib/thunderbird/thunderbird"

// profilePrefs let Thunderbird reach names by the test's SOCKS server only,
// show nothing of a first start, and ask its vendor nothing.
const profilePrefs = `
user_pref("marionette.port", 0);
user_pref("network.proxy.type", 1);
user_pref("network.proxy.socks", "%s");
user_pref("network.proxy.socks_port", %s);
user_pref("network.proxy.socks_version", 5);
user_pref("network.proxy.socks_remote_dns", true);
user_pref("network.proxy.socks5_remote_dns", true);
user_pref("network.proxy.no_proxies_on", "");
user_pref("network.proxy.allow_hijacking_localhost", true);
user_pref("network.proxy.failover_direct", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("app.update.auto", false);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("app.normandy.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
user_pref("toolkit.telemetry.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("mail.inappnotifications.enabled", false);
user_pref("mail.instrumentation.postUrl", "");
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.rights.version", 1);
user_pref("mailnews.start_page.enabled", false);
user_pref("mailnews.start_page_override.mstone", "ignore");
user_pref("mail.setup.loglevel", "All");
user_pref("mail.biff.alert.enabled", false);
user_pref("mailnews.auto_config_url", "https://ispdb.test/v1.1/");
user_pref("intl.locale.requested", "en-US");
`

// thunderbird is one running Thunderbird with a fresh profile.
type thunderbird struct {
	t   testing.TB
	m   *marionette
	net *names
}

// startThunderbird starts it with the test's names, DNS server and authority.
func startThunderbird(t testing.TB, sites *names, dns *dnstest.Server, authority *probetest.Authority,
	change ...func(*exec.Cmd)) *thunderbird {
	t.Helper()
	return startThunderbirdAt(t, sites, dns.Addr(), authority, change...)
}

// startThunderbirdAt starts it with a DNS server at an address.
func startThunderbirdAt(t testing.TB, sites *names, dns string, authority *probetest.Authority,
	change ...func(*exec.Cmd)) *thunderbird {
	t.Helper()
	component.Need(t, thunderbirdBinary)
	if os.Getuid() != 0 {
		component.Missing(t, "a resolver file of its own needs root (unshare -m)")
	}
	dir := t.TempDir()
	profile := filepath.Join(dir, "profile")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(sites.addr)
	write(t, filepath.Join(profile, "user.js"), fmt.Sprintf(profilePrefs, host, port))
	// The resolver file is replaced for this process alone, in a mount
	// namespace of its own.
	cmd := exec.Command("unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`,
		resolvConf(t, dns),
		thunderbirdBinary, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CACHE_HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir,
		"XDG_RUNTIME_DIR="+dir,
		"TMPDIR="+dir, "LANG=C.UTF-8", "MOZ_CRASHREPORTER_DISABLE=1", "NO_EM_RESTART=1")
	for _, f := range change {
		f(cmd)
	}
	p := start(t, cmd)
	tb := &thunderbird{t: t, net: sites, m: connect(t, p, filepath.Join(profile, "MarionetteActivePort"))}
	t.Cleanup(func() {
		_ = tb.m.call(patience, "Marionette:Quit", map[string]any{"flags": []string{"eForceQuit"}}, nil)
		_ = tb.m.conn.Close()
	})
	tb.must("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{}})
	tb.must("Marionette:SetContext", map[string]any{"value": "chrome"})
	tb.must("WebDriver:SetTimeouts", map[string]any{"script": 2 * patience.Milliseconds()})
	tb.run(nil, `return trust(args[0])`, derOf(t, authority))
	return tb
}

// connect waits for the port file of Marionette and connects.
func connect(t testing.TB, p *process, portFile string) *marionette {
	t.Helper()
	var m *marionette
	until(t, "Thunderbird opens its Marionette port", func() bool {
		if p.ended() {
			t.Fatalf("Thunderbird has ended:\n%s", p.output())
		}
		port, err := os.ReadFile(portFile)
		if err != nil {
			return false
		}
		m, err = dialMarionette("127.0.0.1:" + strings.TrimSpace(string(port)))
		return err == nil
	})
	return m
}

// derOf is the authority's root in base64, as the certificate store wants it.
func derOf(t testing.TB, a *probetest.Authority) string {
	t.Helper()
	text, err := os.ReadFile(a.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

func (tb *thunderbird) must(name string, params any) {
	tb.t.Helper()
	if err := tb.m.call(patience, name, params, nil); err != nil {
		tb.t.Fatal(err)
	}
}

var (
	//go:embed testdata/hub.js
	hub string
	//go:embed testdata/internals.js
	internals string

	withInternals = flag.Bool("internals", false, "run also the tests that call Thunderbird's own modules")
)

// needInternals skips a test that depends on how a release of Thunderbird is
// made inside: `make clients` runs it, `make test` does not.
func needInternals(t testing.TB) {
	t.Helper()
	if !*withInternals {
		t.Skip("it calls Thunderbird's own modules: make clients")
	}
}

// run executes the body of an async function in Thunderbird's main window,
// with the functions of testdata/hub.js at hand, and those of internals.js where
// the tests use them. What it returns goes into out.
func (tb *thunderbird) run(out any, body string, args ...any) {
	tb.t.Helper()
	if args == nil {
		args = []any{}
	}
	library := hub
	if *withInternals {
		library += internals
	}
	script := library + `
const done = arguments[arguments.length - 1], args = [...arguments].slice(0, -1);
(async () => {` + body +
		`})().then(value => done({value: value ?? null}), e => done({error: String(e) + "\n" + (e.stack ?? "")}));`
	var got struct {
		Value struct {
			Value json.RawMessage `json:"value"`
			Error string          `json:"error"`
		} `json:"value"`
	}
	err := tb.m.call(3*patience, "WebDriver:ExecuteAsyncScript",
		map[string]any{"script": script, "args": args, "newSandbox": true, "sandbox": "system"}, &got)
	if err == nil && got.Value.Error != "" {
		err = fmt.Errorf("%s", got.Value.Error)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(got.Value.Value, out)
	}
	if err != nil {
		tb.t.Fatalf("in Thunderbird: %v", err)
	}
}

// screenshot writes what a part of the main window shows, or all of it.
func (tb *thunderbird) screenshot(path string, part image.Rectangle) {
	tb.t.Helper()
	var got struct{ Value string }
	if err := tb.m.call(patience, "WebDriver:TakeScreenshot", map[string]any{"full": false, "hash": false},
		&got); err != nil {
		tb.t.Fatal(err)
	}
	picture, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(got.Value)))
	if err != nil {
		tb.t.Fatal(err)
	}
	if part.Empty() {
		part = picture.Bounds()
	}
	out := image.NewNRGBA(part)
	draw.Draw(out, part, picture, part.Min, draw.Src)
	for i := range out.Pix {
		out.Pix[i] |= 3 // coarser shades, half the size
	}
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, out); err != nil {
		tb.t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		tb.t.Fatal(err)
	}
}
