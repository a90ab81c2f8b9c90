// Package setup finds out, for somebody who begins, which mail servers a domain has, and writes the configuration that
// says so. It announces what answers, under a name that the certificate covers, and nothing else.
package setup

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"autoconfig/discover"
	"autoconfig/discover/probe"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// The times in which a survey ends: 14 s at most, whatever does not answer, and about one second where everything does.
const (
	mxTime       = 3 * time.Second // before anything else, since a built-in provider needs no survey
	documentTime = 5 * time.Second
	portStep     = 4 * time.Second
	portTime     = 6 * time.Second
	wholeTime    = 11 * time.Second // of what follows the MX record
	mostHosts    = 16
)

// Why says why a host was probed, the best reason first.
type Why int

// The reasons.
const (
	Given     Why = iota // by the operator
	Published            // by a settings document over verified https
	Service              // by an SRV record
	Usual                // a name that mail servers usually have
	Exchanger            // by the MX record
)

func (w Why) String() string {
	return [...]string{"given", "in the settings published", "SRV record", "usual name", "MX record"}[w]
}

// Port is one port of a host.
type Port struct {
	probe.Result
	Announced bool
	Note      string // why not, or what goes with it
}

// Host is one host that was probed.
type Host struct {
	Name  string
	Why   Why
	Ports []Port

	by      map[provider.Protocol]Why // what names it for a protocol
	service int                       // the best that names it, by its place among all
}

// Result is what was found out about a domain.
type Result struct {
	Domain   string
	MX       []string
	MXErr    error
	Unknown  bool               // the domain does not exist
	Builtin  *provider.Provider // that the exchangers belong to
	Hosts    []*Host            // best reason first
	Username string             // template of the login name in the settings published
	From     []string           // the documents that the domain publishes
}

// Options are the network and what is known already.
type Options struct {
	Env  *discover.Env
	Now  func() time.Time
	IMAP *provider.Server // given by the operator: a host, and maybe a port; nil: not known
	SMTP *provider.Server
}

type survey struct {
	o      Options
	prober *probe.Prober
	ctx    context.Context //nolint:containedctx // of all goroutines of one survey

	running sync.WaitGroup
	mu      sync.Mutex
	seen    *Result
	asked   map[string]bool // servers, by subject and security
}

// Survey examines a domain: its MX and SRV records, the settings that it publishes, and the ports of all these hosts.
func Survey(ctx context.Context, domain string, o Options) *Result {
	l := &survey{o: o, seen: &Result{Domain: domain}, asked: map[string]bool{}}
	mx, cancel := context.WithTimeout(ctx, mxTime)
	l.seen.MX, l.seen.MXErr = o.Env.MX(mx, domain)
	cancel()
	question, failed := errors.AsType[*query.QuestionError](l.seen.MXErr)
	l.seen.Unknown = failed && question.Answer.Outcome == query.NXDOMAIN
	if errors.Is(l.seen.MXErr, provider.ErrUnavailable) || l.seen.Unknown {
		return l.seen // neither would the names of servers be answered
	}
	if l.seen.Builtin = source.NewMXTable(provider.Builtins()).ByHosts(l.seen.MX); l.seen.Builtin != nil &&
		o.IMAP == nil && o.SMTP == nil {
		return l.seen
	}
	l.ctx, cancel = context.WithTimeout(ctx, wholeTime)
	defer cancel()
	env := *o.Env
	env.Host = l.addresses()
	l.prober = probe.New(probe.Options{Env: &env, Step: portStep, Total: portTime, Now: o.Now, Once: true})
	l.begin()
	l.running.Wait()
	slices.SortStableFunc(l.seen.Hosts, func(a, b *Host) int { return cmp.Or(int(a.Why-b.Why), a.service-b.service) })
	l.seen.choose()
	return l.seen
}

// addresses asks DNS once for each host, not once for each of its ports.
func (l *survey) addresses() func(context.Context, string) ([]netip.Addr, error) {
	var known query.Memory[[]netip.Addr]
	return func(_ context.Context, host string) ([]netip.Addr, error) {
		return known.Get(host, func() ([]netip.Addr, error) {
			ctx, cancel := context.WithTimeout(l.ctx, portStep)
			defer cancel()
			return l.o.Env.Host(ctx, host)
		})
	}
}

func (l *survey) begin() {
	for _, s := range []*provider.Server{l.o.IMAP, l.o.SMTP} {
		if s != nil {
			l.visit(*s, Given)
		}
	}
	if l.o.IMAP != nil && l.o.SMTP != nil {
		return
	}
	for _, label := range []string{"mail", "imap", "smtp", "pop"} {
		l.visit(provider.Server{Host: label + "." + l.seen.Domain}, Usual)
	}
	for _, host := range l.seen.MX {
		l.visit(provider.Server{Host: host}, Exchanger)
	}
	for _, s := range provider.Services() {
		l.running.Go(func() { l.service(s) })
	}
	l.running.Go(l.documents)
}

// service asks for the SRV record of a service (RFC 6186, RFC 8314, RFC 5804).
func (l *survey) service(s provider.Service) {
	records, err := l.o.Env.SRV(l.ctx, "_"+s.Name+"._tcp."+l.seen.Domain)
	if err != nil {
		return // none, or no answer: the usual names remain
	}
	for _, r := range query.Order(records) {
		if r.Target != "." && r.Port != 0 {
			l.visit(provider.Server{Protocol: s.Protocol, Host: r.Target, Port: r.Port, Security: s.Security}, Service)
		}
	}
}

// asPrograms are the clients whose ways lead to every kind of document, without guesses.
var asPrograms = []string{"thunderbird-ios", "outlook", "pacc"}

func (l *survey) documents() {
	ctx, cancel := context.WithTimeout(l.ctx, documentTime)
	defer cancel()
	env := *l.o.Env
	env.Limit = documentTime
	env.Done = func(r discover.Result) {
		if r.Settings != nil && r.Settings.Verified {
			l.published(r.Settings)
		}
	}
	_, _ = discover.Run(ctx, &env, provider.Address{Domain: l.seen.Domain}, asPrograms...) // they are known
}

func (l *survey) published(s *discover.Settings) {
	l.mu.Lock()
	from, _, _ := strings.Cut(s.From, "?")
	if from = strings.TrimPrefix(from, "GET "); !slices.Contains(l.seen.From, from) {
		l.seen.From = append(l.seen.From, from)
	}
	if s.Incoming != nil && s.Incoming.Username == "postmaster" { // for whom discovery asks
		l.seen.Username = provider.EmailLocalPart
	}
	l.mu.Unlock()
	for _, found := range []*discover.Server{s.Incoming, s.Outgoing} {
		if server, ok := found.Mail(); ok {
			server.Auth = nil // what the server offers counts
			l.visit(server, Published)
		}
	}
}

// visit probes a server and the other ports of its host; an operator's alone, or without a port those of its protocol.
func (l *survey) visit(s provider.Server, why Why) {
	named := []provider.Protocol{s.Protocol} // "" for a host alone
	if s.Protocol == provider.IMAP && s.Port == 0 {
		named = append(named, provider.POP3, provider.ManageSieve)
	}
	h := l.add(s, why, named)
	if h == nil {
		return
	}
	s.Host = h.Name
	if svc, ok := s.Service(); s.Port != 0 && (why == Given || ok && svc.Port != s.Port) {
		l.port(h, s)
	}
	for _, svc := range provider.Services() {
		if why != Given || s.Port == 0 && slices.Contains(named, svc.Protocol) {
			l.port(h, provider.Server{Protocol: svc.Protocol, Host: h.Name, Port: svc.Port, Security: svc.Security})
		}
	}
}

// add notes why a host is probed; nil for what is not a host name, as records may say anything, or one too many.
func (l *survey) add(s provider.Server, why Why, named []provider.Protocol) *Host {
	parse := provider.ParseDomain
	if why == Given {
		parse = provider.ParseHost // one label will do
	}
	name, err := parse(s.Host)
	if err != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	hosts := &l.seen.Hosts
	i := slices.IndexFunc(*hosts, func(h *Host) bool { return h.Name == name })
	switch {
	case i < 0 && len(*hosts) == mostHosts:
		return nil
	case i < 0:
		i = len(*hosts)
		*hosts = append(*hosts, &Host{Name: name, Why: why, by: map[provider.Protocol]Why{},
			service: len(provider.Services())})
	}
	h := (*hosts)[i]
	h.Why = min(h.Why, why)
	for _, p := range named {
		if known, ok := h.by[p]; !ok || why < known {
			h.by[p] = why
		}
	}
	if s.Port != 0 {
		h.service = min(h.service, serviceRank(s))
	}
	return h
}

func (l *survey) port(h *Host, s provider.Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := probe.Subject(s) + string(s.Security)
	if l.asked[key] {
		return
	}
	l.asked[key] = true
	l.running.Go(func() {
		r := l.prober.Run(l.ctx, probe.Target{Server: s})
		l.mu.Lock()
		defer l.mu.Unlock()
		h.Ports = append(h.Ports, Port{Result: r})
	})
}

// nameless reports whether a name cannot be resolved, or has no address.
func (h *Host) nameless() bool {
	return len(h.Ports) > 0 && slices.ContainsFunc(h.Ports[0].Findings,
		func(f finding.Finding) bool { return strings.HasPrefix(f.ID, "connect-name-") })
}
