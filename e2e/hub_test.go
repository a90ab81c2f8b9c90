//go:build e2e

package e2e

import (
	"flag"
	"image"
	"os"
	"regexp"
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

// The Account Hub as a person uses it: name and address, what was found, the
// password, and then a message to oneself through Postfix and Dovecot.
func TestThunderbirdAccountHub(t *testing.T) {
	authority := probetest.NewAuthority()
	s := startService(t, hubConfig, certified(t, authority, "autoconfig.mail.test", "mail.test"))
	m := startMail(t, "mail.test", authority.Certificate(90*probetest.Day, "imap.mail.test", "smtp.mail.test"))
	tb := startThunderbird(t, startNames(t), dnstest.Start(t, "$ORIGIN test.\n@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n"), authority)
	to := s.reach([]string{"autoconfig.mail.test:443", "mail.test:443"})
	to["imap.mail.test:993"], to["smtp.mail.test:587"] = m.imaps, m.submission
	tb.net.use(to)

	begin := time.Now()
	lap := func(what string) { t.Logf("%s after %v", what, time.Since(begin).Round(10*time.Millisecond)) }
	var shown map[string]string
	tb.run(&shown, `return hubFind("Jo Doe", args[0])`, "jo@mail.test")
	lap("settings shown")
	want := map[string]string{
		"incomingType": "imap", "incomingHost": "imap.mail.test", "incomingPort": "993", "incomingSocketType": "account-hub-result-ssl",
		"incomingAuthenticationType": "account-hub-result-auth-password", "incomingUsername": "jo@mail.test",
		"outgoingType": "smtp", "outgoingHost": "smtp.mail.test", "outgoingPort": "587", "outgoingSocketType": "account-hub-result-starttls",
		"outgoingAuthenticationType": "account-hub-result-auth-password", "outgoingUsername": "jo@mail.test",
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("the Account Hub shows (-want +got):\n%s", diff)
	}
	if *screenshot != "" {
		var box [4]int
		tb.run(&box, `const r = deep("account-hub-container").shadowRoot.querySelector("dialog").getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom].map(Math.round)`)
		tb.screenshot(*screenshot, image.Rect(box[0], box[1], box[2], box[3]))
	}

	var account []found
	tb.run(&account, `return hubFinish(args[0])`, "right")
	lap("account made")
	wantAccount := []found{{"imap", "imap.mail.test", "tls", "password", "jo@mail.test", 993}, {"smtp", "smtp.mail.test", "starttls", "password", "jo@mail.test", 587}}
	if diff := cmp.Diff(wantAccount, account); diff != "" {
		t.Errorf("the account made (-want +got):\n%s", diff)
	}

	var got struct{ Subject, From, Body string }
	tb.run(&got, `return sendAndReceive(args[0], args[1])`, "Sent with the settings found", "It works.")
	lap("message sent and received")
	if got.Subject != "Sent with the settings found" || !strings.Contains(got.From, "jo@mail.test") || !strings.Contains(got.Body, "It works.") {
		t.Errorf("Thunderbird received %+v", got)
	}
	// Postfix says in its Received line how it came: ESMTPSA is with TLS and
	// authenticated (RFC 3848).
	message := m.received(t)
	if !regexp.MustCompile(`by smtp\.mail\.test \(Postfix\) with ESMTPSA`).MatchString(message) {
		t.Errorf("Dovecot has:\n%s", message)
	}
	if t.Failed() {
		t.Logf("connections: %q", tb.net.log())
		if f, err := os.CreateTemp("", "hub*.png"); err == nil {
			_ = f.Close()
			tb.screenshot(f.Name(), image.Rectangle{})
			t.Logf("the window: %s", f.Name())
		}
	}
}
