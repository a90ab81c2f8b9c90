package pacc_test

import (
	"fmt"

	"autoconfig/pacc"
	"autoconfig/provider"
)

func ExampleEncode() {
	imap := provider.Server{Protocol: provider.IMAP, Host: "imap.example.org"}
	smtp := provider.Server{Protocol: provider.SMTP, Host: "smtp.example.org"}
	imap.SetDefaults()
	smtp.SetDefaults()
	p := &provider.Provider{Name: "Example Mail", Incoming: []provider.Server{imap}, Outgoing: []provider.Server{smtp}}
	doc, err := pacc.Encode(p, "example.org")
	fmt.Println(string(doc), err)
	// Output:
	// {"authentication":{"password":true},"info":{"provider":{"name":"Example Mail"}},"protocols":{"imap":{"host":"imap.example.org"},"smtp":{"host":"smtp.example.org"},"submit":{"host":"smtp.example.org"}}} <nil>
}
