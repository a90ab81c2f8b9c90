// Package export writes what is served without an address as static files, for a web server or a CDN: DIR/HOST/PATH,
// with exactly the bytes that are served.
package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync/atomic"

	"autoconfig/config"
	"autoconfig/dnssrv/query"
	"autoconfig/provider"
	"autoconfig/server"
	"autoconfig/source"
)

// Options say what to export, and what to report meanwhile.
type Options struct {
	Settings *server.Settings
	Data     *config.Data
	Only     []string               // these domains alone, and nothing is removed; none: all
	Progress func(done, total int)  // now and then; total is -1 when it is not known
	Bad      func(*source.RowError) // for each row that cannot be used, from many goroutines
}

// Done counts what a run did.
type Done struct {
	Domains   int `json:"domains"`
	Written   int `json:"written"`
	Unchanged int `json:"unchanged"`
	Removed   int `json:"removed"`
	Skipped   int `json:"skipped,omitempty"` // rows that cannot be used
}

type export struct {
	Options
	tree         *tree
	domains, bad atomic.Int32
}

// Run brings a folder up to date. A new one appears with everything in it; [ErrForeign] is one that has something else
// in it.
func Run(ctx context.Context, dir string, o Options) (done Done, err error) {
	e := &export{Options: o}
	if e.tree, err = openTree(dir); err != nil {
		return done, err
	}
	defer e.tree.close()
	err = e.listed(ctx)
	if err == nil && len(e.Only) == 0 {
		if err = e.exchangers(); err == nil {
			err = e.tree.sweep()
		}
	}
	if err == nil {
		err = e.tree.commit()
	}
	if err != nil {
		return done, fmt.Errorf("%w; nothing was removed", err)
	}
	return Done{Domains: int(e.domains.Load()), Written: int(e.tree.written.Load()),
		Unchanged: int(e.tree.unchanged.Load()), Removed: e.tree.removed, Skipped: int(e.bad.Load())}, nil
}

// progressEvery is after how many domains progress is reported.
const progressEvery = 200

// listed writes the domains of the list, several at a time, as the list comes: what is in memory does not grow with it.
func (e *export) listed(ctx context.Context) error {
	var broke error // why the list ended early
	count := 0
	total, list := e.list(ctx)
	for err := range query.InOrder(ctx, query.Until(list, &broke), 2*runtime.GOMAXPROCS(0), e.domain) {
		if err != nil {
			return err
		}
		if count++; count%progressEvery == 0 {
			e.Progress(count, total)
		}
	}
	return cmp.Or(broke, context.Cause(ctx))
}

// list is what to export without the rows that cannot be used, and how many domains that are; -1: not known.
func (e *export) list(ctx context.Context) (total int, _ iter.Seq2[source.Listing, error]) {
	if len(e.Only) > 0 {
		return len(e.Only), func(yield func(source.Listing, error) bool) {
			for _, domain := range e.Only {
				if !yield(source.Listing{Domain: domain}, nil) {
					return
				}
			}
		}
	}
	total = e.Data.Listed.Len() + e.Data.Builtin.Len() + e.Data.Others()
	if len(e.Data.Remote) > 0 {
		total = -1
	}
	return total, func(yield func(source.Listing, error) bool) {
		for l, err := range e.Data.All().Listings(ctx) {
			if !e.skip(err) && !yield(l, err) {
				return
			}
		}
	}
}

// skip reports a row that cannot be used. What was good for its domain before stays.
func (e *export) skip(err error) bool {
	row, ok := errors.AsType[*source.RowError](err)
	if ok {
		e.tree.keep(row.Domain)
		if !row.NoName {
			e.bad.Add(1)
		}
		e.Bad(row)
	}
	return ok
}

func (e *export) domain(ctx context.Context, l source.Listing) error {
	p := l.Provider
	if p == nil {
		var err error
		p, err = e.Settings.Source.Lookup(ctx, provider.Address{Domain: l.Domain})
		switch {
		case errors.Is(err, provider.ErrNotFound) && len(e.Only) > 0:
			return fmt.Errorf("%s is not served", l.Domain)
		case errors.Is(err, provider.ErrNotFound): // the source that lists it does not find it: the server would answer 404
			return nil
		case len(e.Only) == 0 && e.skip(err):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", l.Domain, err)
		}
	}
	e.domains.Add(1)
	e.tree.keep(l.Domain)
	for _, f := range server.Export(e.Settings, p, l.Domain) {
		if err := e.tree.put(f); err != nil {
			return err
		}
	}
	return nil
}

// exchangers writes the names of mail exchangers, which the server answers in the ISPDB's form only.
func (e *export) exchangers() error {
	for _, p := range e.Data.ByMX() {
		for _, name := range p.MX {
			if e.tree.kept(name) {
				continue
			}
			e.tree.keep(server.ExportISPDB + "/" + name)
			if err := e.tree.put(server.ExportISPDBName(e.Settings, e.Settings.MXTable.ByHost(name), name)); err != nil {
				return err
			}
		}
	}
	return nil
}
