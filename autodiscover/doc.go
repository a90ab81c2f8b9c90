// Package autodiscover speaks Microsoft's Autodiscover: the "plain old XML" (POX) protocol of [MS-OXDSCLI] with the
// Outlook answer, its MobileSync variant of [MS-ASCMD] §2.2.1.1, and the JSON of Autodiscover v2.
//
// A client POSTs its address and the schema it wants answered in to
// https://autodiscover.DOMAIN/autodiscover/autodiscover.xml. The Outlook schema is answered by one Protocol block for
// IMAP, POP3 and SMTP each, or by a redirect to another URL or address; MobileSync by the URL of an ActiveSync server.
// Errors are answered too, with HTTP 200 and a code of 500 to 603. The format has no word for OAuth2: a server that
// takes nothing else cannot be stated. Version 2 is one GET that says at which URL a protocol is served.
//
// Classic Outlook, Thunderbird, Delta Chat (by GET, without an address) and
// ActiveSync phones ask; each reads a part of the answer, so it has all parts.
//
// [MS-OXDSCLI]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxdscli
// [MS-ASCMD]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-ascmd
package autodiscover

// Schema is the form of answer a client asks for.
type Schema int

// The schemas. The zero value is what a client gets that names none.
const (
	Outlook    Schema = iota // IMAP, POP3 and SMTP settings
	MobileSync               // the URL of an ActiveSync server
)

// The namespaces of requests and answers (MS-OXDSCLI §2.2.3 and §2.2.4,
// MS-ASCMD §2.2.1.1 and §6.2). Clients compare them byte for byte.
const (
	// NamespaceResponse is that of the root of every answer.
	NamespaceResponse           = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	NamespaceOutlookRequest     = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	NamespaceOutlookResponse    = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
	NamespaceMobileSyncRequest  = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
	NamespaceMobileSyncResponse = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
)

// String is the schema's name.
func (s Schema) String() string {
	if s == MobileSync {
		return "MobileSync"
	}
	return "Outlook"
}
