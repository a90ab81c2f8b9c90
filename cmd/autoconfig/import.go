package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"autoconfig/discover"
	"autoconfig/finding"
	"autoconfig/importer"
)

type importing struct {
	*app
	network network
	importer.Collector
}

func (a *app) importCommand() *cobra.Command {
	i := &importing{app: a}
	i.Files, i.Env = named(), i.environment
	cmd := newCommand("import", "FILE|DIR|URL|ADDRESS…", i.run)
	i.network.discoveryFlags(cmd)
	cmd.Flags().Var(domainsFlag(&i.Domains), "domain",
		"the `domain` of documents that do not say theirs, and the one to ask a server for (repeatable)")
	return cmd
}

func (i *importing) run(ctx context.Context, args []string) error {
	for _, arg := range args {
		if err := i.one(ctx, arg); err != nil {
			return err
		}
	}
	docs := importer.Merge(i.Docs)
	if len(docs) > 0 {
		if err := i.print(docs); err != nil {
			return err
		}
	}
	i.printFindings(i.Found)
	remarks, domains, unusable := 0, 0, 0
	for _, d := range docs {
		remarks, domains, unusable = remarks+len(d.Remarks), domains+len(d.Provider.Domains), unusable+b2i(!d.Usable())
	}
	fmt.Fprintf(i.stderr, "%s read: %s, %s, %s; %d incomplete, as comments\n", plural(i.Count, "document"),
		plural(len(docs), "provider"), plural(domains, "domain"), plural(remarks, "remark"), unusable)
	return silent(len(docs) == unusable || finding.Summarize(i.Found).Fail > 0)
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
	}{string(text), array(i.Found)}
	for _, d := range docs {
		out.Findings = append(out.Findings, d.Remarks...)
	}
	return i.printJSON(out)
}

func (i *importing) one(ctx context.Context, arg string) error {
	if isURL, err := isURL(arg); err != nil {
		return err
	} else if isURL {
		err := i.Fetch(ctx, arg)
		if wrong, ok := errors.AsType[importer.URLError](err); ok {
			return usageError{err: wrong}
		}
		return err
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return i.Folder(arg)
	case err == nil || arg == "-":
		data, err := i.readDocument(arg)
		i.Take(arg, data, err)
		return nil
	case !errors.Is(err, fs.ErrNotExist), strings.ContainsAny(arg, `/\`),
		slices.Contains(extensions, strings.ToLower(filepath.Ext(arg))):
		return usageError{err: err}
	}
	addr, err := typedAddress(arg)
	if err != nil {
		return usagef("%q is not a file, a URL or an address", arg)
	}
	return i.Discover(ctx, addr)
}

// extensions are those of files, and of no domain.
var extensions = []string{".xml", ".json", ".mobileconfig", ".plist", ".yaml", ".yml", ".txt"}

func (i *importing) environment() (*discover.Env, error) {
	if err := i.load(); err != nil { // for its resolver
		return nil, err
	}
	return i.network.environment(i.cfg), nil
}
