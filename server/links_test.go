package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"autoconfig/provider"
)

// Links that people have from another server lead to the same profile.
func TestLinksOfOtherServers(t *testing.T) {
	s := newTestServer(t, nil)
	want := get200(t, s, "GET http://x.example/mobileconfig?email=jo@example.org", "")
	both := get200(t, s, "GET http://x.example/mobileconfig?email=jo@example.org&email=kim@example.org", "")
	for target, profile := range map[string]string{
		"/mobileconfig/?emailaddress=jo%40example.org":                                   want,
		"/MobileConfig?EmailAddress=jo%40example.org":                                    want,
		"/mobileconfig?emailaddress=jo@example.org&email=":                               want,
		"/email.mobileconfig?email=jo@example.org":                                       want,
		"/email.mobileconfig/?email=jo@example.org":                                      want,
		"/profile.mobileconfig?addresses=jo@example.org":                                 want,
		"/profile.mobileconfig?addresses=jo@example.org,":                                want,
		"/profile.mobileconfig?addresses=jo@example.org,kim@example.org":                 both,
		"/profile.mobileconfig?addresses=jo%40example.org%2C%20kim%40example.org":        both,
		"/profile.mobileconfig?addresses=jo@example.org&addresses=kim@example.org&name=": both,
		"/mobileconfig.php?email=jo@example.org":                                         want,
	} {
		if got := get200(t, s, "GET http://x.example"+target, ""); got != profile {
			t.Errorf("%s: another profile", target)
		}
	}
	for target, status := range map[string]int{
		"/email.mobileconfig": 400, "/profile.mobileconfig?addresses=": 400, "/mobileconfig.php": 302,
		"/mobileconfig.php?email=": 302, "/mobileconfig.php?email=x": 400,
		"/email.mobileconfig?email=a@unserved.example":                             404,
		"/profile.mobileconfig?addresses=jo@example.org,a@unserved.example":        404,
		"/profile.mobileconfig?addresses=" + strings.Repeat("jo@example.org,", 11): 400,
	} {
		if r := ask(t, s, "GET http://x.example"+target, ""); r.StatusCode != status {
			t.Errorf("%s: %d, want %d", target, r.StatusCode, status)
		}
	}
}

// Calendars, address books and JMAP are found from the domain, by any method.
func TestWellKnown(t *testing.T) {
	dav := custom("dav", func(p *provider.Provider) {
		p.CalDAV, p.CardDAV, p.JMAP = "https://dav.example/%EMAILDOMAIN%/calendars/",
			"https://dav.test.example/.well-known/carddav", "https://jmap.example/.well-known/jmap"
	})
	s := newTestServer(t, func(_ *Options, set *Settings) { set.Source, set.MX = fixed{dav}, nil })
	for _, method := range []string{"GET", "HEAD", "PROPFIND", "REPORT", "POST", "PUT", "OPTIONS", "MKCALENDAR", "SEARCH",
		"MADEUP"} {
		for line, want := range map[string]string{
			"http://dav.test.example/.well-known/caldav":             "https://dav.example/dav.test.example/calendars/",
			"http://dav.test.example/.well-known/CalDAV/":            "https://dav.example/dav.test.example/calendars/",
			"http://autoconfig.test.example/.well-known/carddav":     "https://dav.test.example/.well-known/carddav",
			"http://autodiscover.test.example:80/.well-known/jmap?x": "https://jmap.example/.well-known/jmap",
			"http://dav.test.example/.well-known/carddav":            "", // to itself
		} {
			r := ask(t, s, method+" "+line, "<propfind/>")
			if got := r.Header.Get("Location"); got != want || r.StatusCode != map[bool]int{true: 307, false: 404}[want != ""] ||
				r.Header.Get("Vary") != "Host" {
				t.Errorf("%s %s: %d %q, Vary %q", method, line, r.StatusCode, got, r.Header.Get("Vary"))
			}
		}
	}
	s = newTestServer(t, nil)
	for target, status := range map[string]int{
		"http://example.org/.well-known/caldav": 307, "http://example.org/.well-known/carddav": 404,
		"http://example.org/.well-known/jmap":        404,
		"http://unserved.example/.well-known/caldav": 404, "http://192.0.2.1/.well-known/caldav": 404,
		"http://broken.example/.well-known/caldav": 503,
	} {
		if r := ask(t, s, "PROPFIND "+target, ""); r.StatusCode != status {
			t.Errorf("%s: %d, want %d", target, r.StatusCode, status)
		}
	}
}

// What people paste means what they meant; what clients send is trimmed and no more.
func TestPastedAddresses(t *testing.T) {
	s := newTestServer(t, nil)
	answers := func(email string, query bool) map[string]string {
		out := map[string]string{}
		for _, line := range []string{"GET /setup?", "POST /setup ", "GET /mobileconfig?", "POST /mobileconfig ",
			"GET /api/v1/settings?"} {
			method, path, _ := strings.Cut(line, " ")
			body := "email=" + email
			if method == "GET" {
				path += body
				body = ""
			}
			r := ask(t, s, method+" http://x.example"+strings.TrimSpace(path), body)
			out[line] = http.StatusText(r.StatusCode) + bodyOf(t, r)
		}
		if query {
			for _, path := range []string{"/mail/config-v1.1.xml?emailaddress=", "/autodiscover/autodiscover.xml?email=",
				"/autodiscover/autodiscover.json?Protocol=AutodiscoverV1&Email="} {
				r := ask(t, s, "GET http://unserved.example"+path+email, "")
				out[path] = http.StatusText(r.StatusCode) + bodyOf(t, r)
			}
		}
		return out
	}
	same := func(email string, query bool, want map[string]string) {
		t.Helper()
		for line, got := range answers(email, query) {
			if got != want[line] {
				t.Errorf("%s%s:\n%.300s\nwant\n%.300s", line, email, got, want[line])
			}
		}
	}
	want := answers("jo%40example.org", true)
	for _, pasted := range []string{"%20jo%40example.org", "jo%40example.org%20", "jo%40example.org%0A",
		"%0D%0A%09jo%40example.org%20%20", "%C2%A0jo%40example.org", "jo%40example.org+"} {
		same(pasted, true, want)
	}
	for _, pasted := range []string{"mailto:jo@example.org", "\"Jo Long\" <jo@example.org>", "<jo@example.org>",
		"'jo@example.org'", "“jo@example.org”", "jo＠example.org", "jo@example.org,"} {
		same(url.QueryEscape(pasted), false, want)
	}
	want = answers("a%2Bb%40example.org", true)
	for _, plus := range []string{"a+b%40example.org", "a+b@example.org%20", "%20a+b@example.org", "a%20b%40example.org"} {
		same(plus, true, want)
	}
	body := get200(t, s, "GET http://x.example/api/v1/settings?email=+jo@example.org", "")
	if !strings.Contains(body, `"+jo@example.org"`) {
		t.Errorf("a raw + at the start of a query's address: %s", body)
	}
	pox := strings.Replace(poxBody("outlook/responseschema/2006a", "user@example.org"), "user@example.org",
		"\n\t user@example.org ", 1)
	if body := get200(t, s, "POST http://x.example/autodiscover/autodiscover.xml", pox); !strings.Contains(body,
		"<LoginName>user@example.org</LoginName>") {
		t.Errorf("blanks in EMailAddress: %s", body)
	}
}

// A protocol that v2 does not have is answered with those that it has.
func TestSupportedProtocols(t *testing.T) {
	s := newTestServer(t, nil)
	for address, want := range map[string]string{"jo@example.org": "'AutodiscoverV1'.",
		"jo@live.co.uk": "'ActiveSync,AutodiscoverV1'."} {
		for _, protocol := range []string{"Rest", "EWS", "%3Cb%3E"} {
			r := ask(t, s, "GET http://x.example/autodiscover/autodiscover.json?Email="+address+"&Protocol="+protocol, "")
			if body := bodyOf(t, r); r.StatusCode != 400 || !strings.Contains(body, `"InvalidProtocol"`) ||
				!strings.Contains(body, want) || strings.Contains(body, "<b>") {
				t.Errorf("%s %s: %d %s", address, protocol, r.StatusCode, body)
			}
		}
	}
}
