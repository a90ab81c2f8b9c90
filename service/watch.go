package service

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/server"
)

// The bounds of the record watch: gentle, since nobody waits for it.
const (
	watchPerSecond = 200 // questions to one resolver
	watchAtOnce    = 8   // domains
)

// watch checks the records of the operator's own domains again and again. A
// domain found by MX is none of them.
type watch struct {
	every time.Duration
	log   *slog.Logger
	now   func() *change // what is served
	tell  func(server.Records)

	broken map[string]string // what is to be mended, by domain, since the last round
}

// run takes a round soon after the start and then one every so often, each at
// a time of its own so that replicas do not ask all at once.
func (w *watch) run(ctx context.Context) {
	wait := rand.N(min(w.every, time.Minute)) //nolint:gosec // only spreads the load
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		w.round(ctx)
		wait = w.every - w.every/10 + rand.N(w.every/5+1) //nolint:gosec // as above
	}
}

// round checks every domain once and tells what came of it.
func (w *watch) round(ctx context.Context) {
	now := w.now()
	cfg, data := now.cfg, now.data
	resolvers := cfg.DNS.Resolver.Addresses(query.SystemResolvers)
	if len(resolvers) == 0 {
		resolvers = query.SystemResolvers()
	}
	client := query.New(query.Options{Resolvers: resolvers, PerSecond: watchPerSecond})
	c := NewRecordCheck(data, client, dnssrv.PlanOptions{ServiceHost: cfg.ServiceHost, TTL: dnssrv.DefaultTTL}, false)
	domains := func(yield func(string) bool) {
		for domain, err := range data.Own().Domains(ctx) {
			if err != nil || !yield(domain) {
				return
			}
		}
	}
	result := server.Records{Status: map[string]int{}}
	broken := map[string]string{}
	for r := range query.InOrder(ctx, domains, watchAtOnce, c.Domain) {
		if r.Err != nil {
			w.log.Error("the records cannot be watched", "error", r.Err)
			return
		}
		if ctx.Err() != nil {
			return // what is under way ended early and tells nothing
		}
		result.Domains++
		for _, f := range r.Report.Findings {
			if f.Status != "" {
				result.Status[f.Status]++
			}
		}
		if faults := faultsOf(r.Report); faults != "" {
			broken[r.Report.Domain] = faults
		}
	}
	w.logChanges(broken)
	w.broken = broken
	result.Broken, result.At = len(broken), time.Now()
	w.tell(result)
}

// faultsOf names what is to be mended, sorted.
func faultsOf(r finding.Report) string {
	var ids []string
	for _, f := range r.Findings {
		if f.Level == finding.Fail {
			ids = append(ids, f.ID+" "+f.Subject)
		}
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ", ")
}

// logChanges writes a line for each domain that broke, changed or was mended
// since the last round.
func (w *watch) logChanges(broken map[string]string) {
	for domain, faults := range broken {
		if w.broken[domain] != faults {
			w.log.Warn("records to mend", "domain", domain, "faults", faults)
		}
	}
	for domain := range w.broken {
		if _, still := broken[domain]; !still {
			w.log.Info("records mended", "domain", domain)
		}
	}
}
