package apple_test

import (
	"fmt"

	"autoconfig/apple"
	"autoconfig/provider"
)

func ExampleEncode() {
	imap := provider.Server{Protocol: provider.IMAP, Host: "imap.example.org"}
	smtp := provider.Server{Protocol: provider.SMTP, Host: "smtp.example.org"}
	imap.SetDefaults()
	smtp.SetDefaults()
	p := &provider.Provider{Name: "Example Mail", Incoming: []provider.Server{imap}, Outgoing: []provider.Server{smtp}}
	doc, err := apple.Encode([]apple.Account{{Provider: p, Address: provider.Address{Local: "jo", Domain: "example.org"}}},
		apple.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	profile, err := apple.Decode(doc)
	for _, s := range profile.Payloads[0].Servers {
		fmt.Println(s.Role, s.Host, s.Port, s.SSL, s.Username)
	}
	fmt.Println(err)
	// Output:
	// incoming imap.example.org 993 true jo@example.org
	// outgoing smtp.example.org 465 true jo@example.org
	// <nil>
}
