package autodiscover

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// maxResponse is the size in bytes beyond which an answer is refused.
const maxResponse = 256 << 10

// ErrResponse is wrapped by the errors of [Decode]: what came is not an Autodiscover answer.
var ErrResponse = errors.New("not an Autodiscover answer")

// Response is what a server answered. One of Provider, RedirectURL,
// RedirectAddr, MobileSync and Error is set, or none when it said nothing.
type Response struct {
	Schema       Schema
	Address      string             // whom the answer is for, "" where it does not say
	Provider     *provider.Provider // from the IMAP, POP3 and SMTP blocks, read as Outlook does
	Blocks       []Block            // every Protocol block, Exchange's too, in their order
	RedirectURL  string
	RedirectAddr string
	MobileSync   string // URL of the ActiveSync server
	Exact        bool   // root and Response have the namespaces of Schema, which Outlook compares byte for byte
	Error        *Error // for MobileSync, Code may be a Status (MS-ASCMD §2.2.3.177)
}

// Block is a Protocol block as it was written, white space trimmed: clients disagree about what the switches mean.
type Block struct {
	Type         string // IMAP, POP3, SMTP, EXCH, EXPR, EXHTTP, WEB
	TTL          string // hours
	Server       string
	Port         string
	LoginName    string
	SPA          string
	SSL          string
	Encryption   string
	AuthRequired string
	UsePOPAuth   string
}

// document mirrors the XML of both schemas. Namespaces are not compared.
type document struct {
	XMLName  xml.Name
	Response *struct {
		XMLName xml.Name
		Error   *fault
		User    struct{ DisplayName, AutoDiscoverSMTPAddress, EMailAddress string }
		Account *struct {
			Action, RedirectUrl, RedirectAddr string
			Protocol                          []Block
		}
		Action *struct {
			Redirect string
			Error    *fault
			Settings struct {
				Server []struct{ Type, Url string }
			}
		}
	}
}

type fault struct{ ErrorCode, Status, Message string }

// Decode reads an answer of either schema. It is strict about XML, as clients are, and lenient about what is in it. A
// document with a directive (DOCTYPE) is refused.
func Decode(body []byte) (*Response, error) {
	doc, err := parse(body)
	if err != nil {
		return nil, err
	}
	return doc.response(), nil
}

// parse reads the elements of an answer.
func parse(body []byte) (*document, error) {
	text, ok := toUTF8(body)
	switch {
	case len(body) > maxResponse:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrResponse, maxResponse)
	case !ok:
		return nil, fmt.Errorf("%w: half a UTF-16 character at the end", ErrResponse)
	case hasDirective(text):
		return nil, fmt.Errorf("%w: it holds a directive such as DOCTYPE", ErrResponse)
	}
	var doc document
	if err := unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrResponse, err)
	}
	if doc.XMLName.Local != "Autodiscover" || doc.Response == nil {
		return nil, fmt.Errorf("%w: no Autodiscover element with a Response in it", ErrResponse)
	}
	return &doc, nil
}

// unmarshal reads one XML document into v, to its end.
func unmarshal(text []byte, v any) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(charset), "utf-16") { // transcoded before
			return input, nil
		}
		return nil, fmt.Errorf("the encoding %q is not known", charset)
	}
	if err := d.Decode(v); err != nil {
		return err
	}
	for {
		switch t, err := d.Token(); t := t.(type) {
		case nil:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		case xml.StartElement:
			return fmt.Errorf("a second root element %s", t.Name.Local)
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return errors.New("text after the root element")
			}
		}
	}
}

func (doc *document) response() *Response {
	in := doc.Response
	r := &Response{Error: in.Error.read(),
		Address: strings.TrimSpace(cmp.Or(in.User.AutoDiscoverSMTPAddress, in.User.EMailAddress))}
	if in.XMLName.Space == NamespaceMobileSyncResponse {
		r.Schema = MobileSync
	}
	r.Exact = doc.XMLName.Space == NamespaceResponse &&
		(r.Schema == MobileSync || in.XMLName.Space == NamespaceOutlookResponse)
	if a := in.Account; a != nil {
		for _, b := range a.Protocol {
			r.Blocks = append(r.Blocks, b.trimmed())
		}
		switch action := provider.AutodiscoverAction(strings.TrimSpace(a.Action)); action {
		case provider.ActionRedirectURL:
			r.RedirectURL = strings.TrimSpace(a.RedirectUrl)
		case provider.ActionRedirectAddr:
			r.RedirectAddr = strings.TrimSpace(a.RedirectAddr)
		default:
			r.Provider = providerOf(strings.TrimSpace(in.User.DisplayName), r.Blocks)
		}
	}
	if a := in.Action; a != nil {
		r.RedirectAddr = strings.TrimSpace(a.Redirect)
		if r.Error == nil {
			r.Error = a.Error.read()
		}
		for _, s := range a.Settings.Server {
			if strings.TrimSpace(s.Type) == "MobileSync" && r.MobileSync == "" {
				r.MobileSync = strings.TrimSpace(s.Url)
			}
		}
	}
	return r
}

func (f *fault) read() *Error {
	if f == nil {
		return nil
	}
	code, err := strconv.Atoi(strings.TrimSpace(f.ErrorCode))
	if err != nil {
		code, _ = strconv.Atoi(strings.TrimSpace(f.Status)) // 0 when neither is there
	}
	return &Error{Code: code, Message: strings.TrimSpace(f.Message)}
}

func (b Block) trimmed() Block {
	for _, s := range []*string{&b.Type, &b.TTL, &b.Server, &b.Port, &b.LoginName,
		&b.SPA, &b.SSL, &b.Encryption, &b.AuthRequired, &b.UsePOPAuth} {
		*s = strings.TrimSpace(*s)
	}
	return b
}

// providerOf collects the blocks of mail servers, nil when there are none.
func providerOf(name string, blocks []Block) *provider.Provider {
	p := &provider.Provider{Name: name}
	for _, b := range blocks {
		s, ok := b.MailServer()
		switch {
		case !ok:
		case s.Protocol == provider.SMTP:
			p.Outgoing = append(p.Outgoing, s)
		default:
			p.Incoming = append(p.Incoming, s)
		}
	}
	if p.Incoming == nil && p.Outgoing == nil {
		return nil
	}
	return p
}

// MailServer is the server a block states, read as Outlook does: Encryption overrides SSL, and both left out mean what
// the port is for. The user name is LoginName, or the address where there is none. It is false for a block of another
// type and for one without a usable host or port.
func (b Block) MailServer() (provider.Server, bool) {
	s := provider.Server{Protocol: provider.Protocol(strings.ToLower(b.Type)), Username: b.LoginName}
	switch s.Protocol {
	case provider.IMAP, provider.POP3, provider.SMTP:
	default:
		return provider.Server{}, false
	}
	var ok bool
	if s.Host, s.Port, ok = b.HostPort(); !ok {
		return provider.Server{}, false
	}
	switch strings.ToLower(b.Encryption) {
	case "ssl":
		s.Security = provider.TLS
	case "tls":
		s.Security = provider.STARTTLS
	case "none":
		s.Security = provider.Plain
	case "":
		if strings.EqualFold(b.SSL, "off") {
			s.Security = provider.Plain
		}
	}
	if strings.EqualFold(b.AuthRequired, "off") {
		s.Auth = []provider.Auth{provider.AuthNone}
	}
	s.SetDefaults()
	return s, true
}

// HostPort is where a block's server is; false without a usable host or port.
func (b Block) HostPort() (host string, port uint16, ok bool) {
	host, err := provider.ParseHost(b.Server)
	port = provider.Port(b.Port)
	return host, port, err == nil && port != 0
}
