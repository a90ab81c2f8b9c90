package setup

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
)

const soa = "$ORIGIN example.org.\n@ 60 IN SOA ns root 1 3600 600 86400 60\n@ IN NS ns\nns IN A 192.0.2.53\n"

// The scripts of servers; %s is what they offer for logging in.
const (
	imapTLS   = "TLS\nS: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 %s\nS: a1 OK"
	imapStart = "S: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\nS: a1 OK\nC: a2 STARTTLS\nS: a2 OK\nTLS\n" +
		"C: a3 CAPABILITY\nS: * CAPABILITY IMAP4rev1 %s\nS: a3 OK"
	imapClear = "S: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 %s\nS: a1 OK"
	popTLS    = "TLS\nS: +OK ready\nC: CAPA\nS: +OK\nS: USER\nS: SASL %s\nS: ."
	smtpTLS   = "TLS\nS: 220 mail ESMTP\nC: EHLO\nS: 250-mail\nS: 250 %s"
	smtpStart = "S: 220 mail ESMTP\nC: EHLO\nS: 250-mail\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nTLS\nC: EHLO\nS: 250-mail\nS: 250 %s"
	sieveTLS  = "S: \"IMPLEMENTATION\" \"test\"\nS: \"STARTTLS\"\nS: OK \"ready\"\nC: STARTTLS\nS: OK \"begin\"\nTLS\nS: \"SASL\" \"%s\"\nS: OK \"ready\""
)

// place is a world: a zone, and what answers at host:port. Nothing else does.
type place struct {
	zone    string
	servers map[string]string // host:port to SCRIPT [OFFER] [cert=NAME]
	xml     string            // the document at autoconfig.example.org
}

func (p place) look(t *testing.T, imap, smtp string) *Result {
	t.Helper()
	ca := probetest.NewAuthority()
	dns := dnstest.Start(t, soa+p.zone)
	env := discover.NewEnv(query.New(query.Options{Resolvers: []string{dns.Addr()}}))
	env.Roots, env.ISPDB = ca.Pool, "https://ispdb.invalid/"
	to := map[string]string{}
	for at, what := range p.servers {
		host, _, _ := net.SplitHostPort(at)
		script, offer, _ := strings.Cut(what, "|")
		offer, cert, _ := strings.Cut(offer, "|")
		var side *tls.Config
		switch cert {
		case "":
			side = ca.TLS(90*probetest.Day, host)
		case "self":
			side = (*probetest.Authority)(nil).TLS(90*probetest.Day, host)
		case "old":
			side = ca.TLS(-probetest.Day, host)
		default:
			side = ca.TLS(90*probetest.Day, cert)
		}
		if strings.Contains(script, "%s") {
			script = fmt.Sprintf(script, offer)
		}
		to[at] = probetest.Play(t, side, script).Addr
	}
	if p.xml != "" {
		web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/mail/config-v1.1.xml" {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/xml")
			_, _ = w.Write([]byte(p.xml))
		}))
		web.TLS = ca.TLS(90*probetest.Day, "autoconfig.example.org")
		web.StartTLS()
		t.Cleanup(web.Close)
		to["autoconfig.example.org:443"] = web.Listener.Addr().String()
	}
	hosts := []string{"autoconfig.example.org"}
	for at := range to {
		host, _, _ := net.SplitHostPort(at)
		hosts = append(hosts, host)
	}
	env.ConnectTo = func(hostPort string) string {
		host, _, _ := net.SplitHostPort(hostPort)
		if there, ok := to[hostPort]; ok {
			return there
		} else if slices.Contains(hosts, host) || strings.HasPrefix(host, "closed.") {
			return "127.0.0.1:1" // refuses
		}
		return hostPort
	}
	o := Options{Env: env}
	var err error
	if imap != "" {
		o.IMAP, err = Server(provider.IMAP, imap)
	}
	if smtp != "" && err == nil {
		o.SMTP, err = Server(provider.SMTP, smtp)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Survey(t.Context(), "example.org", o)
}

const mailZone = "@ IN MX 10 mail\nmail IN A 192.0.2.10\n"

func document(user, in, out string) string {
	return `<clientConfig version="1.1"><emailProvider id="example.org"><domain>example.org</domain><displayName>E</displayName>
<incomingServer type="imap"><hostname>` + in +
		`</hostname><port>993</port><socketType>SSL</socketType><authentication>password-cleartext</authentication><username>` + user + `</username></incomingServer>
<outgoingServer type="smtp"><hostname>` + out +
		`</hostname><port>465</port><socketType>SSL</socketType><authentication>password-cleartext</authentication><username>` + user + `</username></outgoingServer>
</emailProvider></clientConfig>`
}

// title is what the catalogue calls a finding.
func title(id string) string {
	e, _ := finding.Lookup(id)
	return e.Title
}

func TestSurvey(t *testing.T) {
	t.Parallel()
	const plain, smtpPlain = "AUTH=PLAIN", "AUTH PLAIN LOGIN"
	for _, test := range []struct {
		name       string
		place      place
		imap, smtp string
		want       []string // what is announced, as it is written
		words      []string // of the report
		never      []string // words that it does not have
	}{
		{name: "everything answers on one host", place: place{mailZone, map[string]string{
			"mail.example.org:993": imapTLS + "|" + plain, "mail.example.org:143": imapStart + "|" + plain,
			"mail.example.org:995": popTLS + "|PLAIN", "mail.example.org:465": smtpTLS + "|" + smtpPlain,
			"mail.example.org:587": smtpStart + "|" + smtpPlain, "mail.example.org:4190": sieveTLS + "|PLAIN"}, ""},
			want: []string{"imaps://mail.example.org", "pop3s://mail.example.org", "submissions://mail.example.org",
				"submission://mail.example.org", "sieve://mail.example.org"},
			words: []string{"143   imap         left out, not needed next to imaps (TLS 1.3 by STARTTLS, login by password)",
				"110: The connection was refused", "No address: imap.example.org smtp.example.org pop.example.org"}},
		{name: "STARTTLS where there is nothing better", place: place{mailZone, map[string]string{
			"mail.example.org:143": imapStart + "|" + plain, "mail.example.org:587": smtpStart + "|" + smtpPlain}, ""},
			want: []string{"imap://mail.example.org", "submission://mail.example.org"}},
		{name: "only names that the certificate covers",
			place: place{mailZone + "imap IN A 192.0.2.10\n@ IN MX 10 mx\nmx IN A 192.0.2.10\n", map[string]string{
				"imap.example.org:993": imapTLS + "|" + plain + "|mx.example.org",
				"mail.example.org:993": imapTLS + "|" + plain + "|mx.example.org",
				"mx.example.org:993":   imapTLS + "|" + plain, "mx.example.org:587": smtpStart + "|" + smtpPlain,
				"mail.example.org:587": smtpStart + "|" + smtpPlain + "|self",
				"mail.example.org:465": smtpTLS + "|" + smtpPlain + "|old"}, ""},
			want: []string{"imaps://mx.example.org", "submission://mx.example.org"},
			words: []string{"993   imaps        left out: " + title("tls-certificate-name") + ": mx.example.org",
				"465   submissions  left out: " + title("tls-certificate-expired"),
				"587   submission   left out: " + title("tls-certificate-selfsigned")}},
		{name: "a host with all of it before one of its own for each",
			place: place{mailZone + "imap IN A 192.0.2.10\n", map[string]string{
				"imap.example.org:993": imapTLS + "|" + plain, "mail.example.org:993": imapTLS + "|" + plain,
				"imap.example.org:465": smtpTLS + "|" + smtpPlain}, ""},
			want:  []string{"imaps://imap.example.org", "submissions://imap.example.org"},
			words: []string{"left out, another host is announced"}},
		{name: "SRV records by their priority",
			place: place{mailZone +
				"_imaps._tcp IN SRV 20 1 993 a\n_imaps._tcp IN SRV 10 1 993 b\n_submission._tcp IN SRV 0 1 587 c\n" +
				"a IN A 192.0.2.11\nb IN A 192.0.2.11\nc IN A 192.0.2.11\n",
				map[string]string{"a.example.org:993": imapTLS + "|" + plain,
					"b.example.org:993": imapTLS + "|" + plain, "c.example.org:993": imapTLS + "|" + plain,
					"c.example.org:587": smtpStart + "|" + smtpPlain}, ""},
			want: []string{"imaps://b.example.org", "submission://c.example.org"}},
		{name: "SRV records before usual names",
			place: place{mailZone + "_imaps._tcp IN SRV 0 1 1993 box\nbox IN A 192.0.2.11\n_pop3s._tcp IN SRV 0 0 0 .\n",
				map[string]string{
					"box.example.org:1993": imapTLS + "|" + plain, "mail.example.org:993": imapTLS + "|" + plain,
					"mail.example.org:465": smtpTLS + "|" + smtpPlain}, ""},
			want:  []string{"imaps://box.example.org:1993", "submissions://mail.example.org"},
			words: []string{"box.example.org (SRV record)"}},
		{name: "settings published before usual names, with the login name",
			place: place{mailZone + "autoconfig IN A 192.0.2.12\n", map[string]string{
				"closed.box.example.net:1": imapClear, "in.example.net:993": imapTLS + "|" + plain,
				"out.example.net:465":  smtpTLS + "|" + smtpPlain,
				"mail.example.org:993": imapTLS + "|" + plain, "mail.example.org:465": smtpTLS + "|" + smtpPlain},
				document("%EMAILLOCALPART%", "in.example.net", "out.example.net")},
			want: []string{"imaps://in.example.net", "submissions://out.example.net", "user %EMAILLOCALPART%"},
			words: []string{"in.example.net (in the settings published)", "Settings are published already: ",
				"autoconfig.example.org/mail/config-v1.1.xml"}},
		{name: "a document whose servers are gone", place: place{mailZone + "autoconfig IN A 192.0.2.12\n", map[string]string{
			"mail.example.org:993": imapTLS + "|" + plain, "mail.example.org:465": smtpTLS + "|" + smtpPlain},
			document("%EMAILADDRESS%", "closed.example.org", "closed.example.org")},
			want:  []string{"imaps://mail.example.org", "submissions://mail.example.org"},
			words: []string{"closed.example.org (in the settings published)\n  993, 143, 995"}},
		{name: "other ways to log in", place: place{mailZone, map[string]string{
			"mail.example.org:993": imapTLS + "|LOGINDISABLED AUTH=GSSAPI AUTH=XOAUTH2",
			"mail.example.org:587": smtpStart + "|AUTH SCRAM-SHA-256 NTLM",
			"mail.example.org:465": smtpTLS + "|AUTH XOAUTH2"}, ""},
			want: []string{"{protocol: imap, host: mail.example.org, port: 993, security: tls, auth: [gssapi]}",
				"{protocol: smtp, host: mail.example.org, port: 587, security: starttls, auth: [password-encrypted, ntlm]}"},
			words: []string{"465   submissions  left out: it takes only OAuth2; write its oauth2: block by hand"}},
		{name: "no encryption, no login, another protocol", place: place{mailZone, map[string]string{
			"mail.example.org:143": imapClear + "|AUTH=PLAIN", "mail.example.org:587": smtpStart + "|SIZE 1000",
			"mail.example.org:993": "S: HTTP/1.1 400 Bad Request", "mail.example.org:465": smtpTLS + "|" + smtpPlain}, ""},
			want: []string{"submissions://mail.example.org"},
			words: []string{"143: STARTTLS is missing", "587   submission   left out: it offers no way to log in",
				"993: " + title("tls-mode-implicit")}},
		{name: "a built-in provider", place: place{"@ IN MX 0 example-org.mail.protection.outlook.com.\n", nil, ""},
			want: []string{"microsoft365"}, words: []string{"which is Microsoft 365: built in"}},
		{name: "given servers alone", place: place{mailZone, map[string]string{
			"mail.example.org:993": imapTLS + "|" + plain, "box.example.net:143": imapStart + "|" + plain,
			"box.example.net:2465": smtpTLS + "|" + smtpPlain}, ""},
			imap: "BOX.example.net.", smtp: "submissions://box.example.net:2465",
			want:  []string{"imap://box.example.net", "submissions://box.example.net:2465"},
			words: []string{"box.example.net (given)"}},
		{name: "one given server before all else",
			place: place{mailZone + "_submissions._tcp IN SRV 0 1 465 mail\n", map[string]string{
				"mail.example.org:993": imapTLS + "|" + plain, "mail.example.org:465": smtpTLS + "|" + smtpPlain,
				"out.example.net:465": smtpTLS + "|" + smtpPlain}, ""},
			smtp: "out.example.net", want: []string{"imaps://mail.example.org", "submissions://out.example.net"}},
		{name: "records that say anything",
			place: place{"@ IN MX 10 192.0.2.10\n@ IN MX 10 mail\nmail IN A 192.0.2.10\n_imaps._tcp IN SRV 0 1 993 x\\010providers.example.net.\n" +
				"_imaps._tcp IN SRV 0 1 993 localhost.\n_submissions._tcp IN SRV 0 1 465 .\n_imap._tcp IN SRV 0 1 0 mail\n",
				map[string]string{
					"mail.example.org:993": imapTLS + "|" + plain, "mail.example.org:465": smtpTLS + "|" + smtpPlain}, ""},
			want:  []string{"imaps://mail.example.org", "submissions://mail.example.org"},
			never: []string{"localhost", "providers", "192.0.2.10 ("}},
		{name: "nothing", place: place{mailZone, map[string]string{"mail.example.org:25": "CLOSE"}, ""},
			words: []string{"993, 143, 995, 110, 465, 587, 4190: The connection was refused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			seen := test.place.look(t, test.imap, test.smtp)
			d := seen.Draft()
			d.ServiceHost = "autoconfig.example.org"
			var got []string
			for _, s := range slices.Concat(d.Incoming, d.Outgoing, d.Sieve) {
				got = append(got, short(s))
			}
			if d.Builtin != nil {
				got = append(got, d.Builtin.ID)
			}
			if d.Username != "" {
				got = append(got, "user "+d.Username)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("announced -want +got:\n%s", diff)
			}
			report := ""
			for _, l := range seen.Lines() {
				report += l.Head + l.Text + "\n"
			}
			for _, words := range test.words {
				if !strings.Contains(report, words) {
					t.Errorf("the report does not say %q:\n%s", words, report)
				}
			}
			for _, words := range test.never {
				if strings.Contains(report, words) {
					t.Errorf("the report says %q:\n%s", words, report)
				}
			}
			if seen.Complete() || d.Builtin != nil {
				loads(t, d)
			}
		})
	}
}

// loads checks that a draft is a configuration without errors and warnings,
// which serves what the draft says.
func loads(t *testing.T, d Draft) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(path, d.YAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := config.Load(path)
	if len(found) > 0 {
		t.Fatalf("%v\n%s", found, d.YAML())
	}
	for n, line := range strings.Split(string(d.YAML()), "\n") {
		if len(line) > 120 {
			t.Errorf("line %d is long: %s", n+1, line)
		}
	}
	if d.Builtin != nil {
		return
	}
	p := cfg.Model()[0]
	var got, want []string
	for _, s := range p.AllServers() {
		got = append(got, short(s))
	}
	for _, s := range slices.Concat(d.Incoming, d.Outgoing, d.Sieve) {
		want = append(want, short(s))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-draft +configuration:\n%s\n%s", diff, d.YAML())
	}
}

// What a person gives is text in the file, never syntax.
func TestYAML(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Müller & Söhne", `"quoted" 'both' \ back`, "a: b # c", "- x", "{}",
		"%EMAILADDRESS% ", "1.5", "null", "*x", "日本"} {
		d := Draft{Domain: "example.org", ServiceHost: "autoconfig.example.org", Name: name, ACME: "root@example.org",
			Incoming: Offline(&provider.Server{Protocol: provider.IMAP, Host: "mail.example.org"}),
			Outgoing: Offline(&provider.Server{Protocol: provider.SMTP, Host: "mail.example.org"})}
		path := filepath.Join(t.TempDir(), "autoconfig.yaml")
		if err := os.WriteFile(path, d.YAML(), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, found := config.Load(path)
		if got := cfg.Model()[0].Name; config.Failed(found) && !strings.Contains(name, "%") || got != name && name != "" {
			t.Errorf("%q became %q: %v", name, got, found)
		}
		if cfg.ListenTLS != ":443" || cfg.TLS.ACME == nil {
			t.Errorf("no certificates of its own: %s", d.YAML())
		}
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	if got := short(provider.Server{Protocol: provider.IMAP, Host: "h.example", Port: 143,
		Security: provider.Plain}); !strings.Contains(got, "security: plain") {
		t.Errorf("without encryption: %s", got)
	}
	for text, want := range map[string]string{
		"mail.example.org": "imap mail.example.org:0 ", "Mail.Example.ORG.:993": "imap mail.example.org:993 tls",
		"mail.example.org:143": "imap mail.example.org:143 starttls", "pop.example.org:995": "pop3 pop.example.org:995 tls",
		"imap://mail.example.org":      "imap mail.example.org:143 starttls",
		"pop3s://pop.example.org:1995": "pop3 pop.example.org:1995 tls",
		"mail.example.org:10993":       "imap mail.example.org:10993 tls", "bücher.example": "imap xn--bcher-kva.example:0 ",
		"": "", "mail.example.org:": "", "mail.example.org:0": "", "mail.example.org:70000": "",
		"http://mail.example.org":       "",
		"submission://mail.example.org": "", "imaps://": "", "imaps://u@mail.example.org": "", "a b": "",
		"mail.example.org/x":   "",
		"mail.example.org:465": "", "mail.example.org:587": "", "imaps://mail.example.org:465": "",
		"imap://mail.example.org:587": "",
	} {
		s, err := Server(provider.IMAP, text)
		got := ""
		if err == nil {
			got = fmt.Sprintf("%s %s:%d %s", s.Protocol, s.Host, s.Port, s.Security)
		}
		if got != want {
			t.Errorf("%q: %q (%v), want %q", text, got, err, want)
		}
	}
}

// A resolver that is down, and a domain that is not there, end the look at once.
func TestSurveyWithoutDNS(t *testing.T) {
	t.Parallel()
	env := &discover.Env{MX: func(context.Context, string) ([]string, error) { return nil, provider.ErrUnavailable }}
	if seen := Survey(t.Context(), "example.org", Options{Env: env}); !errors.Is(seen.MXErr, provider.ErrUnavailable) ||
		len(seen.Hosts) > 0 {
		t.Errorf("%+v", seen)
	}
	dns := dnstest.Start(t, soa)
	env = discover.NewEnv(query.New(query.Options{Resolvers: []string{dns.Addr()}}))
	if seen := Survey(t.Context(), "nosuch.example.org", Options{Env: env}); !seen.Unknown || len(seen.Hosts) > 0 {
		t.Errorf("%+v", seen)
	}
}
