//go:build e2e

package probe

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"autoconfig/discover/probe/probetest"
	"autoconfig/provider"
)

// TestDovecotAndPostfix visits real servers by the names and ports of real
// settings, with the right password and a wrong one.
func TestDovecotAndPostfix(t *testing.T) {
	m := probetest.StartMail(t, authority().Certificate(90*probetest.Day, host))
	at := map[string]string{
		"imap:143": m.IMAP, "imap:993": m.IMAPS, "pop3:110": m.POP3, "pop3:995": m.POP3S, "managesieve:4190": m.Sieve,
		"smtp:587": m.Submission, "smtp:465": m.Submissions, "smtp:2525": m.Cleartext, "smtp:2526": m.OldTLS,
	}
	const password, oauth2 = provider.AuthPassword, provider.AuthOAuth2
	for _, c := range []struct {
		server   provider.Server
		password string
		want     string
	}{
		{mailServer(provider.IMAP, 993, provider.TLS), "right", "imap-server-ready imap-login-accepted"},
		{mailServer(provider.IMAP, 143, provider.STARTTLS), "right", "imap-server-ready imap-login-accepted"},
		{mailServer(provider.POP3, 995, provider.TLS), "right", "pop3-server-ready pop3-login-accepted"},
		{mailServer(provider.POP3, 110, provider.STARTTLS), "right", "pop3-server-ready pop3-login-accepted"},
		{mailServer(provider.ManageSieve, 4190, provider.STARTTLS), "right", "sieve-server-ready sieve-login-accepted"},
		{mailServer(provider.SMTP, 587, provider.STARTTLS), "right", "smtp-server-ready smtp-login-accepted"},
		{mailServer(provider.SMTP, 465, provider.TLS), "right", "smtp-server-ready smtp-login-accepted"},

		{mailServer(provider.IMAP, 993, provider.TLS), "wrong", "imap-auth-failed"},
		{mailServer(provider.IMAP, 143, provider.STARTTLS), "wrong", "imap-auth-failed"},
		{mailServer(provider.POP3, 995, provider.TLS), "wrong", "pop3-auth-failed"},
		{mailServer(provider.ManageSieve, 4190, provider.STARTTLS), "wrong", "sieve-auth-failed"},
		{mailServer(provider.SMTP, 587, provider.STARTTLS), "wrong", "smtp-auth-failed"},
		{mailServer(provider.SMTP, 465, provider.TLS), "wrong", "smtp-auth-failed"},

		{mailServer(provider.IMAP, 993, provider.TLS, oauth2, password), "",
			"imap-server-ready imap-auth-method-unsupported"},
		{mailServer(provider.IMAP, 993, provider.TLS, oauth2), "", "imap-auth-method-unsupported"},
		{mailServer(provider.IMAP, 143, provider.TLS), "", "tls-mode-implicit"},
		{mailServer(provider.SMTP, 587, provider.TLS), "", "tls-mode-implicit"},
		{mailServer(provider.SMTP, 465, provider.STARTTLS), "", "tls-mode-starttls"},
		{mailServer(provider.IMAP, 993, provider.STARTTLS), "", "tls-mode-starttls"},
		{mailServer(provider.SMTP, 2525, provider.STARTTLS), "right", "smtp-starttls-stripped"},
		{mailServer(provider.SMTP, 2526, provider.STARTTLS), "", "smtp-server-ready tls-version-legacy"},
		{mailServer(provider.IMAP, 143, provider.Plain), "right", "imap-auth-method-unsupported imap-login-withheld"},
	} {
		name := string(c.server.Protocol) + strconv.Itoa(int(c.server.Port)) + string(c.server.Security) + c.password
		t.Run(name, func(t *testing.T) {
			o := options(&probetest.Server{})
			o.Step = 10 * time.Second
			if strings.HasSuffix(c.want, "tls-mode-starttls") {
				o.Step = time.Second // the fault is silence
			}
			o.Env.ConnectTo = func(hostPort string) string {
				_, port, _ := net.SplitHostPort(hostPort)
				return at[string(c.server.Protocol)+":"+port]
			}
			if c.password != "" {
				o.Login = login(c.password)
			}
			r := New(o).Run(t.Context(), Target{Server: c.server, Trusted: true, Allowed: true})
			t.Logf("greeting %q, %s, %s, before %v, after %v", r.Greeting, r.TLS, r.Cert, r.Before, r.After)
			if got := ids(r.Findings); got != c.want {
				t.Errorf("got %s\nwant %s\n%+v", got, c.want, r.Findings)
			}
		})
	}
}
