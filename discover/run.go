package discover

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"autoconfig/dnssrv/query"
	"autoconfig/provider"
)

// Run walks the discovery of the named clients, of all without names, at the same time. An address without a local part
// is asked for as postmaster's, whom every domain has (RFC 5321 §4.5.1). The error is a name that no client has; what a
// client finds or fails to find is not an error.
func Run(ctx context.Context, env *Env, addr provider.Address, names ...string) (*Report, error) {
	clients, err := pick(names)
	if err != nil {
		return nil, err
	}
	r := &Report{Address: addr.String(), domain: addr.Domain}
	if addr.Local == "" {
		addr.Local = "postmaster"
	}
	r.Clients = query.Together(clients, func(c client) Result {
		w := &walk{env: env, client: c}
		out := w.run(ctx, addr)
		if env.Done != nil {
			env.Done(out)
		}
		return out
	})
	r.Compare(nil)
	return r, nil
}

func pick(names []string) ([]client, error) {
	if len(names) == 0 {
		return clients(), nil
	}
	known := provider.Map(clients(), func(c client) string { return c.Name })
	var out []client
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, fmt.Errorf("no client %q; write one of %s", name, strings.Join(known, ", "))
		}
		out = append(out, clients()[i])
	}
	return out, nil
}

// walk is one client on its way.
type walk struct {
	env       *Env
	client    client
	transport http.RoundTripper
	requests  atomic.Int32
	addrs     atomic.Int32 // RedirectAddr answers followed
	urls      atomic.Int32 // RedirectUrl answers followed

	mu sync.Mutex
	mx []string
}

// result is how a step ended, with the rows of all that was done for it.
type result struct {
	rows     []Step
	settings *Settings
	family   string
	stop     bool // the family is not used any more
	asks     []ask
}

// ask is a question to the user and when it is put.
type ask struct {
	text   string
	when   askWhen
	family string
}

type askWhen int

const (
	askTaken  askWhen = iota // when the settings are taken
	askAlways                // even when others are taken, unless an earlier step of the family had some
	askEmpty                 // when there are no settings at all
)

func (w *walk) run(ctx context.Context, addr provider.Address) Result {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(w.env.Limit, defaultLimit))
	defer cancel()
	if w.transport = w.env.Transport; w.transport == nil {
		own := w.env.newTransport() // connections are a client's own, as its times are
		defer own.CloseIdleConnections()
		w.transport = own
	}
	v := vars{addr: addr, login: addr, x: addr.Domain, ispdb: cmp.Or(w.env.ISPDB, ISPDB)}
	return w.conclude(w.step(ctx, w.client.Plan, v))
}

func (w *walk) step(ctx context.Context, s step, v vars) result {
	s.Timeout, v.x = cmp.Or(s.Timeout, w.client.Timeout), cmp.Or(s.x, v.x)
	var r result
	switch s.Do {
	case sequence, parallel:
		return w.steps(ctx, s.Steps, v, s.Do == parallel)
	case askMX, askNS, askSRV:
		r = w.lead(ctx, s, v)
	case mailSRV:
		r = w.mailSRV(ctx, s, v)
	case guess:
		r = w.guess(ctx, s, v)
	case paccFetch:
		r = w.pacc(ctx, s, v)
	case autoconfig, poxPost, poxGet, poxHop, mobileSync, autoJSON:
		r = w.http(ctx, s, v, v.expand(first(s.At)))
	}
	r.family = s.Family
	if s.Asks != "" && r.settings != nil {
		r.asks = append(r.asks, ask{text: s.Asks, when: askTaken})
	}
	return r
}

// steps does a list of steps and takes the first settings that no earlier step of its family bars.
func (w *walk) steps(ctx context.Context, list []step, v vars, together bool) result {
	if together {
		return choose(query.Together(list, func(s step) result { return w.step(ctx, s, v) }))
	}
	results := make([]result, len(list))
	closed := map[string]bool{}
	for i, s := range list {
		if s.Family != "" && closed[s.Family] {
			continue
		}
		results[i] = w.step(ctx, s, v)
		if results[i].settings != nil || ctx.Err() != nil {
			results = results[:i+1]
			break
		}
		closed[s.Family] = closed[s.Family] || results[i].stop
	}
	return choose(results)
}

// choose merges results in the order of their priority.
func choose(list []result) result {
	best, closed := -1, map[string]bool{}
	for i, r := range list {
		if r.settings != nil && (r.family == "" || !closed[r.family]) {
			best = i
			break
		}
		closed[r.family] = closed[r.family] || r.stop
	}
	out := result{}
	answered := map[string]bool{}
	for i, r := range list {
		out.rows = append(out.rows, r.rows...)
		for _, a := range r.asks {
			if a.when == askTaken && i != best || a.when == askAlways && a.family != "" && answered[a.family] {
				continue
			}
			out.asks = append(out.asks, a)
		}
		answered[r.family] = answered[r.family] || r.settings != nil
	}
	if best >= 0 {
		out.settings = list[best].settings
	}
	return out
}

// conclude turns what the plan came to into a verdict.
func (w *walk) conclude(r result) Result {
	out := Result{Client: w.client.Name, Title: w.client.Title, Checked: w.client.Checked, Settings: r.settings,
		Steps: r.rows, Verdict: Nothing, mx: w.mx}
	refused := false
	for i := range out.Steps {
		s := &out.Steps[i]
		s.Used = r.settings != nil && s.settings == r.settings
		refused = refused || s.Result == StepRefused
	}
	for _, a := range r.asks {
		if (a.when != askEmpty || r.settings == nil) && !slices.Contains(out.AsksUser, a.text) {
			out.AsksUser = append(out.AsksUser, a.text)
		}
	}
	switch {
	case len(out.AsksUser) > 0:
		out.Verdict = Asks
	case r.settings != nil:
		out.Verdict = Found
	case refused:
		out.Verdict = Refused
	}
	out.Line = out.line(w.client.Hint)
	return out
}

// timed does something in the step's time and makes a row of it.
func (s step) timed(ctx context.Context, what string, do func(context.Context) (why string, err error)) Step {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.Timeout)*time.Second)
	defer cancel()
	start := time.Now()
	why, err := do(ctx)
	line := Step{What: what, kind: s.Do, MS: time.Since(start).Milliseconds()}
	if f, text := faultOf(err); f != FaultNone {
		line.end(f, text)
	} else {
		line.end(FaultNone, why)
	}
	return line
}

func (line *Step) end(f Fault, why string) {
	line.Fault, line.Result, line.Why = f, f.outcome(), why
}
