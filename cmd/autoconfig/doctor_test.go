package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/discover"
	"autoconfig/discover/probe"
	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
)

const (
	// the test's own domain; nobody else's name has an address here
	doctorZone = `$ORIGIN example.org.
@ 3600 IN SOA ns hostmaster 1 7200 3600 1209600 300
@ IN NS ns
ns IN A 192.0.2.53
@ IN MX 10 mail
mail IN A 192.0.2.10
autoconfig IN A 192.0.2.11
_imaps._tcp IN SRV 0 1 993 mail
_submission._tcp IN SRV 0 1 587 mail
_sieve._tcp IN SRV 0 1 4190 mail
`
	doctorXML = `<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="example.org"><domain>example.org</domain><displayName>Example</displayName>
<incomingServer type="imap"><hostname>mail.example.org</hostname><port>993</port><socketType>SSL</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></incomingServer>
<outgoingServer type="smtp"><hostname>mail.example.org</hostname><port>587</port><socketType>STARTTLS</socketType><authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>`

	imapScript = `TLS
		MEET
		S: * OK ready
		C: a1 CAPABILITY
		S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN
		S: a1 OK done
		`
	smtpScript = `MEET
		S: 220 mail.example.org ESMTP
		C: EHLO
		S: 250-mail.example.org
		S: 250 STARTTLS
		C: STARTTLS
		S: 220 go
		TLS
		C: EHLO
		S: 250-mail.example.org
		S: 250 AUTH PLAIN LOGIN
		`
	sieveScript = `MEET
		S: "IMPLEMENTATION" "test"
		S: "STARTTLS"
		S: OK "ready"
		C: STARTTLS
		S: OK "begin"
		TLS
		S: "SASL" "PLAIN"
		S: OK "ready"
		`
	acceptIMAP = "C: a2 AUTHENTICATE PLAIN\nS: a2 OK"
	refuseSMTP = "C: AUTH PLAIN\nS: 535 5.7.8 Error: authentication failed"
)

// world is a mail domain on loopback ports: its DNS, its web server and its
// mail servers.
type world struct {
	dns  *dnstest.Server
	ca   *probetest.Authority
	web  string
	late time.Duration
	args []string // the flags that lead there
}

func newWorld(t testing.TB, web http.HandlerFunc) *world {
	t.Helper()
	return newWorldOf(t, probetest.NewAuthority(), web)
}

func newWorldOf(t testing.TB, ca *probetest.Authority, web http.HandlerFunc) *world {
	t.Helper()
	w := &world{dns: dnstest.Start(t, doctorZone), ca: ca}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: web, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: w.ca.TLS(90*probetest.Day, "autoconfig.example.org", "example.org")}
	go func() { _ = server.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	w.web = l.Addr().String()
	w.args = []string{"--resolver", w.dns.Addr(), "--ca", w.ca.Root(t), "--connect-to", "autoconfig.example.org:443:" +
		w.web, "--connect-to", "autoconfig.example.org::127.0.0.1:1", "--connect-to", "mail.example.org::127.0.0.1:1"}
	return w
}

func (w *world) tls() *tls.Config { return w.ca.TLS(90*probetest.Day, "mail.example.org") }

// mail leads a port of mail.example.org to a scripted server.
func (w *world) mail(t testing.TB, port string, config *tls.Config, script string,
	m *probetest.Meeting) *probetest.Server {
	t.Helper()
	s := probetest.Play(t, config, script, probetest.Meets(m), probetest.Late(w.late))
	w.args = append(w.args, "--connect-to", "mail.example.org:"+port+":"+s.Addr)
	return s
}

// healthy plays the three servers that the zone and the document name.
func (w *world) healthy(t testing.TB, m *probetest.Meeting) (imap, smtp *probetest.Server) {
	t.Helper()
	imap = w.mail(t, "993", w.tls(), imapScript+acceptIMAP, m)
	smtp = w.mail(t, "587", w.tls(), smtpScript+refuseSMTP, m)
	w.mail(t, "4190", w.tls(), sieveScript, m)
	return imap, smtp
}

// doctor runs the command in an empty folder and returns what it prints.
func (w *world) doctor(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs,
		env: func(string) (string, bool) { return "", false }}
	status = a.main(t.Context(), append(append([]string{"doctor"}, w.args...), args...))
	return out.String(), errs.String(), status
}

// report runs the doctor with --json and returns its findings by id.
func (w *world) report(t testing.TB, args ...string) (map[string][]finding.Finding, int) {
	t.Helper()
	stdout, stderr, status := w.doctor(t, append(args, "--json")...)
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	var r finding.Report
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, stdout, stderr)
	}
	if r.Domain != "example.org" || r.Summary != finding.Summarize(r.Findings) {
		t.Errorf("report of %s: %+v", r.Domain, r.Summary)
	}
	out := map[string][]finding.Finding{}
	for _, f := range r.Findings {
		out[f.ID] = append(out[f.ID], f)
	}
	return out, status
}

// servesXML is the web server of a domain with an autoconfig document.
func servesXML(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/mail/config-v1.1.xml" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = io.WriteString(w, doctorXML)
}

// The servers are visited at the same time: none of them answers before all
// have been visited.
func TestDoctorVisitsTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, servesXML)
	w.healthy(t, probetest.NewMeeting(3))
	found, _ := w.report(t, "jo@example.org")
	for _, id := range []string{"imap-server-ready", "smtp-server-ready", "sieve-server-ready"} {
		if len(found[id]) != 1 {
			t.Errorf("%s: %v", id, found[id])
		}
	}
	if w.dns.Queries() == 0 || len(found) < 4 {
		t.Errorf("no records were looked at: %v", found)
	}
}

// Servers that the configuration names do not wait for discovery: here the web
// server answers only when they have been visited.
func TestDoctorVisitsBesideDiscovery(t *testing.T) {
	t.Parallel()
	m := probetest.NewMeeting(3)
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mail/config-v1.1.xml" {
			m.Join("the web")
		}
		servesXML(rw, r)
	})
	config := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(config,
		[]byte("providers:\n  - domains: [example.org]\n    incoming: [imaps://mail.example.org]\n    outgoing: [submission://mail.example.org]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.healthy(t, m)
	found, _ := w.report(t, "jo@example.org", "--config", config)
	for _, id := range []string{"imap-server-ready", "smtp-server-ready"} {
		if len(found[id]) != 1 {
			t.Errorf("%s: %v", id, found[id])
		}
	}
}

func passwordFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const inBase64 = "AGpvQGV4YW1wbGUub3JnAHNlY3JldA==" // \0jo@example.org\0secret

// The password goes to each server that came over verified https, once.
func TestDoctorLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, servesXML)
	imap, smtp := w.healthy(t, probetest.NewMeeting(3))
	found, _ := w.report(t, "jo@example.org", "--password-file", passwordFile(t))
	if len(found["imap-login-accepted"]) != 1 || len(found["smtp-auth-failed"]) != 1 || imap.Heard(inBase64) != 1 ||
		smtp.Heard(inBase64) != 1 {
		t.Errorf("%v\nIMAP heard %q\nSMTP heard %q", found, imap.Said(), smtp.Said())
	}
	if f := found["sieve-login-withheld"]; len(f) != 1 || !strings.Contains(f[0].Cause, "verified https") {
		t.Errorf("the ManageSieve server, known from DNS alone: %v", f)
	}
}

// foreignWorld is a domain whose document names a server of another domain,
// which accepts the password.
func foreignWorld(t *testing.T) (*world, *probetest.Server) {
	t.Helper()
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mail/config-v1.1.xml" {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(rw, strings.ReplaceAll(doctorXML, "mail.example.org", "mail.hoster.example"))
	})
	s := probetest.Play(t, w.ca.TLS(90*probetest.Day, "mail.hoster.example"), imapScript+acceptIMAP,
		probetest.Meets(probetest.NewMeeting(1)))
	w.args = append(w.args, "--connect-to", "mail.hoster.example:993:"+s.Addr, "--connect-to",
		"mail.hoster.example::127.0.0.1:1")
	return w, s
}

// A host of another domain gets no password unless it is named.
func TestDoctorForeignHost(t *testing.T) {
	t.Parallel()
	w, s := foreignWorld(t)
	found, _ := w.report(t, "jo@example.org", "--password-file", passwordFile(t))
	if len(found["imap-login-withheld"]) != 1 || s.Heard(inBase64) != 0 {
		t.Errorf("%v, heard %q", found["imap-login-withheld"], s.Said())
	}
	found, _ = w.report(t, "jo@example.org", "--password-file", passwordFile(t), "--login-host", "mail.hoster.example")
	if len(found["imap-login-accepted"]) != 1 || s.Heard(inBase64) != 1 {
		t.Errorf("named: %v, heard %q", found, s.Said())
	}
}

// What people see: a first line that counts, and what is wrong first.
func TestDoctorPrints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, servesXML)
	m := probetest.NewMeeting(1)
	w.mail(t, "993", w.ca.TLS(-probetest.Day, "mail.example.org"), imapScript, m)
	w.mail(t, "587", w.tls(), smtpScript, m)
	w.mail(t, "4190", w.tls(), sieveScript, m)
	stdout, stderr, status := w.doctor(t, "jo@example.org", "-v", "--have", "mail.example.org:143/tls")
	for _, want := range []string{
		"What you have typed in\n", "[have-port-mode]", "What mail programs find\n", "Records in DNS\n", "Mail servers\n",
		"FAIL  imap mail.example.org:993: The certificate has expired\n",
		"The certificate has expired [tls-certificate-expired]\n",
		"ok    smtp mail.example.org:587: it answers with TLS 1.3",
		"smtp mail.example.org:587 offers before STARTTLS: STARTTLS\n", "example.org: ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s%s", want, stdout, stderr)
		}
	}
	if status != exitProblem {
		t.Errorf("status %d", status)
	}
}

// BenchmarkDoctorLate: everything answers 300 ms late. The metric is how many
// times its longest chain of steps the whole run takes: the check of the records,
// the walk of the slowest client, or the walk of the first client to name the
// slowest server with the visit to it. One after the other, the parts would take
// several times that.
func BenchmarkDoctorLate(b *testing.B) {
	const late = 300 * time.Millisecond
	w := newWorld(b, func(rw http.ResponseWriter, r *http.Request) { time.Sleep(late); servesXML(rw, r) })
	w.late = late
	w.dns.Slow("", late)
	w.healthy(b, probetest.NewMeeting(1))
	longest, sum := w.chains(b)
	for b.Loop() {
		w.doctor(b, "jo@example.org")
	}
	took := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(took.Seconds()/longest.Seconds(), "longest-chains/op")
	b.ReportMetric(took.Seconds()/sum.Seconds(), "sums/op")
}

// chains times the longest chain of steps of a run, and the sum of the check, the
// clients' walks and the visits, each on its own.
func (w *world) chains(b *testing.B) (longest, sum time.Duration) {
	b.Helper()
	n := network{resolvers: []string{w.dns.Addr()}, connect: connections{}}
	for i, arg := range w.args {
		if arg == "--connect-to" {
			if err := n.connect.add(w.args[i+1]); err != nil {
				b.Fatal(err)
			}
		}
	}
	dns := n.dnsClient(nil, 0)
	env := discover.NewEnv(dns)
	env.Roots, env.ConnectTo = w.ca.Pool, n.connect.to
	var mu sync.Mutex
	named := map[string]time.Duration{}
	servers := map[string]provider.Server{}
	start := time.Now()
	env.Done = func(r discover.Result) {
		mu.Lock()
		defer mu.Unlock()
		took := time.Since(start)
		sum += took
		longest = max(longest, took)
		if r.Settings == nil {
			return
		}
		for _, s := range []*discover.Server{r.Settings.Incoming, r.Settings.Outgoing} {
			if s, ok := s.Mail(); ok && servers[probe.Key(s)].Host == "" {
				named[probe.Key(s)], servers[probe.Key(s)] = took, s
			}
		}
	}
	if _, err := discover.Run(b.Context(), env, provider.Address{Local: "jo", Domain: "example.org"}); err != nil {
		b.Fatal(err)
	}
	prober := probe.New(probe.Options{Env: env})
	for key, s := range servers {
		start := time.Now()
		prober.Run(b.Context(), probe.Target{Server: s})
		took := time.Since(start)
		sum += took
		longest = max(longest, named[key]+took)
	}
	a := &app{stderr: io.Discard}
	if err := a.load(); err != nil {
		b.Fatal(err)
	}
	start = time.Now()
	service.NewRecordCheck(a.data, dns, dnssrv.PlanOptions{TTL: dnssrv.DefaultTTL}, false, nil).Domain(b.Context(),
		"example.org")
	took := time.Since(start)
	return max(longest, took), sum + took
}
