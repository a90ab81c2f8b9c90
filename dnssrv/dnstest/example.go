package dnstest

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// What the examples share: the service host, the text of a PACC record, the SOA of any zone.
const (
	ServiceHost = "autoconfig.hoster.example"
	PACC        = "v=UAAC1; a=sha256; d=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	SOA         = "@ SOA ns1 hostmaster 1 3600 600 86400 300\n"
)

// Zone makes zone text of example.test from records.
func Zone(records ...string) string {
	return "$ORIGIN example.test.\n$TTL 3600\n" + SOA + strings.Join(records, "\n") + "\n"
}

// RR reads a record in zone form.
func RR(t testing.TB, text string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// Mail is a server that takes the address and a password.
func Mail(proto provider.Protocol, host string, port uint16, sec provider.Security) provider.Server {
	return provider.Server{Protocol: proto, Host: host, Port: port, Security: sec,
		Auth: []provider.Auth{provider.AuthPassword}, Username: provider.EmailAddress}
}

// Everything is a provider of example.test that offers each service.
func Everything() *provider.Provider {
	sieve := Mail(provider.ManageSieve, "sieve.example.test", 4190, provider.STARTTLS)
	return &provider.Provider{
		ID: "everything", Name: "Example Mail",
		Incoming: []provider.Server{
			Mail(provider.IMAP, "imap.example.test", 993, provider.TLS),
			Mail(provider.IMAP, "imap2.example.test", 993, provider.TLS),
			Mail(provider.IMAP, "imap.example.test", 993, provider.TLS), // the same again, as for another way to log in
			Mail(provider.IMAP, "imap.example.test", 143, provider.STARTTLS),
			Mail(provider.POP3, "pop.example.test", 995, provider.TLS),
			Mail(provider.POP3, "pop.example.test", 110, provider.STARTTLS),
		},
		Outgoing: []provider.Server{
			Mail(provider.SMTP, "smtp.example.test", 465, provider.TLS),
			Mail(provider.SMTP, "smtp.example.test", 587, provider.STARTTLS),
		},
		JMAP: "https://jmap.example.test/.well-known/jmap", CalDAV: "https://dav.example.test/calendars/",
		CardDAV: "https://dav.example.test:8443/address%20books/", ManageSieve: &sieve,
	}
}
