package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"autoconfig/finding"
	"autoconfig/provider"
)

// RowError is a row that cannot be used; the other rows of its source can.
type RowError struct {
	Source  string
	Domain  string // in quotes, where it is not a domain name
	Problem string
	NoName  bool // it is not about a domain, so no domain lacks settings
}

func (e *RowError) Error() string {
	return fmt.Sprintf("the row for %s in the source %q cannot be used: %s", e.Domain, e.Source, e.Problem)
}

// Unwrap: whether the domain is served is not known.
func (e *RowError) Unwrap() []error { return []error{provider.ErrUnavailable, errRow} }

// Finding is the fault for a report about the domain.
func (e *RowError) Finding() finding.Finding {
	f := finding.New("config-source-row", e.Domain).
		Because("the row in the source %q cannot be used: %s", e.Source, e.Problem)
	if e.NoName {
		f.Level = finding.Warn
	}
	return f
}

// IsRowError reports whether an error is about one row.
func IsRowError(err error) bool {
	_, ok := errors.AsType[*RowError](err)
	return ok
}

// shown is the start of what should be a name, in quotes.
func shown(text string) string { return strconv.QuoteToASCII(text[:min(len(text), 100)]) }

func unknownProvider(id string) string {
	if id == "" {
		return "it has no provider"
	}
	return fmt.Sprintf("it has the provider %s, which the configuration lacks", shown(id))
}

// mostBadRows is how many are remembered.
const mostBadRows = 1000

// badRows are the rows known to be bad: those that a look-up met, with what is
// wrong, and those of the last complete list.
type badRows struct {
	mu     sync.Mutex
	asked  map[string]string
	inList []string
}

// met notes a row, and reports whether it is new.
func (b *badRows) met(domain, problem string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked == nil {
		b.asked = map[string]string{}
	}
	if b.asked[domain] == problem || len(b.asked) >= mostBadRows {
		return false
	}
	b.asked[domain] = problem
	return true
}

func (b *badRows) good(domain string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.asked, domain)
	b.inList = slices.DeleteFunc(b.inList, func(bad string) bool { return bad == domain })
}

func (b *badRows) listed(bad []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inList = bad
}

// names are the domains, sorted.
func (b *badRows) names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.AppendSeq(slices.Clone(b.inList), maps.Keys(b.asked))
	slices.Sort(all)
	return slices.Compact(all)
}

// Check is [Backend.Check], and checks whether bad rows have been fixed.
func (r *Rows) Check(ctx context.Context) error {
	if err := r.Backend.Check(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.o.Cache.Timeout)
	defer cancel()
	domains := r.bad.names()
	for _, domain := range domains[:min(len(domains), atOneCheck)] {
		if _, err := provider.ParseDomain(domain); err != nil {
			continue // only the list has it
		}
		r.domains.outdated(domain, true)
		if _, err := r.provider(ctx, domain); err != nil && !isAnswer(err) {
			return err
		}
	}
	return nil
}

// atOneCheck is how many bad rows a check looks at.
const atOneCheck = 20

// BadRows are the domains whose rows are known to be bad, sorted.
func (r *Rows) BadRows() []string { return r.bad.names() }

// unusable notes and logs a bad row.
func (r *Rows) unusable(domain, problem string) error {
	err := &RowError{Source: r.o.Name, Domain: domain, Problem: problem}
	if r.bad.met(domain, problem) {
		f := err.Finding()
		r.o.Log.Error(f.String(), "id", f.ID, "source", r.o.Name)
	}
	return err
}
