package importer_test

import (
	"crypto"
	"crypto/x509"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"autoconfig/apple"
	"autoconfig/config"
	"autoconfig/discover/probe/probetest"
	"autoconfig/finding"
	"autoconfig/importer"
	"autoconfig/mozilla"
	"autoconfig/provider"
	"autoconfig/server"
	"autoconfig/service"
)

// loaded is a configuration that is served.
type loaded struct {
	data *config.Data
	set  *server.Settings
}

func load(t *testing.T, text []byte) loaded {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, found := config.Load(path)
	if config.Failed(found) {
		t.Fatalf("%v\n%s", fails(found), text)
	}
	data, found := cfg.Data()
	if config.Failed(found) {
		t.Fatalf("%v\n%s", fails(found), text)
	}
	return loaded{data, service.Settings(cfg, data, nil)}
}

func fails(found []finding.Finding) (out []string) {
	for _, f := range found {
		if f.Level == finding.Fail {
			out = append(out, f.String())
		}
	}
	return out
}

func (l loaded) render(t *testing.T, f server.Format, a provider.Address, o server.RenderOptions) (string, error) {
	t.Helper()
	p, err := l.data.All().Lookup(t.Context(), a)
	if err != nil {
		t.Fatalf("%s: %v", a.Domain, err)
	}
	out, err := server.Render(l.set, f, p, a, o)
	return string(out), err
}

// again imports documents and loads what came of them.
func again(t *testing.T, hint provider.Address, docs ...string) (loaded, string) {
	t.Helper()
	var read []*importer.Document
	for _, doc := range docs {
		more, err := importer.Read("document", []byte(doc), hint)
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		read = append(read, more...)
	}
	text, err := importer.Write(importer.Merge(read))
	if err != nil {
		t.Fatal(err)
	}
	return load(t, text), string(text)
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// everyProvider calls f with each provider that can be served without a
// database: the built-in ones, and those of every example in the documentation.
func everyProvider(t *testing.T, f func(t *testing.T, l loaded, domain string)) {
	var texts []string
	for _, page := range []string{"../autoconfig.example.yaml", "../README.md", "../docs/*.md", "../docs/recipes/*.md",
		"testdata/*.yaml"} {
		files, _ := filepath.Glob(page)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, ".yaml") {
				texts = append(texts, string(text))
			}
			for _, m := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
				texts = append(texts, m[1])
			}
		}
	}
	count := 0
	for _, text := range append(texts, "{}") {
		path := filepath.Join(t.TempDir(), "autoconfig.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, found := config.Load(path)
		if config.Failed(found) {
			continue // a part of a file, or one that names files
		}
		data, found := cfg.Data()
		if config.Failed(found) {
			continue
		}
		l := loaded{data, service.Settings(cfg, data, nil)}
		for _, e := range cfg.Model() {
			if len(e.Domains) == 0 || e.Builtin && text != "{}" && len(e.Domains) > 90 {
				continue
			}
			count++
			t.Run(e.Domains[len(e.Domains)-1], func(t *testing.T) { f(t, l, e.Domains[len(e.Domains)-1]) })
		}
	}
	if count < 8 {
		t.Errorf("only %d providers", count)
	}
}

// What is made of a document is rendered as the same document, byte for byte.
func TestRoundTrip(t *testing.T) {
	formats := []server.Format{server.FormatMozilla, server.FormatAutodiscover, server.FormatMobileconfig,
		server.FormatPACC, server.FormatJSON}
	seen := map[server.Format]int{}
	everyProvider(t, func(t *testing.T, l loaded, domain string) {
		for _, f := range formats {
			for _, a := range []provider.Address{{Domain: domain}, {Local: "jo", Domain: domain},
				{Local: "Jo.Doe+x", Domain: domain}} {
				want, err := l.render(t, f, a, server.RenderOptions{})
				if err != nil || f == server.FormatAutodiscover && strings.Contains(want, "RedirectAddr") {
					continue // the format cannot say it, or nothing but where it is said
				}
				seen[f]++
				back, text := again(t, provider.Address{Domain: domain}, want)
				if got, err := back.render(t, f, a, server.RenderOptions{}); err != nil || got != want &&
					!strings.Contains(text, "/UsePOPAuth: off") {
					t.Errorf("%s for %s: %v\ngot\n%s\nwant\n%s\nby\n%s", f, a, err, got, want, text)
				}
				if a.Local != "" && strings.Contains(strings.ToLower(text), "jo") {
					t.Errorf("%s: the local part is in\n%s", f, text)
				}
			}
		}
	})
	for _, f := range formats {
		if seen[f] < 5 {
			t.Errorf("%s: only %d documents", f, seen[f])
		}
	}
}

// Documents that name nothing but an Exchange service join those that name the
// mail servers.
func TestRoundTripTogether(t *testing.T) {
	seen := 0
	everyProvider(t, func(t *testing.T, l loaded, domain string) {
		a := provider.Address{Local: "jo", Domain: domain}
		base, err := l.render(t, server.FormatMozilla, a, server.RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for f, o := range map[server.Format]server.RenderOptions{server.FormatMobileSync: {},
			server.FormatMobileconfig: {Account: "exchange"}, server.FormatAutodiscover: {},
			server.FormatAutodiscoverJSON: {Protocol: "ActiveSync"}} {
			want, err := l.render(t, f, a, o)
			if err != nil {
				continue
			}
			seen++
			back, text := again(t, a, base, want)
			if strings.Contains(text, a.String()) {
				t.Errorf("%s: the address is in\n%s", f, text)
			}
			for format, want := range map[server.Format]string{f: want, server.FormatMozilla: base} {
				if got, err := back.render(t, format, a, o); err != nil || got != want {
					t.Errorf("%s of %s: %v\ngot\n%s\nwant\n%s\nby\n%s", format, f, err, got, want, text)
				}
			}
		}
	})
	if seen < 6 {
		t.Errorf("only %d documents", seen)
	}
}

// A signed profile is read as what is inside, whoever signed it; a broken
// signature is an error.
func TestSigned(t *testing.T) {
	cert := probetest.NewAuthority().Certificate(90*probetest.Day, "example.org")
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	signer, err := apple.NewSigner([]*x509.Certificate{leaf}, cert.PrivateKey.(crypto.Signer))
	if err != nil {
		t.Fatal(err)
	}
	a := provider.Address{Local: "jo", Domain: "live.co.uk"}
	plain, err := apple.Encode([]apple.Account{{Provider: provider.Builtin(provider.Outlook), Address: a}},
		apple.Options{})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(plain)
	if err != nil {
		t.Fatal(err)
	}
	texts := [2]string{}
	for i, doc := range [][]byte{plain, signed} {
		docs, err := importer.Read("profile", doc, provider.Address{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := importer.Write(docs)
		if texts[i] = string(text); err != nil || !strings.Contains(texts[i], "imaps://outlook.office365.com") {
			t.Errorf("%v\n%s", err, text)
		}
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\n%s", texts[0], texts[1])
	}
	signed[len(signed)-5] ^= 1
	if _, err := importer.Read("profile", signed, provider.Address{}); err == nil {
		t.Error("a broken signature")
	}
}

func TestDomainOf(t *testing.T) {
	for place, want := range map[string]string{
		"out/example.org/autodiscover/autodiscover.xml":              "example.org",
		"out/autodiscover.example.org/autodiscover/autodiscover.xml": "example.org",
		"ua-auto-config.example.org":                                 "example.org",
		"AUTOCONFIG.bücher.example:8080":                             "xn--bcher-kva.example",
		"config-v1.1.xml":                                            "", "autoconfig.xml": "",
		"/etc/autoconfig/config.xml": "", "autodiscover/autodiscover.xml": "",
		"http://autoconfig.localhost/": "",
	} {
		if got := importer.DomainOf(place); got != want {
			t.Errorf("%s: %q, want %q", place, got, want)
		}
	}
}

// An id that cannot be a handle is named, without the local part of an address.
func TestUnusableID(t *testing.T) {
	p := provider.Builtin(provider.Outlook)
	doc, err := mozilla.Encode(p, "shop.example")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"a b": "id: a b", "jo@mail.example": "id: mail.example",
		"outlook.com": "id: outlook.com", "shop.example": ""} {
		docs, err := importer.Read("a.xml", []byte(strings.Replace(string(doc), `id="shop.example"`, `id="`+id+`"`, 1)),
			provider.Address{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := importer.Write(docs)
		if got := strings.Contains(string(text), "not carried over: id:"); err != nil || got != (want != "") ||
			!strings.Contains(string(text), want) || strings.Contains(string(text), "jo@") {
			t.Errorf("%s: %v\n%s", id, err, text)
		}
	}
}

// A login that is an address makes logins of addresses, also where nothing else in the document names its domain.
func TestLoginIsAddress(t *testing.T) {
	p := provider.Builtin(provider.Outlook)
	doc, err := mozilla.Encode(p, "shop.example")
	if err != nil {
		t.Fatal(err)
	}
	none := strings.Replace(string(doc), "<domain>shop.example</domain>", "", 1)
	for _, c := range []struct{ doc, login, want string }{
		{none, "jo@shop.example", ""}, {none, "jo", "%EMAILLOCALPART%"},
		{string(doc), "jo@shop.example", ""}, {string(doc), "jo@login.example", "%EMAILLOCALPART%@login.example"},
	} {
		docs, err := importer.Read("a.xml", []byte(strings.ReplaceAll(c.doc, "%EMAILADDRESS%", c.login)), provider.Address{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := importer.Write(docs)
		if got := strings.Contains(string(text), `username: "`); err != nil || got != (c.want != "") ||
			!strings.Contains(string(text), c.want) || strings.Contains(string(text), "jo") {
			t.Errorf("%s: %v, want %q\n%s", c.login, err, c.want, text)
		}
	}
}
