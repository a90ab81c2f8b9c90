package acme

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"autoconfig/provider"
)

// Leads finds out by DNS whether a name leads to this server: an authority would look for the proof there (RFC 8555
// §8.3), and any order for a name that leads elsewhere fails.
type Leads struct {
	o       LeadsOptions
	flights singleflight.Group
	slots   chan struct{}

	mu    sync.Mutex
	names map[string]lead
}

// LeadsOptions say what this server's addresses are.
type LeadsOptions struct {
	// Lookup lists a host's addresses; an error that wraps [provider.ErrNotFound] means that there are none, any other
	// that nobody knows.
	Lookup    func(ctx context.Context, host string) ([]netip.Addr, error)
	Addresses []netip.Addr // as configured
	Listen    string       // HOST:PORT of the https listener; without a HOST every address of this machine counts
	Now       func() time.Time
}

// lead is what is known of a name.
type lead struct {
	addrs []netip.Addr
	err   error
	at    time.Time
	here  time.Time // when it last led here
}

// The bounds of looking names up.
const (
	lookupTimeout = 3 * time.Second
	lookupsAtOnce = 256            // as many as orders
	lookupKept    = time.Minute    // an answer is believed
	lastLead      = 24 * time.Hour // for [Leads.Lately]
	leadsKept     = 10_000
	addrsShown    = 4
)

// ErrElsewhere is the error for a name that leads elsewhere, or nowhere, by DNS.
var ErrElsewhere = errors.New("the name does not lead to this server")

var (
	errUnanswered = errors.New("DNS does not say where the name leads")
	errTooMany    = fmt.Errorf("%w: too many look-ups are under way", errUnanswered)
)

// NewLeads makes a checker without memory.
func NewLeads(o LeadsOptions) *Leads {
	return &Leads{o: o, slots: make(chan struct{}, lookupsAtOnce), names: map[string]lead{}}
}

// Check is nil for a name that leads here, as the given service hosts do. Its error wraps [ErrElsewhere], or there was
// no answer. What was found counts for a minute.
func (l *Leads) Check(ctx context.Context, host string, service ...string) error {
	if slices.Contains(service, host) {
		return nil
	}
	compare := func(ctx context.Context, host string) lead { return l.compare(ctx, host, service) }
	return l.once(ctx, host, compare).err
}

// Lately reports whether a name led here within the last day: what is said while DNS does not answer, to a proxy that
// asks about a certificate it may have.
func (l *Leads) Lately(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := l.names[host].here
	return !here.IsZero() && l.o.Now().Sub(here) < lastLead
}

// Forget ends what is known of the names in a domain, or of all; but not where they led within the last day.
func (l *Leads) Forget(domain string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for host, n := range l.names {
		if domain == "" || strings.HasSuffix(host, "."+domain) {
			n.at = time.Time{}
			l.names[host] = n
		}
	}
}

// once finds something out about a host, at most once a minute.
func (l *Leads) once(ctx context.Context, host string, how func(context.Context, string) lead) lead {
	l.mu.Lock()
	n, ok := l.names[host]
	l.mu.Unlock()
	if age := l.o.Now().Sub(n.at); ok && age >= 0 && age < lookupKept {
		return n
	}
	select {
	case <-ctx.Done():
		return lead{err: fmt.Errorf("%w: %w", errUnanswered, ctx.Err())}
	case got := <-l.flights.DoChan(host, func() (any, error) { return l.note(host, how), nil }):
		return got.Val.(lead) //nolint:errcheck,forcetypeassert // note returns no other
	}
}

func (l *Leads) note(host string, how func(context.Context, string) lead) lead {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	n := how(ctx, host)
	if errors.Is(n.err, errTooMany) {
		return n // it says nothing about the name
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.at, n.here = l.o.Now(), l.names[host].here; n.err == nil {
		n.here = n.at
	}
	if len(l.names) >= leadsKept {
		clear(l.names) // what is forgotten costs a question
	}
	l.names[host] = n
	return n
}

// compare compares the addresses of a host with this server's and those of the service hosts.
func (l *Leads) compare(ctx context.Context, host string, services []string) lead {
	found := l.resolve(ctx, host)
	here := func(mine []netip.Addr) bool {
		return slices.ContainsFunc(found.addrs, func(a netip.Addr) bool { return slices.Contains(mine, a) })
	}
	if found.err != nil || here(l.own()) {
		return lead{err: found.err}
	}
	var unanswered error
	for _, host := range services {
		service := l.once(ctx, host, l.resolve)
		if here(service.addrs) {
			return lead{}
		} else if errors.Is(service.err, errUnanswered) {
			unanswered = service.err
		}
	}
	if unanswered != nil {
		return lead{err: unanswered}
	}
	shown := found.addrs[:min(len(found.addrs), addrsShown)]
	return lead{err: fmt.Errorf("%w: its addresses are %v", ErrElsewhere, shown)}
}

// resolve asks DNS for a host's addresses.
func (l *Leads) resolve(ctx context.Context, host string) (n lead) {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return lead{err: errTooMany}
	}
	n.addrs, n.err = l.o.Lookup(ctx, host)
	for i := range n.addrs {
		n.addrs[i] = n.addrs[i].Unmap()
	}
	switch {
	case errors.Is(n.err, provider.ErrNotFound), n.err == nil && len(n.addrs) == 0:
		n.err = fmt.Errorf("%w: it has no address", ErrElsewhere)
	case n.err != nil:
		n.err = fmt.Errorf("%w: %w", errUnanswered, n.err)
	}
	return n
}

// own are the addresses configured and the listener's. Without a host it listens on all of this machine's; loopback and
// link-local ones are everybody's and say nothing.
func (l *Leads) own() []netip.Addr {
	own := slices.Clone(l.o.Addresses)
	host, _, _ := net.SplitHostPort(l.o.Listen) // empty without a listener
	if bound, err := netip.ParseAddr(host); err == nil && !bound.IsUnspecified() {
		return append(own, bound.Unmap())
	}
	all, _ := net.InterfaceAddrs() // without them the name leads elsewhere
	for _, i := range all {
		p, err := netip.ParsePrefix(i.String())
		if a := p.Addr().Unmap(); err == nil && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			own = append(own, a)
		}
	}
	return own
}
