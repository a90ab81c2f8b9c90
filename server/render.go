package server

import (
	"fmt"

	"autoconfig/autodiscover"
	"autoconfig/provider"
)

// Format is a form in which settings are served and rendered.
type Format string

// The formats of `autoconfig render` that are served byte for byte.
const (
	FormatMozilla          Format = "mozilla"
	FormatAutodiscover     Format = "autodiscover"
	FormatMobileSync       Format = "mobilesync"
	FormatAutodiscoverJSON Format = "autodiscover-json"
	FormatMobileconfig     Format = "mobileconfig"
	FormatPACC             Format = "pacc"
	FormatJSON             Format = "json"
)

// RenderOptions are what a client can say besides its address.
type RenderOptions struct {
	Account  string // of a profile: mail or exchange
	Name     string // of a profile
	Protocol string // of Autodiscover v2
}

// Render gives exactly the bytes that are served for an address or a bare domain. It signs profiles when the settings
// have a signer.
func Render(set *Settings, f Format, p *provider.Provider, a provider.Address, o RenderOptions) ([]byte, error) {
	if p.Personal {
		set = &Settings{Signer: set.Signer} // what one person gets is not kept
	}
	fill := func(document form) ([]byte, error) {
		t, err := set.documents.of(p, document)
		if err != nil {
			return nil, err
		}
		return t.fill(nil, autodiscover.EscapeText(nil, a.Local), a.Domain), nil
	}
	switch f {
	case FormatMozilla:
		return fill(mozillaForm)
	case FormatPACC:
		return fill(paccForm)
	case FormatAutodiscover:
		return fill(outlookFormOf(a))
	case FormatMobileSync:
		return autodiscover.EncodeMobileSync(p, a)
	case FormatAutodiscoverJSON:
		name, to, ok := autodiscover.ProtocolURL(p.For(a.Domain), o.Protocol, "autodiscover."+a.Domain)
		if !ok {
			return nil, fmt.Errorf("the protocol %q is not offered", o.Protocol)
		}
		return autodiscover.EncodeJSON(name, to), nil
	case FormatMobileconfig:
		return profile(set, []match{{Provider: p, Address: a}}, o.Name, o.Account)
	case FormatJSON:
		return SettingsJSON(p, a), nil
	}
	return nil, fmt.Errorf("unknown format %q", f)
}
