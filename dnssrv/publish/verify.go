package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// Publish makes the changes of an update and looks whether the place shows them: the findings are dns-publish-done, or
// why not. An update that is not ready publishes nothing.
func (p *Publisher) Publish(ctx context.Context, u *ZoneUpdate) []finding.Finding {
	if !u.Ready() {
		return u.Findings
	}
	zone := dnssrv.Plain(u.Zone)
	if !p.guards {
		moved, err := p.moved(ctx, u)
		if err != nil {
			return []finding.Finding{asFinding(err, zone)}
		}
		if len(moved) > 0 {
			f := finding.New("dns-publish-raced", zone).
				Because("a record of %s is no longer what it was when the changes were shown, so nothing was written", zone)
			f.Got = moved
			return []finding.Finding{f}
		}
	}
	var err, unseen error
	var left []Change
	for try := 1; ; try++ {
		err = p.backend.Replace(ctx, u)
		f, sure := errors.AsType[*fault](err)
		if sure && p.guards {
			return []finding.Finding{p.refused(ctx, u, f.found)}
		}
		left, unseen = p.await(ctx, err == nil, func() ([]Change, error) { return p.backend.Verify(ctx, u) })
		// An API that failed and has none of the changes may be busy: to ask again for the same records does no harm.
		if err == nil || sure || p.guards || unseen != nil || len(left) < len(u.Changes) ||
			try == mostTries || !query.Sleep(ctx, p.o.Pause<<(try-1)) {
			break
		}
	}
	f := outcome(u, err, left, unseen)
	if f.ID == "dns-publish-raced" {
		f.Got, _ = p.moved(ctx, u) // an error only means that nothing can be added
	}
	return []finding.Finding{f}
}

// outcome says how an update ended: err is Replace's, left what the place does not show, unseen why it is not known.
func outcome(u *ZoneUpdate, err error, left []Change, unseen error) finding.Finding {
	zone := dnssrv.Plain(u.Zone)
	fault, sure := errors.AsType[*fault](err)
	switch {
	case unseen == nil && len(left) == 0:
		done := finding.New("dns-publish-done", zone).Because("%s has the %d changes", u.Server, u.Count())
		if err != nil {
			done.Cause += fmt.Sprintf(", although: %v", err)
		}
		return done
	case unseen == nil && len(left) < len(u.Changes):
		return partial(u, err, left)
	case err == nil:
		if unseen == nil {
			unseen = errors.New(shown(left))
		}
		return finding.New("dns-publish-not-served", zone).
			Because("%s accepted the update but does not show it: %v", u.Server, unseen)
	case sure:
		return fault.found
	}
	return finding.New("dns-publish-unknown", zone).Because("the update was sent to %s: %v", u.Server, err)
}

func partial(u *ZoneUpdate, err error, left []Change) finding.Finding {
	f := finding.New("dns-publish-partial", dnssrv.Plain(u.Zone)).
		Because("%s has %d of the %d record sets", u.Server, len(u.Changes)-len(left), len(u.Changes))
	if fault, sure := errors.AsType[*fault](err); sure {
		f.Cause += ": " + fault.found.Cause
	} else if err != nil {
		f.Cause += ": " + err.Error()
	}
	for _, c := range left {
		f.Want = append(f.Want, dnssrv.Lines(c.Add)...)
		f.Got = append(f.Got, dnssrv.Lines(c.Remove)...)
	}
	return f
}

// refused adds what is there now to the refusal of a change that came too late.
func (p *Publisher) refused(ctx context.Context, u *ZoneUpdate, f finding.Finding) finding.Finding {
	if f.ID != "dns-publish-raced" {
		return f
	}
	if f.Got, _ = p.moved(ctx, u); len(f.Got) == 0 { // an error only means that nothing can be added
		f = f.Because("a name that should get records has some that were not seen (%s): "+
			"of a type that was not asked for, or the same as a wildcard's; nothing was written", f.RCode).
			Do("check these names in the zone itself; remove what is not needed, or leave the record out with --without")
	}
	return f
}

// The pauses between questions to a server that lags behind.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 4 * time.Second
)

// await looks whether a place shows the changes: once, or until the wait is over.
func (p *Publisher) await(ctx context.Context, wait bool, unshown func() ([]Change, error)) ([]Change, error) {
	end := time.Now().Add(p.o.Wait)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		left, err := unshown()
		more := time.Until(end)
		if err != nil || len(left) == 0 || !wait || more <= 0 || !query.Sleep(ctx, min(pause, more)) {
			return left, err
		}
	}
}

// Verify asks every name server of the zone but the primary's address, after an update was published. What it finds are
// warnings: the records are in the zone, and these servers will follow or have a fault of their own.
func (p *Publisher) Verify(ctx context.Context, u *ZoneUpdate) []finding.Finding {
	ask := p.client.Ask
	if p.o.API == nil {
		ask = p.client.At(u.Server)
	}
	a := ask(ctx, u.Zone, dns.TypeNS)
	if err := a.Error(); err != nil {
		return []finding.Finding{unasked(dnssrv.Plain(u.Zone), err)}
	}
	return slices.Concat(query.Together(a.RRs, func(rr dns.RR) []finding.Finding {
		return p.other(ctx, dnssrv.Target(rr), u)
	})...)
}

func (p *Publisher) other(ctx context.Context, host string, u *ZoneUpdate) []finding.Finding {
	servers, err := hostPorts(ctx, p.client, host)
	if len(servers) == 0 {
		return []finding.Finding{unasked(host, err)}
	}
	var found []finding.Finding
	for _, server := range servers {
		if server == u.Server {
			continue
		}
		left, err := p.await(ctx, true, func() ([]Change, error) { return notYet(ctx, p.client, server, u) })
		switch {
		case err != nil:
			found = append(found, unasked(host, err))
		case len(left) > 0:
			f := finding.New("dns-publish-lags", host)
			found = append(found, f.Because("%s still answers with other records: %s", server, shown(left)))
		}
	}
	return found
}

func unasked(host string, err error) finding.Finding {
	return finding.New("dns-publish-unasked", host).Because("it is not known whether %s has the records: %v", host, err)
}

// moved says which of the planned names have other records than when the update was prepared.
func (p *Publisher) moved(ctx context.Context, u *ZoneUpdate) ([]string, error) {
	state, err := p.backend.List(ctx, u.at, u.sets)
	if err != nil {
		return nil, err
	}
	state.dropSynthesised(u.sets)
	var out []string
	for _, set := range u.sets {
		before, now := u.state.sets[set.Name], state.sets[set.Name]
		for _, qtype := range append([]uint16{set.Type, dns.TypeCNAME}, excludedByCNAME...) {
			if _, differs := (Change{Set: before[qtype]}).from(now[qtype]); !differs {
				continue
			}
			out = append(out, dnssrv.Lines(now[qtype])...)
			if len(now[qtype]) == 0 {
				out = append(out, dnssrv.Plain(set.Name)+" "+dns.TypeToString[qtype]+": gone")
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
