package discover

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"autoconfig/provider"
)

// step1 is how a client's first step at autoconfig.example.test ended.
func step1(t *testing.T, r Result) Step {
	t.Helper()
	for _, s := range r.Steps {
		if s.host == "autoconfig.example.test" {
			return s
		}
	}
	t.Fatalf("%s did not ask", r.Client)
	return Step{}
}

// TestHostileAnswers: whatever stands at the first place, the second is found
// by those who look there, and nothing hangs, grows or leaks.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	bomb := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><clientConfig>&b;</clientConfig>`
	for name, row := range map[string]struct {
		answer reply
		fault  Fault
	}{
		"huge body":          {reply{handler: endless(1 << 40)}, FaultMalformed},
		"64 KiB and one":     {reply{body: document + strings.Repeat(" ", maxDocument)}, FaultMalformed},
		"gzip bomb":          {reply{coding: "gzip", body: blanks(64 << 20).String()}, FaultMalformed},
		"broken gzip":        {reply{coding: "gzip", body: document}, FaultMalformed},
		"a coding not asked": {reply{coding: "br", body: document}, FaultMalformed},
		"entity bomb":        {reply{body: bomb}, FaultMalformed},
		"deep nesting":       {reply{body: strings.Repeat("<a>", 10000)}, FaultMalformed},
		"many elements": {reply{body: "<clientConfig>" + strings.Repeat("<a/>", 10000) + "</clientConfig>"},
			FaultMalformed},
		"garbage":                    {reply{body: "\x00\xff\xfe garbage"}, FaultMalformed},
		"NUL":                        {reply{body: edit("Example<", "Ex\x00ample<")}, FaultMalformed},
		"huge header":                {reply{handler: hugeHeader}, FaultHTTP},
		"not HTTP":                   {reply{handler: notHTTP}, FaultHTTP},
		"cut off":                    {reply{handler: cutOff}, FaultHTTP},
		"redirect to itself":         {reply{status: 302, location: isp1}, FaultRedirects},
		"redirect to a file":         {reply{status: 302, location: "file:///etc/passwd"}, FaultRedirects},
		"redirect to no host":        {reply{status: 302, location: "https:///x"}, FaultRedirects},
		"redirect to loopback":       {reply{status: 302, location: "http://127.0.0.1:1/x"}, FaultPrivate},
		"redirect to IPv6":           {reply{status: 302, location: "http://[::1]:1/x"}, FaultPrivate},
		"redirect to mapped":         {reply{status: 302, location: "http://[::ffff:127.0.0.1]:1/x"}, FaultPrivate},
		"redirect to metadata":       {reply{status: 302, location: "http://169.254.169.254/latest"}, FaultPrivate},
		"redirect to 10/8":           {reply{status: 302, location: "https://10.0.0.1/x"}, FaultPrivate},
		"redirect to a private name": {reply{status: 302, location: "https://inside.private.test/x"}, FaultPrivate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWeb(t)
			w.dns.Load(t,
				"private.test. 1 SOA ns. h. 1 2 3 4 5\ninside.private.test. 1 A 192.168.1.1\ninside.private.test. 1 AAAA fd00::1\n")
			w.answers = map[string]reply{isp1: row.answer, isp2: named("two")}
			for _, r := range w.run("thunderbird", "evolution", "aerc", "geary", "deltachat", "thunderbird-android").Clients {
				if s := step1(t, r); s.Fault != row.fault {
					t.Errorf("%s: fault %q, want %q: %s", r.Client, s.Fault, row.fault, s.Why)
				}
				if second := r.Client != "geary" && r.Client != "evolution"; second &&
					(r.Settings == nil || r.Settings.Incoming.Host != "two.example.test") {
					t.Errorf("%s did not get over it: %s\n%s", r.Client, verdict(r), steps(r))
				}
			}
			for _, s := range w.sent() {
				for _, secret := range []string{"Authorization", "Cookie", "Referer"} {
					if strings.Contains(s, secret) {
						t.Errorf("%s was sent:\n%s", secret, s)
					}
				}
			}
		})
	}
}

// blanks is n blanks, packed.
func blanks(n int) *bytes.Buffer {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(bytes.Repeat([]byte(" "), n))
	_ = z.Close()
	return &packed
}

func endless(n int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/xml")
		_, _ = io.CopyN(rw, zeros{}, int64(n)) // ends when the client hangs up
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

func hugeHeader(rw http.ResponseWriter, _ *http.Request) {
	for i := range 100 {
		rw.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 4096))
	}
}

func notHTTP(rw http.ResponseWriter, _ *http.Request) {
	conn, _, _ := rw.(http.Hijacker).Hijack()
	_, _ = io.WriteString(conn, "220 mail.example.test ESMTP\r\n")
	_ = conn.Close()
}

func cutOff(rw http.ResponseWriter, _ *http.Request) {
	conn, _, _ := rw.(http.Hijacker).Hijack()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/xml\r\n\r\n<clientConfig>")
	_ = conn.Close()
}

// TestCredentials: a redirect that brings a user and a password along, and
// cookies, gain nothing.
func TestCredentials(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.answers[isp1] = reply{handler: func(rw http.ResponseWriter, _ *http.Request) {
		http.SetCookie(rw, &http.Cookie{Name: "a", Value: "b"})
		rw.Header().Set("Location", "https://user:secret@autoconfig.example.test/next")
		rw.WriteHeader(http.StatusFound)
	}}
	w.answers["https://autoconfig.example.test/next"] = named("next")
	r := w.run("thunderbird").Clients[0]
	if verdict(r) != found("next") {
		t.Errorf("%s\n%s", verdict(r), steps(r))
	}
	for _, s := range w.sent() {
		if strings.Contains(s, "Authorization") || strings.Contains(s, "Cookie") || strings.Contains(s, "Referer") {
			t.Errorf("sent:\n%s", s)
		}
	}
	for _, s := range r.Steps {
		if s.Trace != nil && strings.Contains(strings.Join(s.Trace.Hops, " "), "secret") {
			t.Errorf("the trace shows %v", s.Trace.Hops)
		}
	}
}

// TestSlow: a body that never ends is given up after the step's time.
func TestSlow(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.answers[isp1] = reply{handler: func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(rw, "<clientConfig>")
		_ = http.NewResponseController(rw).Flush()
		<-r.Context().Done()
	}}
	transport := w.env.newTransport()
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // enough for a handshake on a busy machine
	defer cancel()
	a := fetch(ctx, transport, request{method: http.MethodGet, url: isp1})
	if f, why := faultOf(a.err); f != FaultTimeout || a.status != http.StatusOK {
		t.Errorf("%v %s %d", f, why, a.status)
	}
}

// TestRequestsBounded: redirects from one Autodiscover to the next cannot make
// a client send requests without end.
func TestRequestsBounded(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	const again = "https://pox.example.test/again.xml"
	w.answers = map[string]reply{pox3: {status: 302, location: again},
		"POST " + again: poxAnswer("<Action>redirectAddr</Action><RedirectAddr>user@example.test</RedirectAddr>")}
	r := w.run("outlook").Clients[0]
	if n := len(w.sent()); n != maxRequests || r.Settings != nil {
		t.Errorf("%d requests, want %d: %s", n, maxRequests, verdict(r))
	}
	if !slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Fault == FaultLimit }) {
		t.Errorf("the bound is not told:\n%s", steps(r))
	}
}

// TestReadStops: of a small body that unpacks to a large one, no more is
// unpacked than a document may have.
func TestReadStops(t *testing.T) {
	t.Parallel()
	packed := blanks(32 << 20)
	all := packed.Len()
	_, err := read(&http.Response{Body: io.NopCloser(packed), Header: http.Header{"Content-Encoding": {"gzip"}}})
	if !errors.Is(err, errTooLarge) || packed.Len() < all/2 {
		t.Errorf("%v, %d of %d octets left", err, packed.Len(), all)
	}
}

// TestPrivate: names that resolve into a private network are refused when the
// connection is made, and only then allowed when that is asked for.
func TestPrivate(t *testing.T) {
	t.Parallel()
	trap := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(rw, document)
	}))
	defer trap.Close()
	_, port, _ := net.SplitHostPort(trap.Listener.Addr().String())
	w := newWeb(t)
	w.dns.Load(t, "$ORIGIN inside.test.\n@ 1 SOA ns h 1 2 3 4 5\nhost 1 A 127.0.0.1\n")
	get := func() answer {
		transport := w.env.newTransport()
		defer transport.CloseIdleConnections()
		return fetch(t.Context(), transport, request{method: http.MethodGet, url: "http://host.inside.test:" + port + "/"})
	}
	if f, _ := faultOf(get().err); f != FaultPrivate {
		t.Errorf("fault %q", f)
	}
	w.env.AllowPrivate = true
	if a := get(); a.err != nil || string(a.body) != document {
		t.Errorf("allowed: %v", a.err)
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for addr := range strings.FieldsSeq("127.0.0.1 127.255.255.255 0.0.0.0 0.1.2.3 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 100.64.0.1 100.127.255.255 " +
		"192.0.0.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 fc00::1 fdff::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 " +
		"64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1:: 2002:c0a8:1:: 2001::1") {
		if Public(netip.MustParseAddr(addr)) {
			t.Errorf("%s counts as public", addr)
		}
	}
	for addr := range strings.FieldsSeq("192.0.2.1 8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 2001:db8::1 2606:4700::1 64:ff9b::808:808 2002:808:808::1") {
		if !Public(netip.MustParseAddr(addr)) {
			t.Errorf("%s counts as private", addr)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address counts as public")
	}
}

// TestPrivateGuess: a guess is refused the same way.
func TestPrivateGuess(t *testing.T) {
	t.Parallel()
	w := newWeb(t, "imap A 10.0.0.1", "smtp A 169.254.169.254")
	r := w.run("deltachat").Clients[0]
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.What == "connect imap.example.test:993" })
	if i < 0 || r.Steps[i].Fault != FaultPrivate || r.Settings != nil {
		t.Errorf("%s\n%s", verdict(r), steps(r))
	}
}

// TestNamesFromDNS: a name in a DNS answer that is no host name leads nowhere,
// and many records are not all looked at.
func TestNamesFromDNS(t *testing.T) {
	t.Parallel()
	var records []string
	for i := range 200 {
		records = append(records, fmt.Sprintf("@ NS ns.d%d.hoster.test.", i))
	}
	w := newWeb(t, append(records, `@ MX 10 a\(b.hoster.test.`, `_imaps._tcp SRV 0 0 993 a\010b.hoster.test.`,
		`_autodiscover._tcp SRV 0 0 443 x\047y.hoster.test.`)...)
	for _, r := range w.run("evolution", "thunderbird", "srv", "aerc").Clients {
		if len(r.Steps) > 60 {
			t.Errorf("%s: %d steps", r.Client, len(r.Steps))
		}
		for _, s := range r.Steps {
			if strings.ContainsFunc(s.Why, provider.Unprintable) {
				t.Errorf("%s says %q", r.Client, s.Why)
			}
		}
	}
}

// TestShownText: foreign text that reaches people is on one line and harmless.
func TestShownText(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.answers[isp1] = reply{body: edit(username, "<username>a&#x202e;b\u009bc&#10;d</username>")}
	const want = "a\ufffdb\ufffdc\ufffdd"
	for _, r := range w.run("thunderbird", "evolution", "deltachat").Clients {
		if r.Settings == nil || r.Settings.Incoming.Username != want {
			t.Errorf("%s: %+v", r.Client, r.Settings)
		}
	}
}
