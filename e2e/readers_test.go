//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/component"
)

// python is Debian's, which has the bindings of GLib.
const python = "/usr/bin/python3"

const readersConfig = `
service_host: autoconfig.hoster.test
providers:
  - name: "Müller & Söhne <Mail>"
    domains: [isp.test]
    incoming: [imaps://imap.isp.test, pop3s://pop.isp.test]
    outgoing: [submissions://smtp.isp.test, submission://smtp.isp.test]
`

// documents are the formats: how each is asked for, and what of the model it
// holds.
var documents = []struct {
	name, host, path string
	post             string // %s: the address, escaped
	want             func(m findings) []string
}{
	{"autoconfig", "autoconfig.", "/mail/config-v1.1.xml?emailaddress=", "",
		func(m findings) []string { return lines(m.Incoming, m.Outgoing) }},
	{"autodiscover", "autodiscover.", "/autodiscover/autodiscover.xml",
		`<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>%s</EMailAddress>` +
			`<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`,
		func(m findings) []string { return lines(m.Incoming, m.Outgoing) }},
	{"profile", "autoconfig.", "/mobileconfig?email=", "", func(m findings) []string {
		imap, smtp := m.Incoming[0], m.Outgoing[0]
		imap.Security, smtp.Security = "encrypted", "encrypted" // a profile does not say which
		return lines([]found{imap}, []found{smtp})
	}},
	{"pacc", "ua-auto-config.", "/.well-known/user-agent-configuration.json", "", func(m findings) []string {
		var out []string
		for _, s := range append(slices.Clone(m.Incoming), m.Outgoing...) {
			out = append(out, fmt.Sprintf("%s %s - tls %s", s.Protocol, s.Host, s.Username))
		}
		return out
	}},
}

func lines(lists ...[]found) []string {
	var out []string
	for _, s := range slices.Concat(lists...) {
		out = append(out, fmt.Sprintf("%s %s %d %s %s", s.Protocol, s.Host, s.Port, s.Security, s.Username))
	}
	return out
}

func needPython(t *testing.T) {
	t.Helper()
	component.Need(t, python)
	component.Need(t, "/usr/lib/python3/dist-packages/gi")
}

// Each format means to Python's own parsers what the model says.
func TestPythonReadsEachFormat(t *testing.T) {
	needPython(t)
	s := startService(t, readersConfig)
	for _, address := range []string{"jo@isp.test", "o'neil&söhne+x@isp.test", "you@live.co.uk"} {
		m := s.model(t, scenario{address: address})
		for _, d := range documents {
			if d.name == "pacc" && address == "you@live.co.uk" {
				continue // its submission has no implicit TLS, so there is no document
			}
			t.Run(d.name+" "+address, func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), python, "testdata/reader.py", d.name, address)
				cmd.Stdin = bytes.NewReader(s.document(t, d.host, d.path, d.post, address))
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if diff := cmp.Diff(d.want(m), strings.Split(strings.TrimSpace(string(out)), "\n")); diff != "" {
					t.Errorf("Python reads (-model +read):\n%s", diff)
				}
			})
		}
	}
}

// libxml2 (in C, as Evolution and KDE have it) finds the same servers by their
// path, with every namespace as it should be.
func TestLibxmlReadsTheXML(t *testing.T) {
	s := startService(t, readersConfig)
	const response = `/*[local-name()="Autodiscover" and namespace-uri()="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"]` +
		`/*[local-name()="Response" and namespace-uri()="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"]/*[local-name()="Account"]/*[local-name()="Protocol"]`
	paths := map[string][2]string{
		"autoconfig":   {"/clientConfig/emailProvider/*/hostname/text()", "/clientConfig/emailProvider/*/port/text()"},
		"autodiscover": {response + `/*[local-name()="Server"]/text()`, response + `/*[local-name()="Port"]/text()`},
	}
	m := s.model(t, scenario{address: "jo@isp.test"})
	var hosts, ports []string
	for _, v := range append(slices.Clone(m.Incoming), m.Outgoing...) {
		hosts, ports = append(hosts, v.Host), append(ports, strconv.Itoa(v.Port))
	}
	for _, d := range documents {
		path, ok := paths[d.name]
		if !ok {
			continue
		}
		file := filepath.Join(t.TempDir(), "document.xml")
		write(t, file, string(s.document(t, d.host, d.path, d.post, "jo@isp.test")))
		for i, want := range [][]string{hosts, ports} {
			out, err := tool(t, component.Need(t, "xmllint"), "--nonet", "--xpath", path[i], file)
			if diff := cmp.Diff(want, strings.Fields(out)); err != nil || diff != "" {
				t.Errorf("%s: %v, libxml2 reads (-model +read):\n%s", d.name, err, diff)
			}
		}
	}
}

// document asks the service as a client would.
func (s *service) document(t testing.TB, host, path, post, address string) []byte {
	t.Helper()
	method, body := http.MethodGet, ""
	if post != "" {
		method, body = http.MethodPost, fmt.Sprintf(post, strings.ReplaceAll(address, "&", "&amp;"))
	}
	if strings.HasSuffix(path, "=") {
		path += url.QueryEscape(address)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.http+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_, domain, _ := strings.Cut(address, "@")
	r.Host = host + domain
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v: %s", answer.StatusCode, err, text)
	}
	return text
}

// plannedServices are what `dns plan` says of readersConfig, in the resolvers'
// words: several targets by priority, none where the target is "." (RFC 6186
// §3.4).
var plannedServices = map[string]string{
	"imaps": "imap.isp.test:993", "imap": "none", "pop3s": "pop.isp.test:995", "pop3": "none",
	"submissions": "smtp.isp.test:465", "submission": "smtp.isp.test:587", "autodiscover": "autoconfig.hoster.test:443",
}

// The planned records mean to dig and to GLib's resolver what they should.
func TestResolversReadThePlan(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "autoconfig.yaml"), readersConfig)
	zone, err := tool(t, program, "--config", filepath.Join(dir, "autoconfig.yaml"), "dns", "plan", "isp.test", "--format",
		"zone")
	if err != nil {
		t.Fatal(err)
	}
	dns := dnstest.Start(t, strings.Replace(zone, "\n", "\n@ 60 IN SOA ns.isp.test. root.isp.test. 1 3600 600 86400 60\n",
		1))
	t.Run("dig", func(t *testing.T) { digServices(t, dns.Addr()) })
	t.Run("GLib", func(t *testing.T) {
		needPython(t)
		args := []string{"--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, resolvConf(t, dns.Addr()),
			python, "testdata/resolve.py", "isp.test"}
		for service := range plannedServices {
			args = append(args, service)
		}
		out, err := tool(t, "unshare", args...)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for line := range strings.Lines(out) {
			service, targets, _ := strings.Cut(strings.TrimSpace(line), " ")
			got[service] = targets
		}
		if diff := cmp.Diff(plannedServices, got); diff != "" {
			t.Errorf("GLib reads (-want +got):\n%s", diff)
		}
	})
}

func digServices(t *testing.T, addr string) {
	host, port, _ := net.SplitHostPort(addr)
	for service, want := range plannedServices {
		out, err := tool(t, component.Need(t, "dig"), "@"+host, "-p", port, "+short", "+norecurse", "SRV",
			"_"+service+"._tcp.isp.test")
		if err != nil {
			t.Fatal(err)
		}
		f := strings.Fields(out)
		if len(f) != 4 {
			t.Errorf("%s: dig prints %q", service, out)
			continue
		}
		got := strings.TrimSuffix(f[3], ".") + ":" + f[2]
		if f[3] == "." {
			got = "none"
		}
		if got != want {
			t.Errorf("%s: dig reads %s, want %s", service, got, want)
		}
	}
}
