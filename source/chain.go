// Package source finds the provider of an address: in the operator's file ([Index]), among the built-ins, by a domain's
// mail exchanger ([MX]), each asked in turn ([Chain]).
package source

import (
	"context"
	"errors"
	"iter"
	"slices"

	"autoconfig/provider"
)

// Chain asks sources in order and takes the first answer. A source that is down does not stop the next ones, but when
// none of them knows the domain the answer is an error: never a wrong "not served". An [ISPDB] is asked only when none
// of those before it has the domain.
type Chain []provider.Source

// Lookup asks the sources in order.
func (c Chain) Lookup(ctx context.Context, a provider.Address) (*provider.Provider, error) {
	err := provider.ErrNotFound
	for _, s := range c {
		if _, others := s.(*ISPDB); others && !errors.Is(err, provider.ErrNotFound) {
			continue
		}
		p, e := s.Lookup(ctx, a)
		if e == nil {
			return p, nil
		}
		if !errors.Is(e, provider.ErrNotFound) {
			err = e
		}
	}
	return nil, err
}

// Listing is a listed domain and its provider; nil where only a look-up finds it.
type Listing struct {
	Domain   string
	Provider *provider.Provider
}

// Listings streams the domains of every source that can list its own, in order, without those that an [Index] before
// the source has. A [*RowError] is about its row alone; any other error comes at the end, and the list is incomplete.
func (c Chain) Listings(ctx context.Context) iter.Seq2[Listing, error] {
	return func(yield func(Listing, error) bool) {
		var faults []error
		for i, s := range c {
			for l, err := range listings(ctx, s) {
				if err != nil && !IsRowError(err) {
					faults = append(faults, err)
					break
				}
				if err == nil && c[:i].indexed(l.Domain) {
					continue
				}
				if !yield(l, err) {
					return
				}
			}
		}
		if err := errors.Join(faults...); err != nil {
			yield(Listing{}, err)
		}
	}
}

// Domains are the domains of [Chain.Listings].
func (c Chain) Domains(ctx context.Context) iter.Seq2[string, error] {
	return names(c.Listings(ctx))
}

func names(list iter.Seq2[Listing, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for l, err := range list {
			if !yield(l.Domain, err) {
				return
			}
		}
	}
}

// listings are the domains of one source.
func listings(ctx context.Context, s provider.Source) iter.Seq2[Listing, error] {
	return func(yield func(Listing, error) bool) {
		switch s := s.(type) {
		case *Rows:
			s.listings(ctx)(yield)
		case provider.Lister:
			for domain, err := range s.Domains(ctx) {
				if !yield(Listing{Domain: domain}, err) {
					return
				}
			}
		}
	}
}

// indexed reports whether a file names the domain.
func (c Chain) indexed(domain string) bool {
	return slices.ContainsFunc(c, func(s provider.Source) bool {
		x, ok := s.(*Index)
		if ok {
			_, ok = x.find(domain, x.hash(domain))
		}
		return ok
	})
}
