package mozilla

import (
	"fmt"
	"strings"
	"testing"

	"autoconfig/provider"
)

// Whatever the provider has no place for is left, with its line; what it has is not, and its line is known.
func TestReadLeaves(t *testing.T) {
	const document = `<?xml version="1.0"?>
<clientConfig version="1.1">
 <emailProvider id="example.org">
  <domain>example.org</domain>
  <displayName>First</displayName>
  <displayName>Second</displayName>
  <incomingServer type="imap">
   <hostname>imap.example.org</hostname>
   <port>993</port>
   <socketType>key-from-DNSSEC</socketType>
   <socketType>SSL</socketType>
   <authentication>password-cleartext</authentication>
   <authentication>telepathy</authentication>
   <authentication system="sasl">SCRAM-SHA-256</authentication>
   <username>%EMAILADDRESS%</username>
   <restriction>of some kind</restriction>
   <useless/>
  </incomingServer>
  <incomingServer type="exchange">
   <hostname>owa.example.org</hostname>
   <owaURL>https://owa.example.org/</owaURL>
  </incomingServer>
  <incomingServer type="jmap">
   <url>https://jmap.example.org/</url>
   <authentication system="http">Basic</authentication>
   <authentication system="http">Digest</authentication>
   <username>%EMAILLOCALPART%</username>
  </incomingServer>
  <outgoingServer type="smtp">
   <hostname>smtp.example.org</hostname>
   <port>none</port>
   <socketType>SSL</socketType>
   <authentication>password-cleartext</authentication>
   <username>%EMAILADDRESS%</username>
  </outgoingServer>
  <documentation url="http://example.org/1"><descr lang="en" tone="kind">One</descr></documentation>
 </emailProvider>
 <emailProvider id="second"/>
 <webMail><loginPage url="https://example.org/"/><loginPageInfo url="https://example.org/"><username>%EMAILADDRESS%</username></loginPageInfo></webMail>
 <clientConfigUpdate url="https://example.org/update"/>
</clientConfig>`
	d, err := Decode([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range d.Left {
		got = append(got, fmt.Sprintf("%d %s", l.Line, l.Text))
	}
	want := []string{
		`6 <displayName>Second</displayName>`, `10 <socketType>key-from-DNSSEC</socketType>`,
		`13 <authentication>telepathy</authentication>`, `14 <authentication system="sasl">`,
		`16 <restriction>of some kind</restriction>`,
		`19 <incomingServer type="exchange"><hostname>owa.example.org</hostname><owaURL>https://owa.example.org/</owaURL></incomingServer>`,
		`26 <authentication system="http">Digest</authentication>`, `27 <username>%EMAILLOCALPART%</username>`,
		`31 <port>none</port>`, `36 <descr tone="kind">`, `38 <emailProvider id="second"/>`,
		`39 <loginPageInfo url="https://example.org/"><username>%EMAILADDRESS%</username></loginPageInfo>`,
		`40 <clientConfigUpdate url="https://example.org/update"/>`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("left:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for path, line := range map[string]int{"name": 5, "incoming[0]": 7, "incoming[0].security": 11, "incoming[0].auth[1]": 14,
		"jmap": 24, "outgoing[0].host": 30, "documentation[0]": 36, "webmail": 39} {
		if d.Lines[path] != line {
			t.Errorf("%s is at %d, want %d", path, d.Lines[path], line)
		}
	}
	if d.Provider.Name != "First" || d.Provider.Outgoing[0].Port != 0 || d.Provider.JMAP == "" {
		t.Errorf("%+v", d.Provider)
	}
}

// Nothing is left of what this package writes.
func TestReadOwn(t *testing.T) {
	for _, p := range provider.Builtins() {
		text, err := Encode(p, "example.org")
		if err != nil {
			t.Fatal(err)
		}
		if d, err := Decode(text); err != nil || len(d.Left) > 0 {
			t.Errorf("%s: %v, %v", p.ID, err, d.Left)
		}
	}
}
