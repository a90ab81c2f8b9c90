package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"autoconfig/config"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/server"
	"autoconfig/service"
	"autoconfig/source"
)

// export is one run of `export DIR`.
type export struct {
	*app
	only []string

	set  *server.Settings
	data *config.Data
	tree *tree
	bad  atomic.Int32 // rows of domains that cannot be used
}

// exported counts what a run did.
type exported struct {
	Domains   int `json:"domains"`
	Written   int `json:"written"`
	Unchanged int `json:"unchanged"`
	Removed   int `json:"removed"`
	Skipped   int `json:"skipped,omitempty"` // rows that cannot be used
}

func (a *app) exportCommand() *cobra.Command {
	e := &export{app: a}
	cmd := newCommand("export", "DIR", e.run)
	cmd.Flags().StringArrayVar(&e.only, "domain", nil, "write the files of this `domain` only, and remove none (repeatable)")
	return cmd
}

func (e *export) run(ctx context.Context, args []string) error {
	dir := args[0]
	only, err := domainArgs(e.only)
	if err != nil {
		return err
	}
	cfg, data, err := e.load()
	if err != nil {
		return err
	}
	e.data, e.set = data, service.Settings(cfg, data, nil)
	if e.tree, err = openTree(dir); err != nil {
		return err
	}
	defer e.tree.close()
	total, list := e.domains(ctx, only)
	done, err := e.write(ctx, total, list)
	if err == nil && len(only) == 0 {
		if err = e.exchangers(&done); err == nil {
			done.Removed, err = e.tree.sweep()
		}
	}
	if err == nil {
		err = e.tree.commit()
	}
	if err != nil {
		return fmt.Errorf("%w; nothing was removed", err)
	}
	done.Skipped = int(e.bad.Load())
	if e.json {
		err = e.printJSON(done)
	} else {
		_, err = fmt.Fprintf(e.stdout, "%s: %d domains, %d files written, %d unchanged, %d removed\n", dir, done.Domains, done.Written, done.Unchanged, done.Removed)
	}
	if err == nil && done.Skipped > 0 {
		return errSilent // each row has been reported
	}
	return err
}

// domains is what to export, and how many that are; -1: not known.
func (e *export) domains(ctx context.Context, only []string) (int, iter.Seq2[source.Listing, error]) {
	if len(only) > 0 {
		return len(only), func(yield func(source.Listing, error) bool) {
			for _, domain := range only {
				if !yield(source.Listing{Domain: domain}, nil) {
					return
				}
			}
		}
	}
	total := e.data.Listed.Len() + e.data.Builtin.Len() + e.data.Others()
	if len(e.data.Remote) > 0 {
		total = -1
	}
	return total, e.data.All().Listings(ctx)
}

// progressEvery is after how many domains the bar is drawn again.
const progressEvery = 200

// write renders and writes the domains of a list, several at a time, as the
// list comes: what is in memory does not grow with it.
func (e *export) write(ctx context.Context, total int, list iter.Seq2[source.Listing, error]) (exported, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := 2 * runtime.GOMAXPROCS(0)
	work := make(chan source.Listing, 64*workers)
	var all exported
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range workers {
		w := e.tree.worker()
		wg.Go(func() {
			if err := e.worker(ctx, w, work); err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.Domains += w.done.Domains
			all.Written += w.done.Written
			all.Unchanged += w.done.Unchanged
		})
	}
	if err := e.feed(ctx, newProgress(e.stderr, total), list, work); err != nil {
		cancel(err)
	}
	close(work)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return all, err
	}
	return all, nil
}

// skip reports a row that cannot be used. What was good for its domain before
// stays.
func (e *export) skip(err error) bool {
	row, ok := errors.AsType[*source.RowError](err)
	if ok {
		e.tree.keep(row.Domain)
		if !row.NoName {
			e.bad.Add(1)
		}
		e.printFindings([]finding.Finding{row.Finding()})
	}
	return ok
}

// feed hands the list to the workers.
func (e *export) feed(ctx context.Context, bar *progress, list iter.Seq2[source.Listing, error], work chan<- source.Listing) error {
	defer bar.clear()
	count := 0
	for l, err := range list {
		if e.skip(err) {
			continue
		}
		if err != nil {
			return err
		}
		select {
		case work <- l:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if count++; count%progressEvery == 0 {
			bar.step(count)
		}
	}
	return nil
}

func (e *export) worker(ctx context.Context, w *treeWorker, work <-chan source.Listing) error {
	for l := range work {
		if ctx.Err() != nil {
			return nil // another worker has the reason
		}
		p := l.Provider
		if p == nil {
			var err error
			p, err = e.set.Source.Lookup(ctx, provider.Address{Domain: l.Domain})
			switch {
			case errors.Is(err, provider.ErrNotFound) && len(e.only) > 0:
				return fmt.Errorf("%s is not served", l.Domain)
			case errors.Is(err, provider.ErrNotFound):
				continue // listed, but the source that lists it does not find it: the server would answer 404
			case len(e.only) == 0 && e.skip(err):
				continue
			case err != nil:
				return fmt.Errorf("%s: %w", l.Domain, err)
			}
		}
		w.done.Domains++
		e.tree.keep(l.Domain)
		for _, f := range server.Export(e.set, p, l.Domain) {
			if err := w.put(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// exchangers writes the names of mail exchangers, which the server answers in
// the ISPDB's form only.
func (e *export) exchangers(done *exported) error {
	w := e.tree.worker()
	for _, p := range e.data.ByMX() {
		for _, name := range p.MX {
			if e.tree.kept(name) {
				continue
			}
			e.tree.keepISPDB(name)
			if err := w.put(server.ExportISPDBName(e.set, e.set.MXTable.ByHost(name), name)); err != nil {
				return err
			}
		}
	}
	done.Written += w.done.Written
	done.Unchanged += w.done.Unchanged
	return nil
}
