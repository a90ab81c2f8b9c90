package discover

import (
	"slices"
	"strings"
	"time"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

// The places of Mozilla autoconfig ("Thunderbird:Autoconfiguration" in
// Mozilla's wiki, draft-ietf-mailmaint-autoconfig), without the scheme. {x} is
// the domain until a DNS answer leads elsewhere.
const (
	configPath    = "://autoconfig.{x}/mail/config-v1.1.xml"
	wellKnownPath = "://{x}/.well-known/autoconfig/mail/config-v1.1.xml"
	database      = "{ispdb}{x}"
	poxPath       = "/autodiscover/autodiscover.xml"
	poxSRV        = "_autodiscover._tcp.{domain}"
)

// Queries that clients append.
const (
	byAddress      = "?emailaddress={address}"
	byRawAddress   = "?emailaddress={raw}"
	byEvolutionMD5 = "?emailaddress=EVOLUTIONUSER%40{domain}&emailmd5={md5}"
)

// Places in the order of one client, for the domain and for its exchanger's.
var (
	evolutionPlaces = get("https"+configPath+byEvolutionMD5, "http"+configPath+byEvolutionMD5,
		"https"+wellKnownPath+byEvolutionMD5, "http"+wellKnownPath+byEvolutionMD5, database)
	nextcloudPlaces = get("https"+configPath+byRawAddress, "https"+wellKnownPath+byRawAddress, database,
		"http"+configPath+byRawAddress, "http"+wellKnownPath+byRawAddress)
	himalayaPlaces = get("https"+configPath+byAddress, "https"+wellKnownPath, database)
)

// table is every client, in the order of the output.
var table = []client{{
	// It starts everything at once; the order is a priority. The guess is known
	// by the names it asks only. Of a document, the order counts, one way to log
	// in is kept, and OAuth2 works for the hosts in its own table alone.
	name: "thunderbird", title: "Thunderbird 153", checked: "153.7 ESR, measured 2026-11-23", wait: 5 * time.Second,
	agent:  "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0",
	accept: "*/*", language: "en-US,en;q=0.9", coding: "gzip, deflate",
	redirects: 20, addrs: 2, // it has no RedirectUrl
	reads: reading{
		xmlType: true, named: true, idOpen: true, bare: true, portless: true, leading: true, firstAuth: true,
		incoming: []string{"imap", "pop3", "nntp", "exchange", "ews", "owa"}, mixed: true,
		socket: socketWords, auth: authWords, oauth: mozilla.ThunderbirdOAuth2,
		authOut: map[string]provider.Auth{"none": provider.AuthNone, "client-IP-address": provider.AuthClientIP,
			"smtp-after-pop": provider.AuthNone},
		host: thunderbirdHost, user: thunderbirdUser, noUser: fixedUser("undefined"),
	},
	pox: poxReading{block: thunderbirdBlock, xmlType: true, rawAddress: true, expands: true, exchange: true,
		browser: mozilla.ThunderbirdOAuth2},
	plan: inOrder([]step{atOnce(
		grouped(ispFamily, stopAnswered, get("https"+configPath+byAddress, "https"+wellKnownPath+byAddress,
			"http"+configPath+byAddress, "http"+wellKnownPath+byAddress)),
		[]step{thunderbirdDatabase, {kind: askMX, timeout: 10 * time.Second, together: true,
			then: append(get("https"+configPath+byAddress), thunderbirdDatabase)}},
		thunderbirdPost("https://autodiscover.{domain}", "https://{domain}", "http://autodiscover.{domain}"),
		[]step{{kind: askSRV, target: poxSRV, family: poxFamily, foreign: foreignAlways, lightest: true,
			then: thunderbirdPost("https://{x}")}},
	)}, guesses("imaps imap pop3s pop3", "imap. mail. @ pop3. pop.", "submissions submission", "smtp. mail. @")),
}, {
	// From its source of August 2026. It asks one after the other, and the user
	// when an http URL had part in the answer. It takes the first imap and smtp,
	// and refuses a document with any block it cannot read; plain is such a
	// block. The last emailProvider counts, and the last of a repeated value.
	// OAuth2 works for exact host names, which are looked at when the servers
	// have been chosen.
	name: "thunderbird-android", title: "Thunderbird for Android", checked: "its source of 2026-08", wait: 10 * time.Second,
	agent: "okhttp/4.12.0", coding: "gzip", redirects: 20, insecure: "whether to trust settings that came by plain http",
	reads: reading{
		named: true, whole: true, exact: true, lastProvider: true, lastValue: true, oauthLate: true,
		incoming: []string{"imap"}, socket: secureWords,
		auth: map[string]provider.Auth{"password-cleartext": provider.AuthPassword,
			"password-encrypted": provider.AuthPasswordEncrypted, "OAuth2": provider.AuthOAuth2},
		oauth: func(host string) bool { return slices.Contains(androidOAuth2, host) },
		host:  expandedHost, user: trimmedUser, noUser: func(*Server, vars) bool { return false },
	},
	plan: inOrder(get("https"+configPath, "https"+wellKnownPath, "http"+configPath, "http"+wellKnownPath, database),
		viaMX(get("https"+configPath, database))),
}, {
	// It asks all places at once and prefers the provider's own; where none has
	// anything it asks those of the exchanger's domain, and SRV records.
	name: "thunderbird-ios", title: "Thunderbird for iOS", wait: 60 * time.Second, // URLSession's own
	checked: "its library Autoconfiguration, pull request 110 of thunderbird/thunderbird-ios (2025-09-03)",
	agent:   "Thunderbird/1 CFNetwork/3826 Darwin/24.5.0", accept: "*/*", coding: "gzip, deflate", redirects: 16,
	reads: draftReads,
	plan: inOrder([]step{atOnce(get("https"+configPath+byAddress, "https"+wellKnownPath, database))},
		viaMX(get("https"+configPath+byAddress, database)), services("imaps imap submissions submission jmap")),
}, {
	// Classic Outlook for Windows, without what needs Active Directory, a local
	// file or Microsoft's own cloud.
	name: "outlook", title: "Outlook classic", checked: "Microsoft, \"Outlook 2016 implementation of Autodiscover\"", wait: 25 * time.Second,
	agent: "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)", coding: "gzip, deflate",
	redirects: 10, addrs: 10, urls: 10,
	pox: poxReading{block: outlookBlock, repost: true, exchange: true, exact: true},
	plan: inOrder(each(poxPost, "https://{domain}"+poxPath, "https://autodiscover.{domain}"+poxPath), []step{
		{kind: poxHop, target: "http://autodiscover.{domain}" + poxPath,
			asks: "whether the site it was redirected to may configure the account"},
		{kind: askSRV, target: poxSRV, foreign: foreignIfTaken, then: each(poxPost, "https://{x}"+poxPath)}}),
	hint: "new Outlook and Outlook for phones ask Microsoft's cloud instead",
}, {
	// It asks a service of Microsoft's first. A domain's own server was seen to
	// be asked for Exchange ActiveSync.
	name: "outlook-new", title: "Outlook (new)", checked: "one report, issue 3961 of Mailu/Mailu (2025-11-30)", wait: 25 * time.Second,
	agent: "Microsoft Office/16.0", coding: "gzip, deflate", redirects: 10, addrs: 10,
	plan: inOrder(each(mobileSync, "https://autodiscover.{domain}"+poxPath, "https://{domain}"+poxPath)),
	hint: "it asks a service of Microsoft's first, and its user where that knows nothing",
}, {
	// The account type "Microsoft Exchange": v2 for EWS on macOS, MobileSync on
	// iOS. Its other types do no discovery at all, so a profile is how settings
	// get there.
	name: "apple", title: "Apple Mail (Exchange type)", checked: "one report, macOS 15.5", wait: 15 * time.Second,
	agent: "Mail/3826 CFNetwork/3826 Darwin/24.5.0", coding: "gzip, deflate", redirects: 10, addrs: 10,
	plan: inOrder(each(autoJSON, "https://autodiscover.{domain}/autodiscover/autodiscover.json/v1.0/{path}?Protocol=EWS",
		"https://{domain}/autodiscover/autodiscover.json/v1.0/{path}?Protocol=EWS"),
		each(mobileSync, "https://autodiscover.{domain}"+poxPath, "https://{domain}"+poxPath)),
	hint: "its mail account type looks nothing up: give people a profile",
}, {
	// It never sends the local part; the whole address goes only into an MD5.
	// Autoconfig beats SRV. The last of a type counts, %EMAILDOMAIN% in a host
	// name becomes nothing, and OAuth2 is unknown in a document.
	name: "evolution", title: "Evolution 3.46", checked: "3.46.4, measured 2026-11-23", wait: 15 * time.Second,
	agent: "Evolution/3.46.4-2+deb12u1 ", coding: "gzip, deflate", redirects: 20,
	reads: reading{
		incoming: []string{"imap", "pop3"}, lastIn: true, lastOut: true,
		socket: socketWords, auth: passwordWords, authElse: provider.AuthNone, firstAuth: true,
		host: evolutionHost, user: evolutionUser, noUser: fixedUser("(null)"),
	},
	plan: atOnce([]step{inOrder(evolutionPlaces, []step{{kind: askNS, then: evolutionPlaces}}),
		{kind: mailSRV, services: strings.Fields("imaps imap pop3s pop3 submissions submission caldavs caldav carddavs carddav ldaps ldap"),
			asks: "the settings are only a proposal: SRV records are not complete for it"}}),
}, {
	// It asks the ISPDB, and the domain itself only when the name of the ISPDB
	// does not resolve. The first server of a type counts.
	name: "kde", title: "KDE accountwizard 22.12", checked: "22.12.3, measured 2026-11-23", wait: 30 * time.Second,
	agent: "Mozilla/5.0 (X11; Linux x86_64) KIO/5.103", coding: "gzip, deflate", redirects: 10,
	reads: kdeReads(authWords, false),
	plan: inOrder(grouped(webFamily, stopReached, get(database)),
		grouped(webFamily, stopNever, get("https"+configPath, "http"+configPath, "https"+wellKnownPath))),
	hint: "it asks only Thunderbird's database as long as that can be reached",
}, {
	// It moves on at any status but 200, and stops at that whatever it holds.
	name: "kde6", title: "KMail 6.8", checked: "kmail-account-wizard 6.8.40, commit 8163b65 (2026-07-22)", wait: 30 * time.Second,
	agent: "Mozilla/5.0", coding: "gzip, deflate", redirects: 50,
	reads: kdeReads(kde6Words, true),
	plan:  inOrder(grouped(webFamily, stopGiven, get(database, "https"+configPath, "http"+configPath, "https"+wellKnownPath))),
}, {
	// No query, no well-known place, no http. The first incomingServer must be an
	// imap one; nothing is filled in, and the user name is always the address.
	name: "geary", title: "Geary 43", checked: "43.0, measured 2026-11-23", wait: 15 * time.Second,
	coding: "gzip, deflate", redirects: 20,
	reads: reading{incoming: []string{"imap"}, firstOnly: true,
		socket: socketWords, auth: authWords, authElse: provider.AuthPassword, host: literal, user: wholeAddress, noUser: addressUser},
	plan: inOrder(get("https"+configPath, database)),
}, {
	// Only https, no DNS records, Autodiscover by GET without an address. It takes
	// the first imap and smtp and passes over OAuth2; without a user name it falls
	// back to the domain as the host.
	name: "deltachat", title: "Delta Chat core 2.57", checked: "core 2.57.0, measured 2026-11-23", wait: 20 * time.Second,
	absoluteForm: true, redirects: 10, urls: 10,
	reads: reading{incoming: []string{"imap"}, stream: true, socket: socketWords, authElse: provider.AuthPassword,
		host: expandedHost, user: trimmedUser, noUser: domainHost},
	pox: poxReading{block: deltaChatBlock, stream: true},
	plan: inOrder(grouped(webFamily, stopEmpty, slices.Concat(get("https"+configPath+"?emailaddress={alnum}", "https"+wellKnownPath),
		each(poxGet, "https://{domain}"+poxPath, "https://autodiscover.{domain}"+poxPath), get(database))),
		guesses("imaps imap", "imap. mail. @", "submissions submission", "smtp. mail. @")),
}, {
	// All at once, SRV records win. It takes the first imap and the last smtp;
	// nothing is filled in.
	name: "aerc", title: "aerc 0.22", checked: "0.22.0, measured 2026-11-23", wait: 10 * time.Second,
	agent: "Go-http-client/1.1", coding: "gzip", redirects: 10,
	reads: reading{incoming: []string{"imap"}, lastOut: true,
		socket: socketWords, auth: authWords, authElse: provider.AuthPassword, host: escapedHost, user: wholeAddress, noUser: addressUser},
	plan: atOnce(services("imaps imap submissions submission smtps jmap"),
		get("https"+configPath+byAddress, "https"+wellKnownPath+byAddress, database),
		[]step{{kind: askMX, byHost: true, then: []step{
			{kind: guess, incoming: []string{"imap://{x}"}, outgoing: []string{"submission://{x}"}}}}}),
}, {
	// Its copy of the ISPDB is taken for the database itself here. It looks at no
	// authentication.
	name: "mailspring", title: "Mailspring", checked: "its source, commit d93a0d7 (2026-08-21)", wait: 15 * time.Second,
	agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Mailspring", accept: "*/*", coding: "gzip, deflate", redirects: 20,
	reads: reading{incoming: []string{"imap"}, socket: socketWords, authElse: provider.AuthPassword,
		host: expandedHost, user: localOrAddress, noUser: addressUser},
	plan: inOrder(get("https"+configPath, "https"+wellKnownPath, database)),
}, {
	// It ranks what it finds: SRV records for both ways before autoconfig,
	// Autodiscover and open ports.
	name: "fairemail", title: "FairEmail", checked: "its source, EmailProvider.java at commit 30a5133", wait: 15 * time.Second,
	agent: "FairEmail", coding: "gzip", redirects: 20,
	reads: reading{incoming: []string{"imap"}, exact: true, lastIn: true, lastOut: true, lastValue: true,
		socket: secureWords, socketElse: byPort, authElse: provider.AuthPassword, host: literal, user: literalUser, noUser: addressUser},
	pox: poxReading{block: outlookBlock},
	plan: inOrder(
		[]step{{kind: mailSRV, services: []string{"imaps", "imap", "submission", "submissions"}, bothWays: true, inOrder: true}},
		get("https"+configPath+byRawAddress, "https"+wellKnownPath+byRawAddress, database),
		each(poxPost, "https://{domain}"+poxPath, "https://autodiscover.{domain}"+poxPath),
		guesses("imaps imap", "imap. mail. mx. @", "submission submissions", "smtp. mail. mx. @"),
		viaMX(get("https"+configPath+byRawAddress, database))),
}, {
	// The app Mail, whose server asks. It takes a socket word in any case and
	// makes no encryption of an unknown one.
	name: "nextcloud", title: "Nextcloud Mail", checked: "its source, AutoConfig/IspDb.php at commit 03d8715", wait: 7 * time.Second,
	agent: "Nextcloud Server Crawler", coding: "gzip", redirects: 10,
	reads: reading{incoming: []string{"imap"}, leading: true, socketFold: true,
		socket:     map[string]provider.Security{"ssl": provider.TLS, "starttls": provider.STARTTLS, "tls": provider.STARTTLS},
		socketElse: func(provider.Protocol, uint16) provider.Security { return provider.Plain },
		authElse:   provider.AuthPassword, host: literal, user: trimmedUser, noUser: fixedUser("")},
	plan: inOrder(nextcloudPlaces, []step{{kind: askMX, byHost: true, andParent: true, then: nextcloudPlaces}}),
}, {
	// It prefers PACC, whose revision -02 it reads, to autoconfig and SRV.
	name: "himalaya", title: "Himalaya", checked: "its library io-discovery, commit 4b01b9e (2026-05-31)", wait: 30 * time.Second,
	coding: "gzip", redirects: 5, oldPACC: true,
	reads: draftReads,
	plan:  atOnce([]step{{kind: paccFetch}, inOrder(himalayaPlaces, viaMX(himalayaPlaces))}, services("imaps imap submission")),
}, {
	// It follows RFC 6186 and RFC 8314 to the letter, as Claws Mail 4.1 nearly does.
	name: "srv", title: "SRV client (RFC 6186)", checked: "RFC 6186 and RFC 8314; Claws Mail 4.1.1, measured 2026-11-23", wait: 10 * time.Second,
	plan: step{kind: mailSRV, foreign: foreignIfTaken,
		services: []string{"imaps", "imap", "pop3s", "pop3", "submissions", "submission"}},
}, {
	// It follows no redirect and believes no document that DNS does not vouch for.
	name: "pacc", title: "PACC client", checked: "draft-ietf-mailmaint-pacc-03", wait: 10 * time.Second,
	accept: "application/json", coding: "gzip",
	plan: step{kind: paccFetch},
}}

// thunderbirdDatabase is Thunderbird's request to the ISPDB.
var thunderbirdDatabase = step{kind: autoconfig, target: database, timeout: 10 * time.Second, accept: "application/xml,text/xml,*/*"}

// thunderbirdPost asks Autodiscover at origins.
func thunderbirdPost(origins ...string) []step {
	var out []step
	for _, origin := range origins {
		out = append(out, step{kind: poxPost, target: origin + poxPath, family: poxFamily, foreign: foreignAlways})
	}
	return out
}

// inOrder is the steps of the lists, one after the other.
func inOrder(lists ...[]step) step { return step{kind: sequence, then: slices.Concat(lists...)} }

// atOnce is the steps of the lists, all started together.
func atOnce(lists ...[]step) step { return step{kind: parallel, then: slices.Concat(lists...)} }

// each is one step per target.
func each(k kind, targets ...string) []step {
	var out []step
	for _, target := range targets {
		out = append(out, step{kind: k, target: target})
	}
	return out
}

// get is autoconfig steps at URLs.
func get(urls ...string) []step { return each(autoconfig, urls...) }

// viaMX asks for the exchanger and takes the steps for its domain.
func viaMX(then []step) []step { return []step{{kind: askMX, then: then}} }

// services asks for the SRV records of services.
func services(names string) []step {
	return []step{{kind: mailSRV, services: strings.Fields(names)}}
}

// grouped puts steps in a family with a stop rule.
func grouped(f family, stops stopRule, list []step) []step {
	for i := range list {
		list[i].family, list[i].stops = f, stops
	}
	return list
}

// guesses tries services at hosts, which are prefixes of the domain or @ for
// the domain itself. A host named after IMAP is not tried for POP3, nor the
// other way round.
func guesses(in, inHosts, out, outHosts string) []step {
	candidates := func(services, hosts string) (list []string) {
		for host := range strings.FieldsSeq(hosts) {
			for service := range strings.FieldsSeq(services) {
				other := "imap"
				if strings.HasPrefix(service, "imap") {
					other = "pop"
				}
				if !strings.HasPrefix(host, other) {
					list = append(list, service+"://"+strings.TrimPrefix(host, "@")+"{domain}")
				}
			}
		}
		return list
	}
	return []step{{kind: guess, incoming: candidates(in, inHosts), outgoing: candidates(out, outHosts)}}
}
