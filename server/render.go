package server

import (
	"fmt"
	"strings"

	"autoconfig/autodiscover"
	"autoconfig/pacc"
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

// RenderOptions are what a client can choose in addition to its address.
type RenderOptions struct {
	Account  string // of a profile: mail, exchange or dav
	Name     string // of a profile
	Lang     string // of a profile; empty: English
	Protocol string // of Autodiscover v2
}

// Render gives exactly the bytes that are served for an address or a bare domain. It signs profiles when the settings
// have a signer.
func Render(set *Settings, f Format, p *provider.Provider, a provider.Address, o RenderOptions) ([]byte, error) {
	fill := func(document form) ([]byte, error) {
		t, err := set.documents.of(p, document)
		if err != nil {
			return nil, err
		}
		return t.fill(nil, []byte(a.Domain), autodiscover.EscapeText(nil, a.Local)), nil
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
		body, err := encodeV2(p, a.Domain, o.Protocol, "autodiscover."+a.Domain)
		if err != nil {
			return nil, fmt.Errorf("the protocol %q is not offered; write one of %s", o.Protocol,
				strings.Join(protocols(match{Provider: p, Address: a}), ", "))
		}
		return body, nil
	case FormatMobileconfig:
		body, err := encodeProfile([]match{{Provider: p, Address: a}}, o.Name, o.Account, o.Lang)
		if err != nil {
			return nil, err
		}
		return set.sign(body)
	case FormatJSON:
		return SettingsJSON(p, a), nil
	}
	return nil, fmt.Errorf("unknown format %q", f)
}

// File is one document of an export: the folder and the path it lies under, and the bytes that are served there.
type File struct {
	Host string // the name a client connects to, or v1.1
	Path string // without a leading slash
	Body []byte
}

// exportPath is a document that does not depend on an address, where clients ask for it.
type exportPath struct {
	prefix string // before the domain
	path   string
	format Format
}

// The paths that clients ask for with no more than the domain. Further paths of the same documents are a matter of the
// web server's configuration.
var exportPaths = []exportPath{
	{"autoconfig.", "mail/config-v1.1.xml", FormatMozilla},
	{"", ".well-known/autoconfig/mail/config-v1.1.xml", FormatMozilla},
	{"", "autodiscover/autodiscover.xml", FormatAutodiscover},
	{"autodiscover.", "autodiscover/autodiscover.xml", FormatAutodiscover},
	{pacc.HostLabel + ".", strings.TrimPrefix(pacc.Path, "/"), FormatPACC},
}

// ExportISPDB is the folder of the documents by the name of the domain alone.
const ExportISPDB = "v1.1"

// Export gives the files of a domain with exactly the bytes that are served. A document that the provider's format
// cannot say has no bytes: the server answers 404 there.
func Export(set *Settings, p *provider.Provider, domain string) []File {
	a := provider.Address{Domain: domain}
	bodies := map[Format][]byte{}
	for _, f := range []Format{FormatMozilla, FormatAutodiscover, FormatPACC} {
		bodies[f], _ = Render(set, f, p, a, RenderOptions{}) // nil with an error
	}
	out := make([]File, 0, len(exportPaths)+1)
	for _, e := range exportPaths {
		out = append(out, File{e.prefix + domain, e.path, bodies[e.format]})
	}
	return append(out, File{ExportISPDB, domain, bodies[FormatMozilla]})
}

// ExportISPDBName gives the document of a mail exchanger's name, which only the ISPDB's form has.
func ExportISPDBName(set *Settings, p *provider.Provider, name string) File {
	body, _ := Render(set, FormatMozilla, p, provider.Address{Domain: name}, RenderOptions{}) // nil with an error
	return File{ExportISPDB, name, body}
}

// ExportedBy lists the paths a host's folder can have, each with the domain whose export it comes from.
func ExportedBy(host string) map[string][]string {
	out := map[string][]string{}
	for _, e := range exportPaths {
		domains := out[e.path]
		if domain, ok := strings.CutPrefix(host, e.prefix); ok && domain != "" {
			domains = append(domains, domain)
		}
		out[e.path] = domains
	}
	return out
}
