//go:build e2e

package e2e

import (
	"flag"
	"image"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
)

var screenshot = flag.String("screenshot", "", "write the picture of the Account Hub to this file")

const hubConfig = `
service_host: ispdb.test
listen_tls: 127.0.0.1:0
tls: {cert_file: cert.pem, key_file: key.pem}
providers:
  - name: Example Mail
    domains: [mail.test]
    incoming: [imaps://imap.mail.test]
    outgoing: [submission://smtp.mail.test]
`

const hubZone = "$ORIGIN test.\n@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n"

// A person who starts Thunderbird for the first time gives a name and an
// address, is shown the servers, gives the password, and has an account: the
// one the model says, to which Dovecot has let Thunderbird in.
func TestThunderbirdAccountHub(t *testing.T) {
	authority := probetest.NewAuthority()
	s := startService(t, hubConfig, certified(t, authority, "autoconfig.mail.test", "mail.test"))
	m := startMail(t, "mail.test", authority.Certificate(90*probetest.Day, "imap.mail.test", "smtp.mail.test"))
	tb := startThunderbird(t, startNames(t), dnstest.Start(t, hubZone), authority)
	to := s.reach([]string{"autoconfig.mail.test:443", "mail.test:443"})
	to["imap.mail.test:993"], to["smtp.mail.test:587"] = m.imaps, m.submission
	tb.net.use(to)
	t.Cleanup(func() { tb.showFailure(t) })

	begin := time.Now()
	lap := func(what string) { t.Logf("%s after %v", what, time.Since(begin).Round(10*time.Millisecond)) }
	t.Log(tb.introduce("jo@mail.test", "imap.mail.test", "993", "smtp.mail.test", "587", "jo@mail.test"))
	lap("settings shown")
	if *screenshot != "" {
		var box [4]int
		tb.run(&box, `const r = dialog().getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom].map(Math.round)`)
		tb.screenshot(*screenshot, image.Rect(box[0], box[1], box[2], box[3]))
	}
	var account []found
	tb.run(&account, `return finish(args[0])`, "right")
	lap("account made")
	want := []found{
		{Protocol: "imap", Host: "imap.mail.test", Security: "tls", Auth: "password", Username: "jo@mail.test", Port: 993},
		{Protocol: "smtp", Host: "smtp.mail.test", Security: "starttls", Auth: "password", Username: "jo@mail.test",
			Port: 587},
	}
	if diff := cmp.Diff(want, account); diff != "" {
		t.Errorf("the account made (-want +got):\n%s", diff)
	}
	if !*withInternals {
		return
	}
	// A message to oneself through Postfix and Dovecot.
	var got struct{ Subject, From, Body string }
	tb.run(&got, `return sendAndReceive(args[0], args[1])`, "Sent with the settings found", "It works.")
	lap("message sent and received")
	if got.Subject != "Sent with the settings found" || !strings.Contains(got.From, "jo@mail.test") ||
		!strings.Contains(got.Body, "It works.") {
		t.Errorf("Thunderbird received %+v", got)
	}
	// The Received line says how it came: ESMTPSA is with TLS and authenticated
	// (RFC 3848).
	if message := m.received(t); !regexp.MustCompile(`(?s)by smtp\.mail\.test.*?with ESMTPSA`).MatchString(message) {
		t.Errorf("Dovecot has:\n%s", message)
	}
}

// introduce enters an address at Thunderbird's first start, and is the text
// that the person is shown once it has all the words.
func (tb *thunderbird) introduce(address string, words ...string) string {
	tb.t.Helper()
	var text string
	tb.run(&text, `return introduce("Jo Doe", args[0], args[1])`, address, words)
	return text
}

// showFailure says of a test that failed who was asked, and keeps a picture of
// the window.
func (tb *thunderbird) showFailure(t *testing.T) {
	if !t.Failed() {
		return
	}
	t.Logf("connections: %q", tb.net.log())
	if f, err := os.CreateTemp("", "hub*.png"); err == nil {
		_ = f.Close()
		tb.screenshot(f.Name(), image.Rectangle{})
		t.Logf("the window: %s", f.Name())
	}
}

// Each of the ways that a Thunderbird finds a server by leads a person to the
// settings of the model.
func TestThunderbirdFinds(t *testing.T) {
	for _, c := range scenarios {
		if c.shown {
			t.Run(c.name, func(t *testing.T) {
				authority := probetest.NewAuthority()
				s := startService(t, detectConfig, certified(t, authority, hosts([]scenario{c})...))
				hubShows(t, s, c, authority)
			})
		}
	}
}

// hubShows has a Thunderbird of its own find a scenario's settings.
func hubShows(t *testing.T, s *service, c scenario, authority *probetest.Authority) {
	t.Helper()
	tb := startThunderbird(t, startNames(t), dnstest.Start(t, detectZone), authority)
	t.Cleanup(func() { tb.showFailure(t) })
	tb.net.use(s.reach(strings.Fields(c.reach)))
	m := s.model(t, c)
	words := []string{c.address}
	for _, v := range []found{m.Incoming[0], m.Outgoing[0]} {
		words = append(words, v.Host, strconv.Itoa(v.Port))
	}
	t.Log(tb.introduce(c.address, words...))
}
