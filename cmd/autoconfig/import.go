package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"autoconfig/discover"
	"autoconfig/finding"
	"autoconfig/importer"
	"autoconfig/provider"
)

// importing is one run of `import`.
type importing struct {
	*app
	network network
	domains []string
	docs    []*importer.Document
	found   []finding.Finding // about what gave no entry
	read    int
}

func (a *app) importCommand() *cobra.Command {
	i := &importing{app: a}
	cmd := newCommand("import", "FILE|DIR|URL|ADDRESS…", i.run)
	i.network.discoveryFlags(cmd)
	f := cmd.Flags()
	f.Var(domainsFlag(&i.domains), "domain",
		"the `domain` of documents that do not say theirs, and the one to ask a server for (repeatable)")
	return cmd
}

func (i *importing) run(ctx context.Context, args []string) error {
	for _, arg := range args {
		if err := i.one(ctx, arg); err != nil {
			return err
		}
	}
	docs := importer.Merge(i.docs)
	if len(docs) > 0 {
		if err := i.print(docs); err != nil {
			return err
		}
	}
	i.printFindings(i.found)
	remarks, domains, unusable := 0, 0, 0
	for _, d := range docs {
		remarks, domains, unusable = remarks+len(d.Remarks), domains+len(d.Provider.Domains), unusable+b2i(!d.Usable())
	}
	fmt.Fprintf(i.stderr, "%s read: %s, %s, %s; %d incomplete, as comments\n", plural(i.read, "document"),
		plural(len(docs), "provider"), plural(domains, "domain"), plural(remarks, "remark"), unusable)
	return silent(len(docs) == unusable || finding.Summarize(i.found).Fail > 0)
}

func (i *importing) print(docs []*importer.Document) error {
	text, err := importer.Write(docs)
	if err != nil {
		return err
	}
	if !i.json {
		_, err = i.stdout.Write(text)
		return err
	}
	out := struct {
		Providers string            `json:"providers"` // YAML
		Findings  []finding.Finding `json:"findings"`
	}{string(text), array(i.found)}
	for _, d := range docs {
		out.Findings = append(out.Findings, d.Remarks...)
	}
	return i.printJSON(out)
}

// one takes one argument for what it is.
func (i *importing) one(ctx context.Context, arg string) error {
	lower := strings.ToLower(arg)
	if strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://") {
		return i.fetch(ctx, arg)
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return i.folder(arg)
	case err == nil || arg == "-":
		data, err := i.readProfile(arg)
		i.take(arg, data, i.hint(arg), err)
		return nil
	case !errors.Is(err, fs.ErrNotExist), strings.ContainsAny(arg, `/\`), slices.Contains(extensions, filepath.Ext(lower)):
		return usageError{err: err}
	}
	addr, err := typedAddress(arg)
	if err != nil {
		return usagef("%q is not a file, a URL or an address", arg)
	}
	return i.discover(ctx, addr)
}

// extensions are those of files, and of no domain.
var extensions = []string{".xml", ".json", ".mobileconfig", ".plist", ".yaml", ".yml", ".txt"}

// hint is the domain that the place of a document says, else that of --domain.
func (i *importing) hint(place string) provider.Address {
	if d := importer.DomainOf(place); d != "" {
		return provider.Address{Domain: d}
	}
	if len(i.domains) > 0 {
		return provider.Address{Domain: i.domains[0]}
	}
	return provider.Address{}
}

// take reads a document, or notes why it cannot be read.
func (i *importing) take(name string, data []byte, a provider.Address, err error) {
	var docs []*importer.Document
	if err == nil {
		docs, err = importer.Read(name, data, a)
	}
	if err != nil {
		i.found = append(i.found, finding.New("import-document-unreadable", provider.Printable(name, 300)).
			Because("%s", provider.Printable(explained(err), 300)))
		return
	}
	i.read++
	i.docs = append(i.docs, docs...)
}

// folder reads all documents below a folder. What is in none of the formats, such as a licence, is a warning.
func (i *importing) folder(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != dir:
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		data, err := named().Read(path, importer.MaxSize)
		before := len(i.found)
		i.take(path, data, i.hint(path), err)
		if len(i.found) > before && importer.FormatOf(data) == discover.NoFormat {
			i.found[before].Level = finding.Warn
		}
		return nil
	})
}

// fetch gets the document at a URL, or all that a server has for the domains.
func (i *importing) fetch(ctx context.Context, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return usagef("%q is not a URL", raw)
	}
	if u.User != nil {
		return usagef("a URL with a user name or a password; no document needs one, leave it out")
	}
	env, err := i.environmentOf()
	if err != nil {
		return err
	}
	if u.Path != "" && u.Path != "/" {
		a := i.hint(u.Host)
		for key, values := range u.Query() {
			address, err := provider.ParseAddress(provider.Unwrap(values[0]))
			if err == nil && strings.HasPrefix(strings.ToLower(key), "email") {
				a = address
			}
		}
		data, _, err := discover.Fetch(ctx, env, raw)
		u.RawQuery, u.User = "", nil // it may hold an address
		i.take(u.String(), data, a, err)
		return nil
	}
	domains := i.domains
	if len(domains) == 0 {
		domains = []string{cmp.Or(importer.DomainOf(u.Host), provider.Registrable(u.Hostname()))}
	}
	for _, domain := range domains {
		before := i.read
		for _, ask := range importer.Asks(domain) {
			if data, err := ask.Fetch(ctx, env, strings.TrimSuffix(raw, "/")); err == nil {
				i.take(strings.TrimSuffix(raw, "/")+ask.Path, data, ask.Address, nil)
			}
		}
		if i.read == before {
			i.found = append(i.found, finding.New("import-document-unreadable", raw).
				Because("the server has no document for %s", domain))
		}
	}
	return context.Cause(ctx)
}

func (i *importing) environmentOf() (*discover.Env, error) {
	if err := i.load(); err != nil { // for its resolver
		return nil, err
	}
	return i.network.environment(i.cfg), nil
}

// discover takes the documents that mail programs take settings from, and the settings that a program found without
// one.
func (i *importing) discover(ctx context.Context, addr provider.Address) error {
	env, err := i.environmentOf()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	bodies := map[string][]byte{} // by URL
	env.Document = func(url string, body []byte) {
		mu.Lock()
		defer mu.Unlock()
		bodies[url] = body
	}
	r, err := discover.Run(ctx, env, addr)
	if err := cmp.Or(err, context.Cause(ctx)); err != nil {
		return err
	}
	if addr.Local == "" {
		addr.Local = "postmaster" // as it was asked for
	}
	var docs []*importer.Document
	for url, body := range bodies {
		before := len(i.docs)
		i.take(url, body, addr, nil)
		docs = append(docs, i.docs[before:]...)
		i.docs = i.docs[:before]
	}
	slices.SortFunc(docs, importer.BetterFirst)
	i.docs = append(i.docs, append(docs, importer.FromReport(r, addr)...)...)
	if len(docs) == 0 && len(importer.FromReport(r, addr)) == 0 {
		i.found = append(i.found, finding.New("import-document-unreadable", addr.Domain).
			Because("no mail program finds settings for it").
			Do("autoconfig discover %s says why", addr.Domain))
	}
	return nil
}
