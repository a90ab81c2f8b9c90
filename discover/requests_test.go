package discover

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// The requests of the real programs for user@example.test, recorded at a
// stand-in server, with two differences: Accept-Encoding leaves out br and
// zstd, which this program cannot read, and Evolution's User-Agent loses the
// blank at its end, which is no part of a field value (RFC 9110 §5.5).
const (
	thunderbirdHead = `Accept-Encoding: gzip, deflate
Accept-Language: en-US,en;q=0.9
Accept: */*
`
	thunderbirdAgent = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0\n"
	thunderbirdPOX   = `Accept-Encoding: gzip, deflate
Accept-Language: en-US,en;q=0.9
Accept: */*
Content-Length: 392
Content-Type: text/xml; charset=utf-8
` + thunderbirdAgent + `
<?xml version="1.0" encoding="utf-8"?>
    <Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
      <Request>
        <EMailAddress>user@example.test</EMailAddress>
        <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
      </Request>
    </Autodiscover>
`
	evolutionQuery = "?emailaddress=EVOLUTIONUSER%40example.test&emailmd5=08ea5c18206e8006a5f3ca67e5d844dd"
	evolutionHead  = "Accept-Encoding: gzip, deflate\nUser-Agent: Evolution/3.46.4-2+deb12u1\n"
)

// TestRequests compares what is sent with the request tables of the real
// programs, line by line, and in their order where they have one.
func TestRequests(t *testing.T) {
	t.Parallel()
	req := func(line, host, scheme, head string) string {
		return line + " HTTP/1.1 (" + scheme + ")\nHost: " + host + "\n" + head
	}
	tb := thunderbirdHead + thunderbirdAgent
	db := strings.Replace(tb, "*/*", "application/xml,text/xml,*/*", 1)
	const q = "?emailaddress=user%40example.test"
	for _, row := range []struct {
		client  string
		ordered bool
		records []string
		want    []string
	}{
		{"thunderbird", false, []string{"@ MX 10 mx.eu.hoster.test.", "_autodiscover._tcp SRV 0 0 8443 pox"}, []string{
			req("GET /mail/config-v1.1.xml"+q, "autoconfig.example.test", "https", tb),
			req("GET /.well-known/autoconfig/mail/config-v1.1.xml"+q, "example.test", "https", tb),
			req("GET /mail/config-v1.1.xml"+q, "autoconfig.example.test", "http", tb),
			req("GET /.well-known/autoconfig/mail/config-v1.1.xml"+q, "example.test", "http", tb),
			req("GET /v1.1/example.test", "ispdb.test", "https", db),
			req("GET /mail/config-v1.1.xml"+q, "autoconfig.eu.hoster.test", "https", tb),
			req("GET /v1.1/eu.hoster.test", "ispdb.test", "https", db),
			req("GET /mail/config-v1.1.xml"+q, "autoconfig.hoster.test", "https", tb),
			req("GET /v1.1/hoster.test", "ispdb.test", "https", db),
			req("POST /autodiscover/autodiscover.xml", "autodiscover.example.test", "https", thunderbirdPOX),
			req("POST /autodiscover/autodiscover.xml", "example.test", "https", thunderbirdPOX),
			req("POST /autodiscover/autodiscover.xml", "autodiscover.example.test", "http", thunderbirdPOX),
			req("POST /autodiscover/autodiscover.xml", "pox.example.test", "https", thunderbirdPOX),
		}},
		{"evolution", true, nil, []string{
			req("GET /mail/config-v1.1.xml"+evolutionQuery, "autoconfig.example.test", "https", evolutionHead),
			req("GET /mail/config-v1.1.xml"+evolutionQuery, "autoconfig.example.test", "http", evolutionHead),
			req("GET /.well-known/autoconfig/mail/config-v1.1.xml"+evolutionQuery, "example.test", "https", evolutionHead),
			req("GET /.well-known/autoconfig/mail/config-v1.1.xml"+evolutionQuery, "example.test", "http", evolutionHead),
			req("GET /v1.1/example.test", "ispdb.test", "https", evolutionHead),
		}},
		{"deltachat", true, nil, []string{
			req("GET https://autoconfig.example.test/mail/config-v1.1.xml"+q, "autoconfig.example.test", "https", ""),
			req("GET https://example.test/.well-known/autoconfig/mail/config-v1.1.xml", "example.test", "https", ""),
			req("GET https://example.test/autodiscover/autodiscover.xml", "example.test", "https", ""),
			req("GET https://autodiscover.example.test/autodiscover/autodiscover.xml", "autodiscover.example.test", "https", ""),
			req("GET https://ispdb.test/v1.1/example.test", "ispdb.test", "https", ""),
		}},
		{"geary", true, nil, []string{
			req("GET /mail/config-v1.1.xml", "autoconfig.example.test", "https", "Accept-Encoding: gzip, deflate\n"),
			req("GET /v1.1/example.test", "ispdb.test", "https", "Accept-Encoding: gzip, deflate\n"),
		}},
		{"aerc", false, nil, []string{
			req("GET /mail/config-v1.1.xml"+q, "autoconfig.example.test", "https",
				"Accept-Encoding: gzip\nUser-Agent: Go-http-client/1.1\n"),
			req("GET /.well-known/autoconfig/mail/config-v1.1.xml"+q, "example.test", "https",
				"Accept-Encoding: gzip\nUser-Agent: Go-http-client/1.1\n"),
			req("GET /v1.1/example.test", "ispdb.test", "https", "Accept-Encoding: gzip\nUser-Agent: Go-http-client/1.1\n"),
		}},
	} {
		t.Run(row.client, func(t *testing.T) {
			t.Parallel()
			w := newWeb(t, row.records...)
			w.run(row.client)
			got, want := w.sent(), row.want
			if !row.ordered { // all start at once, so they arrive in any order
				slices.Sort(got)
				slices.Sort(want)
			}
			for i := range max(len(got), len(want)) {
				g, x := append(got, make([]string, len(want))...)[i], append(want, make([]string, len(got))...)[i]
				if g != x {
					t.Errorf("request %d:\n%s\nwant\n%s", i+1, g, x)
				}
			}
		})
	}
}

// TestQuestions compares the questions put to DNS.
func TestQuestions(t *testing.T) {
	t.Parallel()
	services := func(names ...string) map[string]uint16 {
		out := map[string]uint16{}
		for _, n := range names {
			out["_"+n+"._tcp.example.test"] = dns.TypeSRV
		}
		return out
	}
	all := services("imaps", "imap", "pop3s", "pop3", "submissions", "submission", "smtps", "jmap", "autodiscover",
		"caldav", "caldavs", "carddav", "carddavs", "ldap", "ldaps", "autoconfig")
	for client, want := range map[string]map[string]uint16{
		"thunderbird": services("autodiscover"), // no other SRV record
		"outlook":     services("autodiscover"),
		"evolution": services("imaps", "imap", "pop3s", "pop3", "submissions", "submission", "caldav", "caldavs", "carddav",
			"carddavs", "ldap", "ldaps"),
		"aerc":  services("imaps", "imap", "submissions", "submission", "smtps", "jmap"),
		"srv":   services("imaps", "imap", "pop3s", "pop3", "submissions", "submission"),
		"geary": services(), "deltachat": services(), "kde": services(), "thunderbird-android": services(),
		"apple": services(), "pacc": services(),
	} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			w := newWeb(t)
			w.run(client)
			for name, qtype := range all {
				_, wanted := want[name]
				if asked := w.dns.Asked(name, qtype); wanted != (asked == 1) || !wanted && asked > 0 {
					t.Errorf("%s asked %d times, wanted: %v", name, asked, wanted)
				}
			}
			for qtype, clients := range map[uint16][]string{dns.TypeMX: {"thunderbird", "thunderbird-android", "aerc"},
				dns.TypeNS: {"evolution"}} {
				if asked := w.dns.Asked("example.test", qtype) > 0; asked != slices.Contains(clients, client) {
					t.Errorf("%s of the domain asked: %v", dns.TypeToString[qtype], asked)
				}
			}
		})
	}
}

// TestTrace: the steps are told in the order of their priority, however they end.
func TestTrace(t *testing.T) {
	t.Parallel()
	w := newWeb(t, "@ MX 10 mx.hoster.test.")
	w.answers[isp3] = named("three")
	var got []string
	for _, s := range w.run("thunderbird").Clients[0].Steps {
		got = append(got, s.What)
		if s.Used != strings.HasPrefix(s.What, "GET "+isp3) {
			t.Errorf("%s used: %v", s.What, s.Used)
		}
	}
	const q = "?emailaddress=user%40example.test"
	want := []string{"GET " + isp1 + q, "GET " + isp2 + q, "GET " + isp3 + q, "GET " + isp4 + q, "GET " + ispdb,
		"MX example.test", "GET https://autoconfig.hoster.test/mail/config-v1.1.xml" + q,
		"GET https://ispdb.test/v1.1/hoster.test",
		"POST " + pox1, "POST " + pox2, "POST " + pox3, "SRV _autodiscover._tcp.example.test"}
	if !slices.Equal(got, want) {
		t.Errorf("steps\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestOwnExchanger: an exchanger in the domain itself leads to no more requests.
func TestOwnExchanger(t *testing.T) {
	t.Parallel()
	w := newWeb(t, "@ MX 10 mx.example.test.")
	w.run("thunderbird")
	if n := len(w.sent()); n != 8 { // four places, the ISPDB, three of Autodiscover
		t.Errorf("%d requests", n)
	}
}

// TestDocs: the page about the command has every client, verdict and fault.
func TestDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/discover.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("report.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, c := range Clients() {
		words["| `"+c.Name+"` |"] = true
	}
	for _, m := range regexp.MustCompile(`(?:Fault|Outcome|Verdict) += "([a-z-]+)"`).FindAllStringSubmatch(string(source),
		-1) {
		words[m[1]] = true
	}
	for word := range words {
		if !strings.Contains(string(page), word) {
			t.Errorf("docs/discover.md does not have %s", word)
		}
	}
	if len(words) < 35 {
		t.Errorf("only %d words looked for", len(words))
	}
}

// TestAddressForms: how each client writes an address into a URL or a body.
func TestAddressForms(t *testing.T) {
	t.Parallel()
	v := vars{addr: provider.Address{Local: "O'Neil&x+ö", Domain: "my-mail.test"}}
	for template, want := range map[string]string{
		"{address}": "O%27Neil%26x%2B%C3%B6%40my-mail.test",
		"{alnum}":   "O%27Neil%26x%2B%C3%B6%40my%2Dmail.test",
		"{path}":    "O%27Neil&x+%C3%B6@my-mail.test",
		"{domain}":  "my-mail.test",
	} {
		if got := v.expand(template); got != want {
			t.Errorf("%s: %s, want %s", template, got, want)
		}
	}
	raw, escaped := poxOf("thunderbird").body("a&b@x.test", 0), poxOf("outlook").body("a&b@x.test", 0)
	if !strings.Contains(raw, "<EMailAddress>a&b@x.test<") || !strings.Contains(escaped, "<EMailAddress>a&amp;b@x.test<") {
		t.Errorf("Thunderbird sends\n%s\nOutlook\n%s", raw, escaped)
	}
}

// TestDomainOnly: without a local part the requests are postmaster's.
func TestDomainOnly(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.answers[isp1] = named("one")
	r, err := Run(t.Context(), w.env, provider.Address{Domain: "example.test"}, "thunderbird")
	if err != nil || r.Address != "example.test" || r.Clients[0].Settings.Incoming.Username != "postmaster@example.test" {
		t.Errorf("%v, %+v", err, r)
	}
}
