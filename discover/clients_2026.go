package discover

import (
	"maps"
	"slices"
	"strings"
	"time"

	"autoconfig/provider"
)

// The clients of this file were read in their sources, or in a report, not run.

// gets are autoconfig steps at URLs.
func gets(wait time.Duration, urls ...string) []step {
	var out []step
	for _, url := range urls {
		out = append(out, step{kind: autoconfig, target: url, timeout: wait})
	}
	return out
}

// thunderbirdIOS asks all places at once and prefers the provider's own; where
// none has anything it asks those of the exchanger's domain, and SRV records.
func thunderbirdIOS() client {
	const wait = 60 * time.Second // URLSession's own
	return client{
		name: "thunderbird-ios", title: "Thunderbird for iOS",
		checked:   "its library Autoconfiguration, pull request 110 of thunderbird/thunderbird-ios (2025-09-03)",
		header:    map[string]string{"User-Agent": "Thunderbird/1 CFNetwork/3826 Darwin/24.5.0", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"},
		redirects: 16,
		reads:     draftReads(),
		plan: step{kind: sequence, then: []step{
			{kind: parallel, then: gets(wait, "https://"+configPath+byAddress, "https://"+wellKnownPath, "{ispdb}{domain}")},
			{kind: askMX, target: "{domain}", timeout: wait, then: gets(wait, "https://"+mxConfigPath+byAddress, "{ispdb}{x}")},
			{kind: mailSRV, target: "{domain}", timeout: wait, services: []string{"imaps", "imap", "submissions", "submission", "jmap"}},
		}},
	}
}

// mailspring has a copy of the ISPDB, which is taken for the database itself
// here. It looks at no authentication.
func mailspring() client {
	return client{
		name: "mailspring", title: "Mailspring",
		checked:   "its source, commit d93a0d7 (2026-08-21)",
		header:    map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Mailspring", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"},
		redirects: 20,
		reads: reading{
			incoming: []string{"imap"}, socket: socketWords, authElse: provider.AuthPassword, host: expandedHost, noUser: addressUser,
			user: func(template string, v vars) string {
				if template == provider.EmailLocalPart {
					return v.login.Local
				}
				return v.login.String()
			},
		},
		plan: step{kind: sequence, then: gets(15*time.Second, "https://"+configPath, "https://"+wellKnownPath, "{ispdb}{domain}")},
	}
}

// fairemail ranks what it finds: SRV records for both ways before autoconfig,
// Autodiscover and open ports.
func fairemail() client {
	const wait = 15 * time.Second
	places := gets(wait, "https://"+configPath+"?emailaddress={raw}", "https://"+wellKnownPath+"?emailaddress={raw}", "{ispdb}{domain}")
	post := func(host string) step {
		return step{kind: poxPost, target: "https://" + host + "/autodiscover/autodiscover.xml", timeout: wait}
	}
	return client{
		name: "fairemail", title: "FairEmail",
		checked:   "its source, EmailProvider.java at commit 30a5133",
		header:    map[string]string{"User-Agent": "FairEmail", "Accept-Encoding": "gzip"},
		redirects: 20,
		reads: reading{
			incoming: []string{"imap"}, exact: true, lastIn: true, lastOut: true, lastValue: true,
			socket: secureWords, socketElse: byPort, authElse: provider.AuthPassword,
			host: literal, user: literalUser, noUser: addressUser,
		},
		pox: poxReading{block: outlookBlock},
		plan: step{kind: sequence, then: slices.Concat(
			[]step{{kind: mailSRV, target: "{domain}", timeout: wait, services: []string{"imaps", "imap", "submission", "submissions"}, bothWays: true, inOrder: true}},
			places,
			[]step{post("{domain}"), post("autodiscover.{domain}"),
				{kind: guess, timeout: wait,
					incoming: guesses([]string{"imaps", "imap"}, "imap.{domain}", "mail.{domain}", "mx.{domain}", "{domain}"),
					outgoing: guesses([]string{"submission", "submissions"}, "smtp.{domain}", "mail.{domain}", "mx.{domain}", "{domain}")},
				{kind: askMX, target: "{domain}", timeout: wait, then: gets(wait, "https://"+mxConfigPath+"?emailaddress={raw}", "{ispdb}{x}")},
			})},
	}
}

// byPort is STARTTLS for the ports that are for it, else TLS.
func byPort(p provider.Protocol, port uint16) provider.Security {
	if want, _ := (provider.Server{Protocol: p, Port: port}).PortSecurity(); want == provider.STARTTLS {
		return want
	}
	return provider.TLS
}

// literalUser fills in a placeholder that is the whole user name.
func literalUser(template string, v vars) string {
	if template == provider.EmailAddress || template == provider.EmailLocalPart {
		return provider.Expand(template, v.login)
	}
	return template
}

// kde6 moves on at any status but 200, and stops at that whatever it holds.
func kde6() client {
	reads := kdeReads()
	reads.lastValue = true
	reads.auth = maps.Clone(authWords)
	reads.auth["none"], reads.auth["client-ip-based"] = provider.AuthNone, provider.AuthClientIP
	plan := gets(30*time.Second, "{ispdb}{domain}", "https://"+configPath, "http://"+configPath, "https://"+wellKnownPath)
	for i := range plan {
		plan[i].family, plan[i].stops = webFamily, stopGiven
	}
	return client{
		name: "kde6", title: "KMail 6.8",
		checked:   "kmail-account-wizard 6.8.40, commit 8163b65 (2026-07-22)",
		header:    map[string]string{"User-Agent": "Mozilla/5.0", "Accept-Encoding": "gzip, deflate"},
		redirects: 50,
		reads:     reads,
		plan:      step{kind: sequence, then: plan},
	}
}

// nextcloud is the app Mail of Nextcloud, whose server asks. It takes a socket
// word in any case and makes no encryption of an unknown one.
func nextcloud() client {
	places := func(name string) []step {
		const path = "/mail/config-v1.1.xml?emailaddress={raw}"
		return gets(7*time.Second, "https://autoconfig."+name+path, "https://"+name+"/.well-known/autoconfig"+path, "{ispdb}"+name,
			"http://autoconfig."+name+path, "http://"+name+"/.well-known/autoconfig"+path)
	}
	return client{
		name: "nextcloud", title: "Nextcloud Mail",
		checked:   "its source, AutoConfig/IspDb.php at commit 03d8715",
		header:    map[string]string{"User-Agent": "Nextcloud Server Crawler", "Accept-Encoding": "gzip"},
		redirects: 10,
		reads: reading{
			incoming: []string{"imap"}, leading: true, socketFold: true,
			socket:     map[string]provider.Security{"ssl": provider.TLS, "starttls": provider.STARTTLS, "tls": provider.STARTTLS},
			socketElse: func(provider.Protocol, uint16) provider.Security { return provider.Plain },
			authElse:   provider.AuthPassword, host: literal, user: trimmedUser,
			noUser: func(s *Server, _ vars) bool { s.Username = ""; return true },
		},
		plan: step{kind: sequence, then: append(places("{domain}"),
			step{kind: askMX, target: "{domain}", timeout: 7 * time.Second, byHost: true, andParent: true, then: places("{x}")})},
	}
}

// himalaya prefers PACC, whose revision -02 it reads, to autoconfig and SRV.
func himalaya() client {
	const wait = 30 * time.Second
	places := func(name string) []step {
		return gets(wait, "https://autoconfig."+name+"/mail/config-v1.1.xml"+byAddress, "https://"+name+"/.well-known/autoconfig/mail/config-v1.1.xml", "{ispdb}"+name)
	}
	return client{
		name: "himalaya", title: "Himalaya",
		checked: "its library io-discovery, commit 4b01b9e (2026-05-31)",
		header:  map[string]string{"User-Agent": "", "Accept-Encoding": "gzip"}, redirects: 5, oldPACC: true,
		reads: draftReads(),
		plan: step{kind: parallel, then: []step{
			{kind: paccFetch, target: "{domain}", timeout: wait},
			{kind: sequence, then: append(places("{domain}"), step{kind: askMX, target: "{domain}", timeout: wait, then: places("{x}")})},
			{kind: mailSRV, target: "{domain}", timeout: wait, services: []string{"imaps", "imap", "submission"}},
		}},
	}
}

// draftReads is a client that reads what draft-ietf-mailmaint-autoconfig says.
func draftReads() reading {
	return reading{
		incoming: []string{"imap"}, socket: socketWords, auth: authWords, authElse: provider.AuthPassword,
		host: expandedHost, user: trimmedUser, noUser: addressUser,
	}
}

// outlookNew asks a service of Microsoft's first. A domain's own server was seen
// to be asked for Exchange ActiveSync.
func outlookNew() client {
	const wait = 25 * time.Second
	post := func(host string) step {
		return step{kind: mobileSync, target: "https://" + host + "/autodiscover/autodiscover.xml", timeout: wait}
	}
	return client{
		name: "outlook-new", title: "Outlook (new)",
		checked:   "one report, issue 3961 of Mailu/Mailu (2025-11-30)",
		header:    map[string]string{"User-Agent": "Microsoft Office/16.0", "Accept-Encoding": "gzip, deflate"},
		redirects: 10, addrs: 10,
		plan: step{kind: sequence, then: []step{post("autodiscover.{domain}"), post("{domain}")}},
		hint: "it asks a service of Microsoft's first, and its user where that knows nothing",
	}
}

// rawQuery leaves an address as a client that does not escape it writes it, as
// far as a URL can hold it.
func rawQuery(address string) string {
	return strings.NewReplacer(" ", "%20", "#", "%23", "%", "%25", "\"", "%22", "<", "%3C", ">", "%3E").Replace(address)
}
