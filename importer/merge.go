package importer

import (
	_ "embed" // silent.txt
	"reflect"
	"slices"
	"strings"

	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/provider"
)

// Merge makes entries of documents. Those of the same domains become one entry, in which the first document counts
// where they differ; providers that differ in their domains alone become one too. No domain is in two entries.
func Merge(docs []*Document) []*Document {
	var out []*Document
	owner := map[string]*Document{}
	for _, d := range docs {
		if first := sameDomains(d, owner); first != nil {
			first.complement(d)
			continue
		}
		d.dropTaken(owner)
		out = append(out, d)
		for _, name := range d.Provider.Domains {
			owner[name] = d
		}
	}
	return joined(out)
}

// sameDomains is the entry that has all of the domains of d.
func sameDomains(d *Document, owner map[string]*Document) (first *Document) {
	for _, name := range d.Provider.Domains {
		if first = owner[name]; first == nil || first != owner[d.Provider.Domains[0]] {
			return nil
		}
	}
	return first
}

func (d *Document) dropTaken(owner map[string]*Document) {
	d.Provider.Domains = slices.DeleteFunc(d.Provider.Domains, func(name string) bool {
		first := owner[name]
		if first != nil {
			d.remark("import-domain-taken", 0, "not carried over: the domain %s, which %s has", name, first.Name)
		}
		return first != nil
	})
}

// complement takes what is missing from another document of the same domains, and remarks on what differs.
func (d *Document) complement(other *Document) {
	d.Remarks = append(d.Remarks, other.Remarks...)
	p, q := reflect.ValueOf(d.Provider).Elem(), reflect.ValueOf(other.Provider).Elem()
	for i := range p.NumField() {
		key, _, _ := strings.Cut(p.Type().Field(i).Tag.Get("yaml"), ",")
		switch mine, theirs := p.Field(i), q.Field(i); {
		case key == "-" || theirs.IsZero():
		case mine.IsZero():
			mine.Set(theirs)
		case key == "incoming":
			d.compareServers(other, key, d.Provider.Incoming, other.Provider.Incoming)
		case key == "outgoing":
			d.compareServers(other, key, d.Provider.Outgoing, other.Provider.Outgoing)
		case mine.Kind() == reflect.String && mine.String() != theirs.String() && key != "id":
			d.remark("import-document-differs", 0, "%s has another %s: %s", other.Name, key, theirs.String())
		}
	}
}

// compareServers names the servers that the other document has and d has not.
func (d *Document) compareServers(other *Document, key string, mine, theirs []provider.Server) {
	for _, s := range theirs {
		same := func(m provider.Server) bool {
			m.Auth, m.LeaveOnServer = s.Auth, s.LeaveOnServer
			return reflect.DeepEqual(m, s)
		}
		if !slices.ContainsFunc(mine, same) {
			d.remark("import-document-differs", 0, "%s has another %s server: %s %s, port %d, %s, user name %s",
				other.Name, key, s.Protocol, s.Host, s.Port, s.Security, s.Username)
		}
	}
}

// joined makes one entry of providers that differ in their domains alone.
func joined(docs []*Document) []*Document {
	var out []*Document
	seen := map[string]*Document{}
	for _, d := range docs {
		p := *d.Provider
		if len(p.Domains) == 0 {
			out = append(out, d)
			continue
		}
		if p.ID == p.Domains[0] || slices.Contains(p.Domains, p.Name) {
			p.ID = ""
		}
		p.Name, p.ShortName = ownName(p, p.Name), ownName(p, p.ShortName)
		p.Domains = nil
		text, err := config.WriteProvider(&p)
		first := seen[string(text)]
		if first == nil || err != nil {
			seen[string(text)] = d
			out = append(out, d)
			continue
		}
		first.Provider.Domains = append(first.Provider.Domains, d.Provider.Domains...)
		first.Remarks = append(first.Remarks, d.Remarks...)
	}
	return out
}

// ownName is a name, or "" for one that is the domain's.
func ownName(p provider.Provider, name string) string {
	if slices.Contains(p.Domains, strings.ToLower(name)) {
		return ""
	}
	return name
}

// silence is what a format has no place for: keys of an entry, and more.
type silence struct {
	format      discover.Format
	title       string
	keys, about string
}

// silentText has a line for each format, as in the table of docs/import.md: format | title | keys | about.
//
//go:embed silent.txt
var silentText string

var silences = readSilences()

func readSilences() (out []silence) {
	for line := range strings.Lines(silentText) {
		f := strings.Split(strings.TrimSpace(line), " | ")
		out = append(out, silence{discover.Format(f[0]), f[1], f[2], strings.Join(f[3:], "")})
	}
	return out
}

// Silent names for each format of the documents what it has no place for, so that an entry made of it lacks that.
func Silent(docs []*Document) (out []string) {
	for _, s := range silences {
		if slices.ContainsFunc(docs, func(d *Document) bool { return d.Format == s.format }) {
			text := s.title + " cannot say " + strings.ReplaceAll(s.keys, " ", ", ")
			if s.about != "" {
				text += "; nor " + s.about
			}
			out = append(out, text+".")
		}
	}
	return out
}
