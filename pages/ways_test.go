package pages

import (
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autoconfig/provider"
	"autoconfig/templates"
)

var update = flag.Bool("update", false, "write testdata/ways.txt")

// combination is a provider of the table, and what must and must not be said to its people.
type combination struct {
	name, address string
	provider      *provider.Provider
	never         string // in no step of any device, a regular expression
}

// server is one that takes the ways to log in that are named.
func server(proto provider.Protocol, host string, port uint16, sec provider.Security,
	auth ...provider.Auth) provider.Server {
	return provider.Server{Protocol: proto, Host: host, Port: port, Security: sec, Auth: auth,
		Username: provider.EmailAddress}
}

// combinations are the ways to sign in, with the protocols and services that there are. What must never be said is
// written down here for each, and not computed.
func combinations() []combination {
	const password, oauth2 = provider.AuthPassword, provider.AuthOAuth2
	own := func(change func(*provider.Provider), auth ...provider.Auth) *provider.Provider {
		p := &provider.Provider{ID: "own", Name: "Own Mail",
			Incoming: []provider.Server{server(provider.IMAP, "imap.example.org", 993, provider.TLS, auth...)},
			Outgoing: []provider.Server{server(provider.SMTP, "smtp.example.org", 587, provider.STARTTLS, auth...)},
			OAuth2: &provider.OAuth2{Issuer: "https://id.example.org/", AuthorizeURL: "https://id.example.org/a",
				TokenURL: "https://id.example.org/t"}}
		if change != nil {
			change(p)
		}
		return p
	}
	pop := server(provider.POP3, "pop.example.org", 995, provider.TLS, password)
	const (
		imap, pop3           = `\bIMAP\b`, `\bPOP3\b`
		mailbox, app         = `password of your mailbox|Passwort Ihres Postfachs`, `app password|App-Passwort`
		microsoft, providers = `Microsoft’s page|Seite von Microsoft`,
			`Your provider’s page opens|Die Seite Ihres Anbieters öffnet`
		// Neither of them, nor a step that has no word where one should be.
		anySecret = mailbox + "|" + app + `|Type (when|,)|\band (and|$)|Geben Sie (ein|,)|\bund ein\b`
	)
	never := func(list ...string) string { return strings.Join(list, "|") }
	return []combination{
		{"live.co.uk", "a@live.co.uk", provider.Builtin(provider.Outlook), never(anySecret, pop3, providers)},
		{"Microsoft 365", "a@shop.example", provider.Builtin(provider.Microsoft365),
			never(anySecret, pop3, providers, "mail profile|Mail-Profil")},
		{"password", "a@example.org", own(nil, password), never(app, pop3, microsoft, providers)},
		{"password, encrypted", "a@example.org", own(nil, provider.AuthPasswordEncrypted),
			never(app, pop3, microsoft, providers)},
		{"password, POP3 too", "a@example.org", own(func(p *provider.Provider) { p.Incoming = append(p.Incoming, pop) },
			password), never(app, pop3, microsoft, providers)},
		{"POP3 alone", "a@example.org", own(func(p *provider.Provider) { p.Incoming = []provider.Server{pop} }, password),
			never(app, imap, microsoft, providers)},
		{"POP3 first, IMAP too", "a@example.org",
			own(func(p *provider.Provider) { p.Incoming = append([]provider.Server{pop}, p.Incoming...) }, password),
			never(app, pop3, microsoft, providers)},
		{"app password", "a@example.org", own(func(p *provider.Provider) { p.PasswordLogin.Status = provider.PasswordApp },
			password), never(mailbox, pop3, microsoft, providers)},
		{"app password, POP3 alone", "a@example.org", own(func(p *provider.Provider) {
			p.PasswordLogin.Status, p.Incoming = provider.PasswordApp, []provider.Server{pop}
		}, password), never(mailbox, imap, microsoft, providers)},
		{"app password for IMAP alone", "a@example.org", own(func(p *provider.Provider) {
			p.PasswordLogin.IMAP = &provider.PasswordState{Status: provider.PasswordApp}
		}, password), never(mailbox, pop3, microsoft, providers)},
		{"app password for SMTP alone", "a@example.org", own(func(p *provider.Provider) {
			p.PasswordLogin.SMTP = &provider.PasswordState{Status: provider.PasswordApp}
		}, password), never(mailbox, pop3, microsoft, providers)},
		{"OAuth2, else a password", "a@example.org", own(nil, oauth2, password), never(app, pop3, microsoft, providers)},
		{"OAuth2, else an app password", "a@example.org",
			own(func(p *provider.Provider) { p.PasswordLogin.Status = provider.PasswordApp }, oauth2, password),
			never(mailbox, pop3, microsoft, providers)},
		{"OAuth2, else a password, add-on", "a@example.org",
			own(func(p *provider.Provider) { p.OAuth2.ClientID, p.OAuth2.Addon = "x", "https://example.org/x.xpi" }, oauth2,
				password), never(app, pop3, microsoft)},
		{"OAuth2 alone", "a@example.org", own(nil, oauth2), never(anySecret, pop3, microsoft, providers)},
		{"OAuth2 alone, add-on", "a@example.org",
			own(func(p *provider.Provider) { p.OAuth2.ClientID, p.OAuth2.Addon = "x", "https://example.org/x.xpi" }, oauth2),
			never(anySecret, pop3, microsoft)},
		{"OAuth2, passwords retired", "a@example.org",
			own(func(p *provider.Provider) { p.PasswordLogin.Status = provider.PasswordRetired }, oauth2, password),
			never(anySecret, pop3, microsoft, providers)},
		{"OAuth2 that Thunderbird knows", "a@example.org", own(func(p *provider.Provider) {
			p.Incoming[0].Host, p.Outgoing[0].Host = "imap.gmail.com", "smtp.gmail.com"
		}, oauth2), never(anySecret, pop3, microsoft)},
		{"Kerberos", "a@example.org", own(nil, provider.AuthGSSAPI), never(anySecret, pop3, microsoft, providers)},
		{"certificate", "a@example.org", own(nil, provider.AuthClientCertificate),
			never(anySecret, pop3, microsoft, providers)},
		{"Exchange of its own", "a@example.org", own(func(p *provider.Provider) {
			p.ActiveSync, p.EWS = "https://mail.example.org/Microsoft-Server-ActiveSync",
				"https://mail.example.org/EWS/Exchange.asmx"
		}, password), never(app, pop3, microsoft, providers)},
		{"DAV", "a@example.org", own(func(p *provider.Provider) {
			p.CalDAV, p.CardDAV = "https://dav.example.org/calendars/", "https://dav.example.org/contacts/"
		}, password), never(app, pop3, microsoft, providers)},
		{"to be switched on first", "a@example.org",
			own(func(p *provider.Provider) { p.Enable = &provider.Enable{URL: "https://example.org/on"} }, password),
			never(app, pop3, microsoft, providers)},
		{"domain alone", "example.org", own(nil, password), never(app, pop3, microsoft, providers)},
	}
}

// agents are the devices that people come with.
var agents = []struct{ name, agent, kind string }{
	{"iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X)", "iphone"},
	{"iPad", "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X)", "iphone"},
	{"Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "mac"},
	{"Android", "Mozilla/5.0 (Linux; Android 16; Pixel 9)", "android"},
	{"Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows"},
	{"Linux", "Mozilla/5.0 (X11; Linux x86_64)", "linux"},
}

var (
	elements = regexp.MustCompile(`<[^>]*>`)
	sections = regexp.MustCompile(`(?s)<details class="card device" id="([a-z]+)"( open)?>(.*?)\n</div>\n</details>\n`)
)

// wordsOf is what a person reads of a piece of HTML.
func wordsOf(body string) string {
	return strings.Join(strings.Fields(html.UnescapeString(elements.ReplaceAllString(body, " "))), " ")
}

// Every combination of a provider, a device and a language is rendered, and no step of any app on any device says what
// does not hold for the provider.
func TestNoStepContradicts(t *testing.T) {
	for _, c := range combinations() {
		never := regexp.MustCompile(c.never)
		a, err := provider.ParseAddressOrDomain(c.address)
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"en", "de"} {
			for _, on := range agents {
				body := setup(t, Visit{Agent: on.agent, Lang: lang}, Account{Provider: c.provider, Address: a})
				found := sections.FindAllStringSubmatch(body, -1)
				if len(found) != len(known().Devices)+1 || found[0][1] != on.kind || found[0][2] == "" {
					t.Fatalf("%s on %s: %d sections, first %q", c.name, on.name, len(found), found[0][1])
				}
				for _, section := range found[:len(known().Devices)] {
					name := fmt.Sprintf("%s, %s, %s", c.name, section[1], lang)
					steps := wordsOf(section[3])
					if bad := never.FindString(steps); bad != "" {
						t.Errorf("%s: %q in %s", name, bad, steps)
					}
					if strings.ContainsAny(steps, "{}%") || strings.Contains(steps, "**") {
						t.Errorf("%s: something is not filled in: %s", name, steps)
					}
					provable(t, name, c, section[1], section[3])
				}
			}
		}
	}
}

// provable are the rules that need to look at the provider.
func provable(t *testing.T, name string, c combination, device, body string) {
	t.Helper()
	microsoft := c.provider.ID == provider.Outlook || c.provider.ID == provider.Microsoft365
	profile, first := strings.Contains(body, `action="/mobileconfig"`), strings.SplitN(body, "<details", 2)[0]
	takes := slices.ContainsFunc(c.provider.Incoming, provider.Server.PasswordMethod)
	switch {
	case device == "mac" && microsoft && profile:
		t.Errorf("%s: a profile that a Mac cannot use", name)
	case microsoft && strings.Contains(first, "<form"):
		t.Errorf("%s: the profile comes first", name)
	case profile && !takes && !microsoft:
		t.Errorf("%s: a profile for a provider without passwords", name)
	case device == "android" && microsoft &&
		regexp.MustCompile(`IMAP\)|Other\b|Sonstige|Manual|von Hand`).MatchString(wordsOf(body)):
		t.Errorf("%s: to IMAP by hand: %s", name, wordsOf(body))
	case c.provider.Enable != nil && !strings.Contains(first, c.provider.Enable.URL):
		t.Errorf("%s: not switched on first: %s", name, first)
	case !strings.Contains(body, `<ol class="steps"><li>`) && !strings.Contains(body, `href="#settings"`):
		t.Errorf("%s: neither steps nor a word", name)
	}
}

// The table of all combinations, to be read.
func TestWays(t *testing.T) {
	var b strings.Builder
	for _, c := range combinations() {
		a := accessOf(c.provider, "example.org")
		fmt.Fprintf(&b, "%s: sign in %s, secret %q, %s\n", c.name, a.SignIn, a.Secret, a.Protocol)
		for _, d := range known().Devices {
			fmt.Fprintf(&b, "  %s:", d.Kind)
			for i, w := range a.ways(d) {
				if i > 0 {
					b.WriteString(" |")
				}
				fmt.Fprintf(&b, " %s (%s)", w.ID, strings.Join(w.Steps, ", "))
			}
			b.WriteString("\n")
		}
	}
	const file = "testdata/ways.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != b.String() {
		t.Errorf("%s differs (go test ./pages -update): %v", file, err)
	}
}

// What a program is given follows from the submission server: examples where it takes a password, OAuth2 elsewhere.
func TestPrograms(t *testing.T) {
	for _, c := range combinations() {
		if c.name == "domain alone" {
			continue
		}
		g := shared().newGroup(&setupView{view: view{Visit: Visit{Lang: "en"}}}, c.provider,
			provider.Address{Local: "a", Domain: strings.TrimPrefix(c.address, "a@")}, []string{c.address})
		v := g.programs(c.provider, provider.Address{Local: "a", Domain: strings.TrimPrefix(c.address, "a@")})
		out := c.provider.Outgoing[0]
		password := out.Has(provider.AuthPassword) || out.Has(provider.AuthPasswordEncrypted)
		retired := c.provider.PasswordLogin.For(provider.SMTP).Status == provider.PasswordRetired
		if got, want := len(v.Examples), map[bool]int{true: len(templates.Code())}[password && !retired]; got != want {
			t.Errorf("%s: %d examples, want %d", c.name, got, want)
		}
		for _, e := range v.Examples {
			for _, want := range []string{out.Host, fmt.Sprint(out.Port), c.address} {
				if !strings.Contains(e.Text, want) || strings.Contains(e.Text, "{") &&
					regexp.MustCompile(`\{[a-z]+\}`).MatchString(e.Text) || strings.Contains(e.Text, "tls|") {
					t.Errorf("%s: %s: no %q in\n%s", c.name, e.Name, want, e.Text)
				}
			}
		}
		if c.provider.ID == provider.Outlook {
			if said := wordsOf(string(v.Lead[0]+v.Lead[2])) + fmt.Sprint(v.Rows); !strings.Contains(said, "16 September 2024") ||
				!strings.Contains(said, "relay") ||
				!strings.Contains(said, "SMTP.Send") || strings.Contains(said, "IMAP.Access") {
				t.Errorf("live.co.uk: %s", said)
			}
		}
	}
	for _, local := range []string{`o'neil`, `a"b`, "a`b", `a$b`, `a\b`} {
		s := server(provider.SMTP, "smtp.example.org", 465, provider.TLS, provider.AuthPassword)
		for _, e := range examples(s, provider.Address{Local: local, Domain: "example.org"}) {
			if strings.Contains(e.Text, local) {
				t.Errorf("%s: %s is part of the code", e.Name, local)
			}
		}
	}
}
