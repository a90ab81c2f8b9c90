package source

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/mozilla"
	"autoconfig/provider"
)

// ISPDB is a folder of autoconfig documents about other people's providers, such as a copy of Thunderbird's database.
// It is asked after the operator's own sources, and never changes once it is read.
type ISPDB struct {
	*Index    // the domains of the files that are served
	Name      string
	Dir       string
	Providers []*provider.Provider // their domains are mail exchangers as well
	Plain     []string             // files left out because no server has encryption
	Bad       []string             // files that cannot be read, even if their last good content is served

	files map[string]*provider.Provider // the last good content of each file; nil: left out
}

// MostISPDB is the most entries that a folder may have.
const MostISPDB = 20_000

// ReadISPDB reads a folder: the files NAME.xml, and others that are autoconfig documents. For a file, or the folder,
// that cannot be read, the last good content counts, if there is any; the findings name it. The error is about a folder
// that has never been read.
func ReadISPDB(r *files.Reader, name, dir string, before *ISPDB) (*ISPDB, []finding.Finding, error) {
	names, err := r.Names(dir, MostISPDB)
	if err != nil && before != nil {
		again := *before
		again.Bad = []string{filepath.Base(dir)}
		return &again, []finding.Finding{badFile(dir, err, true)}, nil
	} else if err != nil {
		return nil, nil, err
	}
	s := &ISPDB{Name: name, Dir: dir, Index: NewIndex(0, 0), files: map[string]*provider.Provider{}}
	var held map[string]*provider.Provider
	if before != nil {
		held = before.files
	}
	var found []finding.Finding
	for _, file := range names {
		p, err := readProvider(r, filepath.Join(dir, file))
		old, known := held[file]
		if err != nil && !known && filepath.Ext(file) != ".xml" {
			continue // a licence, or another folder
		}
		if err != nil {
			found = append(found, badFile(filepath.Join(dir, file), err, known))
			if s.Bad = append(s.Bad, file); !known {
				continue
			}
			p = old
		}
		s.files[file] = p
		if p == nil {
			s.Plain = append(s.Plain, file)
			continue
		}
		s.Providers = append(s.Providers, p)
		for _, domain := range p.Domains {
			s.Add(domain, p) // of two files the first counts
		}
	}
	return s, found, nil
}

func badFile(path string, err error, known bool) finding.Finding {
	then := "it cannot be read and is left out"
	if known {
		then = "it cannot be read, and what it held before is served"
	}
	return finding.New("config-ispdb-file", path).Because("%s: %s", then, provider.Printable(err.Error(), 200))
}

// readProvider reads a document as a provider that may be served, without its
// servers without encryption. It is nil if there are no others.
func readProvider(r *files.Reader, path string) (*provider.Provider, error) {
	text, err := r.Read(path, mozilla.MaxSize)
	if err != nil {
		return nil, err
	}
	d, err := mozilla.Decode(text)
	if err != nil {
		return nil, err
	}
	p := d.Provider
	domains := p.Domains
	p.Domains = nil
	for _, name := range domains {
		if norm, err := provider.ParseDomain(name); err == nil && !slices.Contains(p.Domains, norm) {
			p.Domains = append(p.Domains, norm)
		}
	}
	if len(p.Domains) == 0 {
		return nil, errors.New("it has no domain")
	}
	plainOnes := len(p.Incoming) + len(p.Outgoing)
	plain := func(s provider.Server) bool { return s.Security == provider.Plain }
	p.Incoming, p.Outgoing = slices.DeleteFunc(p.Incoming, plain), slices.DeleteFunc(p.Outgoing, plain)
	plainOnes -= len(p.Incoming) + len(p.Outgoing)
	p.Repair()
	switch lacks := len(p.Incoming) == 0 || len(p.Outgoing) == 0; {
	case lacks && plainOnes > 0:
		return nil, nil //nolint:nilnil // nothing to serve, and nothing wrong
	case lacks:
		return nil, errors.New("it has no incoming or no outgoing server that can be used")
	}
	p.ID = filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path) // no entry of the configuration has such an id
	p.Name = cmp.Or(p.Name, p.Domains[0])
	p.PACC, p.PasswordLogin.Status = provider.PACCAuto, provider.PasswordWorks
	for _, domain := range p.Domains { // Thunderbird asks its database for the parents of a mail exchanger
		if !slices.Contains(p.MX, domain) {
			p.MX = append(p.MX, domain)
		}
	}
	return p, nil
}

// String is a summary for people.
func (s *ISPDB) String() string {
	return fmt.Sprintf("%s: providers: %d, domains: %d, left out without encryption: %d, unreadable files: %d",
		s.Name, len(s.Providers), s.Len(), len(s.Plain), len(s.Bad))
}
