package discover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// lead asks DNS for names and does what follows for each.
func (w *walk) lead(ctx context.Context, s step, v vars) result {
	name := v.expand(cmp.Or(first(s.At), "{domain}"))
	start := time.Now()
	question, names, why, err := w.names(ctx, s, name)
	f, text := faultOf(err)
	if f == FaultNone {
		text = why
	}
	line := row(s, question, start, f, text)
	out := result{rows: []Step{line}}
	results := make([]result, len(names))
	var all sync.WaitGroup
	for i, x := range names {
		v.x = x
		if s.Together {
			at := v
			all.Go(func() { results[i] = w.steps(ctx, s.Steps, at, true) })
			continue
		}
		results[i] = w.steps(ctx, s.Steps, v, false)
		if results[i].settings != nil {
			break
		}
	}
	all.Wait()
	more := choose(results)
	if s.Do == askSRV && len(names) > 0 && foreign(names[0], v.addr.Domain) {
		switch s.Foreign {
		case foreignAlways:
			more.asks = append(more.asks, foreignAsk(names[0], askAlways, s.Family))
		case foreignIfTaken:
			more.asks = append(more.asks, foreignAsk(names[0], askTaken, s.Family))
		}
	}
	return out.and(more)
}

// names are those a DNS answer leads to, best first.
func (w *walk) names(ctx context.Context, s step, name string) (question string, names []string, why string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.time())
	defer cancel()
	switch s.Do {
	case askMX:
		hosts, err := w.env.MX(ctx, name)
		if err == nil {
			w.setMX(hosts)
			names = mxNames(hosts, name, s.ByHost)
			if parent := parentDomain(first(names)); s.AndParent && parent != "" {
				names = append(names, parent)
			}
		}
		return "MX " + name, names, namesWords(hosts), err
	case askNS:
		hosts, err := w.env.NS(ctx, name)
		for _, h := range hosts[:min(len(hosts), maxRecords)] {
			if parent := parentDomain(h); parent != "" && parent != name && !slices.Contains(names, parent) && len(names) < maxDomains {
				names = append(names, parent)
			}
		}
		return "NS " + name, names, namesWords(hosts), err
	}
	list, err := w.env.SRV(ctx, name)
	list = list[:min(len(list), maxRecords)]
	if len(list) == 0 {
		return "SRV " + name, nil, "", cmp.Or(err, provider.ErrNotFound)
	}
	best := order(list)[0]
	if s.Lightest {
		best = slices.MinFunc(list, func(a, b query.SRV) int { return cmp.Compare(a.Weight, b.Weight) })
	}
	host, err := provider.ParseHost(best.Target)
	if err != nil {
		return "SRV " + name, nil, "the target is ., so there is none", nil
	}
	return "SRV " + name, []string{host}, host, nil
}

// mxNames are the domains an exchanger is in: its name without the first
// label, then its registrable domain. An exchanger in the domain itself leads
// nowhere new.
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

// order is RFC 2782's, the draws always won by the heavier: discovery should
// say the same twice.
func order(list []query.SRV) []query.SRV {
	return query.Order(list, func(n int) int { return n - 1 })
}

// mailSRV asks for all services at once and takes the best of each direction:
// the lowest priority, then the order of the services (RFC 6186 §3.4).
func (w *walk) mailSRV(ctx context.Context, s step, v vars) result {
	domain := v.addr.Domain
	rows, lists := make([]Step, len(s.Services)), make([][]query.SRV, len(s.Services))
	var all sync.WaitGroup
	for i, service := range s.Services {
		all.Go(func() { rows[i], lists[i] = w.askService(ctx, s, "_"+service+"._tcp."+domain) })
	}
	all.Wait()
	servers, in, out := make([]*Server, len(lists)), -1, -1
	for i, service := range s.Services {
		svc, ok := serviceOf(service)
		if !ok || len(lists[i]) == 0 || lists[i][0].Target == "." {
			continue
		}
		srv := lists[i][0]
		servers[i] = byPassword(svc, provider.Printable(srv.Target, 253), srv.Port, v)
		best := &in
		if svc.Protocol == provider.SMTP {
			best = &out
		}
		if *best < 0 || !s.InOrder && srv.Priority < lists[*best][0].Priority {
			*best = i
		}
	}
	if s.BothWays && out < 0 {
		in = -1
	}
	r := settle(rows, servers, in, out, "SRV records of "+domain)
	var foreign []ask
	for _, i := range []int{in, out} { // RFC 6186 §6, without DNSSEC
		if in >= 0 && i >= 0 && s.Foreign == foreignIfTaken && provider.Registrable(lists[i][0].Target) != provider.Registrable(v.addr.Domain) {
			foreign = append(foreign, foreignAsk(lists[i][0].Target, askTaken, ""))
		}
	}
	r.asks = append(foreign, r.asks...)
	return r
}

// settle takes the servers of two rows, -1 for none. It asks for an outgoing
// server that is missing.
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

func (w *walk) askService(ctx context.Context, s step, name string) (Step, []query.SRV) {
	ctx, cancel := context.WithTimeout(ctx, s.time())
	defer cancel()
	start := time.Now()
	list, err := w.env.SRV(ctx, name)
	if err == nil && len(list) == 0 {
		err = provider.ErrNotFound
	}
	f, why := faultOf(err)
	if f != FaultNone {
		return row(s, "SRV "+name, start, f, why), nil
	}
	list = order(list[:min(len(list), maxRecords)])
	why = "not offered, says the target ."
	if list[0].Target != "." {
		why = fmt.Sprintf("%s:%d, priority %d", provider.Printable(list[0].Target, 253), list[0].Port, list[0].Priority)
	}
	return row(s, "SRV "+name, start, f, why), list
}

// guess tries to connect to every candidate at once. An open port is all that
// is looked at: what it speaks is for the client, or a probe, to see.
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

func (w *walk) try(ctx context.Context, s step, v vars, candidate string) (Step, *Server) {
	name, host, _ := strings.Cut(v.expand(candidate), "://")
	svc, _ := provider.ServiceByName(name) // the table has no other; a test looks
	ctx, cancel := context.WithTimeout(ctx, s.time())
	defer cancel()
	start := time.Now()
	address := fmt.Sprintf("%s:%d", host, svc.Port)
	conn, err := w.env.Connect(ctx, "tcp", address)
	f, why := faultOf(err)
	if f != FaultNone {
		return row(s, "connect "+address, start, f, why), nil
	}
	_ = conn.Close() // nothing was written
	return row(s, "connect "+address, start, f, "the port is open"), byPassword(svc, host, svc.Port, v)
}
