package discover

import (
	"strings"
	"time"

	"autoconfig/mozilla"
)

// The places of Mozilla autoconfig ("Thunderbird:Autoconfiguration" in
// Mozilla's wiki, draft-ietf-mailmaint-autoconfig).
const (
	configPath    = "autoconfig.{domain}/mail/config-v1.1.xml"
	wellKnownPath = "{domain}/.well-known/autoconfig/mail/config-v1.1.xml"
	mxConfigPath  = "autoconfig.{x}/mail/config-v1.1.xml"
	byAddress     = "?emailaddress={address}"
)

// thunderbird is Thunderbird 153.7 ESR on Linux. It starts everything at once;
// the order is a priority. The guess is known by the names it asks only.
func thunderbird() client {
	const ispWait, dbWait = 5 * time.Second, 10 * time.Second
	isp := func(url string) step {
		return step{kind: autoconfig, target: url, timeout: ispWait, family: ispFamily, stops: stopAnswered}
	}
	db := func(url string) step {
		return step{kind: autoconfig, target: url, timeout: dbWait, accept: "application/xml,text/xml,*/*"}
	}
	post := func(url string) step {
		return step{kind: poxPost, target: url, timeout: ispWait, family: poxFamily, foreign: foreignAlways}
	}
	mx := step{kind: askMX, target: "{domain}", timeout: dbWait, together: true, then: []step{
		{kind: autoconfig, target: "https://" + mxConfigPath + byAddress, timeout: ispWait},
		db("{ispdb}{x}"),
	}}
	srv := step{kind: askSRV, target: "_autodiscover._tcp.{domain}", timeout: ispWait, family: poxFamily, foreign: foreignAlways, lightest: true,
		then: []step{post("https://{x}/autodiscover/autodiscover.xml")}}
	return client{
		name: "thunderbird", title: "Thunderbird 153", checked: "153.7 ESR, measured 2026-11-23",
		header: map[string]string{
			"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0",
			"Accept":          "*/*",
			"Accept-Language": "en-US,en;q=0.9",
			"Accept-Encoding": "gzip, deflate",
		},
		redirects: 20, addrs: 2, // it has no RedirectUrl
		reads: thunderbirdReads(), pox: poxReading{block: thunderbirdBlock, xmlType: true, rawAddress: true, expands: true, browser: mozilla.ThunderbirdOAuth2, exchange: true},
		plan: step{kind: sequence, then: []step{
			{kind: parallel, then: []step{
				isp("https://" + configPath + byAddress), isp("https://" + wellKnownPath + byAddress),
				isp("http://" + configPath + byAddress), isp("http://" + wellKnownPath + byAddress),
				db("{ispdb}{domain}"), mx,
				post("https://autodiscover.{domain}/autodiscover/autodiscover.xml"),
				post("https://{domain}/autodiscover/autodiscover.xml"),
				post("http://autodiscover.{domain}/autodiscover/autodiscover.xml"),
				srv,
			}},
			{kind: guess, timeout: ispWait,
				incoming: guesses([]string{"imaps", "imap", "pop3s", "pop3"}, "imap.{domain}", "mail.{domain}", "{domain}", "pop3.{domain}", "pop.{domain}"),
				outgoing: guesses([]string{"submissions", "submission"}, "smtp.{domain}", "mail.{domain}", "{domain}")},
		}},
	}
}

// guesses are the candidates of hosts, each with every service that its name
// fits: a host named after IMAP is not tried for POP3, nor the other way round.
func guesses(services []string, hosts ...string) []string {
	var out []string
	for _, host := range hosts {
		for _, service := range services {
			other := "imap"
			if strings.HasPrefix(service, "imap") {
				other = "pop"
			}
			if !strings.HasPrefix(host, other) {
				out = append(out, service+"://"+host)
			}
		}
	}
	return out
}

// thunderbirdAndroid is Thunderbird for Android (K-9 Mail), from its source of
// August 2026. It asks one after the other, and the user when an http URL had
// part in the answer.
func thunderbirdAndroid() client {
	const wait = 10 * time.Second
	get := func(url string) step { return step{kind: autoconfig, target: url, timeout: wait} }
	return client{
		name: "thunderbird-android", title: "Thunderbird for Android", checked: "its source of 2026-08",
		header:    map[string]string{"User-Agent": "okhttp/4.12.0", "Accept-Encoding": "gzip"},
		redirects: 20,
		reads:     androidReads(), insecure: "whether to trust settings that came by plain http",
		plan: step{kind: sequence, then: []step{
			get("https://" + configPath), get("https://" + wellKnownPath),
			get("http://" + configPath), get("http://" + wellKnownPath),
			get("{ispdb}{domain}"),
			{kind: askMX, target: "{domain}", timeout: wait, then: []step{get("https://" + mxConfigPath), get("{ispdb}{x}")}},
		}},
	}
}

// evolution is Evolution 3.46.4. It never sends the local part; the whole
// address goes only into an MD5. Autoconfig beats SRV.
func evolution() client {
	const wait = 15 * time.Second
	const query = "?emailaddress=EVOLUTIONUSER%40{domain}&emailmd5={md5}"
	places := func(name string) []step {
		var out []step
		for _, url := range []string{"https://autoconfig." + name + "/mail/config-v1.1.xml" + query, "http://autoconfig." + name + "/mail/config-v1.1.xml" + query,
			"https://" + name + "/.well-known/autoconfig/mail/config-v1.1.xml" + query, "http://" + name + "/.well-known/autoconfig/mail/config-v1.1.xml" + query,
			"{ispdb}" + name} {
			out = append(out, step{kind: autoconfig, target: url, timeout: wait})
		}
		return out
	}
	return client{
		name: "evolution", title: "Evolution 3.46", checked: "3.46.4, measured 2026-11-23",
		header:    map[string]string{"User-Agent": "Evolution/3.46.4-2+deb12u1 ", "Accept-Encoding": "gzip, deflate"},
		redirects: 20,
		reads:     evolutionReads(),
		plan: step{kind: parallel, then: []step{
			{kind: sequence, then: append(places("{domain}"),
				step{kind: askNS, target: "{domain}", timeout: wait, then: places("{x}")})},
			{kind: mailSRV, target: "{domain}", timeout: wait,
				services: []string{"imaps", "imap", "pop3s", "pop3", "submissions", "submission", "caldavs", "caldav", "carddavs", "carddav", "ldaps", "ldap"},
				asks:     "the settings are only a proposal: SRV records are not complete for it"},
		}},
	}
}

// kde is KDE's accountwizard 22.12.3. It asks the ISPDB, and the domain itself
// only when the name of the ISPDB does not resolve.
func kde() client {
	const wait = 30 * time.Second
	get := func(url string) step { return step{kind: autoconfig, target: url, timeout: wait, family: webFamily} }
	db := get("{ispdb}{domain}")
	db.stops = stopReached
	return client{
		name: "kde", title: "KDE accountwizard 22.12", checked: "22.12.3, measured 2026-11-23",
		header:    map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) KIO/5.103", "Accept-Encoding": "gzip, deflate"},
		redirects: 10,
		reads:     kdeReads(),
		plan: step{kind: sequence, then: []step{
			db, get("https://" + configPath), get("http://" + configPath), get("https://" + wellKnownPath),
		}},
		hint: "it asks only Thunderbird's database as long as that can be reached",
	}
}

// geary is Geary 43.0: no query, no well-known place, no http.
func geary() client {
	const wait = 15 * time.Second
	return client{
		name: "geary", title: "Geary 43", checked: "43.0, measured 2026-11-23",
		header:    map[string]string{"User-Agent": "", "Accept-Encoding": "gzip, deflate"},
		redirects: 20,
		reads:     gearyReads(),
		plan: step{kind: sequence, then: []step{
			{kind: autoconfig, target: "https://" + configPath, timeout: wait},
			{kind: autoconfig, target: "{ispdb}{domain}", timeout: wait},
		}},
	}
}

// deltaChat is Delta Chat core 2.57.0: only https, no DNS records, Autodiscover
// by GET without an address.
func deltaChat() client {
	const wait = 20 * time.Second
	get := func(k kind, url string) step {
		return step{kind: k, target: url, timeout: wait, family: webFamily, stops: stopEmpty}
	}
	return client{
		name: "deltachat", title: "Delta Chat core 2.57", checked: "core 2.57.0, measured 2026-11-23",
		header:       map[string]string{"User-Agent": ""},
		absoluteForm: true, redirects: 10, urls: 10,
		reads: deltaChatReads(), pox: poxReading{block: deltaChatBlock, stream: true},
		plan: step{kind: sequence, then: []step{
			get(autoconfig, "https://"+configPath+"?emailaddress={alnum}"), get(autoconfig, "https://"+wellKnownPath),
			get(poxGet, "https://{domain}/autodiscover/autodiscover.xml"), get(poxGet, "https://autodiscover.{domain}/autodiscover/autodiscover.xml"),
			get(autoconfig, "{ispdb}{domain}"),
			{kind: guess, timeout: wait,
				incoming: guesses([]string{"imaps", "imap"}, "imap.{domain}", "mail.{domain}", "{domain}"),
				outgoing: guesses([]string{"submissions", "submission"}, "smtp.{domain}", "mail.{domain}", "{domain}")},
		}},
	}
}

// aerc is aerc 0.22.0: all at once, SRV records win.
func aerc() client {
	const wait = 10 * time.Second
	get := func(url string) step { return step{kind: autoconfig, target: url, timeout: wait} }
	return client{
		name: "aerc", title: "aerc 0.22", checked: "0.22.0, measured 2026-11-23",
		header:    map[string]string{"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"},
		redirects: 10,
		reads:     aercReads(),
		plan: step{kind: parallel, then: []step{
			{kind: mailSRV, target: "{domain}", timeout: wait, services: []string{"imaps", "imap", "submissions", "submission", "smtps", "jmap"}},
			get("https://" + configPath + byAddress), get("https://" + wellKnownPath + byAddress),
			get("{ispdb}{domain}"),
			{kind: askMX, target: "{domain}", timeout: wait, byHost: true, then: []step{
				{kind: guess, timeout: wait, incoming: []string{"imap://{x}"}, outgoing: []string{"submission://{x}"}}}},
		}},
	}
}
