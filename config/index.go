package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"sync/atomic"

	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// Data is what a configuration serves: the operator's domains and the built-in ones. It is built anew on every reload
// and never changed.
type Data struct {
	Providers []*provider.Provider
	Listed    *source.Index   // the operator's domains
	Builtin   *source.Index   // the built-in providers' own
	Remote    source.Chain    // databases and directories, opened by the program
	ISPDB     []*source.ISPDB // folders of documents of other people's providers, opened by the program
	Empty     []string        // the files that have nothing in them
}

// Own are the sources of the operator's domains, in order.
func (d *Data) Own() source.Chain { return append(source.Chain{d.Listed}, d.Remote...) }

// All are the sources in the order in which they are asked; the MX source comes after them.
func (d *Data) All() source.Chain {
	out := append(source.Chain{d.Listed, d.Builtin}, d.Remote...)
	for _, s := range d.ISPDB {
		out = append(out, s)
	}
	return out
}

// ByMX are the providers that mail exchangers lead to, the operator's first.
func (d *Data) ByMX() []*provider.Provider {
	out := slices.Clone(d.Providers)
	for _, s := range d.ISPDB {
		out = append(out, s.Providers...)
	}
	return out
}

// Others is how many domains the folders of other people's providers have.
func (d *Data) Others() (n int) {
	for _, s := range d.ISPDB {
		n += s.Len()
	}
	return n
}

// Data reads the domains files and builds the look-up tables. The findings name unreadable files, bad lines and domains
// claimed twice; if one of them is a failure the data must not be used.
func (c *Config) Data() (*Data, []finding.Finding) {
	b := &builder{c: c, data: &Data{Builtin: source.NewIndex(256, 4096)}}
	if c.empty {
		b.empty(c.Path)
	}
	domains, size := 0, int64(0)
	for _, e := range c.model {
		domains += len(e.own)
		for _, f := range e.DomainsFile {
			if info, err := c.Reader.Stat(f.Path); err == nil {
				size += min(info.Size(), sizeHint)
			}
		}
	}
	const usual = 18 // bytes of a line; only the first guess of the table's size
	b.data.Listed = source.NewIndex(domains+int(size)/usual, int(size)+32*domains)
	for _, e := range c.model {
		b.entry(e)
	}
	b.serviceHosts()
	return b.data, c.ordered(b.faults)
}

type builder struct {
	c      *Config
	data   *Data
	faults []finding.Finding
}

// sizeHint is how much room a file's size alone may take, before its lines are seen: a file may be sparse.
const sizeHint = 64 << 20

// manyFaults is where a domains file stops being reported line by line.
const manyFaults = 20

func (b *builder) entry(e *Provider) {
	b.data.Providers = append(b.data.Providers, &e.Provider)
	for _, d := range e.own {
		b.data.Listed.Add(d, &e.Provider) // that a domain is listed twice has been reported
	}
	for i := range e.DomainsFile {
		b.file(e, i)
	}
	if e.Builtin {
		for _, d := range e.Domains[:len(e.Domains)-len(e.own)] {
			b.data.Builtin.Add(d, &e.Provider)
		}
	}
	if e.path != "" && len(e.own) == 0 && e.DomainsFile == nil && e.DomainsCommand == nil && len(e.MX) == 0 &&
		!e.Builtin && !b.c.namedBySource(e.ID) {
		b.faults = append(b.faults, b.c.Fault("config-provider-unused", e.path,
			fmt.Sprintf("nothing points to the provider %q", e.ID), ""))
	}
}

// add puts one domain of a domains file into the index. Where addresses are listed a domain comes many times.
func (b *builder) add(domain string, e *Provider, at Pos, format DomainsFormat) {
	other, ok := b.data.Listed.Add(domain, &e.Provider)
	if len(b.faults) > manyFaults || !ok && other == &e.Provider && format == FormatAddresses {
		return
	}
	if cause := takenOver(domain, e.ID); cause != "" {
		b.faults = append(b.faults, finding.New("config-domain-builtin", at.String()).Because("%s", cause))
	}
	if ok {
		return
	}
	f := finding.New("config-domain-duplicate", at.String())
	if first := b.where(domain, at); first != "" {
		f = f.Because("%s is already listed at %s", domain, first)
	} else {
		f = f.Because("%s already belongs to the provider %q", domain, other.ID)
	}
	b.faults = append(b.faults, f)
}

// where finds the first place that claims a domain, before another place. It reads the files again, which only a
// mistake costs.
func (b *builder) where(domain string, before Pos) string {
	for _, e := range b.c.model {
		if i := slices.Index(e.own, domain); i >= 0 {
			at, _ := b.c.pos.find(fmt.Sprintf("%s.domains[%d]", e.path, i))
			return at.String()
		}
		for _, f := range e.DomainsFile {
			found := Pos{}
			_ = b.c.eachDomain(f, func(l listed) bool { // it was readable a moment ago
				if l.name == domain && l.at != before {
					found = l.at
				}
				return found.Line == 0
			})
			if found.Line != 0 {
				return found.String()
			}
		}
	}
	return ""
}

func (b *builder) empty(file string) {
	b.data.Empty = append(b.data.Empty, file)
	b.faults = append(b.faults, finding.New("config-file-empty", file))
}

// listed is a line of a domains file. Its name is normalised unless it is bad.
type listed struct {
	name string
	at   Pos
	bad  bool
}

func (b *builder) file(e *Provider, i int) {
	f := e.DomainsFile[i]
	none := true
	var err error
	for batch := range ahead(func(yield func(listed) bool) { err = b.c.eachDomain(f, yield) }) {
		none = none && len(batch) == 0
		for _, l := range batch {
			b.data.Listed.Expect(l.name)
		}
		for _, l := range batch {
			if !b.line(e, f.Format, l) {
				return
			}
		}
	}
	if err == nil && none {
		b.empty(f.Path)
	}
	if line, ok := errors.AsType[lineError](err); ok {
		b.faults = append(b.faults,
			finding.New("config-domain-invalid", line.at.String()).Because("%s", line.cause).Do("%s", line.fix))
	} else if err != nil {
		path := e.path + ".domains_file"
		if len(e.DomainsFile) > 1 {
			path = fmt.Sprintf("%s[%d]", path, i)
		}
		b.faults = append(b.faults, b.c.Unreadable(path, f.Path, err))
	}
}

// line takes a line of a domains file, and reports whether to go on.
func (b *builder) line(e *Provider, format DomainsFormat, l listed) bool {
	if !l.bad {
		b.add(l.name, e, l.at, format)
		return len(b.faults) <= manyFaults
	}
	bad := finding.New("config-domain-invalid", l.at.String()).Because("%s", notDomain(l.name)).
		Do("%s", domainFix(l.name, "write one domain a line, and nothing else but a comment after #"))
	if format == FormatAddresses { // another program's file: what is good in it counts
		bad.Level = finding.Warn
		bad = bad.Do("mail at this name has no settings; if that is intended, there is nothing to do")
	}
	b.faults = append(b.faults, bad)
	return format == FormatAddresses || len(b.faults) <= manyFaults
}

// ahead runs list in a goroutine of its own and yields what it lists in batches, which are reused. It returns when list
// has ended.
func ahead[T any](list iter.Seq[T]) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		full, free := make(chan []T, 3), make(chan []T, 3)
		for range cap(free) {
			free <- make([]T, 0, 128)
		}
		var stopped atomic.Bool
		go func() {
			defer close(full)
			batch := <-free
			list(func(v T) bool {
				if batch = append(batch, v); len(batch) == cap(batch) {
					full <- batch
					batch = (<-free)[:0]
				}
				return !stopped.Load()
			})
			full <- batch
		}()
		for batch := range full {
			if !stopped.Load() && !yield(batch) {
				stopped.Store(true)
			}
			free <- batch
		}
	}
}

// eachDomain calls yield with each line of a domains file that has a name until it returns false.
func (c *Config) eachDomain(f DomainsFile, yield func(listed) bool) error {
	in, err := c.Reader.Open(f.Path, files.Domains)
	if err != nil {
		return err
	}
	defer in.Close()
	nameIn := nameInLine
	if f.Format == FormatAddresses {
		nameIn = domainInLine
	}
	lines := bufio.NewReaderSize(in, longestLine)
	for n := 1; ; n++ {
		line, long, err := lines.ReadLine()
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if bytes.IndexByte(line, 0) >= 0 {
			return lineError{Pos{f.Path, n, 1}, notText, saveAsText}
		}
		if long && f.Format != FormatAddresses {
			cause := fmt.Sprintf("the line is longer than %d bytes", longestLine)
			return lineError{Pos{f.Path, n, 1}, cause, "write one domain a line"}
		}
		name, column := nameIn(line)
		for rest := long; rest && err == nil; { // the targets of an alias
			_, rest, err = lines.ReadLine()
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case name == "":
			continue
		}
		domain, bad := provider.ParseDomain(name)
		if bad != nil {
			domain = name
		}
		if !yield(listed{domain, Pos{f.Path, n, column}, bad != nil}) {
			return nil
		}
	}
}

// nameInLine is the name on a line, and its column. A # starts a comment.
func nameInLine(line []byte) (string, int) {
	name, _, _ := bytes.Cut(line, []byte("#"))
	column := 1
	for column <= len(name) && (name[column-1] == ' ' || name[column-1] == '\t') {
		column++
	}
	return string(bytes.TrimSpace(name)), column
}

// domainInLine is the domain of the address at the start of a line: of docker-mailserver's accounts, "local@domain|…",
// or of a Postfix table (virtual(5)), "local@domain …", "@domain …" or "domain …". The local part is dropped here. A
// line that starts with a blank continues the one before, one with # is a comment.
func domainInLine(line []byte) (string, int) {
	if len(line) == 0 || bytes.ContainsRune([]byte(" \t#/"), rune(line[0])) { // a / starts a pattern
		return "", 0
	}
	from := 0
	if line[0] == '"' { // a quoted local part
		if from = bytes.Index(line, []byte(`"@`)); from < 0 {
			return "", 0
		}
	}
	key := line
	if end := bytes.IndexAny(line[from:], " \t|"); end >= 0 {
		key = line[:from+end]
	}
	at := bytes.LastIndexByte(key, '@')
	if at < 0 && !bytes.Contains(key, []byte(".")) {
		return "", 0 // an alias of this host, or the password file of no domain
	}
	return string(key[at+1:]), at + 2
}

// lineError is a line of a domains file after which nothing more can be read.
type lineError struct {
	at         Pos
	cause, fix string
}

func (e lineError) Error() string { return e.cause }

// longestLine bounds a line of a domains file, in bytes.
const longestLine = 64 << 10

// firstDomain is the first name in a domains file, "" if there is none.
func (c *Config) firstDomain(f DomainsFile) string {
	first := ""
	_ = c.eachDomain(f, func(l listed) bool { // an unreadable file is reported when it is read whole
		if !l.bad {
			first = l.name
		}
		return first == ""
	})
	return first
}

// Files lists the files whose change calls for a reload: the configuration, the domains files, the certificates and the
// sources' secrets.
func (c *Config) Files() []string {
	out := slices.Clone(c.files)
	if c.env == nil {
		out = slices.Insert(out, 0, c.Path)
	}
	for _, s := range c.Sources {
		if s.ISPDB != "" {
			names, _ := c.Reader.Names(s.ISPDB, source.MostISPDB) // what is wrong was said when it was read
			for _, name := range names {
				out = append(out, filepath.Join(s.ISPDB, name))
			}
		}
	}
	return slices.DeleteFunc(out, func(path string) bool { return path == "" })
}
