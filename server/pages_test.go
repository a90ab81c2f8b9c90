package server

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"autoconfig/apple"
	"autoconfig/pages"
	"autoconfig/templates"
)

// get asks for a page and returns it with its text.
func get200(t testing.TB, s *Server, line, body string, headers ...string) string {
	t.Helper()
	r := ask(t, s, line, body, headers...)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", line, r.StatusCode)
	}
	return bodyOf(t, r)
}

func TestPages(t *testing.T) {
	s := newTestServer(t, nil)
	for _, test := range []struct {
		name, line, body string
		status           int
		want, not        []string
	}{
		{"start", "GET http://x.example/", "", 200, []string{`<h1>Set up your email</h1>`, `action="/setup"`},
			[]string{"noindex"}},
		{"form", "GET http://x.example/setup", "", 200, []string{`name="email"`}, []string{"aria-invalid"}},
		{"typed nothing", "POST http://x.example/setup", "email=", 200, []string{`name="email"`}, []string{"aria-invalid"}},
		{"malformed", "POST http://x.example/setup", "email=a%20%3Cscript%3E", 200, []string{"aria-invalid", "&lt;script"},
			[]string{"<script>"}},
		{"malformed link", "GET http://x.example/setup?email=call-0800-now", "", 200, []string{"aria-invalid"},
			[]string{"0800"}},
		{"live", "POST http://x.example/setup", "email=alice%40live.co.uk", 200, []string{
			"alice@live.co.uk", "smtp-mail.outlook.com", "<code data-copy>587</code>", "STARTTLS", "16 September 2024",
			"Switch on POP and IMAP", `at <a href="https://outlook.live.com/" rel="noreferrer">outlook.live.com</a> first`,
			"primary alias", "Outlook, Hotmail, and Live", "app password", "SmtpClientAuthentication",
			`value="exchange"`, `value="mail"`, "support.microsoft.com", "You sign in on Microsoft’s own page"}, nil},
		{"link", "GET http://x.example/setup?email=alice%40live.co.uk", "", 200,
			[]string{"alice@live.co.uk", `content="noindex"`}, nil},
		{"own", "POST http://x.example/setup", "email=alice%40example.org", 200,
			[]string{"imap.example.org", "https://dav.example.org/calendars/", "https://example.org/help", "PHPMailer",
				"smtplib"}, []string{"Microsoft’s page"}},
		{"plus read raw", "GET http://x.example/setup?email=a+b@example.org", "", 200, []string{"a&#43;b@example.org"}, nil},
		{"bare domain", "POST http://x.example/setup", "email=example.org", 200, []string{"your full email address"},
			[]string{"/mobileconfig", "/qr.svg"}},
		{"no profile possible", "POST http://x.example/setup", "email=a%40oauth.example", 200,
			[]string{"no app on this device that can sign in like this"}, []string{`action="/mobileconfig"`}},
		{"by MX", "POST http://x.example/setup", "email=a%40customer.example", 200, []string{"imap.example.org"}, nil},
		{"unknown", "POST http://x.example/setup", "email=bob%40unserved.example", 404,
			[]string{"We have no settings", `value="bob@unserved.example"`}, []string{"example.org", "Did you mean"}},
		{"unknown link", "GET http://x.example/setup?email=bob%40unserved.example", "", 404, []string{"We have no settings"},
			[]string{`value="bob`}},
		{"typing error", "POST http://x.example/setup", "email=bob%40live.co.ik", 404,
			[]string{"Did you mean", `value="bob@live.co.uk"`}, nil},
		{"a missing dot", "POST http://x.example/setup", "email=bob%40livecouk", 200,
			[]string{"aria-invalid", "Did you mean", `value="bob@live.co.uk"`}, nil},
		{"a comma", "POST http://x.example/setup", "email=bob%40live%2Cco.uk", 200,
			[]string{"aria-invalid", `value="bob@live.co.uk"`}, nil},
		{"a missing dot by a link", "GET http://x.example/setup?email=bob%40livecouk", "", 200, []string{"aria-invalid"},
			[]string{"bob@"}},
		{"of two one unknown", "POST http://x.example/setup", "email=a%40example.org&email=bob%40unserved.example", 404, nil,
			[]string{"imap.example.org"}},
		{"down", "POST http://x.example/setup", "email=bob%40broken.example", 503, []string{"try again in a minute"}, nil},
		{"eleven", "POST http://x.example/setup", strings.Repeat("email=a%40example.org&", 11), 200, []string{"aria-invalid"},
			nil},
		{"help", "GET http://x.example/help", "",
			200, []string{"/help/smtp-auth-basic-retired", "For administrators", `id="aliases"`}, nil},
		{"search", "GET http://x.example/help?q=starttls+port", "", 200, []string{"/help/tls-mode-implicit"},
			[]string{"/help/smtp-quota-exceeded", "starttls+port", "starttls port"}},
		{"words by a link", "GET http://x.example/help?q=call-0800-now", "", 200, []string{"Nothing found"},
			[]string{"0800"}},
		{"explain", "POST http://x.example/help",
			"error=535+5.7.139+Authentication+unsuccessful,+basic+authentication+is+disabled.", 200,
			[]string{"This is what it means", "Password login is switched off"}, nil},
		{"explain nothing", "POST http://x.example/help", "error=%3Cb%3Ehm", 200,
			[]string{"Nothing found", "Paste the whole message", "&lt;b&gt;hm"}, nil},
		{"a number", "GET http://x.example/help?q=534", "", 200, []string{"/help/smtp-auth-app-password"},
			[]string{"/help/config-port-invalid"}},
		{"a code", "GET http://x.example/help?q=535", "", 200, []string{"/help/smtp-auth-failed"},
			[]string{"/help/config-port-invalid"}}, // it names 65535
		{"an old server", "POST http://x.example/help", "error=imap-mail.outlook.com+timed+out", 200,
			[]string{"outlook.office365.com, port 993", "/setup?email=outlook.com"}, nil},
		{"German words", "GET http://x.example/help?q=Widerrufen", "", 200, []string{"/help/tls-certificate-revoked"}, nil},
		{"next step", "GET http://x.example/help/smtp-auth-missing", "", 200,
			[]string{"Show the right settings for my address"}, nil},
		{"administrator last", "GET http://x.example/help/smtp-auth-disabled-mailbox", "", 200,
			[]string{"For the administrator"}, nil},
		{"topic", "GET http://x.example/help/smtp-auth-basic-retired", "", 200,
			[]string{"<h1>Password login is switched off</h1>", "/help/smtp-auth-basic-removed"}, nil},
		{"no such topic", "GET http://x.example/help/nothing", "", 404, []string{"Page not found"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := ask(t, s, test.line, test.body)
			body := strings.ReplaceAll(bodyOf(t, r), "<wbr>", "")
			if r.StatusCode != test.status || r.Header.Get("Content-Type") != textHTML {
				t.Errorf("status %d, type %s; want %d", r.StatusCode, r.Header.Get("Content-Type"), test.status)
			}
			for _, want := range test.want {
				if !strings.Contains(body, want) {
					t.Errorf("no %q", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(body, not) {
					t.Errorf("there is %q", not)
				}
			}
			private := test.body != "" || strings.Contains(test.line, "email=")
			pageRules(t, r, private && !strings.Contains(test.name, "nothing") && test.status != 503)
		})
	}
}

// pageRules are what every page keeps to.
func pageRules(t *testing.T, r *http.Response, private bool) {
	t.Helper()
	if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") ||
		strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
		t.Errorf("policy %q", csp)
	}
	if r.Header.Get("Referrer-Policy") != "no-referrer" || len(r.Cookies()) > 0 ||
		r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers %v", r.Header)
	}
	if noindex := r.Header.Get("X-Robots-Tag") == "noindex"; private &&
		(!noindex || r.Header.Get("Cache-Control") != noStore) {
		t.Errorf("a page with an address: %v", r.Header)
	}
}

// An address is never a link's or a picture's of another host, and nothing on
// a page is inline.
func TestNothingInline(t *testing.T) {
	s := newTestServer(t, nil)
	inline := regexp.MustCompile(`(?i)<[^>]+\s(style|on[a-z]+)=|<style|<script(?: src=[^>]*)?>[^<]|javascript:|data:`)
	foreign := regexp.MustCompile(`(?:src|action)="(https?:)?//|<link[^>]+rel="(?:icon|stylesheet)"[^>]*href="(https?:)?//`)
	for _, line := range []string{"GET http://x.example/", "GET http://x.example/help", "GET http://x.example/settings",
		"GET http://x.example/settings/live.co.uk", "GET http://x.example/setup?email=a@live.co.uk",
		"GET http://x.example/setup?email=a@example.org&email=b@live.co.uk"} {
		body := get200(t, s, line, "")
		for _, bad := range append(inline.FindAllString(body, -1), foreign.FindAllString(body, -1)...) {
			t.Errorf("%s: %s", line, bad)
		}
	}
}

func TestPageLanguage(t *testing.T) {
	s := newTestServer(t, nil)
	for _, test := range []struct {
		line, body, accept string
		want, not          string
	}{
		{"GET http://x.example/", "", "", `lang="en"`, ""},
		{"GET http://x.example/", "", "de-AT,de;q=0.9,en;q=0.5", `<html lang="de">`, `href="/help?lang=de"`},
		{"GET http://x.example/", "", "tlh, x-klingon;q=0.5", `<html lang="en">`, ""},
		{"GET http://x.example/", "", "en;q=0.1, de;q=0.9", `<html lang="de">`, ""},
		{"GET http://x.example/", "", strings.Repeat("x-", 2000), `<html lang="en">`, ""},
		{"GET http://x.example/?lang=de", "", "en", `<html lang="de">`, ""},
		{"GET http://x.example/?lang=de", "", "en", `href="/help?lang=de"`, ""},
		{"GET http://x.example/?lang=de", "", "en", `<input type="hidden" name="lang" value="de">`, ""},
		{"GET http://x.example/?lang=xx", "", "de", `<html lang="de">`, `name="lang" value`},
		{"POST http://x.example/setup", "lang=de&email=a@live.co.uk", "en", "16. September 2024", "September 2024."},
		{"POST http://x.example/setup", "lang=de&email=a@live.co.uk", "en",
			`<input type="hidden" name="email" value="a@live.co.uk"><button name="lang" value="en"`, ""},
		{"GET http://x.example/setup?email=a@live.co.uk", "", "de", `href="/setup?email=a%40live.co.uk&amp;lang=en"`, ""},
		{"GET http://x.example/setup?email=a@live.co.uk", "", "de", "auf der Seite von Microsoft an", "Sign in "},
		{"GET http://x.example/setup?email=a@example.org", "", "de", `hreflang="en" lang="en">Set up</a>`,
			""}, // the operator wrote it in English only
		{"GET http://x.example/help?q=smtp&lang=de", "", "en", `<html lang="de">`, `q=smtp`},
		{"GET http://x.example/help/smtp-auth-basic-retired", "", "de", "Anmeldung mit Passwort", "Password login"},
		{"GET http://x.example/help/config-key-unknown", "", "de", `<h1 lang="en">Unknown key</h1>`, ""},
	} {
		body := get200(t, s, test.line, test.body, "Accept-Language: "+test.accept)
		if !strings.Contains(body, test.want) || test.not != "" && strings.Contains(body, test.not) {
			t.Errorf("%s %s (%.40s): want %q, not %q", test.line, test.body, test.accept, test.want, test.not)
		}
	}
}

// A page on which a key stands instead of its text.
func TestNoBareKeys(t *testing.T) {
	s := newTestServer(t, nil)
	bare := regexp.MustCompile(`>\s*([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)\s*<`)
	code := regexp.MustCompile(`<code[^>]*>[^<]*</code>|<a href="(?:https:|/settings/)[^<]*</a>`)
	for _, lang := range templates.New().Languages() {
		for _, path := range []string{"/", "/settings", "/settings/live.co.uk", "/help", "/help?q=smtp",
			"/help/smtp-auth-failed", "/setup?email=a@live.co.uk", "/setup?email=a@example.org", "/setup?email=a@oauth.example",
			"/setup?email=a@example.org&email=a@live.co.uk", "/setup?email=x"} {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			body := code.ReplaceAllString(get200(t, s, "GET http://x.example"+path+sep+"lang="+lang, ""), "")
			for _, m := range bare.FindAllStringSubmatch(body, -1) {
				t.Errorf("%s in %s: %s", path, lang, m[1])
			}
		}
	}
}

// What one person chose does not reach the next, whatever is used again
// between requests.
func TestNothingStays(t *testing.T) {
	s := newTestServer(t, nil)
	for range 50 {
		get200(t, s, "POST http://x.example/setup", "lang=de&email=alice%40example.org")
		for _, path := range []string{"/help", "/setup", "/help?q=smtp"} {
			if body := get200(t, s, "GET http://x.example"+path, ""); !strings.Contains(body, `<html lang="en">`) ||
				strings.Contains(body, "alice") {
				t.Fatalf("%s shows what was posted before", path)
			}
		}
	}
}

// Several addresses go into one profile, also those of several providers.
func TestSeveralAddresses(t *testing.T) {
	s := newTestServer(t, nil)
	body := get200(t, s, "POST http://x.example/setup",
		"email=a%40example.org&email=b%40example.net&email=a%40example.org")
	if n := strings.Count(body, `<details class="card device"`); n != 6 {
		t.Errorf("%d sections: one provider needs one description", n)
	}
	form := regexp.MustCompile(`(?s)<form class="profile" method="post" action="/mobileconfig">(.*?)<label`).FindStringSubmatch(body)[1]
	values := url.Values{}
	for _, m := range regexp.MustCompile(`name="email" value="([^"]+)"`).FindAllStringSubmatch(form, -1) {
		values.Add("email", m[1])
	}
	p, err := apple.Decode([]byte(get200(t, s, "POST http://x.example/mobileconfig", values.Encode())))
	if err != nil {
		t.Fatal(err)
	}
	var mails []string
	for _, load := range p.Payloads {
		if load.Type == apple.TypeMail {
			mails = append(mails, load.Email)
		}
	}
	if !slices.Equal(mails, []string{"a@example.org", "b@example.net"}) {
		t.Errorf("the profile is for %v", mails)
	}

	// A domain alone beside an address adds nothing.
	if body = get200(t, s, "POST http://x.example/setup",
		"email=example.org&email=a%40example.org"); strings.Contains(body, "%EMAIL") ||
		!strings.Contains(body, "<code data-copy>a@example.org</code>") {
		t.Error("the user name is not filled in")
	}

	body = get200(t, s, "POST http://x.example/setup", "email=a%40example.org&email=b%40live.co.uk")
	if n := strings.Count(body, `<details class="card device"`); n != 12 ||
		!strings.Contains(body, "All addresses in one profile") {
		t.Errorf("%d sections for two providers", n)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s twice", m[1])
		}
		ids[m[1]] = true
	}
}

// Each reseller's pages have its own look, by the name they are asked by or by the provider, and no trace of another's.
func TestResellers(t *testing.T) {
	word := pages.Logo{Body: []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 40"/>`), SVG: true}
	s := newTestServer(t, func(_ *Options, set *Settings) {
		set.Branding = pages.Branding{Name: "Hoster Mail", Support: "mailto:help@hoster.example", Logo: word,
			LogoDark: pages.Logo{Body: []byte("<svg/>"), SVG: true}}
		set.Resellers = []pages.Reseller{
			{For: []string{"mail.reseller.example"}, Branding: pages.Branding{Name: "Reseller Mail", Accent: "#0a7",
				Logo: pages.Logo{Body: []byte("<svg>r</svg>"), SVG: true}}},
			{For: []string{"outlook.com"}, Branding: pages.Branding{Name: "Third Mail"}},
		}
	})
	for target, name := range map[string]string{
		"http://x.example/": "Hoster Mail", "http://mail.reseller.example/": "Reseller Mail",
		"http://autoconfig.mail.reseller.example:8080/help":     "Reseller Mail",
		"http://mail.reseller.example/setup?email=a@live.co.uk": "Reseller Mail",
		"http://x.example/setup?email=a@live.co.uk":             "Third Mail",
		"http://x.example/setup?email=a@example.org":            "Hoster Mail",
		"http://mail.reseller.example/help/nothing":             "Reseller Mail",
	} {
		body := bodyOf(t, ask(t, s, "GET "+target, ""))
		for _, other := range []string{"Hoster Mail", "Reseller Mail", "Third Mail"} {
			if strings.Contains(body, other) != (other == name) {
				t.Errorf("%s: %s shown: %v", target, other, other != name)
			}
		}
		if strings.Contains(body, "help@hoster.example") != (name == "Hoster Mail") {
			t.Errorf("%s: the help desk of somebody else", target)
		}
		for _, path := range regexp.MustCompile(`/assets/[a-z]+\.[0-9a-f]{12}\.[a-z]+`).FindAllString(body, -1) {
			if r := ask(t, s, "GET http://x.example"+path, ""); r.StatusCode != http.StatusOK {
				t.Errorf("%s: %s is %d", target, path, r.StatusCode)
			}
		}
	}
	// A word mark is the name: it is not written a second time. A symbol has the name next to it.
	header := regexp.MustCompile(`(?s)<a class="brand".*?</a>`)
	for target, want := range map[string][2]string{
		"http://x.example/":             {`alt="Hoster Mail"`, "<span>"},
		"http://mail.reseller.example/": {`<span>Reseller Mail</span>`, `alt="R`},
	} {
		got := header.FindString(get200(t, s, "GET "+target, ""))
		if !strings.Contains(got, want[0]) || strings.Contains(got, want[1]) {
			t.Errorf("%s: %s", target, got)
		}
		if dark := strings.Contains(got, `media="(prefers-color-scheme: dark)"`); dark != (target == "http://x.example/") {
			t.Errorf("%s: a logo for the dark: %v", target, dark)
		}
	}
}

func TestPageLimit(t *testing.T) {
	s := newTestServer(t, func(o *Options, _ *Settings) { o.PerMinute, o.Burst = 1, 2 })
	get200(t, s, "GET http://x.example/", "")
	get200(t, s, "GET http://x.example/setup?email=a@example.org", "")
	for _, line := range []string{"GET http://x.example/", "GET http://x.example/setup", "GET http://x.example/help",
		"GET http://x.example/help/nothing", "GET http://x.example/qr.svg?email=a@example.org"} {
		if r := ask(t, s, line, ""); r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d", line, r.StatusCode)
		}
	}
	if r := ask(t, s, "GET http://x.example/assets/"+s.pages.Icon().Name, ""); r.StatusCode != http.StatusOK {
		t.Errorf("an asset: %d", r.StatusCode)
	}
}

func TestBrand(t *testing.T) {
	const logo = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	s := newTestServer(t, func(_ *Options, set *Settings) {
		set.Branding = pages.Branding{Name: "Höster & Co", Accent: "#0a7", Support: "mailto:help@hoster.example",
			Imprint: "https://hoster.example/imprint", Logo: pages.Logo{Body: []byte(logo), SVG: true}}
	})
	body := get200(t, s, "GET http://x.example/", "")
	for _, want := range []string{"Höster &amp; Co", `href="mailto:help@hoster.example"`,
		`href="https://hoster.example/imprint"`, `/assets/logo.`, `/assets/brand.`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	paths := regexp.MustCompile(`/assets/[a-z]+\.[0-9a-f]{12}\.[a-z]+`).FindAllString(body, -1)
	for _, path := range paths {
		r := ask(t, s, "GET http://x.example"+path, "", "Accept-Encoding: br, gzip")
		if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != cacheForever || r.Header.Get("Etag") == "" ||
			!strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
		if again := ask(t, s, "GET http://x.example"+path, "", "Accept-Encoding: br, gzip",
			"If-None-Match: "+r.Header.Get("Etag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s again: %d", path, again.StatusCode)
		}
		if strings.HasSuffix(path, ".css") != (r.Header.Get("Content-Encoding") == "gzip") &&
			strings.Contains(path, "style") {
			t.Errorf("%s: encoding %q", path, r.Header.Get("Content-Encoding"))
		}
	}
	s.Use(world(t))
	if r := ask(t,
		s, "GET http://x.example"+paths[slices.IndexFunc(paths, func(p string) bool { return strings.Contains(p, "logo") })],
		""); r.StatusCode != http.StatusNotFound {
		t.Errorf("the logo from before: %d", r.StatusCode)
	}
	if body := get200(t, s, "GET http://x.example/", ""); !strings.Contains(body, "Mail set-up") ||
		strings.Contains(body, "brand.") {
		t.Error("the brand from before is still there")
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{"gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false,
		"gzip; q=0.0": false, "": false, "br": false, "gzip;q=x": false, "*": false} {
		if acceptsGzip(header) != want {
			t.Errorf("%q: %v", header, !want)
		}
	}
}

// pageWeight is what a browser loads for a page: the page, and the assets and
// pictures it names, as they are transferred.
func pageWeight(t *testing.T, s *Server, line, body string) (total int, parts map[string]int) {
	t.Helper()
	page := get200(t, s, line, body)
	parts = map[string]int{"page": len(page)}
	for _, m := range regexp.MustCompile(`(?:src|<link[^>]* href)="(/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		path := strings.ReplaceAll(m[1], "&amp;", "&")
		parts[path] = len(get200(t, s, "GET http://x.example"+path, "", "Accept-Encoding: gzip"))
	}
	for _, n := range parts {
		total += n
	}
	return total, parts
}

func TestPageWeight(t *testing.T) {
	s := newTestServer(t, func(_ *Options, set *Settings) { set.Branding.Accent = "#0a7" })
	for _, page := range []struct{ line, body string }{
		{"GET http://x.example/", ""}, {"GET http://x.example/help?lang=de", ""},
		{"POST http://x.example/setup", "email=alice%40live.co.uk&lang=de"},
		{"POST http://x.example/setup", "email=alice%40example.org"},
	} {
		total, parts := pageWeight(t, s, page.line, page.body)
		if len(parts) < 5 || total > 60<<10 {
			t.Errorf("%s %s: %d bytes: %v", page.line, page.body, total, parts)
		}
		t.Logf("%s %s: %d bytes, of them %d for the page", page.line, page.body, total, parts["page"])
	}
}

// BenchmarkPages is the handler of the pages alone.
func BenchmarkPages(b *testing.B) {
	s := newTestServer(b, nil)
	for _, bench := range []struct{ name, method, target, body string }{
		{"home", "GET", "http://x.example/", ""},
		{"setup-live", "POST", "http://x.example/setup", "email=alice%40live.co.uk"},
		{"setup-own", "POST", "http://x.example/setup", "email=alice%40example.org"},
		{"unknown", "POST", "http://x.example/setup", "email=alice%40unserved.example"},
		{"help", "GET", "http://x.example/help", ""},
		{"explain", "POST", "http://x.example/help", "error=535+5.7.139+basic+authentication+is+disabled"},
		{"qr", "GET", "http://x.example/qr.svg?email=alice@example.org", ""},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r := httptest.NewRequest(bench.method, bench.target, nil)
			r.RemoteAddr = "127.0.0.1:1" // a trusted proxy is not limited
			r.Header.Set("Accept-Language", "de-DE,de;q=0.9,en;q=0.8")
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(bytes.NewReader([]byte(bench.body)))
				s.ServeHTTP(nothing{http.Header{}}, r)
			}
		})
	}
}

// A page with an answer that is put together is, byte for byte and with its tag, the one that is made for the text.
func TestHelpIsTheOneMade(t *testing.T) {
	s := newTestServer(t, nil)
	var bytes []byte
	for i := range 256 {
		bytes = append(bytes, byte(i))
	}
	for range 2 { // of the second round, all are put together
		for _, text := range []string{"535", " 535 + 5.7.139 ", "passwort <b>&amp;'\"+", "timed out zz0+text0zz",
			"550 zz0text&#43;0zz",
			"smtp.live.com timed out \x00", "imap.live.com timed out", "no such thing", string(bytes),
			"relay access denied " + strings.Repeat("ü+", 400)} {
			for _, visit := range []pages.Visit{{Lang: "en"}, {Lang: "de", Chosen: true}} {
				v := visit
				v.Brand = s.settings.Load().brands.Of("x.example")
				want, err := s.pages.Help(v, text).Page()
				if err != nil {
					t.Fatal(err)
				}
				path := "http://x.example/help?q=" + url.QueryEscape(text)
				if v.Chosen {
					path += "&lang=" + v.Lang
				}
				r := ask(t, s, "GET "+path, "")
				if got := bodyOf(t, r); got != string(want.Body) || r.Header.Get("ETag") != `"`+want.Tag+`"` {
					t.Errorf("%.40q: %s, %s", text, r.Header.Get("ETag"), firstDifference(got, string(want.Body)))
				}
				v.Posted = true
				if want, err = s.pages.Help(v, text).Page(); err != nil {
					t.Fatal(err)
				}
				form := "error=" + url.QueryEscape(text)
				if v.Chosen {
					form += "&lang=" + v.Lang
				}
				r = ask(t, s, "POST http://x.example/help", form)
				if got := bodyOf(t, r); got != string(want.Body) || r.Header.Get("ETag") != "" {
					t.Errorf("%.40q: %s, %s", text, r.Header.Get("ETag"), firstDifference(got, string(want.Body)))
				}
			}
		}
	}
	for key, made := range s.settings.Load().helps.made {
		if made == nil || made.has(0) != key.Posted || made.has(1) != key.Posted {
			t.Errorf("%v is not put together", key)
		}
	}
}

// A text leads to the same findings in the same order whether it is sent by the
// button, while one types, or by a link.
func TestHelpAgrees(t *testing.T) {
	s := newTestServer(t, nil)
	links := regexp.MustCompile(`href="/help/([a-z0-9-]+)`)
	for _, text := range []string{"534", "AADSTS50076", "login failed", "could not connect", "relay access denied",
		"need admin approval", "timed out", "530", "passwort", "xyzzy"} {
		list := func(body string) string {
			var ids []string
			for _, m := range links.FindAllStringSubmatch(body, -1) {
				ids = append(ids, m[1])
			}
			return strings.Join(ids, " ")
		}
		typed := list(get200(t, s, "POST http://x.example/help", "error="+url.QueryEscape(text)))
		linked := list(get200(t, s, "GET http://x.example/help?q="+url.QueryEscape(text), ""))
		if typed != linked || (typed == "") != (text == "xyzzy") {
			t.Errorf("%q: sent %q, by a link %q", text, typed, linked)
		}
		seen := map[string]bool{}
		for id := range strings.FieldsSeq(typed) {
			if seen[id] {
				t.Errorf("%q: %s twice", text, id)
			}
			seen[id] = true
		}
	}
}
