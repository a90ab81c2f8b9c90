package provider

import (
	"slices"
	"strings"
	"testing"
)

// Names are IDNA2008's (RFC 5891), not what UTS #46 lets pass or maps away.
func TestNamesAreIDNA2008(t *testing.T) {
	for in, want := range map[string]string{
		"bücher.example": "xn--bcher-kva.example", "BÜCHER.example": "xn--bcher-kva.example",
		"bu\u0308cher.example": "xn--bcher-kva.example",
		"straße.example":       "xn--strae-oqa.example", "例え.テスト": "xn--r8jz45g.xn--zckzah",
		"ｅｘａｍｐｌｅ．org": "example.org", "例え。テスト": "xn--r8jz45g.xn--zckzah",
		"xn--bcher-kva.example": "xn--bcher-kva.example", "col·legi.example": "xn--collegi-xma.example",
		"пример.испытание": "xn--e1afmkfd.xn--80akhbyknj4f",
		"ドット・コム.example":   "xn--tck5apc2jwg.example",

		"“example.org”": "", "example.org’": "", "«example».org": "", "„example“.org": "", "example.org`": "",
		"exa™ple.org": "", "exa😀ple.org": "",
		"♥.example": "", "exam\u200bple.org": "", "exam\u00adple.org": "", "ﬁsh.example": "", "x².example": "",
		"a·b.example": "", "€.example": "",
		"ـ.example": "", "①.example": "", "xn--mail-996a.example": "", "xn--g6h.example": "", "exa\ufe0fmple.org": "",
		"ᄀ.example": "",
	} {
		got, err := ParseDomain(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{"“a.example": "the quotation mark “ (U+201C)",
		"a😀.example":      "the character 😀 (U+1F600)",
		"my_host.example": "the character _ (U+005F)", `"a.example"`: `the quotation mark " (U+0022)`, "a.example": "",
		"bücher.example": ""} {
		if got := ForbiddenIn(in); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for raw, want := range map[string]string{ // p plain, f with a fragment, i an issuer: the forms that it has
		"https://id.example.org/": "pfi", "https://id.example.org": "pfi", "https://id.example.org:8443/a/b": "pfi",
		"https://id.example.org/a.b/..c": "pfi",
		"https://id.example.org/?a=b":    "pf", "https://id.example.org/#top": "f", "https://id.example.org/#": "f",
		"https://id.example.org?":       "pf",
		"https://id.example.org/a/../b": "pf", "https://id.example.org/./": "pf", "https://id.example.org/..": "pf",
		"https://id.example.org/%7Ea": "pf",
		"http://id.example.org/":      "", "https://": "", "https://id/": "", "https://192.0.2.1/": "",
		"https://[2001:db8::1]/": "", "https://a@id.example.org/": "",
		"https://id.example.org:0/": "", "https://id.example.org:65536/": "", "https://id.example.org:/": "",
		"https://id.example.org:65535/": "pfi",
		"id.example.org":                "", "": "", "https://id.example.org/a b": "", "https://“id.example.org”/": "",
		"https://id.example.org\\a": "", "mailto:a@example.org": "",
	} {
		got := ""
		for form, letter := range map[URLForm]string{URLPlain: "p", URLWithFragment: "f", URLIssuer: "i"} {
			if CheckURL(raw, form) == nil {
				got += letter
			}
		}
		letters, wanted := strings.Split(got, ""), strings.Split(want, "")
		slices.Sort(letters)
		slices.Sort(wanted)
		if !slices.Equal(letters, wanted) {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// Validate looks, and changes nothing.
func TestValidateChangesNothing(t *testing.T) {
	p := sound()
	p.Incoming[0].Host, p.MX = "IMAP.Example.ORG.", []string{"MX.example.org."}
	p.ManageSieve = &Server{Protocol: ManageSieve, Host: "Sieve.example.org", Port: 4190, Security: STARTTLS,
		Auth: []Auth{AuthPassword}, Username: EmailAddress}
	if faults := p.Validate(); len(faults) > 0 {
		t.Errorf("%+v", faults)
	}
	if p.Incoming[0].Host != "IMAP.Example.ORG." || p.MX[0] != "MX.example.org." ||
		p.ManageSieve.Host != "Sieve.example.org" {
		t.Errorf("%+v", p)
	}
	p.Incoming[0].Host = "not a host"
	if p.Normalize(); p.Incoming[0].Host != "not a host" || p.MX[0] != "mx.example.org" ||
		p.ManageSieve.Host != "sieve.example.org" {
		t.Errorf("%+v", p)
	}
}

// Microsoft's servers as one's own, and ports that are for something else.
func TestVendorServers(t *testing.T) {
	for _, c := range []struct {
		change   func(*Provider)
		id, path string
		warning  bool
	}{
		{func(p *Provider) { p.Incoming[0].Host = "outlook.office365.com" }, "config-host-builtin", "incoming[0].host", true},
		{func(p *Provider) {
			p.Outgoing[0] = Server{SMTP, "smtp.office365.com", 587, STARTTLS, []Auth{AuthPassword}, EmailAddress, nil}
		}, "config-host-builtin", "outgoing[0].host", true},
		{func(p *Provider) { p.Outgoing[0].Host = "smtp-mail.outlook.com" }, "config-port-security", "outgoing[0].port",
			false},
		{func(p *Provider) { p.ID, p.Outgoing[0].Host = Microsoft365, "smtp.office365.com" }, "config-port-security",
			"outgoing[0].port", false},
		{func(p *Provider) { p.Outgoing[0].Port, p.Outgoing[0].Security = 25, STARTTLS }, "config-port-relay",
			"outgoing[0].port", true},
		{func(p *Provider) { p.Incoming[0].Protocol = POP3 }, "config-port-relay", "incoming[0].port", true}, // on IMAP's 993
	} {
		p := sound()
		c.change(p)
		faults := p.Validate()
		if len(faults) != 1 || faults[0].ID != c.id || faults[0].Path != c.path || faults[0].Warning != c.warning ||
			faults[0].Fix == "" {
			t.Errorf("want %s at %s, got %+v", c.id, c.path, faults)
		}
	}
}
