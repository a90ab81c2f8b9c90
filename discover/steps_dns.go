package discover

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

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
	each := map[bool]kind{false: sequence, true: parallel}[s.Together]
	next := provider.Map(names, func(x string) step { return step{Do: each, Steps: s.Steps, x: x} })
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
		w.mu.Lock()
		w.mx = hosts
		w.mu.Unlock()
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

func (w *walk) srv(ctx context.Context, name string) ([]query.SRV, error) {
	list, err := w.env.SRV(ctx, name)
	if err == nil && len(list) == 0 {
		err = provider.ErrNotFound
	}
	return query.Order(list[:min(len(list), maxRecords)]), err
}

// mxNames are the domains above an exchanger, the nearest and the registrable one; none for one in the domain itself.
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

func namesWords(names []string) string {
	return provider.Printable(strings.Join(names[:min(len(names), 4)], ", "), 400)
}

// candidate is a server that a step may take, and the row of the question that led to it.
type candidate struct {
	row      Step
	server   *Server // nil: there is none
	priority uint16
}

func (w *walk) mailSRV(ctx context.Context, s step, v vars) result {
	r := settle(s, query.Together(s.Services, func(service string) candidate { return w.service(ctx, s, v, service) }))
	if r.settings == nil {
		return r
	}
	r.settings.From = "SRV records of " + v.addr.Domain
	first := result{}
	for _, server := range r.settings.servers() { // RFC 6186 §6, without DNSSEC
		if provider.Registrable(server.Host) != provider.Registrable(v.addr.Domain) {
			first.askForeign(s, server.Host)
		}
	}
	r.asks = append(first.asks, r.asks...)
	return r
}

// settle takes the best candidate of each direction (RFC 6186 §3.4), and asks for an outgoing server that is missing.
func settle(s step, list []candidate) (r result) {
	var in, out *candidate
	for i := range list {
		c, best := &list[i], &in
		if c.server == nil {
			continue
		}
		if c.server.Protocol == string(provider.SMTP) {
			best = &out
		}
		if *best == nil || !s.InOrder && c.priority < (*best).priority {
			*best = c
		}
	}
	switch {
	case in == nil, out == nil && s.BothWays:
	case out == nil:
		r.settings = &Settings{Incoming: in.server}
		r.asks = []ask{{text: "the outgoing server", when: askTaken}}
		in.row.settings = r.settings
	default:
		r.settings = &Settings{Incoming: in.server, Outgoing: out.server}
		in.row.settings, out.row.settings = r.settings, r.settings
	}
	for _, c := range list {
		r.rows = append(r.rows, c.row)
	}
	return r
}

// byPassword is a service at a host, with the address as the user name.
func byPassword(svc provider.Service, host string, port uint16, v vars) *Server {
	return &Server{Protocol: string(svc.Protocol), Host: host, Port: port, Security: svc.Security,
		Auth: []provider.Auth{provider.AuthPassword}, Username: v.login.String()}
}

// service asks for the SRV records of a service; smtps is a name that aerc asks for too.
func (w *walk) service(ctx context.Context, s step, v vars, service string) (c candidate) {
	name := "_" + service + "._tcp." + v.addr.Domain
	svc, known := provider.ServiceByName(strings.Replace(service, "smtps", "submissions", 1))
	c.row = s.timed(ctx, "SRV "+name, func(ctx context.Context) (string, error) {
		list, err := w.srv(ctx, name)
		if err != nil {
			return "", err
		}
		best := list[0]
		if best.Target == "." {
			return "not offered, says the target .", nil
		}
		target := provider.Printable(best.Target, 253)
		if known {
			c.server, c.priority = byPassword(svc, target, best.Port, v), best.Priority
		}
		return fmt.Sprintf("%s:%d, priority %d", target, best.Port, best.Priority), nil
	})
	return c
}

// guess tries to connect to every candidate at once. An open port is all that counts, whatever it speaks.
func (w *walk) guess(ctx context.Context, s step, v vars) result {
	r := settle(s, query.Together(slices.Concat(s.Incoming, s.Outgoing), func(place string) candidate {
		return w.try(ctx, s, v, place)
	}))
	if r.settings != nil {
		r.settings.From = "a guess"
	}
	return r
}

// try connects to a place of the form service://host.
func (w *walk) try(ctx context.Context, s step, v vars, place string) (c candidate) {
	name, host, _ := strings.Cut(v.expand(place), "://")
	svc, _ := provider.ServiceByName(name) // a test finds others in the file
	address := fmt.Sprintf("%s:%d", host, svc.Port)
	c.row = s.timed(ctx, "connect "+address, func(ctx context.Context) (string, error) {
		conn, err := w.env.Connect(ctx, "tcp", address)
		if err != nil {
			return "", err
		}
		c.server = byPassword(svc, host, svc.Port, v)
		return "the port is open", conn.Close() // nothing was written
	})
	return c
}
