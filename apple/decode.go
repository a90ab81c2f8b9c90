package apple

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"autoconfig/provider"

	"howett.net/plist"
)

// Profile is what a profile holds, as far as a person who is about to install
// it wants to know. Characters that cannot be shown are replaced by U+FFFD.
type Profile struct {
	Identifier, UUID                       string
	DisplayName, Organization, Description string
	Scope                                  string            // macOS: User or System
	Consent                                map[string]string // by language
	Payloads                               []Payload
}

// Payload is one account of a profile, or another setting by its type alone.
type Payload struct {
	Type, Identifier, UUID, DisplayName string

	Email       string
	AccountName string // the person's name
	AccountType string // EmailTypeIMAP or EmailTypePOP
	Description string // what the device calls the account
	Servers     []Server
	OAuth       bool // com.apple.eas.account
	Secret      bool // the profile holds a password, readable by anyone who has it
}

// Server is one server of an account. Its Auth and Path are empty where the
// payload has none, its Port is 0 for the default of the protocol.
type Server struct {
	Role     string // incoming, outgoing, caldav, carddav or exchange
	Host     string
	Port     uint16
	SSL      bool
	Auth     string // one of the EmailAuth… words
	Username string
	Path     string
}

// ErrProfile is wrapped by every error of [Decode].
var ErrProfile = errors.New("not a configuration profile")

// Decode reads a profile of at most [MaxSize] bytes in the XML form, the only
// one devices are sent. A signed profile is to be opened by [Verify] first.
func Decode(raw []byte) (*Profile, error) {
	d, err := parse(raw)
	if err != nil {
		return nil, err
	}
	return d.profile(), nil
}

// parse reads the top level of a profile.
func parse(raw []byte) (dict, error) {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	switch {
	case len(raw) > MaxSize:
		return nil, fmt.Errorf("%w: larger than 1 MiB", ErrProfile)
	case IsSigned(raw):
		return nil, fmt.Errorf("%w: it is signed; verify it, which gives what is inside", ErrProfile)
	case bytes.HasPrefix(raw, []byte("bplist")):
		return nil, fmt.Errorf("%w: a binary property list; convert it with plutil -convert xml1", ErrProfile)
	}
	if err := checkXML(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	var top map[string]any
	if _, err := plist.Unmarshal(raw, &top); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	d := dict(top)
	if typ := d.text("PayloadType"); typ != TypeConfiguration {
		return nil, fmt.Errorf("%w: PayloadType is %q", ErrProfile, typ)
	}
	return d, nil
}

// Bounds of what is parsed; a profile of ten accounts needs five levels and a thousand elements.
const (
	maxDepth    = 32
	maxElements = 20_000
)

// checkXML lets nothing but a well-formed plist of bounded depth and number of elements through to the property list
// library: that one recurses, takes a kilobyte for an empty dictionary, and tries other formats on what is not XML.
func checkXML(raw []byte) error {
	if !bytes.HasPrefix(raw, []byte("<")) {
		return errors.New("it is not XML")
	}
	depth, roots, elements := 0, 0, 0
	for dec := xml.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth == 0 && t.Name.Local != "plist" {
				return fmt.Errorf("it is XML, but its root is %q", t.Name.Local)
			}
			if depth++; depth > maxDepth {
				return errors.New("it is nested too deep")
			}
			if elements++; elements > maxElements {
				return errors.New("it has too many elements")
			}
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 {
		return fmt.Errorf("it has %d root elements", roots)
	}
	return nil
}

func (d dict) profile() *Profile {
	p := &Profile{
		Identifier: d.text("PayloadIdentifier"), UUID: d.text("PayloadUUID"),
		DisplayName: d.text("PayloadDisplayName"), Organization: d.text("PayloadOrganization"),
		Description: d.text("PayloadDescription"), Scope: d.text("PayloadScope"),
	}
	if consent, ok := d["ConsentText"].(map[string]any); ok {
		p.Consent = map[string]string{}
		for lang := range consent {
			p.Consent[provider.Printable(lang, 0)] = dict(consent).text(lang)
		}
	}
	content, _ := d["PayloadContent"].([]any)
	for _, v := range content {
		if d, ok := v.(map[string]any); ok {
			p.Payloads = append(p.Payloads, dict(d).payload())
		}
	}
	return p
}

func (d dict) payload() Payload {
	p := Payload{
		Type: d.text("PayloadType"), Identifier: d.text("PayloadIdentifier"),
		UUID: d.text("PayloadUUID"), DisplayName: d.text("PayloadDisplayName"),
		Email: d.text("EmailAddress"), OAuth: d.flag("OAuth", false),
	}
	for _, k := range serversOf[p.Type] {
		p.Servers = append(p.Servers, d.server(k))
		p.Secret = p.Secret || d.has(k.secret)
		p.Description = d.text(k.label)
	}
	switch p.Type {
	case TypeMail:
		p.AccountName, p.AccountType = d.text("EmailAccountName"), d.text("EmailAccountType")
	case TypeExchange:
		p.Secret = p.Secret || d.has("Certificate")
	}
	return p
}
