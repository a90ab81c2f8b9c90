package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"autoconfig/discover"
	"autoconfig/discover/probe/probetest"
	"autoconfig/provider"
)

const (
	smtpHello = `S: 220 mail.example.org ESMTP
		C: EHLO
		S: 250-mail.example.org
		S: 250-PIPELINING
		S: 250-STARTTLS
		S: 250 8BITMIME
		C: STARTTLS
		S: 220 2.0.0 Ready to start TLS
		TLS
		C: EHLO
		S: 250-mail.example.org
		`
	smtpReady = smtpHello + "S: 250 AUTH PLAIN LOGIN\n"

	// as recorded from Microsoft's servers, 2019 to 2024
	microsoftReady = `S: 220 AM0PR02CA0101.outlook.office365.com Microsoft ESMTP MAIL Service ready at Wed, 25 Nov 2026 08:00:00 +0000 [08DE2B7C1A9F0E11]
		C: EHLO
		S: 250-AM0PR02CA0101.outlook.office365.com Hello [192.0.2.1]
		S: 250-SIZE 157286400
		S: 250-PIPELINING
		S: 250-DSN
		S: 250-ENHANCEDSTATUSCODES
		S: 250-STARTTLS
		S: 250-8BITMIME
		S: 250-BINARYMIME
		S: 250-CHUNKING
		S: 250 SMTPUTF8
		C: STARTTLS
		S: 220 2.0.0 SMTP server ready
		TLS
		C: EHLO
		S: 250-AM0PR02CA0101.outlook.office365.com Hello [192.0.2.1]
		S: 250-SIZE 157286400
		S: 250-AUTH LOGIN XOAUTH2
		S: 250 SMTPUTF8
		`
	imapReady = `TLS
		S: * OK [CAPABILITY IMAP4rev1] Dovecot ready.
		C: a1 CAPABILITY
		S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2
		S: a1 OK done
		`
	imapStart = `S: * OK ready.
		C: a1 CAPABILITY
		S: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED
		S: a1 OK done
		C: a2 STARTTLS
		S: a2 OK begin
		TLS
		C: a3 CAPABILITY
		S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
		S: a3 OK done
		`
	popReady = `S: +OK ready
		C: CAPA
		S: +OK
		S: STLS
		S: .
		C: STLS
		S: +OK begin
		TLS
		C: CAPA
		S: +OK
		S: USER
		S: SASL PLAIN
		S: .
		`
	sieveReady = `S: "IMPLEMENTATION" "Dovecot Pigeonhole"
		S: "SASL" ""
		S: "STARTTLS"
		S: OK "ready"
		C: STARTTLS
		S: OK "begin"
		TLS
		S: "IMPLEMENTATION" "Dovecot Pigeonhole"
		S: "SASL" "PLAIN"
		S: OK "TLS negotiated"
		`
)

// What each healthy or broken server gives. Step is short where the fault is
// silence.
func TestServers(t *testing.T) {
	for _, c := range []struct {
		name   string
		server provider.Server
		tls    string
		script string
		want   string
	}{
		{"smtp ready", smtp587(), "", smtpReady, "smtp-server-ready"},
		{"imap ready", imap993(), "", imapReady, "imap-server-ready"},
		{"imap starttls ready", mailServer(provider.IMAP, 143, provider.STARTTLS), "", imapStart, "imap-server-ready"},
		{"pop3 ready", mailServer(provider.POP3, 110, provider.STARTTLS), "", popReady, "pop3-server-ready"},
		{"sieve ready", mailServer(provider.ManageSieve, 4190, provider.STARTTLS), "", sieveReady, "sieve-server-ready"},
		{"microsoft ready", mailServer(provider.SMTP, 587, provider.STARTTLS, provider.AuthOAuth2, provider.AuthPassword),
			"", microsoftReady, "smtp-server-ready"},

		{"no banner", smtp587(), "", "HANG", "connect-server-silent"},
		{"hang after EHLO", smtp587(), "", "S: 220 x\nC: EHLO\nHANG", "connect-server-hangs"},
		{"hang in TLS", imap993(), "", "HANG", "connect-server-silent"},
		{"closes at once", smtp587(), "", "CLOSE", "connect-peer-closed"},
		{"starttls stripped", smtp587(), "", "S: 220 x\nC: EHLO\nS: 250-x\nS: 250 SIZE", "smtp-starttls-stripped"},
		{"starttls masked", smtp587(), "", "S: 220 x\nC: EHLO\nS: 250-x\nS: 250 XXXXXXXA", "smtp-starttls-stripped"},
		{"imap starttls stripped", mailServer(provider.IMAP, 143, provider.STARTTLS),
			"", "S: * OK x\nC: a1\nS: * CAPABILITY IMAP4rev1 LOGINDISABLED\nS: a1 OK", "imap-starttls-stripped"},
		{"password taken in clear", mailServer(provider.IMAP, 143, provider.STARTTLS),
			"", strings.Replace(imapStart, " LOGINDISABLED", "", 1), "imap-server-ready imap-auth-clear"},
		{"no encryption", mailServer(provider.POP3, 110, provider.Plain), "", "S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .",
			"pop3-server-ready pop3-auth-clear"},
		{"starttls refused", smtp587(), "",
			"S: 220 x\nC: EHLO\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 4.7.0 TLS not available due to local problem",
			"smtp-starttls-refused"},
		{"reply before TLS", smtp587(), "",
			"S: 220 x\nC: EHLO\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\nRAW: 220 go\\r\\n250 injected\\r\\n\nHANG",
			"smtp-answer-unexpected"},
		{"expired", imap993(), "expired", imapReady, "tls-certificate-expired"},
		{"expiring", imap993(), "expiring", imapReady, "imap-server-ready tls-certificate-expiring"},
		{"foreign", smtp587(), "foreign", smtpReady, "tls-certificate-name"},
		{"self-signed", imap993(), "self-signed", imapReady, "tls-certificate-selfsigned"},
		{"TLS 1.0 only", imap993(), "TLS 1.0 only", imapReady, "tls-version-old"},
		{"TLS 1.0 too", imap993(), "TLS 1.0 too", imapReady, "imap-server-ready tls-version-legacy"},
		{"TLS 1.0 too, starttls", smtp587(), "TLS 1.0 too", smtpReady, "smtp-server-ready tls-version-legacy"},
		{"plain on the TLS port", imap993(), "", "S: * OK ready\nHANG", "tls-mode-implicit"},
		{"plain smtp on the TLS port", mailServer(provider.SMTP, 465, provider.TLS), "",
			"S: 220 mail.example.org ESMTP\nHANG", "tls-mode-implicit"},
		{"garbage on the TLS port", imap993(), "", "RAW: \\x01\\x02\\x03garbage\\x00\\x00\\x00\nHANG",
			"imap-answer-unexpected"},
		{"garbage", smtp587(), "", "RAW: \\x01\\x02\\x03garbage\\x00\\x00\\x00\nHANG", "smtp-answer-unexpected"},
		{"TLS on the starttls port", smtp587(), "", "TLS\nS: 220 x\nHANG", "tls-mode-starttls"},
		{"10 MB greeting", smtp587(), "", "RAW: 220 \nBIG: 10000000", "connect-answer-oversized"},
		{"10 MB of short lines", smtp587(), "", strings.Repeat("S: 220-x\n", 500), "connect-answer-oversized"},
		{"long lines", smtp587(), "", strings.Repeat("RAW: 220-\nBIG: 7000\nRAW: \\r\\n\n", 12) + "S: 220 x\nHANG",
			"connect-answer-oversized"},
		{"imap on the smtp port", smtp587(), "", "S: * OK IMAP4rev1 ready\nHANG", "smtp-answer-unexpected"},
		{"web server", imap993(), "", "TLS\nS: HTTP/1.1 400 Bad Request\nHANG", "imap-answer-unexpected"},
		{"turned away", smtp587(), "", "S: 554 5.7.1 no service for you", "smtp-greeting-refused"},
		{"imap turned away", imap993(), "", "TLS\nS: * BYE [UNAVAILABLE] overloaded", "imap-server-unavailable"},
		{"busy", smtp587(), "", "S: 421 4.3.2 Service not active", "smtp-server-busy"},
		{"no login at all", smtp587(), "", smtpHello + "S: 250 SIZE", "smtp-auth-method-unsupported"},
		{"no oauth2", mailServer(provider.SMTP, 587, provider.STARTTLS, provider.AuthOAuth2, provider.AuthPassword),
			"", smtpReady, "smtp-server-ready smtp-auth-method-unsupported"},
		{"only oauth2", smtp587(), "", smtpHello + "S: 250 AUTH XOAUTH2", "smtp-auth-method-unsupported"},
		{"pop3 without CAPA", mailServer(provider.POP3, 995, provider.TLS), "", "TLS\nS: +OK hi\nC: CAPA\nS: -ERR what",
			"pop3-server-ready"},
		{"old TLS told by the server", smtp587(),
			"", "S: 220 x\nC: EHLO\nS: 421 4.7.66 TLS 1.0 and 1.1 are not supported. Visit https://aka.ms/smtp_auth_tls.",
			"smtp-tls-old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := probetest.Play(t, tlsOf(c.tls), c.script)
			o := options(s)
			if strings.Contains(c.script, "HANG") || strings.HasPrefix(c.script, "TLS\nS: 220") {
				o.Step = 2 * time.Second
			}
			r := New(o).Run(t.Context(), Target{Server: c.server})
			if got := ids(r.Findings); got != c.want {
				t.Errorf("got %s\nwant %s\n%v", got, c.want, r)
			}
			for _, f := range r.Findings {
				if f.Subject != Subject(c.server) {
					t.Errorf("%s: subject %q", f.ID, f.Subject)
				}
			}
		})
	}
}

// Each reply of Microsoft's servers to a login, in the conversation in which
// it comes.
func TestMicrosoftLogin(t *testing.T) {
	smtp := mailServer(provider.SMTP, 587, provider.STARTTLS, provider.AuthOAuth2, provider.AuthPassword)
	const password = microsoftReady +
		"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: am9AZXhhbXBsZS5vcmc=\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\n"
	const token = microsoftReady + "C: AUTH XOAUTH2 dXNlcj1qb0BleGFtcGxlLm9yZwFhdXRoPUJlYXJlciB0MGtlbgEB\n"
	for _, c := range []struct{ script, reply, want string }{
		{password, "235 2.7.0 Authentication successful", "smtp-login-accepted"},
		{password,
			"535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [FR4P281CA0159 2024-09-20T07:19:01.003Z 08DCD8D2]", "smtp-auth-basic-retired"},
		{password,
			"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.", "smtp-auth-disabled-mailbox"},
		{token, "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.", "smtp-auth-disabled-tenant"},
		{password, "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
			"smtp-auth-credentials-wrong"},
		{password, "535 5.7.139 Authentication unsuccessful, account locked.", "smtp-auth-account-locked"},
		{password, "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
			"smtp-auth-security-defaults"},
		{token, "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully.", "smtp-auth-conditional-access"},
		{password, "535 5.7.139 Authentication unsuccessful, the federated STS is unreachable.", "smtp-auth-federation-down"},
		{token, "334 eyJzdGF0dXMiOiI0MDAifQ==\nC: \nS: 535 5.7.3 Authentication unsuccessful", "smtp-auth-unsuccessful"},
		{token, "235 2.7.0 Authentication successful", "smtp-login-accepted"},
		{token, "501 5.5.124 Invalid XOAUTH2 auth data", "smtp-auth-xoauth2-malformed"},
		{password, "550 5.7.30 Basic authentication is not supported for Client Submission.", "smtp-auth-basic-removed"},
		{password, "504 5.7.4 Unrecognized authentication type", "smtp-auth-method-unsupported"},
		{token, "451 4.7.0 Temporary server error. Please try again later. PRX4", "smtp-server-temporary"},
		{password, "454 4.7.0 Temporary authentication failure", "smtp-auth-temporary"},
		{password,
			"432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.",
			"smtp-connections-many"},
		{password, "535 what now", "smtp-auth-failed"},
		{password, "599 what now", "smtp-auth-failed"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			s := probetest.Play(t, tlsOf(""), c.script+"S: "+c.reply)
			o := options(s)
			o.Login = login("secret")
			if c.script == token {
				o.Login.Password, o.Login.Token = "", "t0ken"
			}
			r := New(o).Run(t.Context(), Target{Server: smtp, Trusted: true, Allowed: true})
			if got := strings.TrimPrefix(ids(r.Findings), "smtp-server-ready "); got != c.want {
				t.Errorf("got %s, want %s\n%v", got, c.want, r)
			}
		})
	}
}

func TestOtherLogins(t *testing.T) {
	const sasl = "AGpvQGV4YW1wbGUub3JnAHNlY3JldA==" // \0jo@example.org\0secret
	for _, c := range []struct {
		name   string
		server provider.Server
		script string
		want   string
	}{
		{"imap ok", imap993(), imapReady + "C: a2 AUTHENTICATE PLAIN " + sasl + "\nS: a2 OK Logged in",
			"imap-login-accepted"},
		{"imap wrong", imap993(),
			imapReady + "C: a2 AUTHENTICATE PLAIN\nS: a2 NO [AUTHENTICATIONFAILED] Authentication failed.", "imap-auth-failed"},
		{"imap two steps", mailServer(provider.IMAP, 143, provider.STARTTLS),
			imapStart + "C: a4 AUTHENTICATE PLAIN\nS: +\nC: " + sasl + "\nS: a4 OK Logged in", "imap-login-accepted"},
		{"imap LOGIN", imap993(), strings.Replace(imapReady, "AUTH=PLAIN ", "", 1) +
			"C: a2 LOGIN \"jo@example.org\" \"secret\"\nS: a2 OK", "imap-login-accepted"},
		{"imap retired", imap993(), imapReady + "C: a2\nS: a2 NO Basic authentication is disabled.\nS: * BYE",
			"imap-auth-basic-retired"},
		{"imap microsoft", imap993(), imapReady + "C: a2\nS: a2 NO LOGIN failed.", "imap-login-failed"},
		{"imap unconnected", imap993(), imapReady + "C: a2\nS: a2 BAD User is authenticated but not connected.",
			"imap-mailbox-unavailable"},
		{"imap BYE", imap993(), imapReady + "C: a2\nS: * BYE Too many bad logins\nCLOSE", "imap-connection-ended"},
		{"pop3 ok", mailServer(provider.POP3, 110, provider.STARTTLS),
			popReady + "C: AUTH PLAIN\nS: +\nC: " + sasl + "\nS: +OK Logged in.", "pop3-login-accepted"},
		{"pop3 USER", mailServer(provider.POP3, 110, provider.STARTTLS), strings.Replace(popReady, "S: SASL PLAIN\n", "", 1) +
			"C: USER jo@example.org\nS: +OK\nC: PASS secret\nS: -ERR [AUTH] Authentication failed.", "pop3-auth-failed"},
		{"pop3 microsoft", mailServer(provider.POP3, 110, provider.STARTTLS), popReady +
			"C: AUTH PLAIN\nS: +\nC: A\nS: -ERR Logon failure: unknown user name or bad password.", "pop3-login-failed"},
		{"sieve ok", mailServer(provider.ManageSieve, 4190, provider.STARTTLS),
			sieveReady + "C: AUTHENTICATE \"PLAIN\" \"" + sasl + "\"\nS: OK \"Logged in.\"", "sieve-login-accepted"},
		{"sieve wrong", mailServer(provider.ManageSieve, 4190, provider.STARTTLS),
			sieveReady + "C: AUTHENTICATE\nS: NO \"Nope.\"", "sieve-auth-failed"},
		{"hang", imap993(), imapReady + "C: a2\nHANG", "connect-server-hangs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := probetest.Play(t, tlsOf(""), c.script)
			o := options(s)
			o.Login = login("secret")
			if strings.Contains(c.script, "HANG") {
				o.Step = 2 * time.Second
			}
			r := New(o).Run(t.Context(), Target{Server: c.server, Trusted: true, Allowed: true})
			if got := strings.TrimPrefix(ids(r.Findings), dialectOf(c.server.Protocol).area+"-server-ready "); got != c.want {
				t.Errorf("got %s, want %s\n%v", got, c.want, r)
			}
		})
	}
}

// A secret leaves once per server, after verified TLS, to a host that may have
// it, and never else.
func TestLoginWithheld(t *testing.T) {
	const ask = "C: a2\nS: a2 NO [AUTHENTICATIONFAILED] no"
	for _, c := range []struct {
		name, tls, script string
		server            provider.Server
		untrusted, alien  bool
		user              string
	}{
		{name: "expired", tls: "expired", server: imap993(), script: imapReady + ask},
		{name: "foreign", tls: "foreign", server: imap993(), script: imapReady + ask},
		{name: "self-signed", tls: "self-signed", server: imap993(), script: imapReady + ask},
		{name: "old TLS", tls: "TLS 1.0 only", server: imap993(), script: imapReady + ask},
		{name: "plain", server: mailServer(provider.IMAP, 143, provider.Plain),
			script: "S: * OK\nC: a1\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: a1 OK\n" + ask},
		{name: "stripped", server: smtp587(), script: "S: 220 x\nC: EHLO\nS: 250-x\nS: 250 AUTH PLAIN LOGIN"},
		{name: "settings from plain http", server: imap993(), script: imapReady + ask, untrusted: true},
		{name: "host not allowed", server: imap993(), script: imapReady + ask, alien: true},
		{name: "line end in the user name", server: imap993(), script: imapReady + ask, user: "jo\r\na9 LOGOUT"},
		{name: "no method", server: smtp587(), script: smtpHello + "S: 250 AUTH GSSAPI"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := probetest.Play(t, tlsOf(c.tls), c.script)
			o := options(s)
			o.Login = login("secret")
			o.Login.Username = c.user
			r := New(o).Run(t.Context(), Target{Server: c.server, Trusted: !c.untrusted, Allowed: !c.alien})
			if !strings.Contains(ids(r.Findings), "-login-withheld") && !strings.Contains(ids(r.Findings), "stripped") {
				t.Errorf("got %s", ids(r.Findings))
			}
			for _, secret := range []string{"secret", "c2VjcmV0", "HNlY3JldA", "AUTHENTICATE", "LOGIN ", "AUTH "} {
				if s.Heard(secret) > 0 {
					t.Errorf("the server got %q: %q", secret, s.Said())
				}
			}
		})
	}
}

func TestLoginOnce(t *testing.T) {
	s := probetest.Play(t, tlsOf(""), imapReady+"C: a2 AUTHENTICATE PLAIN\nS: a2 NO [AUTHENTICATIONFAILED] no")
	o := options(s)
	o.Login = login("secret")
	p := New(o)
	first := p.Run(t.Context(), Target{Server: imap993(), Trusted: true, Allowed: true})
	second := p.Run(t.Context(), Target{Server: imap993(), Trusted: true, Allowed: true})
	if got := ids(first.Findings); got != "imap-server-ready imap-auth-failed" && got != "imap-auth-failed" {
		t.Errorf("first: %s", got)
	}
	if got := ids(second.Findings); got != "imap-server-ready imap-login-withheld" {
		t.Errorf("second: %s", got)
	}
	if n := s.Heard("AUTHENTICATE"); n != 1 {
		t.Errorf("%d logins: %q", n, s.Said())
	}
}

// The example of Microsoft's "Authenticate an IMAP, POP or SMTP connection
// using OAuth".
func TestXOAUTH2(t *testing.T) {
	got := encode(xoauth2("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA"))
	const want = "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
	if got != want {
		t.Errorf("got %s", got)
	}
}

func TestTokens(t *testing.T) {
	const token = "dXNlcj1qb0BleGFtcGxlLm9yZwFhdXRoPUJlYXJlciB0MGtlbgEB" // user=jo@example.org, auth=Bearer t0ken
	const status = "eyJzdGF0dXMiOiI0MDAifQ=="
	pop := strings.Replace(popReady, "SASL PLAIN", "SASL PLAIN XOAUTH2", 1)
	for _, c := range []struct {
		server provider.Server
		script string
		want   string
	}{
		{imap993(), imapReady + "C: a2 AUTHENTICATE XOAUTH2 " + token + "\nS: a2 OK done", "imap-login-accepted"},
		{imap993(), imapReady + "C: a2 AUTHENTICATE XOAUTH2\nS: + " + status + "\nC: \nS: a2 NO AUTHENTICATE failed.",
			"imap-auth-token-refused"},
		{imap993(), strings.Replace(imapReady, " AUTH=XOAUTH2", "", 1), "imap-login-withheld"},
		{mailServer(provider.POP3, 110, provider.STARTTLS), pop + "C: AUTH XOAUTH2\nS: +\nC: " + token + "\nS: +OK",
			"pop3-login-accepted"},
		{mailServer(provider.POP3, 110, provider.STARTTLS), pop + "C: AUTH XOAUTH2\nS: +\nC: " + token + "\nS: + " + status +
			"\nC: \nS: -ERR Authentication failure: unknown user name or bad password.", "pop3-auth-failed"},
		{mailServer(provider.ManageSieve, 4190, provider.STARTTLS),
			strings.Replace(sieveReady, `"PLAIN"`, `"XOAUTH2"`, 1) + "C: AUTHENTICATE \"XOAUTH2\" \"" + token + "\"\nS: \"" +
				status + "\"\nC: \"\"\nS: NO \"failed\"", "sieve-auth-failed"},
	} {
		s := probetest.Play(t, tlsOf(""), c.script)
		o := options(s)
		o.Login = login("")
		o.Login.Token = "t0ken"
		c.server.Auth = []provider.Auth{}
		r := New(o).Run(t.Context(), Target{Server: c.server, Trusted: true, Allowed: true})
		if got := ids(r.Findings); !strings.HasSuffix(got, c.want) || s.Heard("PLAIN") > 0 {
			t.Errorf("%s: got %s, want %s; heard %q", c.server.Protocol, got, c.want, s.Said())
		}
	}
}

// A server that echoes what it was sent does not get it onto the screen.
func TestEcho(t *testing.T) {
	s := probetest.Play(t, tlsOf(""),
		imapReady+"C: a2\nS: a2 NO [AUTHENTICATIONFAILED] no secret AGpvQGV4YW1wbGUub3JnAHNlY3JldA== c2VjcmV0 here")
	o := options(s)
	o.Login = login("secret")
	r := New(o).Run(t.Context(), Target{Server: imap993(), Trusted: true, Allowed: true})
	if got := r.Findings[0].Got; len(got) != 1 || got[0] != "a2 NO [AUTHENTICATIONFAILED] no … … … here" {
		t.Errorf("%q", got)
	}
}

func TestForeign(t *testing.T) {
	for _, c := range []struct {
		host, domain string
		mx           []string
		want         bool
	}{
		{"mail.example.org", "example.org", nil, false},
		{"IMAP.Example.Org.", "example.org", nil, false},
		{"imap.hoster.example", "example.org", []string{"mx1.hoster.example"}, false},
		{"imap.evil.example", "example.org", []string{"mx1.hoster.example"}, true},
		{"a.co.uk", "b.co.uk", nil, true},
		{"mail.example.org.evil.example", "example.org", nil, true},
		{"notexample.org", "example.org", nil, true},
	} {
		if got := Foreign(c.host, c.domain, c.mx); got != c.want {
			t.Errorf("Foreign(%s, %s, %v) = %v", c.host, c.domain, c.mx, got)
		}
	}
}

func TestUnreached(t *testing.T) {
	shut, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, portText, _ := net.SplitHostPort(shut.Addr().String())
	_ = shut.Close()
	var port uint16
	_, _ = fmt.Sscan(portText, &port)
	lookup := func(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
		return func(context.Context, string) (out []netip.Addr, err error) {
			for _, a := range addrs {
				out = append(out, netip.MustParseAddr(a))
			}
			return out, nil
		}
	}
	fail := func(err error) func(context.Context, string) ([]netip.Addr, error) {
		return func(context.Context, string) ([]netip.Addr, error) { return nil, err }
	}
	hang := func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() }
	for _, c := range []struct {
		name   string
		lookup func(context.Context, string) ([]netip.Addr, error)
		allow  bool
		host   string
		want   string
	}{
		{"refused", lookup("127.0.0.1"), true, host, "connect-port-refused"},
		{"loopback", lookup("127.0.0.1"), false, host, "connect-address-private"},
		{"mapped loopback", lookup("::ffff:127.0.0.1"), false, host, "connect-address-private"},
		{"private", lookup("10.1.2.3", "fd00::1"), false, host, "connect-address-private"},
		{"literal", lookup(), false, "169.254.169.254", "connect-address-private"},
		{"unknown", fail(fmt.Errorf("no: %w", provider.ErrNotFound)), true, host, "connect-name-unknown"},
		{"no address", lookup(), true, host, "connect-name-unknown"},
		{"resolver down", fail(errors.New("SERVFAIL")), true, host, "connect-name-unanswered"},
		{"resolver hangs", hang, true, host, "connect-name-unanswered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := provider.Server{Protocol: provider.IMAP, Host: c.host, Port: port, Security: provider.TLS}
			r := New(Options{Env: &discover.Env{Host: c.lookup, AllowPrivate: c.allow}, Step: 2 * time.Second}).Run(t.Context(),
				Target{Server: s})
			if got := ids(r.Findings); got != c.want || r.Answered {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if got := unreached(context.DeadlineExceeded); got != "connect-port-timeout" {
		t.Errorf("time-out: %s", got)
	}
}

func TestCancel(t *testing.T) {
	s := probetest.Play(t, nil, "HANG")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan Result)
	go func() { done <- New(options(s)).Run(ctx, Target{Server: smtp587()}) }()
	cancel()
	if r := <-done; len(r.Findings) == 0 {
		t.Error("a cancelled visit says nothing")
	}
}
