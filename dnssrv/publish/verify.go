package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// Publish sends an update and looks whether the primary shows the records: the
// findings are dns-publish-done, or why not. An update without a message
// publishes nothing.
func (p *Publisher) Publish(ctx context.Context, u *ZoneUpdate) []finding.Finding {
	if u.Message == nil {
		return u.Findings
	}
	zone := dnssrv.Plain(u.Zone)
	done := finding.New("dns-publish-done", zone).Because("%s has the %d changes", u.Server, u.Count())
	err := p.send(ctx, u)
	switch {
	case errors.Is(err, errNoAnswer):
		if p.compare(ctx, u.Server, u) != nil {
			return []finding.Finding{finding.New("dns-publish-unknown", zone).
				Because("the update was sent to %s: %v; it is carried out whole or not at all", u.Server, err)}
		}
		done = done.Because("%s has the %d changes, although there was %v", u.Server, u.Count(), err)
	case err != nil:
		f := asFinding(err, zone)
		if f.ID == "dns-publish-raced" {
			if f.Got = p.moved(ctx, u); len(f.Got) == 0 {
				f = f.Because("a name that should get records has some that were not seen (%s): of a type that was not asked for, or the same as a wildcard's; nothing was written", f.RCode).
					Do("look at the names in the zone itself; remove what nothing needs, or leave the record out with --without")
			}
		}
		return []finding.Finding{f}
	default:
		if err := p.await(ctx, u.Server, u); err != nil && ctx.Err() == nil {
			return []finding.Finding{finding.New("dns-publish-not-served", zone).
				Because("%s took the update, yet does not show it: %v", u.Server, err)}
		}
	}
	return []finding.Finding{done}
}

// errBehind: a server answers with other records than the plan's.
var errBehind = errors.New("other records")

// compare asks a server for the changed sets. It wraps errBehind when they are
// not as planned; another error is that the server cannot tell.
func (p *Publisher) compare(ctx context.Context, server string, u *ZoneUpdate) error {
	for _, set := range recordSets(u.want) {
		if !slices.ContainsFunc(u.Changes, func(c Change) bool { return c.Name == set.name && c.Type == set.qtype }) {
			continue
		}
		a := p.client.AskServer(ctx, server, set.name, set.qtype)
		switch {
		case !a.Outcome.Known():
			return a.Error()
		case !a.AA:
			return fmt.Errorf("%s has no authority for %s", server, dnssrv.Plain(u.Zone))
		}
		now := &owner{sets: map[uint16][]dns.RR{}}
		now.add(a)
		if _, differs := set.change(now.sets[set.qtype]); differs {
			what := "nothing"
			if there := now.sets[set.qtype]; len(there) > 0 {
				what = strings.Join(dnssrv.Lines(there), ", ")
			}
			return fmt.Errorf("%w: %s %s is %s", errBehind, dnssrv.Plain(set.name), dns.TypeToString[set.qtype], what)
		}
	}
	return nil
}

// The pauses between looks at a server that lags behind.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 4 * time.Second
)

// await compares until the server has the records or the wait is over.
func (p *Publisher) await(ctx context.Context, server string, u *ZoneUpdate) error {
	end := time.Now().Add(p.o.Wait)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := p.compare(ctx, server, u)
		left := time.Until(end)
		if !errors.Is(err, errBehind) || left <= 0 || !query.Sleep(ctx, min(pause, left)) {
			return err
		}
	}
}

// Verify looks at every name server of the zone but the primary's address, after
// an update was published. What it finds are warnings: the records are in the
// zone, and these servers will follow or have a fault of their own.
func (p *Publisher) Verify(ctx context.Context, u *ZoneUpdate) []finding.Finding {
	a := p.client.AskServer(ctx, u.Server, u.Zone, dns.TypeNS)
	if err := a.Error(); err != nil {
		return []finding.Finding{unasked(dnssrv.Plain(u.Zone), err)}
	}
	found := make([][]finding.Finding, len(a.RRs))
	var all sync.WaitGroup
	for i, rr := range a.RRs {
		if ns, ok := rr.(*dns.NS); ok {
			all.Go(func() { found[i] = p.other(ctx, dnssrv.Plain(ns.Ns), u) })
		}
	}
	all.Wait()
	return slices.Concat(found...)
}

// other looks at one name server, at each of its addresses.
func (p *Publisher) other(ctx context.Context, host string, u *ZoneUpdate) []finding.Finding {
	servers, err := p.hostPorts(ctx, host)
	if len(servers) == 0 {
		return []finding.Finding{unasked(host, err)}
	}
	var found []finding.Finding
	for _, server := range servers {
		if server == u.Server {
			continue
		}
		err := p.await(ctx, server, u)
		switch {
		case errors.Is(err, errBehind):
			found = append(found, finding.New("dns-publish-lags", host).Because("%s still answers with %v", server, err))
		case err != nil:
			found = append(found, unasked(host, err))
		}
	}
	return found
}

func unasked(host string, err error) finding.Finding {
	return finding.New("dns-publish-unasked", host).Because("it is not known whether %s has the records: %v", host, err)
}

// moved says which of the planned names have other records than when the update
// was prepared.
func (p *Publisher) moved(ctx context.Context, u *ZoneUpdate) []string {
	sets := recordSets(u.want)
	answers, err := p.read(ctx, authority{u.Zone, u.Server}, sets)
	if err != nil {
		return nil // the refusal has been said; this only adds to it
	}
	state, err := newZoneState(u.Zone, answers)
	if err != nil {
		return nil
	}
	state.dropSynthesised(sets)
	var out []string
	for _, set := range sets {
		before, now := u.state[set.name], state[set.name]
		for _, qtype := range append([]uint16{set.qtype, dns.TypeCNAME}, besideCNAME...) {
			if dnssrv.SameSet(before.sets[qtype], now.sets[qtype]) {
				continue
			}
			out = append(out, dnssrv.Lines(now.sets[qtype])...)
			if len(now.sets[qtype]) == 0 {
				out = append(out, dnssrv.Plain(set.name)+" "+dns.TypeToString[qtype]+": gone")
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
