package config

import (
	"fmt"
	"slices"
	"testing"
)

func TestHostPort(t *testing.T) {
	for in, want := range map[string]string{
		"9.9.9.9": "9.9.9.9:53", "9.9.9.9:5353": "9.9.9.9:5353", "::1": "[::1]:53", "[::1]": "[::1]:53",
		"[::1]:54": "[::1]:54",
		"Unbound":  "unbound:53", "ns1.Example.ORG.:5300": "ns1.example.org:5300", "[fe80::1%eth0]:53": "[fe80::1%eth0]:53",
		"": "", ":53": "", "9.9.9.9:0": "", "9.9.9.9:65536": "", "9.9.9.9:dns": "", "a b": "", "udp://9.9.9.9": "",
		"9.9.9.9:53:53": "",
	} {
		if got, err := HostPort(in, "53"); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
	}
}

func TestResolvers(t *testing.T) {
	system := func() []string { return []string{"192.0.2.53:53"} }
	for text, want := range map[string][]string{
		"dns: {resolver: system}":            {"192.0.2.53:53"},
		"dns: {resolver: [system, 9.9.9.9]}": {"192.0.2.53:53", "9.9.9.9:53"},
		"dns: {resolver: [9.9.9.9, system]}": {"9.9.9.9:53", "192.0.2.53:53"},
		"dns: {resolver: []}":                {},
	} {
		c, found := parse("x.yaml", []byte(text))
		if got := c.DNS.Resolver.Addresses(system); len(found) > 0 || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v", text, got, found)
		}
	}
}

// An address in brackets keeps its port; that it is one is said elsewhere.
func TestServerFromURLInBrackets(t *testing.T) {
	for url, want := range map[string]string{
		"imaps://[2001:db8::1]":        "2001:db8::1 993 ",
		"imaps://[2001:db8::1]:993":    "2001:db8::1 993 ",
		"imap://[2001:db8::1]:10143/":  "2001:db8::1 10143 ",
		"imaps://[2001:db8::1]:0":      " 0 write a port from 1 to 65535, or leave it out: imaps://[2001:db8::1]",
		"imaps://[2001:db8::1]:700000": " 0 write a port from 1 to 65535, or leave it out: imaps://[2001:db8::1]",
		"imaps://[2001:db8::1]:":       "2001:db8::1 993 ",
	} {
		s, fix := ParseServer("incoming", url)
		if got := fmt.Sprintf("%s %d %s", s.Host, s.Port, fix); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}
