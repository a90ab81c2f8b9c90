package discover

import (
	"crypto/x509"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"autoconfig/autodiscover"
	"autoconfig/finding"
	"autoconfig/provider"
)

func ids(list []finding.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ours is the provider that the document names.
func ours() *provider.Provider {
	server := func(p provider.Protocol, host string, port uint16, s provider.Security) provider.Server {
		return provider.Server{Protocol: p, Host: host, Port: port, Security: s, Auth: []provider.Auth{provider.AuthPassword},
			Username: provider.EmailAddress}
	}
	return &provider.Provider{Incoming: []provider.Server{server(provider.IMAP, "imap.%EMAILDOMAIN%", 993, provider.TLS)},
		Outgoing: []provider.Server{server(provider.SMTP, "smtp.%EMAILDOMAIN%", 587, provider.STARTTLS)}}
}

// fault is a planted fault and what is found.
type fault struct {
	name    string
	records []string
	answers map[string]reply
	clients string
	prepare func(w *web)
	meant   *provider.Provider
	byMX    *provider.Provider
	want    []string
}

func faultRows() []fault {
	type answers = map[string]reply
	good := func(more answers) answers {
		if _, set := more[isp1]; !set {
			more[isp1] = reply{body: document}
		}
		return more
	}
	spoilt := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			if name == "" {
				c.NotAfter = time.Now().Add(-time.Minute)
				return
			}
			c.DNSNames = []string{name}
		}
	}
	srvGood := []string{"_imaps._tcp SRV 0 1 993 imap", "_submission._tcp SRV 0 1 587 smtp"}
	return []fault{
		{name: "all is well", records: srvGood, answers: good(answers{}),
			clients: "thunderbird geary deltachat aerc srv thunderbird-android", meant: ours(), byMX: nil, want: nil},
		{name: "nothing", clients: "thunderbird outlook", want: []string{"discover-settings-none"}},
		{name: "certificate of another name", records: srvGood, clients: "thunderbird srv",
			answers: answers{isp3: {body: document}},
			prepare: func(w *web) { w.bad["autoconfig.example.test"] = spoilt("example.test") },
			want:    []string{"discover-certificate-name", "discover-https-missing"}},
		{name: "expired certificate", clients: "thunderbird", answers: answers{isp2: {body: document}},
			prepare: func(w *web) { w.bad["autoconfig.example.test"] = spoilt("") },
			want:    []string{"discover-certificate-expired"}},
		{name: "self-signed certificate", clients: "thunderbird", answers: answers{isp2: {body: document}},
			prepare: func(w *web) { w.unsigned["autodiscover.example.test"] = true },
			want:    []string{"discover-certificate-untrusted"}},
		{name: "page where 404 belongs", clients: "thunderbird", answers: good(answers{isp2: {kind: "text/html", body: "<html>hello</html>"}}), want: []string{"discover-page-not-404"}},
		{name: "page at Autodiscover", clients: "outlook",
			answers: answers{"POST " + pox2: {kind: "text/html", body: "<!DOCTYPE html>"}, "POST " + pox1: poxSettings("imap")},
			want:    []string{"discover-page-not-404"}},
		{name: "wrong type", clients: "thunderbird geary", answers: answers{isp1: {kind: "application/octet-stream", body: document}}, want: []string{"discover-content-type"}},
		{name: "malformed", clients: "geary aerc", answers: answers{isp1: {body: "<clientConfig>"}, isp2: {body: document}},
			want: []string{"discover-document-malformed"}},
		{name: "empty", clients: "aerc", answers: answers{isp1: {body: "<clientConfig/>"}, isp2: {body: document}},
			want: []string{"discover-document-empty"}},
		{name: "refused by one", clients: "thunderbird aerc", answers: answers{isp1: {body: edit("<port>", `<port a="b">`)}},
			want: []string{"discover-document-refused"}},
		{name: "server error", clients: "thunderbird", answers: good(answers{"POST " + pox1: {status: 500}}),
			want: []string{"discover-server-error"}},
		{name: "redirect loop", clients: "thunderbird", answers: answers{isp1: {status: 302, location: isp1},
			isp2: {body: document}}, want: []string{"discover-redirect-loop"}},
		{name: "redirect to http", clients: "thunderbird", answers: answers{isp1: {status: 302, location: isp3},
			isp3: {body: document}}, want: []string{"discover-redirect-downgrade"}},
		{name: "private address", clients: "geary", records: []string{"x A 192.0.2.1"},
			answers: answers{isp1: {status: 302, location: "https://127.0.0.1:1/"}, ispdb: {body: document}},
			want:    []string{"discover-address-private"}},
		{name: "http only", clients: "evolution", answers: answers{isp3: {body: document}},
			want: []string{"discover-https-missing"}},
		{name: "SRV differs", clients: "thunderbird srv",
			records: []string{"_imaps._tcp SRV 0 1 993 other", "_submission._tcp SRV 0 1 587 smtp"}, answers: good(answers{}),
			want: []string{"discover-clients-disagree", "discover-srv-differs"}},
		{name: "placeholder in a host name", clients: "geary evolution",
			answers: answers{isp1: {body: edit("imap.example", "imap.%EMAILDOMAIN%.example")}},
			want:    []string{"discover-clients-disagree", "discover-settings-broken"}},
		{name: "plain", clients: "aerc", answers: answers{isp1: {body: edit("SSL", "plain")}},
			want: []string{"discover-settings-plain"}},
		{name: "guessed", clients: "deltachat", prepare: func(w *web) {
			w.open["imap.example.test:993"], w.open["smtp.example.test:587"] = true, true
		}, want: []string{"discover-settings-guessed"}},
		{name: "Autodiscover at Microsoft", clients: "thunderbird",
			records: []string{"_autodiscover._tcp SRV 0 0 443 autodiscover.outlook.com."}, answers: good(answers{}),
			want: []string{"discover-autodiscover-microsoft"}},
		{name: "Autodiscover elsewhere", clients: "thunderbird",
			records: []string{"_autodiscover._tcp SRV 0 0 443 pox.foreign.test."}, answers: good(answers{}),
			want: []string{"discover-host-foreign"}},
		{name: "the exchanger has another document", clients: "thunderbird", records: []string{"@ MX 10 mx.hoster.test."},
			answers: good(answers{"https://autoconfig.hoster.test/mail/config-v1.1.xml": {body: edit("imap.example.test", "imap.hoster.test")}}), want: []string{"discover-autoconfig-contradicts-mx"}},
		{name: "the exchanger has the same document", clients: "thunderbird", records: []string{"@ MX 10 mx.hoster.test."},
			answers: good(answers{"https://autoconfig.hoster.test/mail/config-v1.1.xml": {body: document}}), want: nil},
		{name: "the exchanger belongs to a known provider", clients: "thunderbird",
			records: []string{"@ MX 10 mx.hoster.test."}, answers: good(answers{}),
			byMX: &provider.Provider{Incoming: []provider.Server{{Protocol: provider.IMAP, Host: "imap.hoster.test", Port: 993,
				Security: provider.TLS}}}, want: []string{"discover-autoconfig-contradicts-mx"}},
		{name: "the exchanger's provider agrees", clients: "thunderbird", records: []string{"@ MX 10 mx.hoster.test."},
			answers: good(answers{}), byMX: ours(), want: nil},
		{name: "left over from a web hoster", clients: "thunderbird", records: []string{"@ MX 10 mx.hoster.test."},
			answers: good(answers{}), want: []string{"discover-autoconfig-stale"}},
		{name: "mail in the domain itself", clients: "thunderbird", records: []string{"@ MX 10 mx.example.test."},
			answers: good(answers{}), want: nil},
		{name: "not what is configured", clients: "thunderbird", answers: answers{isp1: named("other")}, meant: ours(),
			want: []string{"discover-model-differs"}},
		{name: "name servers that fail", clients: "thunderbird", answers: good(answers{}),
			prepare: func(w *web) { w.dns.Fail("", dns.RcodeServerFailure) }, want: []string{"discover-dns-failed"}},
		{name: "no network", clients: "srv outlook", prepare: func(w *web) {
			w.env.ConnectTo = nil
			w.dns.Fail("", dns.RcodeRefused)
		}, want: []string{"discover-dns-failed", "discover-network-failed"}},
		{name: "a name that refuses", clients: "thunderbird outlook", answers: answers{isp2: {body: document}},
			prepare: closed("autoconfig.example.test", "autodiscover.example.test"),
			want:    []string{"discover-host-refused"}},
		{name: "the domain's own web site refuses", clients: "thunderbird outlook", answers: good(answers{}),
			prepare: closed("example.test"), want: nil},
		{name: "404 where nothing else is", clients: "thunderbird",
			want: []string{"discover-path-missing", "discover-settings-none"}},
		{name: "not HTTP", clients: "thunderbird", answers: good(answers{"POST " + pox1: {handler: notHTTP}}),
			want: []string{"discover-answer-garbled"}},
		{name: "403", clients: "thunderbird", answers: answers{isp1: {status: 403}, isp2: {body: document}},
			want: []string{"discover-path-status"}},
		{name: "a POST alone", clients: "deltachat", answers: answers{pox1: {status: 405}, ispdb: {body: document}},
			want: []string{"discover-path-status"}},
		{name: "an Autodiscover error", clients: "outlook", answers: answers{"POST " + pox2: poxFault(603),
			"POST " + pox1: poxSettings("imap")}, want: []string{"discover-autodiscover-error"}},
		{name: "no Exchange, by design", clients: "outlook-new apple", answers: answers{"POST " + pox1: poxFault(601), "POST " + pox2: poxFault(601)}, want: []string{"discover-settings-none"}},
		{name: "PACC without its digest", clients: "pacc",
			answers: answers{"https://ua-auto-config.example.test/.well-known/user-agent-configuration.json": {kind: "application/json", body: `{"protocols":{"imap":{"host":"a.example.test"}}}`}},
			want:    []string{"discover-pacc-digest", "discover-settings-none"}},
	}
}

// closed makes the https ports of hosts refuse connections.
func closed(hosts ...string) func(*web) {
	return func(w *web) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			w.t.Fatal(err)
		}
		nobody, to := l.Addr().String(), w.env.ConnectTo
		_ = l.Close()
		w.env.ConnectTo = func(hostPort string) string {
			if host, port, _ := net.SplitHostPort(hostPort); port == "443" && slices.Contains(hosts, host) {
				return nobody
			}
			return to(hostPort)
		}
	}
}

func poxFault(code int) reply {
	return reply{body: string(autodiscover.EncodeError(autodiscover.NewError(code), time.Now()))}
}

// TestLevels: a name that answers 404 is a warning where another way works, and
// no more when the domain is served and no name of it answers.
func TestLevels(t *testing.T) {
	t.Parallel()
	srv := []string{"_imaps._tcp SRV 0 1 993 imap", "_submission._tcp SRV 0 1 587 smtp"}
	for name, row := range map[string]struct {
		answers map[string]reply
		meant   *provider.Provider
		want    finding.Level
	}{
		"another name works":            {map[string]reply{isp1: {body: document}}, ours(), finding.Warn},
		"SRV alone works, and is meant": {nil, ours(), finding.Fail},
		"SRV alone works":               {nil, nil, finding.Warn},
	} {
		w := newWeb(t, srv...)
		if row.answers != nil {
			w.answers = row.answers
		}
		r := w.run("thunderbird", "srv")
		found := r.Findings(row.meant, nil)
		i := slices.IndexFunc(found, func(f finding.Finding) bool { return f.ID == "discover-path-missing" })
		if i < 0 || found[i].Level != row.want || !strings.HasPrefix(found[i].Got[0], "404") {
			t.Errorf("%s: want %s in %+v", name, row.want, found)
		}
	}
}

// TestDocumentFindings: what is wrong with a document is named by its URL and
// the place in it, once, whoever met it.
func TestDocumentFindings(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.answers[isp1] = reply{body: edit("%EMAILADDRESS%", "${email}", "993", "143")}
	got := map[string]string{}
	for _, f := range w.run().Findings(nil, nil) {
		got[f.ID] += f.Subject
	}
	for id, want := range map[string]string{"mozilla-username-placeholder": isp1 + " incomingServer[1]/username",
		"mozilla-port-security": isp1 + " incomingServer[1]/port"} {
		if got[id] != want {
			t.Errorf("%s: %q, want %q", id, got[id], want)
		}
	}
	if !strings.Contains(got["discover-settings-broken"], "imap imap.example.test:143") {
		t.Errorf("%v", got)
	}
}

// TestBuiltinDomain: nobody is told to publish what is Microsoft's to publish.
func TestBuiltinDomain(t *testing.T) {
	t.Parallel()
	r := &Report{domain: "live.co.uk", Clients: []Result{{Client: "thunderbird", Steps: []Step{
		{Fault: FaultCertName, Result: StepError, kind: autoconfig, host: "autoconfig.live.co.uk",
			url: "https://autoconfig.live.co.uk/mail/config-v1.1.xml"},
		{Fault: FaultAbsent, Result: StepNone, kind: autoconfig, host: "ispdb.test",
			url: "https://ispdb.test/v1.1/live.co.uk"},
	}}}}
	found := r.Findings(nil, nil)
	if got := ids(found); !slices.Equal(got,
		[]string{"discover-certificate-name", "discover-domain-builtin", "discover-settings-none"}) {
		t.Errorf("%v", got)
	}
	for _, f := range found {
		if f.Fix != "" {
			t.Errorf("%s: do: %s", f.ID, f.Fix)
		}
	}
}

// TestFindings plants one fault at a time and wants it named, and nothing else.
func TestFindings(t *testing.T) {
	t.Parallel()
	for _, row := range faultRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWeb(t, row.records...)
			if row.answers != nil {
				w.answers = row.answers
			}
			if row.prepare != nil {
				row.prepare(w)
			}
			r := w.run(strings.Fields(row.clients)...)
			r.Compare(row.meant)
			found := r.Findings(row.meant, row.byMX)
			got := slices.DeleteFunc(ids(found),
				func(id string) bool { // what the format says, and the 404s that the other names answer, aside
					return !strings.HasPrefix(id, "discover-") || id == "discover-path-missing" && !slices.Contains(row.want, id)
				})
			if !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v\n%v", got, row.want, found)
				for _, c := range r.Clients {
					t.Logf("%s %s\n%s", c.Client, verdict(c), steps(c))
				}
			}
			for _, f := range found {
				if strings.Contains(f.String()+strings.Join(f.Got, ""), "user@") {
					t.Errorf("%+v has the local part in it", f)
				}
			}
		})
	}
}

// TestEveryFinding: each entry of the catalogue is planted by a test.
func TestEveryFinding(t *testing.T) {
	t.Parallel()
	planted := []string{"discover-autoconfig-hangs", "discover-autodiscover-hangs", "discover-tls", "discover-host-hangs",
		"discover-domain-builtin"} // TestHangs, TestBuiltinDomain
	for _, row := range faultRows() {
		planted = append(planted, row.want...)
	}
	for _, e := range finding.Catalogue() {
		if strings.HasPrefix(e.ID, "discover-") && !slices.Contains(planted, e.ID) {
			t.Errorf("%s is never planted", e.ID)
		}
	}
}

// TestHangs: a host that does not answer is named, by what is asked of it.
func TestHangs(t *testing.T) {
	t.Parallel()
	r := &Report{domain: "example.test", Clients: []Result{{Client: "thunderbird", Settings: &Settings{}, Steps: []Step{
		{Fault: FaultTimeout, kind: poxPost, host: "autodiscover.example.test"},
		{Fault: FaultTimeout, kind: autoconfig, host: "autoconfig.example.test"},
		{Fault: FaultTimeout, kind: autoconfig, host: "autoconfig.hoster.test"},
		{Fault: FaultTLS, kind: autoconfig, host: "example.test"},
		{Fault: FaultTimeout, kind: paccFetch, host: "ua-auto-config.example.test"},
	}}}}
	want := []string{"discover-autoconfig-hangs", "discover-autodiscover-hangs", "discover-host-hangs", "discover-tls"}
	if got := ids(r.Findings(nil, nil)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestDisagreements: who found what, and what was meant.
func TestDisagreements(t *testing.T) {
	t.Parallel()
	w := newWeb(t, "_imaps._tcp SRV 0 1 993 other", "_submission._tcp SRV 0 1 587 smtp")
	w.answers[isp1] = reply{body: edit(username, "<username>%EMAILLOCALPART%</username>")}
	r := w.run("thunderbird", "geary", "srv")
	r.Compare(ours())
	want := []Disagreement{
		{"incoming", []Value{{"imap imap.example.test:993 tls", []string{"thunderbird", "geary", Configuration}},
			{"imap other.example.test:993 tls", []string{"srv"}}}},
		{"user name", []Value{{"user", []string{"thunderbird"}}, {"user@example.test", []string{"geary", "srv"}}}},
	}
	if diff := cmp.Diff(want, r.Disagreements); diff != "" {
		t.Error(diff)
	}
	r = w.run("srv")
	r.Compare(ours())
	if len(r.Disagreements) != 1 || r.Disagreements[0].Values[1].Clients[0] != Configuration {
		t.Errorf("one client against the configuration: %+v", r.Disagreements)
	}
	r.Compare(nil)
	if len(r.Disagreements) != 0 {
		t.Errorf("one client alone: %+v", r.Disagreements)
	}
}

// TestJSON: the keys that scripts read.
func TestJSON(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.answers[isp1] = reply{body: document}
	r := w.run("geary", "srv")
	for i := range r.Clients {
		for j := range r.Clients[i].Steps {
			r.Clients[i].Steps[j].MS = 7
		}
	}
	r.DropTrace()
	r.Clients[1].Steps = nil
	got, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "address": "user@example.test",
 "clients": [
  {
   "client": "geary",
   "title": "Geary 43",
   "verdict": "found",
   "line": "imap imap.example.test:993 tls, smtp smtp.example.test:587 starttls, from GET https://autoconfig.example.test/mail/config-v1.1.xml",
   "settings": {
    "incoming": {
     "protocol": "imap",
     "host": "imap.example.test",
     "port": 993,
     "security": "tls",
     "auth": [
      "password"
     ],
     "username": "user@example.test"
    },
    "outgoing": {
     "protocol": "smtp",
     "host": "smtp.example.test",
     "port": 587,
     "security": "starttls",
     "auth": [
      "password"
     ],
     "username": "user@example.test"
    },
    "verified": true,
    "from": "GET https://autoconfig.example.test/mail/config-v1.1.xml"
   },
   "steps": [
    {
     "what": "GET https://autoconfig.example.test/mail/config-v1.1.xml",
     "result": "ok",
     "ms": 7,
     "why": "imap imap.example.test:993 tls, smtp smtp.example.test:587 starttls",
     "used": true
    }
   ],
   "checked": "43.0, measured 2026-11-23"
  },
  {
   "client": "srv",
   "title": "SRV client (RFC 6186)",
   "verdict": "nothing",
   "line": "finds nothing, so people type the settings in",
   "steps": null,
   "checked": "RFC 6186, RFC 8314; Claws Mail 4.1.1, measured 2026-11-23"
  }
 ],
 "disagreements": []
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
