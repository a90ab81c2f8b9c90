package discover

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"autoconfig/autodiscover"
	"autoconfig/provider"
)

// poxReading is how a client asks for and reads Autodiscover.
type poxReading struct {
	Block       string // the reader of a mail server: outlook, thunderbird or deltachat
	XMLType     bool   `json:"xml_type"`    // the Content-Type must be an XML one
	RawAddress  bool   `json:"raw_address"` // the address is sent unescaped
	Reposts     bool   // a redirected POST stays a POST
	Browser     bool   // it opens a sign-in page for the hosts that Thunderbird has OAuth2 for
	Exchange    bool   // it takes an Exchange server when there is no mail server
	Namespaces  bool   // it compares them
	FillsIn     bool   `json:"fills_in"`      // the placeholders of autoconfig
	StopsAtRoot bool   `json:"stops_at_root"` // what follows the root is not read
}

func (p poxReading) body(addr string, schema autodiscover.Schema) string {
	if !p.RawAddress {
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
	if end := bytes.LastIndex(body, []byte("</Autodiscover>")); p.StopsAtRoot && end >= 0 {
		body = body[:end+len("</Autodiscover>")]
	}
	r, err := autodiscover.Decode(body)
	c := unread(body, contentType, "an Autodiscover answer", !p.XMLType || provider.XMLType(contentType), err)
	switch {
	case c.fault != FaultNone:
	case r.Error != nil:
		c = config{fault: FaultAnswer, why: fmt.Sprintf("Autodiscover error %d: %s", r.Error.Code,
			provider.Printable(r.Error.Message, 120))}
		switch r.Error.Code {
		case autodiscover.CodeNotFound, autodiscover.CodeNoOptions, autodiscover.CodeNotProvided:
			c.fault = FaultAbsent // as it should be where there is nothing to answer
		}
	case p.Namespaces && !r.Exact:
		c = config{fault: FaultRejected, why: "the namespaces are not those it asked for"}
	case r.RedirectAddr != "", r.RedirectURL != "":
	default:
		c = taken(p.settings(r, v), "an Autodiscover answer without a server that this client can use")
	}
	return r, c
}

// taken is the outcome of a document with these settings; without any, why says what it lacks.
func taken(s *Settings, why string) config {
	if s == nil {
		return config{fault: FaultEmpty, why: why}
	}
	return config{settings: s, why: s.words()}
}

// settings takes the first incoming and the first outgoing server.
func (p poxReading) settings(r *autodiscover.Response, v vars) *Settings {
	if r.MobileSync != "" {
		return urlSettings("activesync", r.MobileSync, v)
	}
	s := &Settings{}
	for _, b := range r.Blocks {
		server, ok := p.server(b)
		if !ok {
			continue
		}
		if server.Username == "" {
			server.Username = v.login.String()
		} else if p.FillsIn {
			server.Username = expand(server.Username, v)
		}
		server.Username = provider.Printable(server.Username, 320)
		if server.Protocol == "smtp" && s.Outgoing == nil {
			s.Outgoing = &server
		} else if server.Protocol != "smtp" && s.Incoming == nil {
			s.Incoming = &server
		}
	}
	if s.Incoming == nil && p.Exchange {
		s = &Settings{Incoming: exchangeServer(r.Blocks, v)}
	}
	if s.Incoming == nil {
		return nil
	}
	return s
}

func exchangeServer(blocks []autodiscover.Block, v vars) *Server {
	for _, b := range blocks {
		host, err := provider.ParseHost(b.Server)
		if err == nil && slices.Contains([]string{"EXHTTP", "EXPR", "EXCH", "WEB"}, b.Type) {
			return &Server{Protocol: "exchange", Host: host, Port: 443, Security: provider.TLS, Username: v.login.String()}
		}
	}
	return nil
}

func (p poxReading) server(b autodiscover.Block) (Server, bool) {
	if p.Block == "outlook" { // Encryption overrides SSL
		s, ok := b.MailServer()
		s.Username = b.LoginName
		return *serverOf(s), ok
	}
	host, port, ok := b.HostPort()
	s := Server{Protocol: strings.ToLower(b.Type), Host: host, Port: port, Auth: []provider.Auth{provider.AuthPassword}}
	ok = ok && slices.Contains([]string{"IMAP", "POP3", "SMTP"}, b.Type) // as they are written
	off := strings.EqualFold(b.SSL, "off")
	switch p.Block {
	case "thunderbird": // either switch set to off means no encryption, else the port decides
		s.Username, s.Security = b.LoginName, provider.TLS
		if off || strings.EqualFold(b.Encryption, "none") {
			s.Security = provider.Plain
		} else if slices.Contains([]uint16{143, 110, 25, 587}, port) {
			s.Security = provider.STARTTLS
		}
		if strings.EqualFold(b.SPA, "on") { // a challenge login
			s.Auth[0] = provider.AuthPasswordEncrypted
		}
	case "deltachat":
		// It tries TLS, then STARTTLS, passes over the login name, and does not speak POP3.
		model := provider.Server{Protocol: provider.Protocol(s.Protocol), Port: port}
		model.SetDefaults()
		s.Security, ok = model.Security, ok && s.Protocol != "pop3"
		if off {
			s.Security = provider.Plain
		}
	default:
		ok = false
	}
	return s, ok
}

// urlSettings are those of an Exchange protocol, one server for both ways; nil for what is not an https URL.
func urlSettings(protocol, raw string, v vars) *Settings {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return nil
	}
	port := provider.Port(cmp.Or(u.Port(), "443"))
	return &Settings{Incoming: &Server{Protocol: protocol, Host: provider.Printable(u.Hostname(), 253), Port: port,
		Security: provider.TLS, Username: v.login.String(), URL: provider.Printable(u.String(), 400)}}
}

func readV2(body []byte, contentType string, v vars) config {
	doc, err := autodiscover.DecodeJSON(body)
	switch c := unread(body, contentType, "an Autodiscover answer", true, err); {
	case c.fault != FaultNone:
		return c
	case doc.ErrorCode != "":
		return config{fault: FaultAbsent, why: "Autodiscover v2 error " + provider.Printable(doc.ErrorCode, 60)}
	}
	return taken(urlSettings("ews", doc.URL, v), "no https URL in it")
}
