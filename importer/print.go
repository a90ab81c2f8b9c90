package importer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"autoconfig/config"
	"autoconfig/provider"
)

// Write is the list for autoconfig.yaml. Remarks are comments before an entry; one without servers is a comment itself.
func Write(docs []*Document) ([]byte, error) {
	var out bytes.Buffer
	for _, line := range Silent(docs) {
		comment(&out, "", line)
	}
	ids := map[string]bool{}
	for _, d := range docs {
		for _, name := range d.Provider.Domains {
			ids[name] = true
		}
	}
	for _, b := range provider.Builtins() {
		ids[b.ID] = true
	}
	out.WriteString("providers:\n")
	for _, d := range docs {
		p := *d.Provider
		p.ID = entryID(p, ids)
		if len(p.Domains) > 0 && p.Name == p.Domains[0] { // which is the default
			p.Name = ""
		}
		if p.Name == "" && len(p.Domains) > 0 && p.ShortName == p.Domains[0] && len(p.ShortName) <= 20 {
			p.ShortName = ""
		}
		text, err := config.WriteProvider(&p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
		name := provider.Printable(d.Name, 300)
		comment(&out, "  ", name)
		if id := d.Provider.ID; id != p.ID && !slices.Contains(p.Domains, id) {
			id = id[strings.LastIndexByte(id, '@')+1:] // no local part is printed
			comment(&out, "  ", "not carried over: id: "+provider.Printable(id, 100))
		}
		for _, f := range d.Remarks {
			where := f.Subject + ": "
			if line, ok := strings.CutPrefix(f.Subject, name); ok { // that of the line above
				where = strings.Replace(line+": ", ":", "line ", 1)
			}
			comment(&out, "  ", strings.TrimPrefix(where, "line  ")+f.Cause)
		}
		if len(p.Domains) == 0 && len(p.MX) == 0 {
			comment(&out, "  ", "The document does not say its domain: add domains: [example.org]")
		}
		prefix := ""
		if !d.Usable() {
			comment(&out, "  ", "It lacks "+d.lacks()+", so this is not an entry yet:")
			prefix = "  #"
		}
		for line := range strings.Lines(string(text)) {
			out.WriteString(prefix + line)
		}
	}
	return out.Bytes(), nil
}

// Usable reports whether the entry has the servers that it needs; a redirect to a built-in provider's needs none.
func (d *Document) Usable() bool { return d.lacks() == "" }

func (d *Document) lacks() string {
	p := d.Provider
	switch in, out := len(p.Incoming) == 0, len(p.Outgoing) == 0; {
	case provider.Builtin(p.ID) != nil && p.Autodiscover.Action != "":
		return ""
	case in && out:
		return "servers"
	case in:
		return "an incoming server"
	case out:
		return "an outgoing server"
	}
	return ""
}

// entryID is the id to write: none where the first domain will do, never a built-in's, whose settings it would inherit.
func entryID(p provider.Provider, taken map[string]bool) string {
	switch {
	case provider.Builtin(p.ID) != nil && p.Autodiscover.Action != "" && len(p.Incoming) == 0:
		return p.ID
	case p.ID == "" || taken[p.ID]:
		return ""
	}
	if _, err := provider.ParseHost(p.ID); err != nil {
		return "" // it does not read as a handle
	}
	taken[p.ID] = true
	return p.ID
}

// width is where comments break, in octets.
const width = 110

func comment(out *bytes.Buffer, indent, text string) {
	line := indent + "#"
	for word := range slices.Values(strings.Fields(text)) {
		if len(line)+1+len(word) > width && line != indent+"#" {
			out.WriteString(line + "\n")
			line = indent + "#  "
		}
		line += " " + word
	}
	out.WriteString(line + "\n")
}
