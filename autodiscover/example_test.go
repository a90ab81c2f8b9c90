package autodiscover_test

import (
	"errors"
	"fmt"
	"strings"

	"autoconfig/autodiscover"
	"autoconfig/provider"
)

func ExampleEncodeOutlook() {
	imap := provider.Server{Protocol: provider.IMAP, Host: "imap.example.org"}
	smtp := provider.Server{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 587}
	imap.SetDefaults()
	smtp.SetDefaults()
	p := &provider.Provider{Incoming: []provider.Server{imap}, Outgoing: []provider.Server{smtp}}
	doc, err := autodiscover.EncodeOutlook(p, provider.Address{Local: "jo", Domain: "example.org"})
	for line := range strings.Lines(string(doc)) {
		if strings.Contains(line, "Server>") || strings.Contains(line, "Port>") || strings.Contains(line, "Encryption>") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	fmt.Println(err)
	// Output:
	// <Server>imap.example.org</Server>
	// <Port>993</Port>
	// <Encryption>SSL</Encryption>
	// <Server>smtp.example.org</Server>
	// <Port>587</Port>
	// <Encryption>TLS</Encryption>
	// <nil>
}

// The format has no word for OAuth2.
func ExampleError() {
	_, err := autodiscover.EncodeOutlook(provider.Builtin(provider.Microsoft365),
		provider.Address{Local: "jo", Domain: "example.org"})
	refused, ok := errors.AsType[*autodiscover.Error](err)
	fmt.Println(ok && refused.Code == autodiscover.CodeNoOptions)
	// Output: true
}
