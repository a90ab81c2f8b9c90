package mozilla_test

import (
	"fmt"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

func ExampleEncode() {
	imap := provider.Server{Protocol: provider.IMAP, Host: "imap.example.org"}
	smtp := provider.Server{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 587}
	imap.SetDefaults() // 993, implicit TLS, a password, the address as user name
	smtp.SetDefaults() // STARTTLS, as the port says
	p := &provider.Provider{Name: "Example Mail", Incoming: []provider.Server{imap}, Outgoing: []provider.Server{smtp}}
	doc, err := mozilla.Encode(p, "example.org")
	fmt.Printf("%s%v", doc, err)
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <clientConfig version="1.1">
	//   <emailProvider id="example.org">
	//     <domain>example.org</domain>
	//     <displayName>Example Mail</displayName>
	//     <incomingServer type="imap">
	//       <hostname>imap.example.org</hostname>
	//       <port>993</port>
	//       <socketType>SSL</socketType>
	//       <authentication>password-cleartext</authentication>
	//       <username>%EMAILADDRESS%</username>
	//     </incomingServer>
	//     <outgoingServer type="smtp">
	//       <hostname>smtp.example.org</hostname>
	//       <port>587</port>
	//       <socketType>STARTTLS</socketType>
	//       <authentication>password-cleartext</authentication>
	//       <username>%EMAILADDRESS%</username>
	//     </outgoingServer>
	//   </emailProvider>
	// </clientConfig>
	// <nil>
}

func ExampleLint() {
	doc := `<clientConfig version="1.1"><emailProvider id="example.org"><domain>example.org</domain><displayName>Example</displayName>
<incomingServer type="imap"><hostname>imap.example.org</hostname><port>993</port><socketType>STARTTLS</socketType>
<authentication>password-cleartext</authentication><username>%EMAILADDRESS</username></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.example.org</hostname><port>465</port><socketType>SSL</socketType>
<authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username></outgoingServer></emailProvider></clientConfig>`
	for _, f := range mozilla.Lint([]byte(doc), "text/xml") {
		fmt.Println(f.Level, f.Subject, f.Got)
	}
	// Output:
	// fail incomingServer[1]/port [993 with STARTTLS]
	// fail incomingServer[1]/username [%EMAILADDRESS]
}

func ExampleDecode() {
	d, err := mozilla.Decode([]byte(`<clientConfig><emailProvider><incomingServer type="imap">
<hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType></incomingServer></emailProvider></clientConfig>`))
	p := d.Provider
	fmt.Println(p.Incoming[0].Host, p.Incoming[0].Port, p.Incoming[0].Security, err)
	// Output: imap.example.org 993 tls <nil>
}
