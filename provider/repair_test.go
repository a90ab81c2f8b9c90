package provider

import (
	"slices"
	"strings"
	"testing"
)

// A provider with something wrong in every place is one that may be served
// afterwards, every repair is named, and what was right is what it was.
func TestRepair(t *testing.T) {
	good := Server{Protocol: IMAP, Host: "imap.example.org", Port: 993, Security: TLS, Auth: []Auth{AuthPassword},
		Username: EmailAddress}
	with := func(change func(s *Server)) Server {
		s := good
		change(&s)
		return s
	}
	smtp := with(func(s *Server) { s.Protocol, s.Port = SMTP, 465 })
	p := &Provider{
		Name: strings.Repeat("n", 61), ShortName: "%EMAILDOMAIN%", MX: []string{"mx.example.org", "not a name"},
		Incoming: []Server{
			with(func(s *Server) { s.Host = "192.0.2.1" }), good, with(func(s *Server) { s.Security = "" }),
			with(func(s *Server) { s.Username = "%REALNAME%" }), with(func(s *Server) { s.Security = STARTTLS }),
			with(func(s *Server) { s.Auth = nil }), with(func(s *Server) { s.Port, s.Username = 0, "" }),
			with(func(s *Server) { s.Protocol = "nntp" }),
		},
		Outgoing:    []Server{smtp, with(func(s *Server) { s.Protocol, s.Port, s.Host = SMTP, 465, "smtp.office365.com" })},
		ManageSieve: &Server{}, JMAP: "http://jmap.example.org/", CalDAV: "https://dav.example.org/",
		OAuth2: &OAuth2{AuthorizeURL: "https://id.example.org/a"},
		Notes:  []Note{{Text: "without"}, {Lang: "en", Text: "with"}},
		Documentation: []Documentation{{URL: "http://a.example/"}, {URL: "https://b.example/", Lang: "x"},
			{URL: "ftp://c.example/"}},
		Enable:       &Enable{URL: "https://e.example/", Instructions: []Note{{Text: "do it"}}},
		Autodiscover: Autodiscover{Action: "sing"}, PACC: PACCOn,
		PasswordLogin: PasswordLogin{PasswordState: PasswordState{Since: "yesterday"}},
	}
	done := p.Repair()
	for _, f := range p.Validate() {
		if !f.Warning {
			t.Errorf("still: %+v", f)
		}
	}
	var paths []string
	for _, f := range done {
		if f.Fix == "" {
			t.Errorf("not repaired: %+v", f)
		}
		paths = append(paths, f.Path+": "+f.Fix)
	}
	for _, want := range []string{"incoming[0].host: left out", "incoming[2].security: left out",
		"incoming[3].username: written as %EMAILADDRESS%",
		"incoming[4].port: written as tls", "incoming[5].auth: left out", "incoming[6].port: written as 993",
		"incoming[7].protocol: left out",
		"outgoing[1].port: left out", "managesieve.protocol: left out", "jmap: left out", "oauth2: left out",
		"notes[0].lang: left out",
		"documentation[0].url: left out", "documentation[1].lang: left out", "documentation[2].url: left out",
		"enable.instructions[0].lang: written as en", "autodiscover: left out", "password_login.since: left out",
		"mx[1]: left out",
		"name: cut", "short_name: left out"} {
		if !slices.Contains(paths, want) {
			t.Errorf("no %q in\n%s", want, strings.Join(paths, "\n"))
		}
	}
	if len(p.Incoming) != 4 || p.Incoming[0].Host != good.Host || len(p.Documentation) != 1 ||
		p.Documentation[0].URL != "https://b.example/" ||
		p.CalDAV == "" || len(p.Notes) != 1 || p.MX[0] != "mx.example.org" || p.PACC != PACCOn {
		t.Errorf("%+v", p)
	}
	if again := p.Repair(); len(again) != 0 {
		t.Errorf("twice: %v", again)
	}
}
