package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"autoconfig/provider"
	"autoconfig/source"
)

func written(t *testing.T, p *provider.Provider) string {
	t.Helper()
	text, err := WriteProvider(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An entry is written as a person would: servers as URLs where those say it all, what they share once, and nothing
// that is the default. Loaded again, it is the same provider.
func TestWriteProvider(t *testing.T) {
	server := func(p provider.Protocol, host string, port uint16, s provider.Security) provider.Server {
		return provider.Server{Protocol: p, Host: host, Port: port, Security: s, Auth: []provider.Auth{provider.AuthPassword},
			Username: provider.EmailAddress}
	}
	base := func() *provider.Provider {
		return &provider.Provider{ID: "hosted", Name: "hosted", Domains: []string{"a.example", "b.example"},
			Incoming: []provider.Server{server(provider.IMAP, "mail.a.example", 993, provider.TLS)},
			Outgoing: []provider.Server{server(provider.SMTP, "mail.a.example", 465, provider.TLS)}}
	}
	each := func(p *provider.Provider, f func(s *provider.Server)) {
		for i := range p.Incoming {
			f(&p.Incoming[i])
		}
		for i := range p.Outgoing {
			f(&p.Outgoing[i])
		}
	}
	for _, test := range []struct {
		name   string
		change func(p *provider.Provider)
		has    []string
		hasNot []string
	}{
		{"usual ports", func(*provider.Provider) {},
			[]string{"- id: hosted\n", "domains: [a.example, b.example]\n", "- imaps://mail.a.example\n",
				"- submissions://mail.a.example\n"},
			[]string{"993", "auth", "username", "security"}},
		{"another port", func(p *provider.Provider) { p.Incoming[0].Port = 1993 },
			[]string{"- imaps://mail.a.example:1993\n"}, []string{"security"}},
		{"another security", func(p *provider.Provider) { p.Incoming[0].Port, p.Incoming[0].Security = 143, provider.Plain },
			[]string{"host: mail.a.example", "port: 143"}, []string{"imaps://"}},
		{"a login name of all", func(p *provider.Provider) {
			each(p, func(s *provider.Server) { s.Username = "%EMAILLOCALPART%" })
		}, []string{"username: \"%EMAILLOCALPART%\"\n", "- imaps://mail.a.example\n"}, nil},
		{"a login name of one", func(p *provider.Provider) { p.Incoming[0].Username = "%EMAILLOCALPART%" },
			[]string{"username: \"%EMAILLOCALPART%\"", "host: mail.a.example", "- submissions://mail.a.example\n"},
			[]string{"imaps://", "auth"}},
		{"a way to log in of all", func(p *provider.Provider) {
			each(p, func(s *provider.Server) { s.Auth = []provider.Auth{provider.AuthOAuth2, provider.AuthPassword} })
		}, []string{"auth: [oauth2, password]\n", "- imaps://mail.a.example\n"}, nil},
		{"a way to log in of one",
			func(p *provider.Provider) { p.Outgoing[0].Auth = []provider.Auth{provider.AuthPasswordEncrypted} },
			[]string{"auth: [", "- imaps://mail.a.example\n"}, []string{"submissions://", "username"}},
		{"messages stay", func(p *provider.Provider) {
			p.Incoming[0].LeaveOnServer = new(true)
			p.Incoming[0].Protocol, p.Incoming[0].Port = provider.POP3, 995
		},
			[]string{"leave_on_server: true", "host: mail.a.example"}, []string{"pop3s://"}},
		{"many domains", func(p *provider.Provider) {
			p.Domains = []string{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example"}
		}, []string{"    - a.example\n"}, []string{"[a.example"}},
		{"six domains", func(p *provider.Provider) {
			p.Domains = []string{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example"}
		}, []string{"domains: [a.example, "}, nil},
		{"many exchangers", func(p *provider.Provider) {
			p.MX = []string{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example"}
		}, []string{"    - a.example\n", "    - g.example\n"}, []string{"[a.example"}},
		{"a host with the domain in it", func(p *provider.Provider) {
			each(p, func(s *provider.Server) { s.Host = "mail.%EMAILDOMAIN%" })
		}, []string{"imaps://mail.%EMAILDOMAIN%", "submissions://mail.%EMAILDOMAIN%"}, nil},
		{"managesieve", func(p *provider.Provider) {
			p.ManageSieve = new(server(provider.ManageSieve, "mail.a.example", 4190, provider.STARTTLS))
		}, []string{"managesieve: "}, []string{"auth", "username"}},
	} {
		p := base()
		test.change(p)
		before := written(t, p)
		for _, text := range test.has {
			if !strings.Contains(before, text) {
				t.Errorf("%s: no %q in\n%s", test.name, text, before)
			}
		}
		for _, text := range test.hasNot {
			if strings.Contains(before, text) {
				t.Errorf("%s: %q in\n%s", test.name, text, before)
			}
		}
		c, found := parse("x.yaml", []byte("providers:\n"+before))
		if Failed(found) || len(c.model) == 0 {
			t.Errorf("%s: %v\n%s", test.name, found, before)
			continue
		}
		got := c.model[0].Provider
		if !reflect.DeepEqual(got.Incoming, p.Incoming) || !reflect.DeepEqual(got.Outgoing, p.Outgoing) ||
			!reflect.DeepEqual(got.ManageSieve, p.ManageSieve) || !slices.Equal(got.MX, p.MX) {
			t.Errorf("%s: another provider when it is loaded again\n%+v\n%s", test.name, got, before)
		}
	}
	text := written(t, &provider.Provider{ID: "none"})
	if !strings.HasPrefix(text, "  - id: none\n") || strings.Contains(text, "incoming") {
		t.Errorf("without servers:\n%s", text)
	}
}

// Each key has one kind that people understand, with lists, mappings and words told apart.
func TestKeys(t *testing.T) {
	kinds, docs := map[string]string{}, map[string]string{}
	for _, k := range Keys() {
		if _, twice := kinds[k.Path]; twice {
			t.Errorf("%s is listed twice", k.Path)
		}
		kinds[k.Path], docs[k.Path] = k.Kind, k.Doc
		if k.Kind == "" || strings.Contains(k.Kind, "<nil>") || strings.Contains(k.Path, "[].[]") {
			t.Errorf("%+v", k)
		}
	}
	for path, want := range map[string]string{
		"listen": "text", "limits": "mapping", "limits.per_minute": "number", "pages.public": "true or false",
		"providers":                       "list of mapping",
		"providers[].incoming[].security": "tls, starttls, plain",
		"providers[].pacc":                "auto, false, true", "dns.resolver": "system, or list of text",
		"providers[].incoming":        "list of text, or mapping",
		"providers[].incoming[].auth": "list of oauth2, password, password-encrypted, ntlm, gssapi, client-certificate, client-ip, none",
		"providers[].domains_file":    "text, or mapping, or list of text, or mapping",
		"providers[].managesieve":     "text, or mapping",
		"providers[].autodiscover":    "redirect, settings, or mapping", "providers[].domains_file[].format": "lines, addresses", "tls.acme.addresses": "list of text", "tls.acme.directories[].url": "text",
		"providers[].domains": "list of text", "trusted_proxies": "list of text", "log_clients": "true or false",
	} {
		if got := kinds[path]; got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
		if docs[path] == "" {
			t.Errorf("%s is not explained", path)
		}
	}
}

// The operator's own come first, then the built-in providers, databases, and other people's; only the operator's count
// as the operator's.
func TestDataInOrder(t *testing.T) {
	listed, builtin := source.NewIndex(0, 0), source.NewIndex(0, 0)
	own, theirs := &provider.Provider{ID: "own"}, &provider.Provider{ID: "theirs"}
	others := &source.ISPDB{Name: "others", Providers: []*provider.Provider{theirs}}
	database := source.Missing{Name: "x"}
	d := &Data{Listed: listed, Builtin: builtin, Providers: []*provider.Provider{own}, Remote: []provider.Source{database},
		ISPDB: []*source.ISPDB{others}}
	if got, want := d.Own(), (source.Chain{listed, database}); !reflect.DeepEqual(got, want) {
		t.Errorf("own: %v", got)
	}
	if got, want := d.All(), (source.Chain{listed, builtin, database, others}); !reflect.DeepEqual(got, want) {
		t.Errorf("all: %v", got)
	}
	if got := d.ByMX(); len(got) != 2 || got[0] != own || got[1] != theirs || len(d.Providers) != 1 {
		t.Errorf("by exchanger: %v", got)
	}
}

// What a configuration is called, where a service host is to be written, and the pair that profiles are signed with.
func TestNamesOfAConfiguration(t *testing.T) {
	none := Default()
	if none.Name() != "only the built-in providers" || !strings.HasSuffix(none.ServiceHostFix(), "into autoconfig.yaml") {
		t.Errorf("%q, %q", none.Name(), none.ServiceHostFix())
	}
	c, _ := parse("x.yaml", []byte("listen_tls: \":443\"\ntls: {cert_file: a.pem, key_file: b.pem}\nsigning: auto\n"))
	if c.Name() != "x.yaml" || !strings.HasSuffix(c.ServiceHostFix(), "into x.yaml") {
		t.Errorf("%q, %q", c.Name(), c.ServiceHostFix())
	}
	if pair := c.SigningPair(); pair != c.TLS.KeyPair || !pair.Set() {
		t.Errorf("signs with %+v", pair)
	}
	c, _ = parse("x.yaml", []byte("signing: {cert_file: c.pem, key_file: d.pem}\n"))
	if pair := c.SigningPair(); pair != c.Signing.KeyPair || !pair.Set() {
		t.Errorf("signs with %+v", pair)
	}
	if got := (DomainsFiles{{Path: "a.txt"}, {Path: "b.txt"}}).String(); got != "a.txt, b.txt" {
		t.Errorf("%q", got)
	}
}
