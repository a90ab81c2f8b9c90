package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unique"

	"golang.org/x/time/rate"

	"autoconfig/finding"
	"autoconfig/provider"
)

// BackendOptions are how a database or a directory is asked.
type BackendOptions struct {
	Name     string // in the log and in /readyz
	Provider string // id of every domain; empty: the backend answers it
	Logins   bool   // ask for the login name of an address
	Cache    CacheOptions
	Log      *slog.Logger
}

// Backend is a database or a directory that knows domains, with a cache of its
// answers. It outlives the settings that use it.
type Backend struct {
	o       BackendOptions
	store   store
	domains *cache[unique.Handle[string]] // domain → provider id
	logins  *cache[string]                // address → login name
	logged  [3]rate.Sometimes             // the failures, by query
}

// store asks a backend. What is not there is [provider.ErrNotFound]; any other error means that it cannot answer now.
type store interface {
	domain(ctx context.Context, domain string) (id string, err error)
	login(ctx context.Context, a provider.Address) (string, error)
	list(ctx context.Context) iter.Seq2[row, error]
	close() error
}

// row is a listed domain and its provider's id, if the list has it.
type row struct{ domain, id string }

// query is one of [Questions], as the log names it.
type query int

const (
	queryDomain query = iota
	queryList
	queryUser
)

func (q query) String() string { return [...]string{"domain", "list", "user"}[q] }

func backendOf(o BackendOptions, s store) *Backend {
	b := &Backend{o: o, store: s}
	for i := range b.logged {
		b.logged[i].Interval = logEvery
	}
	b.domains, b.logins = newCache(o.Cache, b.askDomain), newCache(o.Cache, b.askLogin)
	return b
}

// Name is the name of the backend in the log.
func (b *Backend) Name() string { return b.o.Name }

// Forget drops a domain from the cache. Without one everything is asked for
// again, but is still answered from memory while the backend is down.
func (b *Backend) Forget(domain string) {
	b.domains.forget(domain)
	b.logins.forgetIn(domain)
}

// Close ends its connections.
func (b *Backend) Close() error { return b.store.close() }

// Down reports whether the backend fails to answer.
func (b *Backend) Down() bool { return b.domains.Down() || b.logins.Down() }

func (b *Backend) askDomain(ctx context.Context, domain string) (unique.Handle[string], error) {
	id, err := b.store.domain(ctx, domain)
	if err != nil {
		b.failed(queryDomain, err)
		return unique.Handle[string]{}, err
	}
	if b.o.Provider != "" {
		id = b.o.Provider
	}
	return unique.Make(id), nil // one string for all of the provider's domains
}

func (b *Backend) askLogin(ctx context.Context, address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	login, err := b.store.login(ctx, provider.Address{Local: address[:at], Domain: address[at+1:]})
	switch {
	case err != nil:
	case login == "":
		err = provider.ErrNotFound
	case len(login) > maxLogin || strings.ContainsFunc(login, provider.Unprintable):
		err = errLogin
	default:
		return login, nil
	}
	b.failed(queryUser, err)
	return "", err
}

const maxLogin = 254 // octets, as an address

var errLogin = fmt.Errorf("%w: a login name that is too long or has control characters", errRow)

// logEvery bounds how often the failure of one query is logged: a backend that is down fails for every question.
const logEvery = 10 * time.Second

// failed logs a failure by the name of the query. Stores keep local parts out of their errors.
func (b *Backend) failed(q query, err error) {
	if errors.Is(err, provider.ErrNotFound) || errors.Is(err, context.Canceled) {
		return
	}
	b.logged[q].Do(func() {
		b.o.Log.Error("a source cannot answer", "source", b.o.Name, "query", q.String(), "error", err)
	})
}

// nobody is a domain that cannot exist (RFC 6761 §6.4).
const nobody = "autoconfig.invalid"

// Check asks the backend about nobody, so that a mistake in a query or an outage shows before a client comes, and
// repeats the question that failed last, so that the end of an outage shows without one.
func (b *Backend) Check(ctx context.Context) error {
	err := b.domains.probe(ctx, nobody)
	if err == nil && b.o.Logins {
		err = b.logins.probe(ctx, "nobody@"+nobody)
	}
	return err
}

// BuiltinRows lists the built-in domains that the backend has rows for. They
// are ignored: only the vendor can serve them.
func (b *Backend) BuiltinRows(ctx context.Context) ([]string, error) {
	var out []string
	for _, p := range provider.Builtins() {
		for _, domain := range append(p.Domains, p.Unverified...) {
			switch _, err := b.store.domain(ctx, domain); {
			case err == nil:
				out = append(out, domain)
			case !errors.Is(err, provider.ErrNotFound):
				return out, err
			}
		}
	}
	return out, nil
}

// Rows is a backend with the providers of one configuration.
type Rows struct {
	*Backend
	providers map[string]*provider.Provider
	bad       badRows
}

// With combines the backend with the providers that its ids name.
func (b *Backend) With(providers []*provider.Provider) *Rows {
	known := map[string]*provider.Provider{}
	for _, p := range providers {
		known[p.ID] = p
	}
	return &Rows{Backend: b, providers: known}
}

// Lookup finds the provider of an address's domain, and the login name of the
// address where the backend is asked for it.
func (r *Rows) Lookup(ctx context.Context, a provider.Address) (*provider.Provider, error) {
	if provider.VendorOwned(a.Domain) != "" {
		return nil, provider.ErrNotFound
	}
	p, err := r.provider(ctx, a.Domain)
	if err != nil || !r.o.Logins || a.Local == "" {
		return p, err
	}
	login, err := r.logins.get(ctx, a.String())
	switch {
	case errors.Is(err, provider.ErrNotFound):
		return p, nil
	case err != nil:
		return nil, err
	}
	return personal(p, a, login), nil
}

// provider finds the provider of a domain. For an id that the configuration lacks
// it asks the backend again, in case both have changed.
func (r *Rows) provider(ctx context.Context, domain string) (*provider.Provider, error) {
	for again := false; ; again = true {
		id, err := r.domains.get(ctx, domain)
		if errors.Is(err, provider.ErrNotFound) {
			r.bad.good(domain)
		}
		if err != nil {
			return nil, err
		}
		if p := r.providers[id.Value()]; p != nil {
			r.bad.good(domain)
			return p, nil
		}
		if again || !r.domains.outdated(domain, false) {
			return nil, r.unusable(domain, unknownProvider(id.Value()))
		}
	}
}

// personal is p with the login name of one person on every server. It is p itself
// where the templates give that name anyway.
func personal(p *provider.Provider, a provider.Address, login string) *provider.Provider {
	other := func(s provider.Server) bool { return provider.Expand(s.Username, a) != login }
	if !slices.ContainsFunc(p.AllServers(), other) {
		return p
	}
	q := p.WithOwnServers()
	q.Personal = true
	for _, s := range q.Each() {
		s.Username = login
	}
	return q
}

// Domains lists the domains of the backend's list, as it streams them.
func (r *Rows) Domains(ctx context.Context) iter.Seq2[string, error] {
	return names(r.listings(ctx))
}

// listings are the domains of the list, with their providers if those are known. A row that cannot be used is a
// [*RowError], after which the list goes on; a row for a built-in domain is logged and left out. After any other error
// the list is incomplete.
func (r *Rows) listings(ctx context.Context) iter.Seq2[Listing, error] {
	return func(yield func(Listing, error) bool) {
		var bad []string
		for row, err := range r.store.list(ctx) {
			if err != nil {
				r.failed(queryList, err)
				yield(Listing{}, fmt.Errorf("%w: the list of the source %q: %w", provider.ErrUnavailable, r.o.Name, err))
				return
			}
			domain, err := provider.ParseDomain(row.domain)
			if err == nil && provider.VendorOwned(domain) != "" {
				r.o.Log.Warn(BuiltinRow(r.o.Name, domain).String(), "id", "config-builtin-row")
				continue
			}
			l, wrong := r.listing(domain, row, err != nil)
			err = nil
			if wrong != "" {
				if len(bad) < mostBadRows {
					bad = append(bad, l.Domain)
				}
				err = &RowError{Source: r.o.Name, Domain: l.Domain, Problem: wrong, NoName: domain == ""}
			}
			if !yield(l, err) {
				return
			}
		}
		r.bad.listed(bad)
	}
}

// listing is one row of the list, and what is wrong with it.
func (r *Rows) listing(domain string, row row, malformed bool) (l Listing, wrong string) {
	if r.o.Provider != "" {
		row.id = r.o.Provider
	}
	switch {
	case malformed:
		return Listing{Domain: shown(row.domain)}, "it is not a domain name of two labels or more"
	case row.id != "" && r.providers[row.id] == nil:
		return Listing{Domain: domain}, unknownProvider(row.id)
	}
	return Listing{domain, r.providers[row.id]}, ""
}

// BuiltinRow is the finding for a row about a built-in domain.
func BuiltinRow(source, domain string) finding.Finding {
	return finding.New("config-builtin-row", source).Because(
		"a row for %s, which the built-in provider %q owns; it is not looked at", domain, provider.VendorOwned(domain))
}
