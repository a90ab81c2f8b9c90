package server

import (
	"autoconfig/provider"
)

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
	{"ua-auto-config.", ".well-known/user-agent-configuration.json", FormatPACC},
}

// ExportISPDB is the folder of the documents by the name of the domain alone.
const ExportISPDB = "v1.1"

// Export gives the files of a domain with exactly the bytes that are served. A document that the provider's format
// cannot say has no bytes: the server answers 404 there.
func Export(set *Settings, p *provider.Provider, domain string) []File {
	a := provider.Address{Domain: domain}
	bodies := map[Format][]byte{}
	for _, f := range []Format{FormatMozilla, FormatAutodiscover, FormatPACC} {
		if body, err := Render(set, f, p, a, RenderOptions{}); err == nil {
			bodies[f] = body
		}
	}
	out := make([]File, 0, len(exportPaths)+1)
	for _, e := range exportPaths {
		out = append(out, File{e.prefix + domain, e.path, bodies[e.format]})
	}
	return append(out, File{ExportISPDB, domain, bodies[FormatMozilla]})
}

// ExportISPDBName gives the document of a mail exchanger's name, which only the ISPDB's form has.
func ExportISPDBName(set *Settings, p *provider.Provider, name string) File {
	body, err := Render(set, FormatMozilla, p, provider.Address{Domain: name}, RenderOptions{})
	if err != nil {
		body = nil
	}
	return File{ExportISPDB, name, body}
}

// ExportedBy lists the paths a host's folder can have, each with the domain whose export it comes from.
func ExportedBy(host string) map[string][]string {
	out := map[string][]string{}
	for _, e := range exportPaths {
		if domain, ok := cutHost(host, e.prefix); ok {
			out[e.path] = append(out[e.path], domain)
		} else if out[e.path] == nil {
			out[e.path] = []string{}
		}
	}
	return out
}

func cutHost(host, prefix string) (string, bool) {
	if len(host) <= len(prefix) || host[:len(prefix)] != prefix {
		return "", false
	}
	return host[len(prefix):], true
}
