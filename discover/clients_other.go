package discover

import "time"

// outlook is classic Outlook for Windows (Microsoft, "Outlook 2016
// implementation of Autodiscover"), without what needs Active Directory, a
// local file or Microsoft's own cloud. It follows ten redirects.
func outlook() client {
	const wait = 25 * time.Second
	post := func(url string) step { return step{kind: poxPost, target: url, timeout: wait} }
	return client{
		name: "outlook", title: "Outlook classic", checked: "Microsoft, \"Outlook 2016 implementation of Autodiscover\"",
		header:    map[string]string{"User-Agent": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)", "Accept-Encoding": "gzip, deflate"},
		redirects: 10, addrs: 10, urls: 10,
		pox: poxReading{block: outlookBlock, repost: true, exchange: true, exact: true},
		plan: step{kind: sequence, then: []step{
			post("https://{domain}/autodiscover/autodiscover.xml"),
			post("https://autodiscover.{domain}/autodiscover/autodiscover.xml"),
			{kind: poxHop, target: "http://autodiscover.{domain}/autodiscover/autodiscover.xml", timeout: wait,
				asks: "whether the site it was redirected to may configure the account"},
			{kind: askSRV, target: "_autodiscover._tcp.{domain}", timeout: wait, foreign: foreignIfTaken,
				then: []step{post("https://{x}/autodiscover/autodiscover.xml")}},
		}},
		hint: "new Outlook and Outlook for phones ask Microsoft's cloud instead",
	}
}

// appleMail is the account type "Microsoft Exchange" of Apple Mail: v2 for EWS on
// macOS, MobileSync on iOS (one report, macOS 15.5). Its other types do no
// discovery at all, so a profile is how settings get there.
func appleMail() client {
	const wait = 15 * time.Second
	v2 := func(host string) step {
		return step{kind: autoJSON, target: "https://" + host + "/autodiscover/autodiscover.json/v1.0/{path}?Protocol=EWS", timeout: wait}
	}
	post := func(host string) step {
		return step{kind: mobileSync, target: "https://" + host + "/autodiscover/autodiscover.xml", timeout: wait}
	}
	return client{
		name: "apple", title: "Apple Mail (Exchange type)", checked: "one report, macOS 15.5",
		header:    map[string]string{"User-Agent": "Mail/3826 CFNetwork/3826 Darwin/24.5.0", "Accept-Encoding": "gzip, deflate"},
		redirects: 10, addrs: 10,
		plan: step{kind: sequence, then: []step{
			v2("autodiscover.{domain}"), v2("{domain}"),
			post("autodiscover.{domain}"), post("{domain}"),
		}},
		hint: "its mail account type looks nothing up: give people a profile",
	}
}

// srvClient is a client that follows RFC 6186 and RFC 8314 to the letter, as
// Claws Mail 4.1 nearly does.
func srvClient() client {
	return client{
		name: "srv", title: "SRV client (RFC 6186)", checked: "RFC 6186 and RFC 8314; Claws Mail 4.1.1, measured 2026-11-23",
		plan: step{kind: mailSRV, target: "{domain}", timeout: 10 * time.Second, foreign: foreignIfTaken,
			services: []string{"imaps", "imap", "pop3s", "pop3", "submissions", "submission"}},
	}
}

// paccClient is a client of draft-ietf-mailmaint-pacc-03. It follows no
// redirect and believes no document that DNS does not vouch for.
func paccClient() client {
	return client{
		name: "pacc", title: "PACC client", checked: "draft-ietf-mailmaint-pacc-03",
		header: map[string]string{"Accept": "application/json", "Accept-Encoding": "gzip"},
		plan:   step{kind: paccFetch, target: "{domain}", timeout: 10 * time.Second},
	}
}
