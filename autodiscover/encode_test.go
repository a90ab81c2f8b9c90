package autodiscover

import (
	"bytes"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/provider"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// server is a server with the usual user name that takes a password, unless said otherwise.
func server(proto provider.Protocol, host string, port uint16, sec provider.Security,
	auth ...provider.Auth) provider.Server {
	s := provider.Server{Protocol: proto, Host: host, Port: port, Security: sec, Auth: auth}
	s.SetDefaults()
	return s
}

func example() *provider.Provider {
	return &provider.Provider{
		Name:       "Example Mail",
		Incoming:   []provider.Server{server(provider.IMAP, "imap.example.org", 993, provider.TLS)},
		Outgoing:   []provider.Server{server(provider.SMTP, "smtp.example.org", 587, provider.STARTTLS)},
		ActiveSync: "https://eas.example.org/Microsoft-Server-ActiveSync",
	}
}

var user = provider.Address{Local: "user", Domain: "example.org"}

func TestEncodeOutlookGolden(t *testing.T) {
	pop := example()
	pop.Incoming = append([]provider.Server{server(provider.POP3, "pop.example.org", 110, provider.STARTTLS)},
		pop.Incoming...)
	pop.Outgoing = []provider.Server{server(provider.SMTP, "smtp.%EMAILDOMAIN%", 465, provider.TLS)}
	redirectURL, redirectAddr := example(), example()
	redirectURL.Autodiscover = provider.Autodiscover{Action: provider.ActionRedirectURL,
		RedirectURL: "https://autodiscover.example.net/autodiscover/autodiscover.xml?a=1&b=2"}
	redirectAddr.Autodiscover = provider.Autodiscover{Action: provider.ActionRedirectAddr,
		RedirectAddr: "%EMAILLOCALPART%@example.net"}
	for name, tt := range map[string]struct {
		p *provider.Provider
		a provider.Address
	}{
		"outlook-imap.xml":   {example(), user},
		"outlook-pop3.xml":   {pop, user},
		"outlook-domain.xml": {pop, provider.Address{Domain: "example.org"}},
		"outlook-live.xml": {provider.Builtin(provider.Outlook),
			provider.Address{Local: "Jo&Co'", Domain: "live.co.uk"}},
		"outlook-redirect-url.xml":  {redirectURL, user},
		"outlook-redirect-addr.xml": {redirectAddr, user},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := EncodeOutlook(tt.p, tt.a)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, got)
		})
	}
}

func TestEncodeMobileSync(t *testing.T) {
	p := example()
	for name, a := range map[string]provider.Address{"mobilesync.xml": user, "mobilesync-domain.xml": {Domain: "example.org"}} {
		got, err := EncodeMobileSync(p, a)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, got)
		r, err := Decode(got)
		if err != nil || r.Schema != MobileSync || r.MobileSync != p.ActiveSync || r.Provider != nil {
			t.Errorf("%+v, %v", r, err)
		}
	}
	p.ActiveSync = ""
	if _, err := EncodeMobileSync(p, user); code(err) != CodeNotProvided {
		t.Errorf("%v, want 601", err)
	}
}

// The switches of one block, for every way a server can be reached.
func TestBlocks(t *testing.T) {
	const (
		oauth2, password, none, ip = provider.AuthOAuth2, provider.AuthPassword, provider.AuthNone, provider.AuthClientIP
	)
	for _, tt := range []struct {
		port uint16
		sec  provider.Security
		auth []provider.Auth
		want Block
	}{
		{465, provider.TLS, []provider.Auth{password},
			Block{SSL: "on", Encryption: "SSL", AuthRequired: "on", UsePOPAuth: "on"}},
		{587, provider.STARTTLS, []provider.Auth{oauth2, password},
			Block{SSL: "on", Encryption: "TLS", AuthRequired: "on", UsePOPAuth: "on"}},
		{25, provider.Plain, []provider.Auth{none},
			Block{SSL: "off", Encryption: "None", AuthRequired: "off", UsePOPAuth: "off"}},
		{2525, provider.STARTTLS, []provider.Auth{oauth2, ip},
			Block{SSL: "on", Encryption: "TLS", AuthRequired: "off", UsePOPAuth: "off"}},
		{587, provider.STARTTLS, []provider.Auth{provider.AuthGSSAPI, none},
			Block{SSL: "on", Encryption: "TLS", AuthRequired: "on", UsePOPAuth: "on"}},
	} {
		p := example()
		p.Outgoing = []provider.Server{server(provider.SMTP, "smtp.example.org", tt.port, tt.sec, tt.auth...)}
		got, err := EncodeOutlook(p, user)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Decode(got)
		if err != nil || len(r.Blocks) != 2 {
			t.Fatal(r, err)
		}
		b := r.Blocks[1]
		if b.SPA != "off" || b.Type != "SMTP" || b.LoginName != "user@example.org" {
			t.Errorf("%+v", b)
		}
		if got := (Block{SSL: b.SSL, Encryption: b.Encryption, AuthRequired: b.AuthRequired,
			UsePOPAuth: b.UsePOPAuth}); got != tt.want {
			t.Errorf("%d %s %s: %+v, want %+v", tt.port, tt.sec, tt.auth, got, tt.want)
		}
	}
	p := example()
	p.Incoming[0].Username = provider.EmailLocalPart
	got, err := EncodeOutlook(p, user)
	if s := string(got); err != nil || !strings.Contains(s, "<LoginName>user</LoginName>") ||
		!strings.Contains(s, "<UsePOPAuth>off<") {
		t.Errorf("two logins: %v\n%s", err, s)
	}
}

func TestEncodeOutlookOptions(t *testing.T) {
	oauth2 := func(proto provider.Protocol, host string) provider.Server {
		return server(proto, host, 0, provider.TLS, provider.AuthOAuth2)
	}
	password := func(proto provider.Protocol, host string) provider.Server {
		return server(proto, host, 0, provider.TLS, provider.AuthOAuth2, provider.AuthPassword)
	}
	type servers []provider.Server
	for name, tt := range map[string]struct {
		in, out servers
		want    string // the hosts in the answer, "" for error 501
	}{
		"all": {servers{password("imap", "i.x.org"), password("pop3", "p.x.org")},
			servers{password("smtp", "s.x.org")}, "i.x.org p.x.org s.x.org"},
		"IMAP only OAuth2": {servers{oauth2("imap", "i.x.org"), password("pop3", "p.x.org")},
			servers{password("smtp", "s.x.org")}, "p.x.org s.x.org"},
		"second takes one": {servers{oauth2("imap", "i.x.org"), password("imap", "j.x.org")},
			servers{oauth2("smtp", "s.x.org"), password("smtp", "t.x.org")}, "j.x.org t.x.org"},
		"no incoming": {servers{oauth2("imap", "i.x.org")}, servers{password("smtp", "s.x.org")}, ""},
		"no outgoing": {servers{password("imap", "i.x.org"), password("pop3", "p.x.org")},
			servers{oauth2("smtp", "s.x.org")}, ""},
		"nothing":             {nil, nil, ""},
		"only OAuth2 of both": {servers{oauth2("imap", "i.x.org")}, servers{oauth2("smtp", "s.x.org")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := &provider.Provider{Name: "X", Incoming: tt.in, Outgoing: tt.out}
			got, err := EncodeOutlook(p, user)
			if tt.want == "" {
				if code(err) != CodeNoOptions || got != nil {
					t.Errorf("%s, %v, want 501", got, err)
				}
				return
			}
			r, err := Decode(got)
			if err != nil {
				t.Fatal(err)
			}
			var hosts []string
			for _, b := range r.Blocks {
				hosts = append(hosts, b.Server)
			}
			if s := strings.Join(hosts, " "); s != tt.want {
				t.Errorf("%s, want %s", s, tt.want)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	domain := provider.Address{Domain: "example.org"}
	for _, tt := range []struct {
		d         provider.Autodiscover
		a         provider.Address
		url, addr string
	}{
		{provider.Autodiscover{Action: provider.ActionRedirectURL, RedirectURL: "https://x.org/?a=1&b=2"}, user,
			"https://x.org/?a=1&b=2", ""},
		{provider.Autodiscover{Action: provider.ActionRedirectURL, RedirectURL: "https://x.org/"}, domain, "https://x.org/",
			""},
		{provider.Autodiscover{Action: provider.ActionRedirectURL}, user, "", ""},
		{provider.Autodiscover{RedirectURL: "https://x.org/"}, user, "", ""}, // ready, not asked for
		{provider.Autodiscover{Action: provider.ActionRedirectAddr, RedirectAddr: "%EMAILLOCALPART%@x.org"}, user, "",
			"user@x.org"},
		{provider.Autodiscover{Action: provider.ActionRedirectAddr, RedirectAddr: "%EMAILLOCALPART%@x.org"}, domain, "", ""},
		{provider.Autodiscover{Action: provider.ActionRedirectAddr, RedirectAddr: "all@x.org"}, domain, "", "all@x.org"},
	} {
		p := example()
		p.Autodiscover = tt.d
		if tt.url+tt.addr != "" {
			p.Incoming, p.Outgoing = nil, nil // a redirect needs no settings
		}
		got, err := EncodeOutlook(p, tt.a)
		if err != nil {
			t.Errorf("%+v: %v", tt.d, err)
			continue
		}
		r, err := Decode(got)
		if err != nil || r.RedirectURL != tt.url || r.RedirectAddr != tt.addr ||
			(r.Provider == nil) != (tt.url+tt.addr != "") {
			t.Errorf("%+v for %q: %+v, %v", tt.d, tt.a, r, err)
		}
	}
}

// An answer made for a stand-in address is, with the escaped real one put in its place, the answer for the real one.
func TestSplice(t *testing.T) {
	standIn := provider.Address{Local: "l0c4lp4rt", Domain: "d0m41n.example"}
	p := example()
	p.Name = "Example & Söhne"
	p.Incoming = append(p.Incoming, server(provider.POP3, "pop.%EMAILDOMAIN%", 995, provider.TLS))
	p.Incoming[0].Username = "%EMAILLOCALPART%&%EMAILDOMAIN%"
	p.Outgoing[0].Username = provider.EmailLocalPart
	p.ActiveSync = "https://%EMAILDOMAIN%/eas?a&b"
	redirected := example()
	redirected.Autodiscover = provider.Autodiscover{Action: provider.ActionRedirectAddr,
		RedirectAddr: "%EMAILLOCALPART%@%EMAILDOMAIN%.example.net"}
	for name, encode := range map[string]func(a provider.Address) ([]byte, error){
		"outlook":    func(a provider.Address) ([]byte, error) { return EncodeOutlook(p, a) },
		"redirect":   func(a provider.Address) ([]byte, error) { return EncodeOutlook(redirected, a) },
		"mobilesync": func(a provider.Address) ([]byte, error) { return EncodeMobileSync(p, a) },
	} {
		made, err := encode(standIn)
		if err != nil {
			t.Fatal(err)
		}
		for _, local := range []string{"a", "A.b+c", "o'neil&x=1", "&amp;", "]]", "jörg", "%EMAILDOMAIN%",
			"%EMAILLOCALPART%", "x\u200dy"} {
			for _, domain := range []string{"x.org", "xn--bcher-kva.example"} {
				want, err := encode(provider.Address{Local: local, Domain: domain})
				if err != nil {
					t.Fatal(err)
				}
				got := bytes.ReplaceAll(made, []byte(standIn.Local), EscapeText(nil, local))
				got = bytes.ReplaceAll(got, []byte(standIn.Domain), []byte(domain))
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s, %s@%s (-want +got):\n%s", name, local, domain, diff)
				}
			}
		}
	}
}

func TestEscapeText(t *testing.T) {
	const in = "a&b<c>d'e\"f\tg\nh\ri\x00j\ufffek\xffl\u00a0ö𝒳"
	got := string(EscapeText([]byte("dst "), in))
	if want := "dst a&amp;b&lt;c&gt;d'e\"f\tg\nh\ufffdi\ufffdj\ufffdk\ufffdl\u00a0ö𝒳"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var back string
	if err := xml.Unmarshal([]byte("<x>"+got+"</x>"), &back); err != nil {
		t.Error(err)
	}
}

func TestEncodeIsStable(t *testing.T) {
	p := example()
	first, _ := EncodeOutlook(p, user)
	for range 3 {
		if again, _ := EncodeOutlook(p, user); !bytes.Equal(first, again) {
			t.Fatal("two answers for one address")
		}
	}
	if diff := cmp.Diff(example(), p); diff != "" {
		t.Errorf("the provider was changed:\n%s", diff)
	}
}

func BenchmarkEncodeOutlook(b *testing.B) {
	p := provider.Builtin(provider.Outlook)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeOutlook(p, user); err != nil {
			b.Fatal(err)
		}
	}
}
