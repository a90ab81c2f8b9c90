package provider

import (
	"errors"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, test := range []struct{ in, local, domain string }{
		{"you@live.co.uk", "you", "live.co.uk"},
		{"You+Tag@LIVE.co.UK.", "You+Tag", "live.co.uk"},
		{"o'neil&x=1@example.org", "o'neil&x=1", "example.org"},
		{"jörg@bücher.example", "jörg", "xn--bcher-kva.example"},
		{"a/b@example.org", "a/b", "example.org"},
		{long + "@example.org", long, "example.org"},
		{"00123@example.org", "00123", "example.org"},
		{"%EMAILADDRESS%@example.org", "%EMAILADDRESS%", "example.org"},
	} {
		a, err := ParseAddress(test.in)
		if err != nil || a != (Address{test.local, test.domain}) {
			t.Errorf("%s: %+v, %v", test.in, a, err)
		}
	}
	for _, in := range []string{"", "@", "a", "a@", "@example.org", "a@b", "a@b@example.org", "a b@example.org",
		"a\tb@example.org", "a\x00b@example.org",
		"<a@example.org>", `"a"@example.org`, "a@127.0.0.1", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@example..org",
		"a@-example.org", "a@example-.org",
		"a@exa mple.org", "a@exa_mple.org", "a\xff@example.org", "a\u2028@example.org", "a\ufffe@example.org",
		long + "a@example.org",
		"a@" + strings.Repeat("a", 64) + ".org", "a@" + strings.Repeat("a.", 127) + "org", "a@xn--.org", "a@xn--a.org", "a@.",
		"a@example.org..", "a@1.2"} {
		if a, err := ParseAddress(in); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %+v, %v", in, a, err)
		}
	}
}

func TestParseAddressOrDomain(t *testing.T) {
	if a, err := ParseAddressOrDomain("LIVE.co.uk."); err != nil || a != (Address{"", "live.co.uk"}) {
		t.Errorf("%+v, %v", a, err)
	}
	for _, in := range []string{"localhost", "192.0.2.1", "", "a@", "ex ample.org"} {
		if a, err := ParseAddressOrDomain(in); err == nil {
			t.Errorf("%q: %+v", in, a)
		}
	}
}

// FuzzParseAddress: what is taken stays as it is when it is read again.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"you@live.co.uk", "jörg@bücher.example", "a@xn--bcher-kva.example", "a@b.c.", "@",
		"ß@straße.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Errorf("%q: %+v, then %+v, %v", s, a, again, err)
		}
		if strings.ContainsAny(a.String(), "<>\"\r\n\x00 ") || len(a.Local) > 64 || len(a.String()) > 254 {
			t.Errorf("%q: %q taken", s, a)
		}
	})
}

func TestExpand(t *testing.T) {
	a := Address{"You", "example.org"}
	for template, want := range map[string]string{
		EmailAddress: "You@example.org", EmailLocalPart: "You", "%EMAILLOCALPART%.mail": "You.mail",
		"%EMAILDOMAIN%/%EMAILLOCALPART%": "example.org/You", "literal": "literal",
	} {
		if got := Expand(template, a); got != want {
			t.Errorf("%s: %q, want %q", template, got, want)
		}
	}
	if got := Expand(EmailAddress, Address{Domain: "example.org"}); got != EmailAddress {
		t.Errorf("without a local part: %q", got)
	}
}

func TestBelow(t *testing.T) {
	for _, test := range []struct {
		name, suffix string
		want         bool
	}{
		{"mx.example.org", "example.org", true}, {"example.org", "example.org", true}, {"xexample.org", "example.org", false},
		{"example.org.evil.example", "example.org", false}, {"org", "example.org", false},
	} {
		if got := Below(test.name, test.suffix); got != test.want {
			t.Errorf("%s below %s: %v", test.name, test.suffix, got)
		}
	}
}

func TestSetDefaults(t *testing.T) {
	for _, test := range []struct{ in, want Server }{
		{Server{Protocol: IMAP}, Server{Port: 993, Security: TLS}},
		{Server{Protocol: IMAP, Security: STARTTLS}, Server{Port: 143, Security: STARTTLS}},
		{Server{Protocol: IMAP, Port: 143}, Server{Port: 143, Security: STARTTLS}},
		{Server{Protocol: SMTP}, Server{Port: 465, Security: TLS}},
		{Server{Protocol: SMTP, Port: 587}, Server{Port: 587, Security: STARTTLS}},
		{Server{Protocol: SMTP, Port: 25}, Server{Port: 25, Security: STARTTLS}},
		{Server{Protocol: SMTP, Port: 2465}, Server{Port: 2465, Security: TLS}},
		{Server{Protocol: POP3, Security: Plain}, Server{Port: 110, Security: Plain}},
		{Server{Protocol: ManageSieve}, Server{Port: 4190, Security: STARTTLS}},
	} {
		got := test.in
		got.SetDefaults()
		if got.Port != test.want.Port || got.Security != test.want.Security || !got.Has(AuthPassword) ||
			got.Username != EmailAddress {
			t.Errorf("%+v: %+v", test.in, got)
		}
	}
}

func TestFor(t *testing.T) {
	p := &Provider{Incoming: []Server{{Protocol: IMAP, Host: "mail.%EMAILDOMAIN%"}},
		Outgoing:    []Server{{Protocol: SMTP, Host: "smtp.example.org"}},
		ManageSieve: &Server{Host: "sieve.%EMAILDOMAIN%"}, JMAP: "https://%EMAILDOMAIN%/jmap"}
	q := p.For("example.net")
	if q.Incoming[0].Host != "mail.example.net" || q.ManageSieve.Host != "sieve.example.net" ||
		q.JMAP != "https://example.net/jmap" {
		t.Errorf("%+v", q)
	}
	if p.Incoming[0].Host != "mail.%EMAILDOMAIN%" || p.ManageSieve.Host != "sieve.%EMAILDOMAIN%" ||
		p.JMAP != "https://%EMAILDOMAIN%/jmap" {
		t.Errorf("the template changed: %+v", p)
	}
	plain := Builtin(Outlook)
	if plain.For("live.co.uk") != plain {
		t.Error("a provider without templates was copied")
	}
}

func TestVendorOwned(t *testing.T) {
	for domain, want := range map[string]string{"live.co.uk": Outlook, "hotmail.at": Outlook, "example.org": "",
		"sub.live.co.uk": ""} {
		if got := VendorOwned(domain); got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
}

// Services with a URL share the login of the best IMAP server, or else of POP3.
func TestLogin(t *testing.T) {
	pop3, imap := Server{Protocol: POP3, Username: "pop"}, Server{Protocol: IMAP, Username: "imap"}
	for want, incoming := range map[string][]Server{"imap": {pop3, imap}, "pop": {pop3}, EmailAddress: nil} {
		if got := (&Provider{Incoming: incoming}).Login().Username; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// The domain of a Host header or a handshake, whatever its case, its port and its trailing dot.
func TestHostName(t *testing.T) {
	for name, want := range map[string]string{"a.example": "a.example", "A.Example.:8443": "a.example",
		"a.example:": "a.example", "[::1]:443": "", "[::1]": "", "192.0.2.1:80": "", "localhost:80": "", "": "",
		"a.example:80:80": ""} {
		if got := HostName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
