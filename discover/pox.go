package discover

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"autoconfig/autodiscover"
	"autoconfig/mozilla"
	"autoconfig/provider"
)

// poxReading is how a client asks for and reads Autodiscover.
type poxReading struct {
	block      func(b autodiscover.Block) (Server, bool) // a mail server, read the client's way
	xmlType    bool                                      // the Content-Type must be an XML one
	rawAddress bool                                      // the address is sent unescaped
	repost     bool                                      // a redirected POST stays a POST
	browser    func(host string) bool                    // hosts for which it opens a sign-in page in a browser
	exchange   bool                                      // it takes an Exchange server when there is no mail server
	exact      bool                                      // it compares namespaces
	expands    bool                                      // it fills in the placeholders of autoconfig
	stream     bool                                      // it stops at the end of the root
}

// body is the request for an address.
func (p poxReading) body(addr string, schema autodiscover.Schema) string {
	if !p.rawAddress {
		addr = string(autodiscover.EscapeText(nil, addr))
	}
	request, response := autodiscover.NamespaceOutlookRequest, autodiscover.NamespaceOutlookResponse
	if schema == autodiscover.MobileSync {
		request, response = autodiscover.NamespaceMobileSyncRequest, autodiscover.NamespaceMobileSyncResponse
	}
	// The white space is Thunderbird's.
	return `<?xml version="1.0" encoding="utf-8"?>
    <Autodiscover xmlns="` + request + `">
      <Request>
        <EMailAddress>` + addr + `</EMailAddress>
        <AcceptableResponseSchema>` + response + `</AcceptableResponseSchema>
      </Request>
    </Autodiscover>`
}

// read reads an answer. A redirect in it is left to the caller.
func (p poxReading) read(body []byte, contentType string, v vars) (*autodiscover.Response, config) {
	page := isPage(body, contentType)
	switch {
	case page:
		return nil, isWebPage("an Autodiscover answer")
	case p.xmlType && !mozilla.XMLType(contentType):
		return nil, typeRefused(contentType)
	}
	if end := bytes.LastIndex(body, []byte("</Autodiscover>")); p.stream && end >= 0 {
		body = body[:end+len("</Autodiscover>")]
	}
	r, err := autodiscover.Decode(bytes.NewReader(body))
	if err != nil {
		return nil, config{fault: FaultMalformed, why: "not an Autodiscover answer"}
	}
	if e := r.Error; e != nil {
		c := config{fault: FaultAnswer, why: fmt.Sprintf("Autodiscover error %d: %s", e.Code, provider.Printable(e.Message, 120))}
		switch e.Code {
		case autodiscover.CodeNotFound, autodiscover.CodeNoOptions, autodiscover.CodeNotProvided:
			c.fault = FaultAbsent // as it should be where there is nothing to answer
		}
		return r, c
	}
	if p.exact && !r.Exact {
		return r, config{fault: FaultRejected, why: "the namespaces are not those it asked for"}
	}
	if r.RedirectAddr != "" || r.RedirectURL != "" {
		return r, config{}
	}
	if s := p.settings(r, v); s != nil {
		return r, config{settings: s, why: s.words()}
	}
	return r, config{fault: FaultEmpty, why: "an Autodiscover answer without a server that this client can use"}
}

// settings takes the first incoming and the first outgoing server.
func (p poxReading) settings(r *autodiscover.Response, v vars) *Settings {
	if r.MobileSync != "" {
		return urlSettings("activesync", r.MobileSync, v)
	}
	if p.block == nil {
		return nil
	}
	s := &Settings{}
	for _, b := range r.Blocks {
		server, ok := p.block(b)
		if !ok {
			continue
		}
		if server.Username == "" {
			server.Username = v.login.String()
		} else if p.expands {
			server.Username = expand(server.Username, v)
		}
		server.Username = provider.Printable(server.Username, 320)
		if server.Protocol == "smtp" && s.Outgoing == nil {
			s.Outgoing = &server
		} else if server.Protocol != "smtp" && s.Incoming == nil {
			s.Incoming = &server
		}
	}
	if s.Incoming != nil {
		return s
	}
	if p.exchange {
		s.Incoming = exchangeServer(r.Blocks, v)
	}
	if s.Incoming == nil {
		return nil
	}
	s.Outgoing = nil
	return s
}

// exchangeServer is the Exchange server of an answer.
func exchangeServer(blocks []autodiscover.Block, v vars) *Server {
	for _, b := range blocks {
		host, err := provider.ParseHost(b.Server)
		if err == nil && slices.Contains([]string{"EXHTTP", "EXPR", "EXCH", "WEB"}, b.Type) {
			return &Server{Protocol: "exchange", Host: host, Port: 443, Security: provider.TLS, Username: v.login.String()}
		}
	}
	return nil
}

// outlookBlock: Encryption overrides SSL.
func outlookBlock(b autodiscover.Block) (Server, bool) {
	s, ok := b.MailServer()
	if !ok {
		return Server{}, false
	}
	s.Username = b.LoginName
	return *serverOf(s), true
}

// thunderbirdBlock: the port tells STARTTLS from TLS, and either switch set to
// off means no encryption whatever the other says. SPA on is a challenge login.
func thunderbirdBlock(b autodiscover.Block) (Server, bool) {
	s, ok := plainBlock(b)
	switch {
	case strings.EqualFold(b.SSL, "off") || strings.EqualFold(b.Encryption, "none"):
		s.Security = provider.Plain
	case s.Port == 143 || s.Port == 110 || s.Port == 25 || s.Port == 587:
		s.Security = provider.STARTTLS
	default:
		s.Security = provider.TLS
	}
	s.Username = b.LoginName
	if strings.EqualFold(b.SPA, "on") {
		s.Auth = []provider.Auth{provider.AuthPasswordEncrypted}
	}
	return s, ok
}

// deltaChatBlock: SSL off is plain text even with Encryption TLS; else TLS
// and then STARTTLS is tried on the port, which ends as the port is meant. The
// login name is passed over, and POP3 is not spoken.
func deltaChatBlock(b autodiscover.Block) (Server, bool) {
	s, ok := plainBlock(b)
	model := provider.Server{Protocol: provider.Protocol(s.Protocol), Port: s.Port}
	model.SetDefaults()
	s.Security = model.Security
	if strings.EqualFold(b.SSL, "off") {
		s.Security = provider.Plain
	}
	return s, ok && s.Protocol != "pop3"
}

// plainBlock reads host and port. Types are compared as they are written.
func plainBlock(b autodiscover.Block) (Server, bool) {
	host, port, ok := b.HostPort()
	s := Server{Protocol: strings.ToLower(b.Type), Host: host, Port: port, Auth: []provider.Auth{provider.AuthPassword}}
	return s, ok && slices.Contains([]string{"IMAP", "POP3", "SMTP"}, b.Type)
}

// urlSettings are those of an Exchange protocol, which has one server for both
// ways. It is nil for what is not an https URL.
func urlSettings(protocol, raw string, v vars) *Settings {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return nil
	}
	port := uint64(443)
	if u.Port() != "" {
		port, _ = strconv.ParseUint(u.Port(), 10, 16) // 0, no port, when it is none
	}
	return &Settings{Incoming: &Server{Protocol: protocol, Host: provider.Printable(u.Hostname(), 253), Port: uint16(port),
		Security: provider.TLS, Username: v.login.String(), URL: provider.Printable(u.String(), 400)}}
}

// readV2 reads an Autodiscover v2 answer for EWS.
func readV2(body []byte, contentType string, v vars) config {
	doc, err := autodiscover.DecodeJSON(body)
	s := urlSettings("ews", doc.URL, v)
	switch {
	case isPage(body, contentType):
		return isWebPage("an Autodiscover answer")
	case err != nil:
		return config{fault: FaultMalformed, why: "not JSON"}
	case doc.ErrorCode != "":
		return config{fault: FaultAbsent, why: "Autodiscover v2 error " + provider.Printable(doc.ErrorCode, 60)}
	case s == nil:
		return config{fault: FaultEmpty, why: "no https URL in it"}
	}
	return config{settings: s, why: s.words()}
}
