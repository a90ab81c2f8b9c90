package probe

import (
	"strings"
	"testing"

	"autoconfig/finding"
	"autoconfig/provider"
)

func TestParseTyped(t *testing.T) {
	for in, want := range map[string]string{
		"smtp.Example.org.:587/STARTTLS": "smtp.example.org:587/starttls",
		"bücher.example:993/tls":         "xn--bcher-kva.example:993/tls",
		"mail.example.org:993":           "mail.example.org:993/tls", "mail.example.org/tls": "mail.example.org/tls",
		"mail.example.org":                       "mail.example.org",
		"smtp.example.org:587/oauth2":            "smtp.example.org:587/starttls/oauth2",
		"smtp.example.org:587/STARTTLS/Password": "smtp.example.org:587/starttls/password",
		"smtp.example.org:587/tls/tls":           "", "smtp.example.org:587/password/tls": "", "smtp.example.org:2525": "",
		"mail.example.org:0/tls": "", "mail.example.org:70000/tls": "",
		"imaps://mail.example.org": "mail.example.org:993/tls", "submission://mail.example.org/": "mail.example.org:587/starttls",
		"IMAP://mail.example.org:993/password": "mail.example.org:993/starttls/password", "https://mail.example.org": "",
		"a b:993/tls": "", "mail.example.org:993/ssl": "mail.example.org:993/tls", "mail.example.org:x": "", ":993/tls": "",
		"": "", "eas.example.org:443": "eas.example.org:443/tls",
	} {
		got, err := ParseTyped(in)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func TestHave(t *testing.T) {
	live, own := provider.Builtin(provider.Outlook), &provider.Provider{
		Incoming: []provider.Server{mailServer(provider.IMAP, 993, provider.TLS)},
		Outgoing: []provider.Server{{Protocol: provider.SMTP, Host: "smtp.%EMAILDOMAIN%", Port: 465, Security: provider.TLS,
			Username: provider.EmailLocalPart}},
	}
	own.Incoming[0].Username = provider.EmailLocalPart
	for _, c := range []struct {
		p        *provider.Provider
		address  string
		typed    string // separated by blanks
		username string
		want     string
		fix      string // part of the first fix
	}{
		{live, "you@live.co.uk", "smtp-mail.outlook.com:587/starttls outlook.office365.com:993/tls", "you@live.co.uk",
			"have-settings-right have-settings-right have-auth-password", ""},
		{live, "you@live.co.uk", "smtp.live.com:587/starttls", "", "have-host-retired",
			"smtp-mail.outlook.com port 587 STARTTLS"},
		{live, "you@live.co.uk", "pop3.live.com:995/tls", "", "have-host-retired", "outlook.office365.com port 995 SSL/TLS"},
		{live, "you@live.co.uk", "smpt-mail.outlook.com:587/starttls", "", "have-host-typo", "smtp-mail.outlook.com"},
		{live, "you@live.co.uk", "outlok.office365.com:993/tls", "", "have-host-typo", "outlook.office365.com"},
		{live, "you@live.co.uk", "smtp-mail.outlook.com:465/tls", "", "have-port-other", "port 587 STARTTLS"},
		{live, "you@live.co.uk", "smtp-mail.outlook.com:587/tls", "", "have-port-mode", "port 587 STARTTLS"},
		{live, "you@live.co.uk", "outlook.office365.com:993/starttls", "", "have-port-mode", "port 993 SSL/TLS"},
		{live, "you@live.co.uk", "smtp-mail.outlook.com:587/plain", "", "have-mode-plain", "port 587 STARTTLS"},
		{live, "you@live.co.uk", "smtp-mail.outlook.com:25/starttls", "", "have-port-relay", "port 587 STARTTLS"},
		{live, "you@live.co.uk", "outlook.office365.com:587/starttls", "", "have-host-kind", "smtp-mail.outlook.com"},
		{live, "you@live.co.uk", "smtp-mail.outlook.com:993/tls", "", "have-host-kind", "outlook.office365.com"},
		{live, "you@live.co.uk", "outlook.office365.com:143/starttls", "", "have-port-other", "port 993 SSL/TLS"},
		{live, "you@live.co.uk", "mail.elsewhere.example:993/tls", "", "have-host-other", ""},
		{live, "you@live.co.uk", "smtp.live.com:465/starttls", "", "have-host-retired have-port-mode", ""},
		{live, "you@live.co.uk", "", "you", "have-username-short", ""},
		{live, "you@live.co.uk", "", "YOU@live.co.uk", "", ""},
		{live, "you@live.co.uk", "", "me@gmail.com", "have-username-other", ""},
		{live, "you@liv.co.uk", "outlook.office365.com:993/tls", "",
			"have-domain-typo have-settings-right have-auth-password", "live.co.uk"},
		{live, "you@live.co.uk", "smtp-mail.outlook.com:587/starttls/oauth2", "", "have-settings-right", ""},
		{live, "you@live.co.uk", "outlook.office365.com:993/tls/password", "", "have-auth-password", "OAuth2"},
		{live, "you@live.co.uk", "outlook.office365.com:993/tls/gssapi", "", "have-auth-password", ""},
		{live, "you@live.co.uk", "smtp-mail.outlook.com", "", "have-settings-right have-auth-password", ""},
		{live, "you@live.co.uk", "outlook.office365.com/tls/oauth2", "", "have-settings-right", ""},
		{live, "you@live.co.uk", "smtp-mail.outlook.com/tls", "", "have-port-other", "port 587 STARTTLS"},
		{live, "you@live.co.uk", "smtp.office365.com:465/tls", "", "have-host-other have-port-other", ""},
		{live, "you@live.co.uk", "smtp.live.co.uk:465/tls", "", "have-host-other have-port-other", ""},
		{live, "you@live.co.uk", "smtp-mail.outlook.co.uk:587/starttls", "", "have-host-typo", "smtp-mail.outlook.com"},
		{live, "you@live.co.uk", "eas.outlook.com:443/tls", "", "have-host-kind", "Exchange"},
		{live, "you@live.co.uk", "s.outlook.com:443/tls", "", "have-host-retired have-port-other", ""},
		{own, "jo@example.org", "mail.elsewhere.example:993/tls", "", "have-host-other", ""},
		{own, "jo@example.org", "mail.elsewhere.example:2993/tls", "", "have-host-other have-port-other", ""},
		{own, "jo@example.org", "mail.example.org:993/tls/oauth2 mail.example.org", "jo",
			"have-auth-other have-settings-right", ""},
		{own, "jo@example.org", "mail.example.org:993/tls smtp.example.org:465/tls", "jo",
			"have-settings-right have-settings-right", ""},
		{own, "jo@example.org", "", "jo@example.org", "have-username-other", ""},
		{own, "jo@example.org", "mial.example.org:993/tls", "", "have-host-typo", "mail.example.org"},
		{nil, "jo@example.net", "imap.example.net:993/tls", "", "have-provider-unknown", ""},
		{nil, "jo@example.net", "imap.example.net:1993/tls", "", "have-provider-unknown have-port-unknown", ""},
		{nil, "jo@example.net", "smpt.example.net:587/tls", "jo",
			"have-provider-unknown have-host-typo have-port-mode have-username-short", ""},
		{nil, "jo@example.net", "smtp.example.net:587/tls", "", "have-provider-unknown have-port-mode", ""},
	} {
		a, err := provider.ParseAddress(c.address)
		if err != nil {
			t.Fatal(err)
		}
		var typed []Typed
		for s := range strings.FieldsSeq(c.typed) {
			one, err := ParseTyped(s)
			if err != nil {
				t.Fatal(err)
			}
			typed = append(typed, one)
		}
		got := Have(c.p, a, typed, c.username)
		if ids(got) != c.want {
			t.Errorf("%s %s %s: got %q, want %q", c.address, c.typed, c.username, ids(got), c.want)
		} else if c.fix != "" && !strings.Contains(got[0].Fix, c.fix) {
			t.Errorf("%s %s: fix %q", c.address, c.typed, got[0].Fix)
		}
	}
}

func TestAdvise(t *testing.T) {
	result := func(host string, p provider.Protocol, port uint16, id string) Result {
		r := Result{Server: provider.Server{Protocol: p, Host: host, Port: port, Security: provider.TLS}, Answered: id == ""}
		if id != "" {
			r.Findings = append(r.Findings, finding.New(id, Subject(r.Server)))
		}
		return r
	}
	const timeout, refused = "connect-port-timeout", "connect-port-refused"
	for _, c := range []struct {
		results []Result
		want    string
	}{
		{[]Result{result("m", provider.SMTP, 587, timeout), result("m", provider.IMAP, 993, "")},
			"port 587 is blocked on the way"},
		{[]Result{result("m", provider.IMAP, 993, timeout), result("m", provider.SMTP, 587, "")},
			"a firewall drops port 993"},
		{[]Result{result("m", provider.IMAP, 993, timeout), result("m", provider.SMTP, 587, timeout)}, "nor from any other"},
		{[]Result{result("m", provider.IMAP, 993, timeout)}, "or the server is down"},
		{[]Result{result("smtp.live.com", provider.SMTP, 587, timeout)}, "old name"},
		{[]Result{result("smtp-mail.outlook.com", provider.SMTP, 465, timeout)}, "no service on port 465"},
		{[]Result{result("m", provider.SMTP, 25, timeout)}, "nearly every network"},
		{[]Result{result("m", provider.SMTP, 587, refused), result("m", provider.IMAP, 993, "")},
			"switched off, or the port is wrong"},
		{[]Result{result("m", provider.SMTP, 587, refused)}, "no mail service listens"},
	} {
		Advise(c.results)
		if got := c.results[0].Findings[0].Cause; !strings.Contains(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestInspectors(t *testing.T) {
	for issuer, want := range map[string]string{
		"CN=Avast Web/Mail Shield Root,O=Avast": "Avast", "CN=FortiGate CA": "FortiGate", "CN=R3,O=Let's Encrypt,C=US": "",
		"CN=Password Reset CA": "",
	} {
		if got := inspectors.FindString(issuer); got != want {
			t.Errorf("%q: %q", issuer, got)
		}
	}
}
