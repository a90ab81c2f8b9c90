package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// format is one kind of request.
type format struct {
	name, method, path string
	query, host, body  string // %s: the customer's domain
}

var formats = []format{
	{"GET autoconfig", "GET", "/mail/config-v1.1.xml", "?emailaddress=user%%40%s", "autoconfig.%s", ""},
	{"POST Autodiscover", "POST", "/autodiscover/autodiscover.xml", "", "autodiscover.%s",
		`<?xml version="1.0" encoding="utf-8"?>
    <Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
      <Request>
        <EMailAddress>user@%s</EMailAddress>
        <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
      </Request>
    </Autodiscover>`},
	{"v2 JSON", "GET", "/autodiscover/autodiscover.json", "?Email=user%%40%s&Protocol=AutodiscoverV1", "autodiscover.%s", ""},
	{"PACC", "GET", "/.well-known/user-agent-configuration.json", "", "ua-auto-config.%s", ""},
	{"mobileconfig", "GET", "/mobileconfig", "?email=user%%40%s", "autoconfig.%s", ""},
}

func fill(s, domain string) string {
	return strings.NewReplacer("%s", domain, "%%", "%").Replace(s)
}

// request is the bytes on the wire, much like what a mail client sends.
func (f format) request(domain string) []byte {
	var b bytes.Buffer
	body := fill(f.body, domain)
	fmt.Fprintf(&b, "%s %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.0\r\n"+
		"Accept: */*\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate\r\n", f.method, f.path, fill(f.query, domain), fill(f.host, domain))
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// domain is the name of customer n.
func domain(n int) string { return "customer" + strconv.Itoa(n) + ".example" }

// anyOf makes requests of random customers.
func (f format) anyOf(domains int) func() []byte {
	return func() []byte { return f.request(domain(rand.IntN(domains))) } //nolint:gosec // load, not secrets
}
