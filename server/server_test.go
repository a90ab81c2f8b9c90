package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"autoconfig/provider"
	"autoconfig/source"
)

func custom(id string, change func(*provider.Provider)) *provider.Provider {
	both := []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}
	p := &provider.Provider{
		ID: id, Name: "Example & Söhne", ShortName: "Example", PACC: provider.PACCAuto,
		Incoming: []provider.Server{
			{Protocol: provider.IMAP, Host: "imap.example.org", Port: 993, Security: provider.TLS, Auth: both,
				Username: provider.EmailAddress},
			{Protocol: provider.POP3, Host: "pop.example.org", Port: 995, Security: provider.TLS, Auth: both,
				Username: provider.EmailAddress},
		},
		Outgoing: []provider.Server{{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 465,
			Security: provider.TLS, Auth: both, Username: provider.EmailAddress}},
		OAuth2: &provider.OAuth2{Issuer: "https://id.example.org/", AuthorizeURL: "https://id.example.org/a",
			TokenURL: "https://id.example.org/t", Scopes: []string{"mail"}},
		CalDAV:        "https://dav.example.org/calendars/",
		Documentation: []provider.Documentation{{URL: "https://example.org/help", Lang: "en", Text: "Set up"}},
	}
	if change != nil {
		change(p)
	}
	return p
}

// world is the settings of most tests: the built-ins, example.org with every
// method, oauth.example with OAuth2 alone, mapped.example and customer.example
// found by MX, and broken.example whose MX cannot be told.
func world(t testing.TB) *Settings {
	t.Helper()
	own := custom("example", func(p *provider.Provider) { p.MX = []string{"mx.hoster.example"} })
	onlyOAuth := custom("oauth", func(p *provider.Provider) {
		for _, list := range [][]provider.Server{p.Incoming, p.Outgoing} {
			for i := range list {
				list[i].Auth = []provider.Auth{provider.AuthOAuth2}
			}
		}
		p.PACC = provider.PACCOff
	})
	listed, builtin := source.NewIndex(8, 256), source.NewIndex(128, 4096)
	listed.Add("example.org", own)
	listed.Add("example.net", own)
	listed.Add("hoster.example", own)
	listed.Add("oauth.example", onlyOAuth)
	providers := []*provider.Provider{own, onlyOAuth}
	for _, p := range provider.Builtins() {
		for _, d := range p.Domains {
			builtin.Add(d, p)
		}
		providers = append(providers, p)
	}
	lookup := func(_ context.Context, domain string) ([]string, error) {
		switch domain {
		case "customer.example":
			return []string{"1.mx.hoster.example"}, nil
		case "hotmail.at":
			return []string{"hotmail-at.olc.protection.outlook.com"}, nil
		case "broken.example":
			return nil, errors.New("i/o timeout")
		}
		return nil, provider.ErrNotFound
	}
	return &Settings{
		Source: source.Chain{listed, builtin}, Listed: listed, Domains: listed.Len(),
		MX:          source.NewMX(providers, source.NewMXCache(source.MXCacheOptions(), lookup)),
		MXTable:     source.NewMXTable(providers),
		ServiceHost: "autoconfig.hoster.example",
	}
}

func testOptions(log io.Writer) Options {
	return Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PerMinute: 60, Burst: 1000,
		AccessLog: log != nil, Log: slog.New(slog.NewTextHandler(writer(log), nil)),
	}
}

func writer(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

func newTestServer(t testing.TB, change func(*Options, *Settings)) *Server {
	t.Helper()
	o, set := testOptions(nil), world(t)
	if change != nil {
		change(&o, set)
	}
	s := New(o)
	s.Use(set)
	return s
}

// ask sends a request by way of the handler: METHOD URL, with headers "Key: value".
func ask(t testing.TB, h http.Handler, line, body string, headers ...string) *http.Response {
	t.Helper()
	method, target, _ := strings.Cut(line, " ")
	if strings.HasPrefix(target, "/") {
		target = "http://127.0.0.1" + target // as the admin listener is asked
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.7:4711"
	for _, header := range headers {
		key, value, _ := strings.Cut(header, ": ")
		if key == "From" {
			r.RemoteAddr = value
			continue
		}
		r.Header.Add(key, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Who is asked for decides, not by which name: an address alone, else the Host.
func TestWhoseSettings(t *testing.T) {
	s := newTestServer(t, nil)
	const doc = "/mail/config-v1.1.xml"
	for _, test := range []struct {
		line   string
		status int
		domain string // the <domain> of the answer
	}{
		{"GET http://autoconfig.example.org" + doc, 200, "example.org"},
		{"GET http://autoconfig.example.org" + doc + "?emailaddress=u%40example.org", 200, "example.org"},
		{"GET http://autoconfig.example.org" + doc + "?emailaddress=u%40live.co.uk", 200, "live.co.uk"},
		{"GET http://autoconfig.example.org:8080" + doc, 200, "example.org"},
		{"GET http://AutoConfig.Example.ORG./Mail/Config-V1.1.XML", 200, "example.org"},
		{"GET http://autoconfig.example.org" + doc + "/", 200, "example.org"},
		{"GET http://example.org/.well-known/autoconfig" + doc, 200, "example.org"},
		{"GET http://example.org/.well-known/autoconfig" + doc + "?emailaddress=u%40example.net", 200, "example.net"},
		{"GET http://example.org/.well-known/mail-v1.xml", 200, "example.org"},
		{"GET http://anything.example/v1.1/mail/config-v1.1.xml?emailaddress=a@live.com", 200, "live.com"},
		{"GET http://anything.example" + doc + "?EMAILADDRESS=a@live.com&emailaddress=b@example.org", 200, "live.com"},
		{"GET http://anything.example" + doc + "?emailaddress=EVOLUTIONUSER%40live.co.uk&emailmd5=0", 200, "live.co.uk"},
		{"GET http://anything.example" + doc + "?emailaddress=o'neil+tag@example.org", 200, "example.org"},
		{"GET http://anything.example" + doc + "?emailaddress=j%C3%B6rg%40example.org", 200, "example.org"},
		{"GET http://192.0.2.1" + doc, 404, ""},
		{"GET http://[2001:db8::1]:8080" + doc, 404, ""},
		{"GET http://unserved.example" + doc, 404, ""},
		{"GET http://autoconfig.unserved.example" + doc + "?emailaddress=u%40unserved.example", 404, ""},
		// malformed: the Host decides
		{"GET http://autoconfig.example.org" + doc + "?emailaddress=%40example.net", 200, "example.org"},
		{"GET http://autoconfig.example.org" + doc + "?emailaddress=word", 200, "example.org"},
		{"GET http://autoconfig.example.org" + doc + "?emailaddress=a%ZZ@example.net", 200, "example.org"},
		{"GET http://autoconfig.example.org" + doc + "?emailaddress=", 200, "example.org"},
		{"GET http://unserved.example" + doc + "?emailaddress=word", 404, ""},
		// the MX case: X's document, at autoconfig.X and that path only
		{"GET http://autoconfig.hoster.example" + doc + "?emailaddress=u%40unserved.example", 200, "hoster.example"},
		{"GET http://hoster.example" + doc + "?emailaddress=u%40unserved.example", 404, ""},
		{"GET http://autoconfig.hoster.example/.well-known/autoconfig" + doc + "?emailaddress=u%40unserved.example", 404, ""},
		{"GET http://autoconfig.elsewhere.example" + doc + "?emailaddress=u%40unserved.example", 404, ""},
		// found by MX
		{"GET http://x.example" + doc + "?emailaddress=u%40customer.example", 200, "customer.example"},
		{"GET http://autoconfig.customer.example" + doc, 200, "customer.example"},
		{"GET http://x.example" + doc + "?emailaddress=u%40hotmail.at", 200, "hotmail.at"}, // unverified, confirmed by MX
		{"GET http://x.example" + doc + "?emailaddress=u%40hotmail.ie", 404, ""},           // unverified, not confirmed
		{"GET http://x.example" + doc + "?emailaddress=u%40broken.example", 503, ""},
		// under /v1.1/ the path alone decides
		{"GET http://example.org/v1.1/live.co.uk", 200, "live.co.uk"},
		{"GET http://example.org/V1.1/LIVE.CO.UK.", 200, "live.co.uk"},
		{"GET http://example.org/v1.1/unserved.example", 404, ""},
		{"GET http://example.org/v1.1/mx.hoster.example", 200, "mx.hoster.example"},
		{"GET http://example.org/v1.1/olc.protection.outlook.com", 200, "olc.protection.outlook.com"},
		{"GET http://example.org/v1.1/mail.protection.outlook.com", 200, "mail.protection.outlook.com"},
		{"GET http://mx.hoster.example" + doc, 404, ""}, // a mail exchanger is no mail domain elsewhere
		{"GET http://x.example" + doc + "?emailaddress=u%40olc.protection.outlook.com", 404, ""},
		{"GET http://example.org/v1.1/", 404, ""},
		{"GET http://example.org/v1.1/a%20b", 404, ""},
		{"GET http://example.org//mail/config-v1.1.xml", 404, ""},
	} {
		r := ask(t, s, test.line, "")
		body := bodyOf(t, r)
		if r.StatusCode != test.status || test.domain != "" && !strings.Contains(body, "<domain>"+test.domain+"</domain>") {
			t.Errorf("%s: %d, want %d and %s\n%s", test.line, r.StatusCode, test.status, test.domain, body)
		}
		if test.domain != "" && strings.Count(body, "<domain>") != 1 {
			t.Errorf("%s: publishes other domains", test.line)
		}
		if test.status == 404 &&
			(r.Header.Get("Content-Type") != textPlain || r.Header.Get("Cache-Control") != "max-age=60" || len(body) > 80) {
			t.Errorf("%s: a 404 with %v %q", test.line, r.Header, body)
		}
	}
}

func poxBody(schema, address string) string {
	return `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>` +
		address + `</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/` + schema +
		`</AcceptableResponseSchema></Request></Autodiscover>`
}

// The status table of the HTTP surface, row by row.
func TestStatusTable(t *testing.T) {
	const (
		pox       = "POST https://autodiscover.x.example/Autodiscover/Autodiscover.xml"
		poxGet    = "GET https://x.example/autodiscover/autodiscover.xml?email="
		v2        = "GET https://x.example/autodiscover/autodiscover.json?Protocol=AutodiscoverV1&Email="
		v2path    = "GET https://x.example/autodiscover/autodiscover.json/v1.0/"
		profile   = "GET https://x.example/mobileconfig?email="
		api       = "GET https://x.example/api/v1/settings?email="
		paccPath  = "/.well-known/user-agent-configuration.json"
		outlook   = "outlook/responseschema/2006a"
		eas       = "mobilesync/responseschema/2006"
		errorCode = "<ErrorCode>"
	)
	large := strings.Repeat("x", 64<<10+1)
	s := newTestServer(t, nil)
	for _, test := range []struct {
		line, body string
		status     int
		want       string // in the body
	}{
		// domain not served
		{"GET https://ua-auto-config.unserved.example" + paccPath, "", 404, "not found"},
		{pox, poxBody(outlook, "u@unserved.example"), 200, errorCode + "500<"},
		{poxGet + "u@unserved.example", "", 200, errorCode + "500<"},
		{v2 + "u@unserved.example", "", 404, `{"ErrorCode":"UserNotFound"`},
		{v2path + "u@unserved.example?Protocol=AutodiscoverV1", "", 404, `{"ErrorCode":"UserNotFound"`},
		{profile + "u@unserved.example", "", 404, "not found"},
		{api + "u@unserved.example", "", 404, `"status":404`},
		// no or malformed address
		{"GET https://x.example" + paccPath, "", 404, "not found"},
		{pox, poxBody(outlook, "word"), 200, errorCode + "600<"},
		{pox, poxBody(outlook, ""), 200, errorCode + "600<"},
		{pox, "", 200, errorCode + "600<"},
		{pox, "<!DOCTYPE x>" + poxBody(outlook, "u@live.co.uk"), 200, errorCode + "600<"},
		{poxGet, "", 200, errorCode + "600<"},
		{"GET https://autodiscover.example.org/autodiscover/autodiscover.xml", "", 200,
			"<DisplayName>Example &amp; Söhne</DisplayName>"},
		{"GET https://example.org/autodiscover/autodiscover.xml?email=word", "", 200, "<Server>imap.example.org</Server>"},
		{v2 + "word", "", 400, "MandatoryParameterMissing"},
		{"GET https://x.example/autodiscover/autodiscover.json?Email=u@live.co.uk", "", 400, "MandatoryParameterMissing"},
		{"GET https://x.example/autodiscover/autodiscover.json", "", 400, "MandatoryParameterMissing"},
		{profile + "word", "", 400, ""},
		{"GET https://x.example/mobileconfig", "", 400, ""},
		{api + "word", "", 400, `"status":400`},
		{api, "", 400, `"status":400`},
		{"GET https://x.example/api/v1/settings", "", 400, `"status":400`},
		// schema, protocol or account kind not offered
		{pox, poxBody("unknown/2099", "u@live.co.uk"), 200, errorCode + "601<"},
		{pox, poxBody(eas, "u@example.org"), 200, errorCode + "601<"},
		{"GET https://x.example/autodiscover/autodiscover.json?Protocol=Ews&Email=u@live.co.uk", "", 400, "InvalidProtocol"},
		{"GET https://x.example/autodiscover/autodiscover.json?Protocol=ActiveSync&Email=u@example.org", "", 400,
			"InvalidProtocol"},
		{profile + "u@live.co.uk&account=other", "", 400, ""},
		{profile + "u@example.org&account=exchange", "", 422, "no Exchange account"},
		{profile + "u@example.org&name=" + strings.Repeat("x", 65), "", 400, ""},
		{profile + "u@example.org&name=a%0Ab", "", 400, ""},
		// served, but this format cannot say it
		{"GET https://ua-auto-config.live.co.uk" + paccPath, "", 404, "587"},
		{"GET https://ua-auto-config.oauth.example" + paccPath, "", 404, "switched off"},
		{pox, poxBody(outlook, "u@oauth.example"), 200, errorCode + "501<"},
		{profile + "u@oauth.example", "", 422, "password"},
		{api + "u@oauth.example", "", 200, `"oauth2"`},
		// source down
		{"GET https://x.example/mail/config-v1.1.xml?emailaddress=u@broken.example", "", 503, ""},
		{"GET https://ua-auto-config.broken.example" + paccPath, "", 503, ""},
		{pox, poxBody(outlook, "u@broken.example"), 200, errorCode + "603<"},
		{v2 + "u@broken.example", "", 503, "ServiceUnavailable"},
		{profile + "u@broken.example", "", 503, ""},
		{api + "u@broken.example", "", 503, `"status":503`},
		// body over 64 KiB
		{pox, large, 413, ""},
		{"POST https://x.example/mobileconfig", large, 413, ""},
		{"POST https://x.example/setup", large, 413, ""},
		// served
		{"GET https://ua-auto-config.example.org" + paccPath, "", 200, `"submit":{"host":"smtp.example.org"}`},
		{pox, poxBody(outlook, "u@live.co.uk"), 200, "<Server>smtp-mail.outlook.com</Server>"},
		{pox, poxBody(outlook, "o'neil&x=1@example.org"), 200, "<LoginName>o'neil&amp;x=1@example.org</LoginName>"},
		{"POST https://x.example/autodiscover", poxBody(outlook, "u@live.co.uk"), 200, "<Encryption>TLS</Encryption>"},
		{pox, poxBody(eas, "u@live.co.uk"), 200, "<Url>https://eas.outlook.com/Microsoft-Server-ActiveSync</Url>"},
		{poxGet + "u+x@live.co.uk", "", 200, "<LoginName>u+x@live.co.uk</LoginName>"},
		{v2 + "u@live.co.uk", "", 200,
			`{"Protocol":"AutodiscoverV1","Url":"https://autodiscover.live.co.uk/autodiscover/autodiscover.xml"}`},
		{v2path + "U@Live.co.uk?Protocol=autodiscoverv1&RedirectCount=1", "", 200, `"Url":"https://autodiscover.live.co.uk/`},
		{v2path + "u%40live.co.uk?Protocol=ACTIVESYNC&ServerLocation=true", "",
			200, `{"Protocol":"ActiveSync","Url":"https://eas.outlook.com/Microsoft-Server-ActiveSync"}`},
		{"GET https://autoconfig.hoster.example/autodiscover/autodiscover.json?Protocol=AutodiscoverV1&Email=u@live.co.uk",
			"", 200, `"Url":"https://autoconfig.hoster.example/autodiscover/autodiscover.xml"`},
		{profile + "u+x@live.co.uk", "", 200, "<string>u+x@live.co.uk</string>"},
		{profile + "+u@live.co.uk", "", 200, "<string>+u@live.co.uk</string>"}, // in a link, + is no blank
		{profile + "u@live.co.uk&account=exchange", "", 200, "com.apple.eas.account"},
		{profile + "u@example.org&email=v@example.net&email=u@example.org", "", 200, "<string>v@example.net</string>"},
		{profile + strings.Repeat("u@example.org&email=", 10) + "u@example.org", "", 400, ""},
		{profile + "u@example.org&email=v@unserved.example", "", 404, ""},
		{"POST https://x.example/mobileconfig", "email=u%40live.co.uk&name=Zo%C3%AB", 200, "<string>Zoë</string>"},
		{api + "u@live.co.uk", "", 200, `"host": "smtp-mail.outlook.com"`},
		{api + "live.co.uk", "", 200, `"username": "%EMAILADDRESS%"`},
		// methods
		{"HEAD https://autoconfig.example.org/mail/config-v1.1.xml", "", 200, ""},
		{"OPTIONS https://autoconfig.example.org/mail/config-v1.1.xml", "", 204, ""},
		{"DELETE https://autoconfig.example.org/mail/config-v1.1.xml", "", 405, "method not allowed"},
		{"POST https://autoconfig.example.org/mail/config-v1.1.xml", "", 405, "method not allowed"},
		{"PUT https://x.example/autodiscover/autodiscover.xml", "", 405, ""},
		{"BREW https://x.example/autodiscover/autodiscover.xml", "", 405, ""},
		{"PUT https://x.example/api/v1/settings", "", 405, `"status":405`},
		{"GET https://x.example/nothing", "", 404, "not found"},
		{"GET https://x.example/healthz", "", 404, "not found"},
		{"GET https://x.example/readyz", "", 404, "not found"},
		{"GET https://x.example/metrics", "", 404, "not found"},
		{"GET https://x.example/ask?domain=autoconfig.example.org", "", 404, "not found"},
		{"GET https://x.example/autodiscover/autodiscover.svc", "", 404, "not found"},
	} {
		r := ask(t, s, test.line, test.body)
		body := bodyOf(t, r)
		if r.StatusCode != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%.120s: %d, want %d and %q\n%.600s", test.line, r.StatusCode, test.status, test.want, body)
		}
		if r.Header.Get("Www-Authenticate") != "" {
			t.Errorf("%.120s: asks for a password", test.line)
		}
		switch {
		case r.StatusCode == 405 && !strings.Contains(r.Header.Get("Allow"), "HEAD"):
			t.Errorf("%s: Allow %q", test.line, r.Header.Get("Allow"))
		case r.StatusCode == 503 && r.Header.Get("Retry-After") == "":
			t.Errorf("%s: 503 without Retry-After", test.line)
		case strings.HasPrefix(test.line, "HEAD") && (body != "" || r.Header.Get("Content-Length") == "0"):
			t.Errorf("%s: body %q, Content-Length %s", test.line, body, r.Header.Get("Content-Length"))
		}
	}
}

// What every answer of a kind carries.
func TestHeaders(t *testing.T) {
	s := newTestServer(t, nil)
	for _, test := range []struct{ line, body, kind, cache, cors string }{
		{"GET http://autoconfig.example.org/mail/config-v1.1.xml", "", textXML, "public, max-age=3600", "*"},
		{"GET http://x.example/v1.1/live.co.uk", "", textXML, "public, max-age=3600", "*"},
		{"POST http://x.example/autodiscover/autodiscover.xml", poxBody("outlook/responseschema/2006a", "u@live.co.uk"),
			textXML, "private, no-store", ""},
		{"POST http://x.example/autodiscover/autodiscover.xml", "", textXML, "private, no-store", ""},
		{"GET http://x.example/autodiscover/autodiscover.json?Email=u@live.co.uk&Protocol=AutodiscoverV1", "", appJSON,
			"private, no-store", "*"},
		{"GET http://ua-auto-config.example.org/.well-known/user-agent-configuration.json", "", "application/json",
			"public, max-age=3600, no-transform", "*"},
		{"GET http://x.example/mobileconfig?email=u@live.co.uk", "", "application/x-apple-aspen-config", "no-store", ""},
		{"GET http://x.example/api/v1/settings?email=u@live.co.uk", "", appJSON, "private, no-store", "*"},
		{"GET http://x.example/api/v1/settings?email=live.co.uk", "", appJSON, "public, max-age=3600", "*"},
		{"GET http://x.example/api/v1/settings?email=unserved.example", "", problem, "max-age=60", "*"},
	} {
		r := ask(t, s, test.line, test.body)
		h := r.Header
		if h.Get("Content-Type") != test.kind || h.Get("Cache-Control") != test.cache ||
			h.Get("Access-Control-Allow-Origin") != test.cors || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", test.line, h)
		}
		if h.Get("Content-Encoding") != "" || h.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", test.line, h)
		}
	}
	r := ask(t, s, "GET http://x.example/mobileconfig?email=u@live.co.uk", "")
	if got := r.Header.Get("Content-Disposition"); got != `attachment; filename="live.co.uk.mobileconfig"` {
		t.Errorf("Content-Disposition %q", got)
	}
}

func TestConditional(t *testing.T) {
	s := newTestServer(t, nil)
	const line = "GET http://autoconfig.example.org/mail/config-v1.1.xml"
	first := ask(t, s, line, "")
	etag := first.Header.Get("ETag")
	if len(etag) < 8 || strings.HasPrefix(etag, "W/") {
		t.Fatalf("ETag %q", etag)
	}
	for _, header := range []string{etag, `"x", ` + etag, "W/" + etag, "*"} {
		r := ask(t, s, line, "", "If-None-Match: "+header)
		if r.StatusCode != 304 || bodyOf(t, r) != "" || r.Header.Get("ETag") != etag || r.Header.Get("Cache-Control") == "" {
			t.Errorf("If-None-Match %s: %d %v", header, r.StatusCode, r.Header)
		}
	}
	if r := ask(t, s, line, "", `If-None-Match: "other"`); r.StatusCode != 200 {
		t.Errorf("another tag: %d", r.StatusCode)
	}
	if other := ask(t, s, "GET http://autoconfig.example.net/mail/config-v1.1.xml", "").Header.Get("ETag"); other == etag {
		t.Error("two domains share an ETag")
	}
	if again := newTestServer(t, nil); ask(t, again, line, "").Header.Get("ETag") != etag {
		t.Error("the ETag differs between two processes")
	}
}

// Outlook's http step: only /autodiscover, only at autodiscover.*, only when
// https is known to be served.
func TestPlainHTTP(t *testing.T) {
	const at = "http://autodiscover.example.org/Autodiscover/Autodiscover.xml?a=B"
	for _, test := range []struct {
		name, line string
		tls, proxy bool
		headers    []string
		location   string
	}{
		{"no https known", "GET " + at, false, false, nil, ""},
		{"https here", "GET " + at, true, false, nil, "https://autodiscover.example.org/Autodiscover/Autodiscover.xml?a=B"},
		{"POST too", "POST " + at, true, false, nil, "https://autodiscover.example.org/Autodiscover/Autodiscover.xml?a=B"},
		{"v2", "GET http://autodiscover.example.org/autodiscover/autodiscover.json/v1.0/U@example.org?Protocol=x", true,
			false, nil,
			"https://autodiscover.example.org/autodiscover/autodiscover.json/v1.0/U@example.org?Protocol=x"},
		{"https by a proxy", "GET " + at, false, true, nil,
			"https://autodiscover.example.org/Autodiscover/Autodiscover.xml?a=B"},
		{"other host", "GET http://example.org/autodiscover/autodiscover.xml", true, false, nil, ""},
		{"not served", "GET http://autodiscover.unserved.example/autodiscover/autodiscover.xml", true, false, nil, ""},
		{"other path", "GET http://autodiscover.example.org/mail/config-v1.1.xml", true, false, nil, ""},
		{"autoconfig", "GET http://autoconfig.example.org/mail/config-v1.1.xml", true, false, nil, ""},
		{"already https", "GET " + at, true, false, []string{"From: 127.0.0.1:1", "X-Forwarded-Proto: https"}, ""},
		{"http by a proxy", "GET " + at, true, false, []string{"From: 127.0.0.1:1", "X-Forwarded-Proto: http"},
			"https://autodiscover.example.org/Autodiscover/Autodiscover.xml?a=B"},
		{"a proxy that does not say", "GET " + at, true, false, []string{"From: 127.0.0.1:1"},
			"https://autodiscover.example.org/Autodiscover/Autodiscover.xml?a=B"},
		{"a stranger says https", "GET " + at, true, false, []string{"X-Forwarded-Proto: https"},
			"https://autodiscover.example.org/Autodiscover/Autodiscover.xml?a=B"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newTestServer(t, func(o *Options, _ *Settings) { o.ServesTLS = test.tls })
			if test.proxy { // any route will do to learn of it
				ask(t, s, "GET http://autoconfig.example.org/mail/config-v1.1.xml", "", "From: 127.0.0.1:1",
					"X-Forwarded-Proto: https")
			} else {
				ask(t, s, "GET http://autoconfig.example.org/mail/config-v1.1.xml", "", "X-Forwarded-Proto: https")
			}
			r := ask(t, s, test.line, "", test.headers...)
			if got := r.Header.Get("Location"); got != test.location || (r.StatusCode == 302) != (test.location != "") {
				t.Errorf("%d, Location %q, want %q", r.StatusCode, got, test.location)
			}
		})
	}
}

// The redirect to https keeps path and query as they were sent, in every form of a request target.
func TestPathAndQuery(t *testing.T) {
	for target, want := range map[string]string{
		"/a/B?c=%44":             "/a/B?c=%44",
		"/a?from=http://x/y":     "/a?from=http://x/y",
		"http://x.example":       "/",
		"http://x.example/a?b/c": "/a?b/c",
		"http://x.example?a=b":   "?a=b",
		"http:///a/b":            "/a/b",
	} {
		if got := pathAndQuery(target); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// Documents and misses are never limited; profiles and MX look-ups are, by
// IPv4 address and IPv6 /64, and a trusted proxy's own address is not.
func TestLimits(t *testing.T) {
	s := newTestServer(t, func(o *Options, _ *Settings) { o.Burst = 3 })
	profile := "GET http://x.example/mobileconfig?email=u@live.co.uk"
	times := func(n int, line string, headers ...string) (last *http.Response) {
		for range n {
			last = ask(t, s, line, "", headers...)
		}
		return last
	}
	if r := times(3, profile); r.StatusCode != 200 {
		t.Errorf("within the burst: %d", r.StatusCode)
	}
	if r := times(1, profile); r.StatusCode != 429 || r.Header.Get("Retry-After") == "" {
		t.Errorf("over it: %d %v", r.StatusCode, r.Header)
	}
	if r := times(1, profile, "From: 192.0.2.8:1"); r.StatusCode != 200 {
		t.Errorf("a neighbour: %d", r.StatusCode)
	}
	times(3, profile, "From: [2001:db8::1]:1")
	if r := times(1, profile, "From: [2001:db8::2]:1"); r.StatusCode != 429 {
		t.Errorf("the same /64: %d", r.StatusCode)
	}
	if r := times(1, profile, "From: [2001:db8:0:1::1]:1"); r.StatusCode != 200 {
		t.Errorf("the next /64: %d", r.StatusCode)
	}
	if r := times(9, profile, "From: 127.0.0.1:1"); r.StatusCode != 200 {
		t.Errorf("the proxy itself: %d", r.StatusCode)
	}
	times(3, profile, "From: 127.0.0.1:1", "X-Forwarded-For: 198.51.100.1")
	if r := times(1, profile, "From: 127.0.0.1:1", "X-Forwarded-For: 203.0.113.9, 198.51.100.1"); r.StatusCode != 429 {
		t.Errorf("behind the proxy: %d", r.StatusCode)
	}
	if r := times(500, "GET http://autoconfig.example.org/mail/config-v1.1.xml"); r.StatusCode != 200 {
		t.Errorf("documents: %d", r.StatusCode)
	}
	if r := times(500, "GET http://192.0.2.1/mail/config-v1.1.xml"); r.StatusCode != 404 {
		t.Errorf("misses: %d", r.StatusCode)
	}
	if r := times(1, "GET http://x.example/v1.1/never-asked.example"); r.StatusCode != 429 {
		t.Errorf("an MX look-up over the limit: %d", r.StatusCode)
	}
	if r := times(1, "GET http://x.example/v1.1/customer.example", "From: 192.0.2.99:1"); r.StatusCode != 200 {
		t.Errorf("an MX look-up: %d", r.StatusCode)
	}
	if r := times(20, "GET http://x.example/v1.1/customer.example"); r.StatusCode != 200 {
		t.Errorf("what the MX source remembers costs nothing: %d", r.StatusCode)
	}
}

// Nothing personal is logged.
func TestLogIsPrivate(t *testing.T) {
	var log bytes.Buffer
	o := testOptions(&log)
	s := New(o)
	s.Use(world(t))
	for _, line := range []string{
		"GET http://x.example/mail/config-v1.1.xml?emailaddress=secret.person%40live.co.uk",
		"GET http://x.example/v1.1/live.co.uk",
		"GET http://x.example/mobileconfig?email=secret.person@live.co.uk&name=secret.person",
		"GET http://x.example/autodiscover/autodiscover.json/v1.0/secret.person@live.co.uk?Protocol=AutodiscoverV1",
		"GET http://x.example/autodiscover/autodiscover.json/v1.0/secret.person@unserved.example?Protocol=AutodiscoverV1",
		"GET http://x.example/api/v1/settings?email=secret.person@live.co.uk",
		"GET http://x.example/setup?email=secret.person@live.co.uk",
		"GET http://x.example/secret.person@live.co.uk",
		"GET http://x.example/Secret.Person/mail/config-v1.1.xml",
	} {
		ask(t, s, line, "", "Authorization: Basic c2VjcmV0LnBlcnNvbg==", "User-Agent: secret.person")
	}
	ask(t, s, "POST http://x.example/autodiscover/autodiscover.xml",
		poxBody("outlook/responseschema/2006a", "secret.person@live.co.uk"))
	ask(t, s, "POST http://x.example/setup", "email=secret.person%40live.co.uk")
	got := log.String()
	if strings.Contains(got, "secret") || strings.Contains(got, "192.0.2.7") {
		t.Errorf("personal data in the log:\n%s", got)
	}
	if n := strings.Count(got, "msg=request"); n != 11 {
		t.Errorf("%d lines:\n%s", n, got)
	}
	if !strings.Contains(got, "route=autoconfig outcome=served domain=live.co.uk") {
		t.Errorf("no route, outcome and domain:\n%s", got)
	}
	if strings.Count(got, " ms=") != 11 {
		t.Errorf("not how long each took:\n%s", got)
	}
	log.Reset()
	o.LogClients = true
	s = New(o)
	s.Use(world(t))
	ask(t, s, "GET http://x.example/v1.1/live.co.uk", "")
	ask(t, s, "GET http://x.example/v1.1/unserved.example", "")
	if !strings.Contains(log.String(), "route=ispdb outcome=not_served domain=unserved.example client=192.0.2.7") {
		t.Errorf("whose settings are missed: %s", log.String())
	}
	if !strings.Contains(log.String(), "client=192.0.2.7") {
		t.Errorf("log_clients: %s", log.String())
	}
}

func TestAdmin(t *testing.T) {
	s := New(testOptions(nil))
	admin := s.Admin()
	expect := func(line string, status int, want string) {
		t.Helper()
		r := ask(t, admin, line, "")
		if body := bodyOf(t, r); r.StatusCode != status || !strings.Contains(body, want) {
			t.Errorf("%s: %d %q, want %d %q", line, r.StatusCode, body, status, want)
		}
	}
	expect("GET /healthz", 200, "ok")
	expect("GET /readyz", 503, `"starting"`)
	if r := ask(t, s, "GET http://autoconfig.example.org/mail/config-v1.1.xml", ""); r.StatusCode != 503 {
		t.Errorf("before the first load: %d", r.StatusCode)
	}
	s.Use(world(t))
	expect("GET /readyz", 200, `{"status":"ok"}`)
	s.ReloadFailed("autoconfig.yaml:3:1: unknown key")
	expect("GET /readyz", 200, `"status":"degraded","reasons":["autoconfig.yaml:3:1: unknown key"]`)
	expect("GET /metrics", 200, "autoconfig_degraded 1")
	s.Use(world(t))
	expect("GET /readyz", 200, `"ok"`)
	ask(t, s, "GET http://autoconfig.example.org/mail/config-v1.1.xml", "")
	expect("GET /metrics", 200, `autoconfig_requests_total{outcome="served",protocol="autoconfig"} 1`)
	expect("GET /metrics", 200, "autoconfig_domains 4")
	expect("GET /metrics", 200, `autoconfig_request_seconds_count{protocol="autoconfig"} 2`) // one of them while starting
	for host, status := range map[string]int{
		"autoconfig.example.org": 200, "autodiscover.example.org": 200, "ua-auto-config.example.net": 200,
		"AUTOCONFIG.Example.Org.":   200,
		"autoconfig.hoster.example": 200, // a listed domain's, and the service host
		"example.org":               404, "www.example.org": 404, "autoconfig.customer.example": 404,
		"autoconfig.live.co.uk":             404,
		"autoconfig.autoconfig.example.org": 404, "": 404, "autoconfig.": 404, "a b": 404,
	} {
		r := ask(t, admin, "GET /ask?domain="+strings.ReplaceAll(host, " ", "+"), "")
		if r.StatusCode != status {
			t.Errorf("/ask %q: %d, want %d", host, r.StatusCode, status)
		}
	}
	s.stopping.Store(true)
	expect("GET /readyz", 503, `"stopping"`)
}

// A thousand requests under way are enough; the next one waits, and then is
// told to come back.
func TestInFlight(t *testing.T) {
	s := newTestServer(t, nil)
	for range inFlight {
		s.places <- struct{}{}
	}
	var wg sync.WaitGroup
	for _, test := range []struct {
		line   string
		status int
		want   string
	}{
		{"GET http://autoconfig.example.org/mail/config-v1.1.xml", 503, "busy"},
		{"POST http://x.example/autodiscover/autodiscover.xml", 200, "<ErrorCode>603<"},
		{"GET http://x.example/autodiscover/autodiscover.json", 503, "ServiceUnavailable"},
		{"GET http://x.example/api/v1/settings", 503, `"status":503`},
	} {
		wg.Go(func() {
			r := ask(t, s, test.line, "")
			if body := bodyOf(t, r); r.StatusCode != test.status || !strings.Contains(body, test.want) {
				t.Errorf("%s: %d %s", test.line, r.StatusCode, body)
			}
		})
	}
	wg.Wait()
	<-s.places
	if r := ask(t, s, "GET http://autoconfig.example.org/mail/config-v1.1.xml", ""); r.StatusCode != 200 {
		t.Errorf("with a free place: %d", r.StatusCode)
	}
}
