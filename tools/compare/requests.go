package main

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"autoconfig/apple"
	"autoconfig/autodiscover"
	"autoconfig/mozilla"
	"autoconfig/pacc"
	"autoconfig/provider"
)

// request is one of the things clients and strangers send.
type request struct {
	name, method, host, path string
	body                     string
	read                     func(body []byte) (string, error) // nil: only status and type count
}

// bytes are the request as it goes over a connection.
func (q request) bytes() []byte {
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n", q.method, q.path, q.host)
	if q.body != "" {
		head += fmt.Sprintf("Content-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n", len(q.body))
	}
	return []byte(head + "\r\n" + q.body)
}

const poxBody = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>%s</EMailAddress>` +
	`<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`

// formats are the requests that every server should answer with settings;
// they are also the load.
func formats(domain string) []request {
	address := "jo@" + domain
	return []request{
		{"autoconfig", "GET", "autoconfig." + domain, "/mail/config-v1.1.xml?emailaddress=jo%40" + domain, "",
			readAutoconfig},
		{"Autodiscover", "POST", "autodiscover." + domain, "/autodiscover/autodiscover.xml", fmt.Sprintf(poxBody, address),
			readAutodiscover},
		{"Autodiscover v2", "GET", "autodiscover." + domain,
			"/autodiscover/autodiscover.json?Email=jo%40" + domain + "&Protocol=AutodiscoverV1", "", nil},
		{"PACC", "GET", "ua-auto-config." + domain, "/.well-known/user-agent-configuration.json", "", readPACC},
		{"mobileconfig", "GET", "autoconfig." + domain, "/mobileconfig?email=jo%40" + domain, "", readProfile},
	}
}

// others are what real clients send beside, and what strangers do. The word
// behind each says where it was seen.
func others(domain string) []request {
	address, upper := "jo@"+domain, strings.ToUpper(domain)
	auto, disc := "autoconfig."+domain, "autodiscover."+domain
	const path, pox = "/mail/config-v1.1.xml", "/autodiscover/autodiscover.xml"
	return []request{
		{"no address (Geary)", "GET", auto, path, "", readAutoconfig},
		{"another name's address (Evolution)", "GET", auto, path + "?emailaddress=EVOLUTIONUSER%40" + domain,
			"", readAutoconfig},
		{"well-known (Delta Chat)", "GET", domain, "/.well-known/autoconfig" + path, "", readAutoconfig},
		{"database (KDE)", "GET", domain, "/v1.1/" + domain, "", readAutoconfig},
		{"upper-case domain", "GET", auto, path + "?emailaddress=jo%40" + upper, "", readAutoconfig},
		{"raw plus in the address (Mustang)", "GET", auto, path + "?emailaddress=jo+x@" + domain, "", readAutoconfig},
		{"HEAD", "HEAD", auto, path, "", nil},
		{"a domain not served", "GET", "autoconfig.unserved.example", path + "?emailaddress=jo%40unserved.example", "", nil},
		{"markup in the address", "GET", auto, path + "?emailaddress=%3Cb%3E%26%40" + domain, "", readAutoconfig},
		{"capitals in the path (Outlook)", "POST", disc, "/Autodiscover/Autodiscover.xml", fmt.Sprintf(poxBody, address),
			readAutodiscover},
		{"GET of Autodiscover (Delta Chat)", "GET", disc, pox, "", readAutodiscover},
		{"blank before the address", "POST", disc, pox, fmt.Sprintf(poxBody, " "+address), readAutodiscover},
		{"UTF-16 (Outlook)", "POST", disc, pox,
			utf16Text(fmt.Sprintf(strings.Replace(poxBody, "utf-8", "utf-16", 1), address)), readAutodiscover},
		{"Autodiscover of a domain not served", "POST", disc, pox, fmt.Sprintf(poxBody, "jo@unserved.example"),
			readAutodiscover},
		{"empty body", "POST", disc, pox, "", readAutodiscover},
		{"ill-formed XML", "POST", disc, pox, "<Autodiscover><Request>", readAutodiscover},
		{"a DOCTYPE with an entity", "POST", disc, pox,
			`<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>` + fmt.Sprintf(poxBody, "&e;@"+domain), readAutodiscover},
		{"v2, lower-case protocol", "GET", disc,
			"/autodiscover/autodiscover.json?email=jo%40" + domain + "&protocol=autodiscoverv1", "", nil},
		{"v2 with the address in the path (Outlook 2016)", "GET", disc,
			"/autodiscover/autodiscover.json/v1.0/" + address + "?Protocol=AutodiscoverV1&RedirectCount=1", "", nil},
		{"a path that is none", "GET", auto, "/wp-login.php", "", nil},
	}
}

func utf16Text(s string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func readAutoconfig(body []byte) (string, error) {
	d, err := mozilla.Decode(body)
	if err != nil {
		return "", err
	}
	return settings(d.Provider), nil
}

func readPACC(body []byte) (string, error) {
	p, err := pacc.Decode(body)
	return settings(p), err
}

func readAutodiscover(body []byte) (string, error) {
	r, err := autodiscover.Decode(body)
	switch {
	case err != nil:
		return "", err
	case r.Error != nil:
		return fmt.Sprintf("error %d", r.Error.Code), nil
	case r.RedirectURL+r.RedirectAddr != "":
		return "a redirect", nil
	}
	return settings(r.Provider), nil
}

func readProfile(body []byte) (string, error) {
	p, err := apple.Decode(body)
	if err != nil {
		return "", err
	}
	var out []string
	for _, payload := range p.Payloads {
		for _, s := range payload.Servers {
			out = append(out, fmt.Sprintf("%s %s:%d", s.Role, s.Host, s.Port))
		}
	}
	return strings.Join(out, ", "), nil
}

// settings are the servers in a line.
func settings(p *provider.Provider) string {
	if p == nil {
		return "nothing"
	}
	var out []string
	for _, s := range append(append([]provider.Server{}, p.Incoming...), p.Outgoing...) {
		out = append(out, fmt.Sprintf("%s %s:%d %s %s", s.Protocol, s.Host, s.Port, s.Security, s.Username))
	}
	return strings.Join(out, ", ")
}
