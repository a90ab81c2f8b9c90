package discover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// lead asks DNS for names and does the steps for each.
func (w *walk) lead(ctx context.Context, s step, v vars) result {
	name := v.expand(cmp.Or(first(s.At), "{domain}"))
	question, names := "SRV "+name, []string(nil)
	if s.Do != askSRV {
		question = string(s.Do) + " " + name
	}
	line := s.timed(ctx, question, func(ctx context.Context) (why string, err error) {
		names, why, err = w.names(ctx, s, name)
		return why, err
	})
	each, next := sequence, []step(nil)
	if s.Together {
		each = parallel
	}
	for _, x := range names {
		next = append(next, step{Do: each, Steps: s.Steps, x: x})
	}
	more := w.steps(ctx, next, v, s.Together)
	if s.Do == askSRV && len(names) > 0 && foreign(names[0], v.addr.Domain) {
		more.askForeign(s, names[0])
	}
	return result{rows: []Step{line}}.and(more)
}

// names are those a DNS answer leads to, best first.
func (w *walk) names(ctx context.Context, s step, name string) (names []string, why string, err error) {
	switch s.Do {
	case askMX:
		hosts, err := w.env.MX(ctx, name)
		if err != nil {
			return nil, "", err
		}
		w.setMX(hosts)
		names = mxNames(hosts, name, s.ByHost)
		if parent := parentDomain(first(names)); s.AndParent && parent != "" {
			names = append(names, parent)
		}
		return names, namesWords(hosts), nil
	case askNS:
		hosts, err := w.env.NS(ctx, name)
		for _, h := range hosts[:min(len(hosts), maxRecords)] {
			if parent := parentDomain(h); parent != "" && parent != name && !slices.Contains(names, parent) &&
				len(names) < maxDomains {
				names = append(names, parent)
			}
		}
		return names, namesWords(hosts), err
	}
	list, err := w.srv(ctx, name)
	if err != nil {
		return nil, "", err
	}
	best := list[0]
	if s.Lightest {
		best = slices.MinFunc(list, func(a, b query.SRV) int { return cmp.Compare(a.Weight, b.Weight) })
	}
	host, err := provider.ParseHost(best.Target)
	if err != nil {
		return nil, "the target is ., so there is none", nil
	}
	return []string{host}, host, nil
}

// srv asks for SRV records, in the order of RFC 2782; draws are always won by the heavier, as discovery should say the
// same twice.
func (w *walk) srv(ctx context.Context, name string) ([]query.SRV, error) {
	list, err := w.env.SRV(ctx, name)
	if err == nil && len(list) == 0 {
		err = provider.ErrNotFound
	}
	return query.Order(list[:min(len(list), maxRecords)], func(n int) int { return n - 1 }), err
}

// mxNames are the domains an exchanger is in: its name without the first label, then its registrable domain. An
// exchanger in the domain itself leads nowhere new.
func mxNames(hosts []string, domain string, byHost bool) []string {
	host, err := provider.ParseHost(strings.Join(hosts[:min(len(hosts), 1)], ""))
	if err != nil {
		return nil
	}
	if byHost {
		return []string{host}
	}
	full, base := parentDomain(host), provider.Registrable(host)
	if base == domain {
		return nil
	}
	if full == "" || !provider.Below(full, base) || full == base || full == domain {
		return []string{base}
	}
	return []string{full, base}
}

// first is the first of a list, "" of an empty one.
func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func (w *walk) setMX(hosts []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mx = hosts
}

func namesWords(names []string) string {
	return provider.Printable(strings.Join(names[:min(len(names), 4)], ", "), 400)
}

// mailSRV asks for all services at once and takes the best of each direction: the lowest priority, then the order of
// the services (RFC 6186 §3.4).
func (w *walk) mailSRV(ctx context.Context, s step, v vars) result {
	domain := v.addr.Domain
	rows, bests := make([]Step, len(s.Services)), make([]query.SRV, len(s.Services))
	var all sync.WaitGroup
	for i, service := range s.Services {
		all.Go(func() { rows[i], bests[i] = w.askService(ctx, s, "_"+service+"._tcp."+domain) })
	}
	all.Wait()
	servers, in, out := make([]*Server, len(rows)), -1, -1
	for i, service := range s.Services {
		svc, ok := serviceOf(service)
		if !ok || bests[i].Target == "" || bests[i].Target == "." {
			continue
		}
		servers[i] = byPassword(svc, provider.Printable(bests[i].Target, 253), bests[i].Port, v)
		best := &in
		if svc.Protocol == provider.SMTP {
			best = &out
		}
		if *best < 0 || !s.InOrder && bests[i].Priority < bests[*best].Priority {
			*best = i
		}
	}
	if s.BothWays && out < 0 {
		in = -1
	}
	r := settle(rows, servers, in, out, "SRV records of "+domain)
	missing := r.asks
	r.asks = nil
	for _, i := range []int{in, out} { // RFC 6186 §6, without DNSSEC
		if in >= 0 && i >= 0 && provider.Registrable(bests[i].Target) != provider.Registrable(domain) {
			r.askForeign(s, bests[i].Target)
		}
	}
	r.asks = append(r.asks, missing...)
	return r
}

// settle takes the servers of two rows, -1 for none. It asks for an outgoing server that is missing.
func settle(rows []Step, servers []*Server, in, out int, from string) result {
	r := result{rows: rows}
	if in < 0 {
		return r
	}
	r.settings = &Settings{Incoming: servers[in], From: from}
	rows[in].settings = r.settings
	if out < 0 {
		r.asks = []ask{{text: "the outgoing server", when: askTaken}}
		return r
	}
	r.settings.Outgoing = servers[out]
	rows[out].settings = r.settings
	return r
}

// byPassword is a service at a host, with the address as the user name.
func byPassword(svc provider.Service, host string, port uint16, v vars) *Server {
	return &Server{Protocol: string(svc.Protocol), Host: host, Port: port, Security: svc.Security,
		Auth: []provider.Auth{provider.AuthPassword}, Username: v.login.String()}
}

// serviceOf knows the services, and smtps, the name that aerc asks for too.
func serviceOf(name string) (provider.Service, bool) {
	if name == "smtps" {
		name = "submissions"
	}
	return provider.ServiceByName(name)
}

func (w *walk) askService(ctx context.Context, s step, name string) (line Step, best query.SRV) {
	line = s.timed(ctx, "SRV "+name, func(ctx context.Context) (string, error) {
		list, err := w.srv(ctx, name)
		if err != nil {
			return "", err
		}
		if best = list[0]; best.Target == "." {
			return "not offered, says the target .", nil
		}
		return fmt.Sprintf("%s:%d, priority %d", provider.Printable(best.Target, 253), best.Port, best.Priority), nil
	})
	return line, best
}

// guess tries to connect to every candidate at once. An open port is all that counts: what it speaks is for the client,
// or a probe, to find out.
func (w *walk) guess(ctx context.Context, s step, v vars) result {
	list := slices.Concat(s.Incoming, s.Outgoing)
	rows, servers := make([]Step, len(list)), make([]*Server, len(list))
	var all sync.WaitGroup
	for i, candidate := range list {
		all.Go(func() { rows[i], servers[i] = w.try(ctx, s, v, candidate) })
	}
	all.Wait()
	open := func(s *Server) bool { return s != nil }
	in, out := slices.IndexFunc(servers[:len(s.Incoming)], open), slices.IndexFunc(servers[len(s.Incoming):], open)
	if out >= 0 {
		out += len(s.Incoming)
	}
	return settle(rows, servers, in, out, "a guess")
}

func (w *walk) try(ctx context.Context, s step, v vars, candidate string) (line Step, open *Server) {
	name, host, _ := strings.Cut(v.expand(candidate), "://")
	svc, _ := provider.ServiceByName(name) // a test finds others in the file
	address := fmt.Sprintf("%s:%d", host, svc.Port)
	line = s.timed(ctx, "connect "+address, func(ctx context.Context) (string, error) {
		conn, err := w.env.Connect(ctx, "tcp", address)
		if err != nil {
			return "", err
		}
		open = byPassword(svc, host, svc.Port, v)
		return "the port is open", conn.Close() // nothing was written
	})
	return line, open
}
