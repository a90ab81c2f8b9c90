package probe

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"autoconfig/provider"
)

// tape is a connection on which a server says what stands on it, whatever it
// is told.
type tape struct{ io.Reader }

func (tape) Write(b []byte) (int, error)      { return len(b), nil }
func (tape) Close() error                     { return nil }
func (tape) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }
func (tape) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2)} }
func (tape) SetDeadline(time.Time) error      { return nil }
func (tape) SetReadDeadline(time.Time) error  { return nil }
func (tape) SetWriteDeadline(time.Time) error { return nil }

// unfit reports a character that must not be shown; U+FFFD is what such a one is replaced by.
func unfit(r rune) bool { return r != '\ufffd' && provider.Unprintable(r) }

// FuzzServer lets a server say anything: no reply may crash the visit or come
// out unfit to be shown, and every visit ends with a finding.
func FuzzServer(f *testing.F) {
	for i, script := range []string{smtpReady, imapReady, popReady, sieveReady, microsoftReady,
		"S: 220 x\nS: 250-x\nS: 250 AUTH=LOGIN PLAIN\nS: 235 ok"} {
		var said strings.Builder
		for step := range strings.SplitSeq(script, "\n") {
			if text, ok := strings.CutPrefix(strings.TrimSpace(step), "S: "); ok {
				said.WriteString(text + "\r\n")
			}
		}
		f.Add(uint8(i), said.String())
	}
	f.Add(uint8(1), "* OK\r\na1 OK\r\n* BYE\r\n")
	protocols := []provider.Protocol{provider.SMTP, provider.IMAP, provider.POP3, provider.ManageSieve}
	f.Fuzz(func(t *testing.T, which uint8, said string) {
		server := mailServer(protocols[int(which)%len(protocols)], 4000, provider.Plain)
		for _, m := range []mechanism{{name: "PLAIN", initial: "AGEAYg=="},
			{name: "LOGIN", answers: []string{"YQ==", "Yg=="}}, {native: true, user: "a", secret: "b"}} {
			d := dialectOf(server.Protocol)
			s := &session{p: New(Options{}), t: Target{Server: server}, d: d, out: Result{Server: server}}
			s.c = newConn(t.Context(), tape{strings.NewReader(said)}, time.Minute)
			greeting, o, err := d.hello(s.c)
			if err != nil {
				s.add(s.diagnose(t.Context(), err))
			} else {
				s.offer = o
				s.methods()
				reply, ok, err := d.login(s.c, m)
				if err == nil && !ok {
					s.add(s.explained(reply, "auth-failed"))
				}
				_ = d.begin(s.c)
				_, _ = d.capabilities(s.c)
				s.summary()
			}
			s.c.close()
			shown := append([]string{clean(greeting)}, o.words...)
			for _, found := range s.out.Findings {
				shown = append(append(shown, found.Cause, found.Subject), found.Got...)
			}
			for _, text := range shown {
				if !utf8.ValidString(text) || strings.ContainsFunc(text, unfit) {
					t.Errorf("%q is unfit to be shown", text)
				}
			}
		}
	})
}
