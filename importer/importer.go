// Package importer turns documents with mail settings, in any format that clients fetch, into entries for
// autoconfig.yaml. What a document says and an entry cannot is a remark, with the document's line.
package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"autoconfig/apple"
	"autoconfig/autodiscover"
	"autoconfig/discover"
	"autoconfig/finding"
	"autoconfig/mozilla"
	"autoconfig/pacc"
	"autoconfig/provider"
	"autoconfig/server"
)

// Settings is the format of `render json` and /api/v1/settings; all others are those of [discover.FormatOf].
const Settings discover.Format = "settings"

// MaxSize is the most octets of a document that are read.
const MaxSize = apple.MaxSize

// Document is what one document says of one provider.
type Document struct {
	Name     string // of the file, or the URL
	Format   discover.Format
	Provider *provider.Provider // with domains, if the document has any
	Remarks  []finding.Finding

	address provider.Address // that it was made for; Local or both may be empty
	lines   map[string]int   // of the provider's values, by path
}

// Read reads a document made for an address, of which any part may be empty. A profile may have several accounts.
func Read(name string, data []byte, a provider.Address) ([]*Document, error) {
	format := formatOf(data)
	d := &Document{Name: name, Format: format, address: a}
	docs, err := []*Document{d}, ErrFormat
	switch format {
	case discover.Autoconfig:
		err = d.autoconfig(data)
	case discover.Autodiscovery:
		err = d.autodiscover(data)
	case discover.Profile:
		docs, err = d.profile(data)
	case discover.PACC:
		err = d.pacc(data)
	case Settings:
		err = d.settings(data)
	}
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		d.finish()
	}
	return docs, nil
}

// Why a document gives nothing.
var (
	ErrFormat = errors.New("it is neither autoconfig XML, an Autodiscover answer, a configuration profile, PACC " +
		"nor the settings as JSON")
	ErrEmpty = errors.New("it has no settings in it")
)

func formatOf(data []byte) discover.Format {
	format := discover.FormatOf(data)
	if format == discover.PACC {
		var ours struct{ Incoming, Outgoing []json.RawMessage }
		if json.Unmarshal(data, &ours) == nil && ours.Incoming != nil && ours.Outgoing != nil {
			return Settings
		}
	}
	return format
}

func (d *Document) autoconfig(data []byte) error {
	doc, err := mozilla.Decode(data)
	if err != nil {
		return err
	}
	d.Provider, d.lines = doc.Provider, doc.Lines
	for _, l := range doc.Left {
		d.notCarried(l.Line, l.Text)
	}
	if p := d.Provider; len(p.Incoming) > 0 && p.Incoming[0].Protocol == provider.POP3 {
		if _, both := provider.First(p.Incoming, provider.IMAP); both {
			d.changed("incoming[0]", "POP3 is the first choice here, and documents show IMAP first",
				"kept in the order of the list")
		}
	}
	return nil
}

func (d *Document) autodiscover(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return d.autodiscoverJSON(data)
	}
	r, err := autodiscover.Decode(data)
	if err != nil {
		return err
	}
	if r.Error != nil {
		return fmt.Errorf("it is error %d: %w", r.Error.Code, ErrEmpty)
	}
	if a, err := provider.ParseAddress(r.Address); err == nil {
		d.address = a
	}
	p := r.Provider
	switch {
	case r.RedirectURL != "":
		p = &provider.Provider{}
		p.Autodiscover = provider.Autodiscover{Action: provider.ActionRedirectURL, RedirectURL: r.RedirectURL}
		for _, b := range provider.Builtins() {
			if b.Autodiscover.RedirectURL == r.RedirectURL {
				p.ID = b.ID
			}
		}
	case r.RedirectAddr != "":
		p = &provider.Provider{}
		p.Autodiscover = provider.Autodiscover{Action: provider.ActionRedirectAddr, RedirectAddr: r.RedirectAddr}
	case r.MobileSync != "":
		p = &provider.Provider{ActiveSync: r.MobileSync}
	case p == nil:
		return ErrEmpty
	}
	if a, err := provider.ParseAddress(p.Name); err == nil { // a person, or made for one
		d.address, p.Name = a, ""
	} else if d.address.Local != "" {
		p.Name = ""
	}
	d.Provider = p
	encode := autodiscover.EncodeOutlook
	if r.Schema == autodiscover.MobileSync {
		encode = autodiscover.EncodeMobileSync
	}
	d.compare(data, xmlLeaves, encode)
	return nil
}

func (d *Document) autodiscoverJSON(data []byte) error {
	v2, err := autodiscover.DecodeJSON(data)
	if err != nil {
		return err
	}
	d.Provider = &provider.Provider{}
	switch {
	case strings.EqualFold(v2.Protocol, autodiscover.ProtocolActiveSync):
		d.Provider.ActiveSync = v2.URL
	case strings.EqualFold(v2.Protocol, autodiscover.ProtocolEWS):
		d.Provider.EWS = v2.URL
	default:
		return fmt.Errorf("it names only an Autodiscover service: %w", ErrEmpty)
	}
	return nil
}

func (d *Document) pacc(data []byte) error {
	p, err := pacc.Decode(data)
	if err != nil {
		return err
	}
	if len(p.Incoming)+len(p.Outgoing) == 0 && p.JMAP+p.CalDAV+p.CardDAV == "" {
		return ErrEmpty
	}
	d.Provider = p
	for at, s := range p.Each() {
		if len(s.Auth) == 0 { // neither a password nor OAuth2
			s.Auth = []provider.Auth{provider.AuthNone}
			d.changed(at.String(), "the document names no way to log in", "written as none")
		}
	}
	d.compare(data, jsonLeaves, func(p *provider.Provider, a provider.Address) ([]byte, error) {
		return pacc.Encode(p, a.Domain)
	})
	return nil
}

func (d *Document) settings(data []byte) error {
	var in struct {
		Domain string `json:"domain"`
		Name   string `json:"provider"`
		provider.Provider
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	d.Provider = &in.Provider
	d.Provider.Name = in.Name
	if domain, err := provider.ParseDomain(in.Domain); err == nil && d.address.Domain != domain {
		d.address = provider.Address{Domain: domain}
	}
	d.lines = map[string]int{}
	for _, l := range jsonLeaves(data) {
		d.lines[l.path] = l.line
	}
	d.compare(data, jsonLeaves, func(p *provider.Provider, a provider.Address) ([]byte, error) {
		return server.SettingsJSON(p, a), nil
	})
	return nil
}
