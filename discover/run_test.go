package discover

import (
	"io"
	"log"
	"slices"
	"strings"
	"testing"

	"autoconfig/pacc"
	"autoconfig/provider"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// The places of example.test.
const (
	isp1  = "https://autoconfig.example.test/mail/config-v1.1.xml"
	isp2  = "https://example.test/.well-known/autoconfig/mail/config-v1.1.xml"
	isp3  = "http://autoconfig.example.test/mail/config-v1.1.xml"
	isp4  = "http://example.test/.well-known/autoconfig/mail/config-v1.1.xml"
	ispdb = "https://ispdb.test/v1.1/example.test"
	pox1  = "https://autodiscover.example.test/autodiscover/autodiscover.xml"
	pox2  = "https://example.test/autodiscover/autodiscover.xml"
	pox3  = "http://autodiscover.example.test/autodiscover/autodiscover.xml"
)

// named is the document with IMAP at another host, to tell answers apart.
func named(host string) reply {
	return reply{body: edit("imap.example.test", host+".example.test")}
}

// found is the verdict that goes with it.
func found(host string) string { return "found imap " + host + ".example.test:993 tls" }

// poxBlock is a Protocol block.
func poxBlock(kind, host, port, more string) string {
	return "<Protocol><Type>" + kind + "</Type><Server>" + host + "</Server><Port>" + port + "</Port>" + more +
		"</Protocol>"
}

// poxAnswer is an Autodiscover answer around an account's content.
func poxAnswer(account string) reply {
	return reply{body: `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">` +
		`<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><AccountType>email</AccountType>` + account + `</Account></Response></Autodiscover>`}
}

func poxSettings(host string) reply {
	return poxAnswer("<Action>settings</Action>" + poxBlock("IMAP", host+".example.test", "993", "<SSL>on</SSL>") +
		poxBlock("SMTP", "smtp.example.test", "587", "<SSL>on</SSL><Encryption>TLS</Encryption>"))
}

const poxError = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response><Error Time="1" Id="2"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message></Error></Response></Autodiscover>`

// verdict is a client's end in one line: the verdict, the incoming server and
// the questions.
func verdict(r Result) string {
	out := string(r.Verdict)
	if r.Settings != nil {
		out += " " + r.Settings.Incoming.String()
	}
	for _, q := range r.AsksUser {
		out += "; " + q
	}
	return out
}

// TestScenarios has a row for every answer whose effect was measured: which
// places are there, and what each client ends with.
func TestScenarios(t *testing.T) {
	t.Parallel()
	type answers map[string]reply
	type wants map[string]string
	tb := func(want string) wants { return wants{"thunderbird": want} }
	fail := func(status int) answers { return answers{isp1: {status: status, body: document}, isp2: named("two")} }
	microsoft := "; to sign in with a browser, for autodiscover.outlook.com"
	rows := []struct {
		name    string
		records []string
		answers answers
		want    wants
	}{
		{"nothing at all", nil, nil, wants{"thunderbird": "nothing", "thunderbird-android": "nothing", "outlook": "nothing",
			"apple": "nothing", "evolution": "nothing",
			"kde": "nothing", "geary": "nothing", "deltachat": "nothing", "aerc": "nothing", "srv": "nothing",
			"pacc": "nothing"}},
		{"https autoconfig.", nil, answers{isp1: named("one")},
			wants{"thunderbird": found("one"), "thunderbird-android": found("one"), "outlook": "nothing",
				"evolution": found("one"), "kde": "nothing", "geary": found("one"), "deltachat": found("one"), "aerc": found("one"),
				"srv": "nothing"}},
		{"https well-known", nil, answers{isp2: named("two")},
			wants{"thunderbird": found("two"), "thunderbird-android": found("two"),
				"evolution": found("two"), "kde": "nothing", "geary": "nothing", "deltachat": found("two"), "aerc": found("two")}},
		{"http autoconfig.", nil, answers{isp3: named("three")}, wants{"thunderbird": found("three"),
			"thunderbird-android": "asks imap three.example.test:993 tls; whether to trust settings that came by plain http",
			"evolution":           found("three"), "geary": "nothing", "deltachat": "nothing", "aerc": "nothing"}},
		{"http well-known", nil, answers{isp4: named("four")},
			wants{"thunderbird": found("four"), "evolution": found("four"), "deltachat": "nothing"}},
		{"ISPDB", nil, answers{ispdb: named("db")},
			wants{"thunderbird": found("db"), "thunderbird-android": found("db"), "evolution": found("db"),
				"kde": found("db"), "geary": found("db"), "deltachat": found("db"), "aerc": found("db"), "outlook": "nothing"}},
		{"all four differ", nil, answers{isp1: named("one"), isp2: named("two"), isp3: named("three"), isp4: named("four"),
			ispdb: named("db")}, wants{
			"thunderbird": found("one"), "kde": found("db"), "evolution": found("one")}},
		{"the second, third and fourth", nil,
			answers{isp2: named("two"), isp3: named("three"), isp4: named("four"), ispdb: named("db")}, wants{
				"thunderbird": found("two"), "evolution": found("three")}},
		{"own beats ISPDB", nil, answers{isp4: named("four"), ispdb: named("db")}, tb(found("four"))},

		{"200 with HTML",
			nil, answers{isp1: {kind: "text/html", body: "<html><br></html>"}, isp2: named("two"), ispdb: named("db")}, wants{
				"thunderbird": found("db"), "deltachat": found("two"), "thunderbird-android": found("two")}},
		{"200 with HTML and nothing else", nil,
			answers{isp1: {kind: "text/html", body: "<html><br></html>"}, isp2: named("two")}, tb("refused")},
		{"200 with other XML", nil, answers{isp1: {body: "<other/>"}, isp2: named("two"), ispdb: named("db")}, wants{
			"thunderbird": found("db"), "deltachat": "refused", "evolution": found("two"), "aerc": found("two")}},
		{"204", nil, answers{isp1: {status: 204}, isp2: named("two")},
			wants{"thunderbird": "refused", "evolution": found("two")}},
		{"broken XML", nil, answers{isp1: {body: "<clientConfig>"}, isp2: named("two")},
			wants{"thunderbird": found("two"), "deltachat": found("two")}},
		{"wrong type", nil, answers{isp1: {kind: "text/plain", body: document}, isp2: named("two")},
			wants{"thunderbird": "refused", "aerc": found("imap")}},
		{"201 with a document", nil, answers{isp1: {status: 201, body: document}, isp2: named("two")}, tb(found("imap"))},
		{"301 without Location", nil, fail(301), tb(found("two"))},
		{"401", nil, fail(401), tb(found("two"))},
		{"403", nil, fail(403), tb(found("two"))},
		{"404", nil, fail(404), tb(found("two"))},
		{"500", nil, fail(500), tb(found("two"))},
		{"503", nil, fail(503), tb(found("two"))},
		{"redirect to another host", nil, answers{isp1: {status: 302, location: "https://x.foreign.test/c.xml"},
			"https://x.foreign.test/c.xml": named("moved"), isp2: named("two")}, tb(found("moved"))},
		{"redirect https to http", nil, answers{isp1: {status: 302, location: "http://x.foreign.test/c.xml"},
			"http://x.foreign.test/c.xml": named("moved"), isp2: named("two")}, wants{
			"thunderbird":         found("moved"),
			"thunderbird-android": "asks imap moved.example.test:993 tls; whether to trust settings that came by plain http"}},
		{"redirect http to https", nil, answers{isp3: {status: 302, location: "https://x.foreign.test/c.xml"},
			"https://x.foreign.test/c.xml": named("moved")}, tb(found("moved"))},
		{"redirect loop", nil, answers{isp1: {status: 302, location: isp1}, isp2: named("two")}, tb(found("two"))},

		{"MX step, both domains", []string{"@ MX 10 mx.eu.hoster.test."},
			answers{"https://autoconfig.eu.hoster.test/mail/config-v1.1.xml": named("full"),
				"https://autoconfig.hoster.test/mail/config-v1.1.xml": named("base")}, wants{
				"thunderbird": found("full"), "thunderbird-android": found("full"), "evolution": "nothing", "deltachat": "nothing",
				"aerc": "nothing"}},
		{"MX step, ISPDB before the base", []string{"@ MX 10 mx.eu.hoster.test."},
			answers{"https://ispdb.test/v1.1/eu.hoster.test": named("dbfull"),
				"https://autoconfig.hoster.test/mail/config-v1.1.xml": named("base")}, tb(found("dbfull"))},
		{"MX step is last", []string{"@ MX 10 mx.hoster.test."},
			answers{"https://autoconfig.hoster.test/mail/config-v1.1.xml": named("base"), ispdb: named("db")}, tb(found("db"))},
		{"MX step knows no well-known", []string{"@ MX 10 mx.hoster.test."},
			answers{"https://hoster.test/.well-known/autoconfig/mail/config-v1.1.xml": named("x"),
				"http://autoconfig.hoster.test/mail/config-v1.1.xml": named("x")}, tb("nothing")},
		{"NS hosts", []string{"@ NS ns1.hoster.test."}, answers{"https://autoconfig.hoster.test/mail/config-v1.1.xml": named("ns")}, wants{"evolution": found("ns"), "thunderbird": "nothing"}},

		{"POX url1", nil, answers{"POST " + pox1: poxSettings("pox")},
			wants{"thunderbird": found("pox"), "outlook": found("pox"), "deltachat": "nothing"}},
		{"POX url2", nil, answers{"POST " + pox2: poxSettings("pox")},
			wants{"thunderbird": found("pox"), "outlook": found("pox")}},
		{"POX url3", nil, answers{"POST " + pox3: poxSettings("pox")},
			wants{"thunderbird": found("pox"), "outlook": "nothing"}},
		{"POX by GET", nil, answers{pox2: poxSettings("pox")},
			wants{"deltachat": found("pox"), "thunderbird": "nothing", "outlook": "nothing"}},
		{"POX below autoconfig", nil, answers{isp1: named("one"), "POST " + pox1: poxSettings("pox")},
			wants{"thunderbird": found("one"), "outlook": found("pox")}},
		{"POX as text/html", nil, answers{"POST " + pox1: {kind: "text/html", body: poxSettings("pox").body}},
			wants{"thunderbird": "refused", "outlook": found("pox")}},
		{"POX error", nil, answers{"POST " + pox1: {body: poxError}}, wants{"thunderbird": "refused", "outlook": "refused"}},
		{"POX without SMTP", nil,
			answers{"POST " + pox1: poxAnswer("<Action>settings</Action>" + poxBlock("IMAP", "pox.example.test", "993", ""))},
			tb(found("pox"))},
		{"POX 401", nil, answers{"POST " + pox1: {status: 401}},
			wants{"thunderbird": "asks; the password, for the Autodiscover server autodiscover.example.test"}},
		{"POX 401 beside autoconfig", nil, answers{isp1: named("one"), "POST " + pox1: {status: 401}}, tb(found("one"))},
		{"Exchange alone", nil,
			answers{"POST " + pox1: poxAnswer("<Action>settings</Action>" + poxBlock("EXHTTP", "ex.example.test", "", ""))},
			wants{
				"thunderbird": "found exchange ex.example.test:443 tls", "outlook": "found exchange ex.example.test:443 tls"}},
		{"RedirectAddr", nil,
			answers{"POST " + pox1: poxAnswer("<Action>redirectAddr</Action><RedirectAddr>user@hoster.test</RedirectAddr>"),
				"POST https://autodiscover.hoster.test/autodiscover/autodiscover.xml": poxSettings("moved")},
			wants{"thunderbird": found("moved"), "outlook": found("moved")}},
		{"RedirectAddr in a loop", nil,
			answers{"POST " + pox1: poxAnswer("<Action>redirectAddr</Action><RedirectAddr>user@example.test</RedirectAddr>")},
			wants{"thunderbird": "refused", "outlook": "refused"}},
		{"RedirectUrl", nil, answers{
			"POST " + pox1:                       poxAnswer("<Action>redirectUrl</Action><RedirectUrl>https://pox.hoster.test/a.xml</RedirectUrl>"),
			"POST https://pox.hoster.test/a.xml": poxSettings("moved"),
			pox2:                                 poxAnswer("<Action>redirectUrl</Action><RedirectUrl>https://pox.hoster.test/a.xml</RedirectUrl>"), "https://pox.hoster.test/a.xml": poxSettings("got")}, wants{
			"thunderbird": "refused", "outlook": found("moved"), "deltachat": found("got")}},
		{"RedirectUrl to itself", nil,
			answers{pox2: poxAnswer("<Action>redirectUrl</Action><RedirectUrl>" + pox2 + "</RedirectUrl>"),
				pox1: poxSettings("next")}, wants{"deltachat": found("next")}},
		{"http POX redirects inside the domain", nil,
			answers{"POST " + pox3: {status: 302, location: "https://pox.example.test/a.xml"},
				pox3:                                  {status: 302, location: "https://pox.example.test/a.xml"},
				"POST https://pox.example.test/a.xml": poxSettings("moved")}, wants{"thunderbird": found("moved"),
				"outlook": "asks imap moved.example.test:993 tls; whether the site it was redirected to may configure the account"}},
		{"http POX without a redirect", nil, answers{pox3: poxSettings("pox")}, wants{"outlook": "nothing"}},
		{"http POX redirects to http", nil, answers{pox3: {status: 302, location: "http://pox.example.test/a.xml"},
			"POST http://pox.example.test/a.xml": poxSettings("pox")}, wants{"outlook": "nothing"}},
		{"http POX redirects to a foreign host", nil,
			answers{"POST " + pox3: {status: 302, location: "https://pox.foreign.test/a.xml"},
				"POST https://pox.foreign.test/a.xml": poxSettings("moved"), isp1: named("one")}, tb(
				"asks imap one.example.test:993 tls; whether to trust pox.foreign.test, a host of another domain")},
		{"http POX redirects to a foreign host that answers GET", nil,
			answers{"POST " + pox3: {status: 302, location: "https://pox.foreign.test/a.xml"},
				"https://pox.foreign.test/a.xml": poxSettings("moved")}, tb(found("moved"))},
		{"http POX redirects by 307", nil, answers{"POST " + pox3: {status: 307, location: "https://pox.example.test/a.xml"},
			"POST https://pox.example.test/a.xml": poxSettings("moved")}, tb(found("moved"))},
		{"http POX redirects to Microsoft", nil,
			answers{"POST " + pox3: {status: 302, location: "https://autodiscover.outlook.com/a.xml"}, isp1: named("one")}, tb(
				"asks imap one.example.test:993 tls" + microsoft)},

		{"_autodiscover SRV in the domain", []string{"_autodiscover._tcp SRV 0 0 8443 pox"},
			answers{"POST https://pox.example.test/autodiscover/autodiscover.xml": poxSettings("srv")}, wants{
				"thunderbird": found("srv"), "outlook": found("srv")}},
		{"_autodiscover SRV, the lowest weight",
			[]string{"_autodiscover._tcp SRV 0 9 443 heavy", "_autodiscover._tcp SRV 5 1 443 light"}, answers{
				"POST https://heavy.example.test/autodiscover/autodiscover.xml": poxSettings("heavy"),
				"POST https://light.example.test/autodiscover/autodiscover.xml": poxSettings("light")}, wants{
				"thunderbird": found("light"), "outlook": found("heavy")}},
		{"_autodiscover SRV elsewhere", []string{"_autodiscover._tcp SRV 0 0 443 pox.foreign.test."},
			answers{"POST https://pox.foreign.test/autodiscover/autodiscover.xml": poxSettings("srv"), isp1: named("one")},
			wants{
				"thunderbird": "asks imap one.example.test:993 tls; whether to trust pox.foreign.test, a host of another domain",
				"outlook":     "asks imap srv.example.test:993 tls; whether to trust pox.foreign.test, a host of another domain"}},
		{"_autodiscover SRV elsewhere, url1 answers", []string{"_autodiscover._tcp SRV 0 0 443 pox.foreign.test."},
			answers{"POST " + pox1: poxSettings("pox")}, tb(found("pox"))},
		{"_autodiscover SRV to nowhere", []string{"_autodiscover._tcp SRV 0 0 443 ."}, answers{isp1: named("one")},
			tb(found("one"))},
		{"_autodiscover SRV to Microsoft", []string{"_autodiscover._tcp SRV 0 0 443 autodiscover.outlook.com."},
			answers{isp1: named("one")}, tb(
				"asks imap one.example.test:993 tls" + microsoft)},

		{"SRV for mail",
			[]string{"_imaps._tcp SRV 0 1 993 srv", "_submission._tcp SRV 0 1 587 smtp", "_imap._tcp SRV 0 0 0 ."}, nil, wants{
				"srv": found("srv"), "aerc": found("srv"), "thunderbird": "nothing", "deltachat": "nothing", "geary": "nothing",
				"evolution": "asks imap srv.example.test:993 tls; the settings are only a proposal: SRV records are not complete for it"}},
		{"SRV and autoconfig", []string{"_imaps._tcp SRV 0 1 993 srv", "_submission._tcp SRV 0 1 587 smtp"},
			answers{isp1: named("one")}, wants{
				"srv": found("srv"), "aerc": found("srv"), "thunderbird": found("one"), "evolution": found("one"),
				"geary": found("one"), "deltachat": found("one")}},
		{"SRV without submission", []string{"_imaps._tcp SRV 0 1 993 srv"}, nil,
			wants{"srv": "asks imap srv.example.test:993 tls; the outgoing server"}},
		{"SRV not offered", []string{"_imaps._tcp SRV 0 0 0 .", "_submission._tcp SRV 0 0 0 ."}, nil,
			wants{"srv": "nothing", "aerc": "nothing"}},
		{"SRV in another domain", []string{"_imaps._tcp SRV 0 1 993 imap.foreign.test.",
			"_submission._tcp SRV 0 1 587 imap.foreign.test."}, nil, wants{
			"srv":  "asks imap imap.foreign.test:993 tls; whether to trust imap.foreign.test, a host of another domain",
			"aerc": "found imap imap.foreign.test:993 tls"}},
		{"SRV prefers the lower priority", []string{"_imaps._tcp SRV 20 1 993 a", "_imap._tcp SRV 10 1 143 b",
			"_submission._tcp SRV 0 1 587 smtp"}, nil, wants{"srv": "found imap b.example.test:143 starttls"}},

		{"Apple by v2", nil,
			answers{"https://autodiscover.example.test/autodiscover/autodiscover.json/v1.0/user@example.test": {kind: "application/json", body: `{"Protocol":"EWS","Url":"https://ews.example.test/EWS/Exchange.asmx"}`}}, wants{
				"apple": "found ews https://ews.example.test/EWS/Exchange.asmx"}},
		{"Apple by MobileSync",
			nil, answers{"POST " + pox1: {body: `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"><Action><Settings><Server><Type>MobileSync</Type><Url>https://eas.example.test/Microsoft-Server-ActiveSync</Url></Server></Settings></Action></Response></Autodiscover>`}}, wants{
				"apple": "found activesync https://eas.example.test/Microsoft-Server-ActiveSync"}},
		{"Apple, mail only", nil, answers{"POST " + pox1: poxSettings("pox"), isp1: named("one")}, wants{"apple": "refused"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWeb(t, row.records...)
			w.answers = row.answers
			names := make([]string, 0, len(row.want))
			for name := range row.want {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, r := range w.run(names...).Clients {
				if got := verdict(r); got != row.want[r.Client] {
					t.Errorf("%s: %s\nwant %s\n%s", r.Client, got, row.want[r.Client], steps(r))
				}
			}
		})
	}
}

// steps is the trace of a client, for the message of a failed test.
func steps(r Result) string {
	var b strings.Builder
	for _, s := range r.Steps {
		b.WriteString(strings.Join([]string{"  ", s.What, string(s.Result), string(s.Fault), s.Why, "\n"}, " "))
	}
	return b.String()
}

// TestKDENeedsTheISPDB: its other places are looked at only when the name of
// the ISPDB does not resolve.
func TestKDENeedsTheISPDB(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	w.answers[isp1] = named("one")
	w.env.ISPDB = "https://gone.invalid-ispdb.test/v1.1/"
	if got := verdict(w.run("kde").Clients[0]); got != found("one") {
		t.Errorf("KDE without an ISPDB: %s", got)
	}
}

func TestPACC(t *testing.T) {
	t.Parallel()
	const body = `{"authentication":{"password":true},"info":{"provider":{"name":"Example"}},"protocols":{"imap":{"host":"pacc.example.test"},"submit":{"host":"smtp.example.test"}}}`
	const target = "https://ua-auto-config.example.test/.well-known/user-agent-configuration.json"
	for name, row := range map[string]struct {
		txt  string
		doc  reply
		want string
	}{
		"with its digest": {pacc.TXT([]byte(body)), reply{kind: "application/json", body: body},
			"found imap pacc.example.test:993 tls"},
		"another digest":    {pacc.TXT([]byte(body + " ")), reply{kind: "application/json", body: body}, "refused"},
		"no digest":         {"", reply{kind: "application/json", body: body}, "refused"},
		"unreadable digest": {"v=UAAC1; a=md5; d=x", reply{kind: "application/json", body: body}, "refused"},
		"wrong type":        {pacc.TXT([]byte(body)), reply{kind: "text/plain", body: body}, "refused"},
		"redirect":          {pacc.TXT([]byte(body)), reply{status: 302, location: "https://example.test/x"}, "nothing"},
		"a page":            {"", reply{kind: "text/html", body: "<html></html>"}, "refused"},
		"an array":          {pacc.TXT([]byte("[]")), reply{kind: "application/json", body: "[]"}, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var records []string
			if row.txt != "" {
				records = []string{`_ua-auto-config TXT "` + strings.ReplaceAll(row.txt, ";", `\;`) + `"`}
			}
			w := newWeb(t, records...)
			w.answers[target] = row.doc
			if r := w.run("pacc").Clients[0]; verdict(r) != row.want {
				t.Errorf("got %s, want %s\n%s", verdict(r), row.want, steps(r))
			}
		})
	}
}

// TestGuess: what is left when nothing is published.
func TestGuess(t *testing.T) {
	t.Parallel()
	w := newWeb(t, "@ MX 10 mx.hoster.test.")
	for _, open := range []string{"mail.example.test:993", "mail.example.test:143", "smtp.example.test:587",
		"mx.hoster.test:143", "mx.hoster.test:587"} {
		w.open[open] = true
	}
	want := map[string]string{
		"thunderbird": "imap mail.example.test:993 tls, smtp smtp.example.test:587 starttls",
		"deltachat":   "imap mail.example.test:993 tls, smtp smtp.example.test:587 starttls",
		"aerc":        "imap mx.hoster.test:143 starttls, smtp mx.hoster.test:587 starttls",
	}
	for _, r := range w.run("thunderbird", "deltachat", "aerc").Clients {
		if r.Settings == nil || r.Settings.words() != want[r.Client] || r.Settings.Verified {
			t.Errorf("%s: %+v, want %s\n%s", r.Client, r.Settings, want[r.Client], steps(r))
		}
	}
	for _, c := range clients() { // every candidate names a service that is known
		for _, candidate := range slices.Concat(guessesOf(c.Plan)...) {
			service, _, _ := strings.Cut(candidate, "://")
			if _, ok := provider.ServiceByName(service); !ok {
				t.Errorf("%s guesses %s", c.Name, candidate)
			}
		}
	}
}

// poxOf is how a client reads Autodiscover.
func poxOf(name string) poxReading {
	return clients()[slices.IndexFunc(clients(), func(c client) bool { return c.Name == name })].POX
}

func guessesOf(s step) [][]string {
	out := [][]string{s.Incoming, s.Outgoing}
	for _, next := range s.Steps {
		out = append(out, guessesOf(next)...)
	}
	return out
}

// TestAutodiscoverBlocks: what each client makes of the switches.
func TestAutodiscoverBlocks(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		block string
		want  map[string]string
	}{
		"993 SSL": {poxBlock("IMAP", "h.example.test", "993", "<SSL>on</SSL><Encryption>SSL</Encryption>"),
			map[string]string{"thunderbird": "tls", "outlook": "tls", "deltachat": "tls"}},
		"143 TLS": {poxBlock("IMAP", "h.example.test", "143", "<SSL>on</SSL><Encryption>TLS</Encryption>"),
			map[string]string{"thunderbird": "starttls", "outlook": "starttls", "deltachat": "starttls"}},
		"SSL off and TLS": {poxBlock("IMAP", "h.example.test", "143", "<SSL>off</SSL><Encryption>TLS</Encryption>"),
			map[string]string{"thunderbird": "plain", "outlook": "starttls", "deltachat": "plain"}},
		"Encryption None": {poxBlock("IMAP", "h.example.test", "143", "<SSL>on</SSL><Encryption>None</Encryption>"),
			map[string]string{"thunderbird": "plain", "outlook": "plain", "deltachat": "starttls"}},
		"no switches": {poxBlock("IMAP", "h.example.test", "993", ""),
			map[string]string{"thunderbird": "tls", "outlook": "tls", "deltachat": "tls"}},
		"SSL on another": {poxBlock("IMAP", "h.example.test", "1993", "<SSL>on</SSL>"),
			map[string]string{"thunderbird": "tls", "outlook": "tls", "deltachat": "tls"}},
		"TLS on 993": {poxBlock("IMAP", "h.example.test", "993", "<Encryption>TLS</Encryption>"),
			map[string]string{"thunderbird": "tls", "outlook": "starttls", "deltachat": "tls"}},
		"pop3 only": {poxBlock("POP3", "h.example.test", "995", ""),
			map[string]string{"thunderbird": "tls", "outlook": "tls", "deltachat": ""}},
		"type in lower case": {poxBlock("imap", "h.example.test", "993", ""),
			map[string]string{"thunderbird": "", "outlook": "tls"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := poxAnswer("<Action>settings</Action>" + row.block).body
			for client, want := range row.want {
				_, c := poxOf(client).read([]byte(body), "text/xml", user())
				got := ""
				if c.settings != nil {
					got = string(c.settings.Incoming.Security)
				}
				if got != want {
					t.Errorf("%s: %q, want %q", client, got, want)
				}
			}
		})
	}
	login := poxAnswer("<Action>settings</Action>" + poxBlock("IMAP", "h.example.test", "993",
		"<LoginName>other</LoginName><SPA>on</SPA>")).body
	for client, want := range map[string]string{"thunderbird": "other password-encrypted",
		"deltachat": "user@example.test password"} {
		p := poxOf(client)
		_, c := p.read([]byte(login), "text/xml", user())
		if got := c.settings.Incoming.Username + " " + string(c.settings.Incoming.Auth[0]); got != want {
			t.Errorf("%s logs in as %q, want %q", client, got, want)
		}
	}
}

func TestUnknownClient(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	_, err := Run(t.Context(), w.env, user().addr, "outlok")
	if err == nil || !strings.Contains(err.Error(), "write one of thunderbird,") {
		t.Errorf("got %v", err)
	}
	if len(w.sent()) > 0 {
		t.Error("requests were sent")
	}
}
