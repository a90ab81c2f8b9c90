package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/server"
)

// The bounds of the record watch: gentle, since nobody waits for it.
const (
	watchPerSecond = 200 // questions to one resolver
	watchAtOnce    = 8   // domains
	watchMissed    = 32  // look-ups that fail one after the other end a round: each may take a time-out
)

// watch checks the records of the operator's own domains again and again, which
// do not include those found by MX.
type watch struct {
	every time.Duration
	log   *slog.Logger
	now   func() *change // what is served
	srv   *server.Server

	broken map[string]string // what is to be fixed, by domain, since the last round
}

// run takes a round soon after the start and then one every so often, each at
// a time of its own so that replicas do not ask all at once.
func (w *watch) run(ctx context.Context) {
	wait := rand.N(min(w.every, time.Minute)) //nolint:gosec // only spreads the load
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		w.round(ctx)
		wait = w.every - w.every/10 + rand.N(w.every/5+1) //nolint:gosec // as above
	}
}

// round checks every domain once and reports what came of it. A list that breaks
// off, or a resolver that is down, says nothing about domains: the last whole
// round stays. Of a domain whose look-up fails what was known stays.
func (w *watch) round(ctx context.Context) {
	result, broken, missed, err := w.look(ctx)
	if ctx.Err() != nil {
		return // what is under way ended early and says nothing
	}
	if err != nil {
		w.log.Error("the records cannot be watched", "error", err)
		w.srv.RecordsUnchecked("the records could not be watched: " + err.Error())
		return
	}
	w.logChanges(broken)
	w.broken = broken
	result.Broken, result.At = len(broken), time.Now()
	w.srv.RecordsChecked(result)
	if missed != nil {
		w.log.Error("not every domain's records can be watched", "error", missed)
		w.srv.RecordsUnchecked(missed.Error())
	}
}

var errResolver = errors.New("no resolver answers; check dns.resolver")

// look takes the round. It has missed some of the domains where a source does not answer.
func (w *watch) look(ctx context.Context) (result server.Records, broken map[string]string, missed, err error) {
	now := w.now()
	client := query.New(query.Options{ResolversNow: Resolvers(now.cfg), PerSecond: watchPerSecond})
	if !answers(ctx, client) {
		return result, nil, nil, errResolver
	}
	plan := dnssrv.PlanOptions{ServiceHost: now.cfg.ServiceHost, TTL: dnssrv.DefaultTTL}
	c := NewRecordCheck(now.data, client, plan, false, nil)
	result.Status, broken = map[string]int{}, map[string]string{}
	var broke, why error
	unasked, inRow := 0, 0
	domains := query.Until(c.All(ctx), &broke)
	for r := range query.InOrder(ctx, domains, watchAtOnce, c.Domain) {
		if r.Err != nil {
			why = r.Err
			unasked++
			if inRow++; inRow == watchMissed {
				return result, nil, nil, why
			}
			if faults := w.broken[r.Report.Domain]; faults != "" {
				broken[r.Report.Domain] = faults
			}
			continue
		}
		inRow = 0
		result.Domains++
		said, unsaid := count(r.Report, result.Status)
		if unsaid["REFUSED"] > 0 && said == 0 || len(unsaid) > 0 && !answers(ctx, client) {
			return result, nil, nil, errResolver
		}
		if faults := faultsOf(r.Report); faults != "" {
			broken[r.Report.Domain] = faults
		}
	}
	switch {
	case broke != nil:
	case unasked > 0 && result.Domains == 0:
		broke = why
	case unasked == 1:
		missed = fmt.Errorf("1 domain could not be looked at: %w", why)
	case unasked > 1:
		missed = fmt.Errorf("%d domains could not be looked at, the last because: %w", unasked, why)
	}
	return result, broken, missed, broke
}

// count adds the records of a report to those of the round, and returns how many
// were answered, and how many not, by response code.
func count(r finding.Report, status map[string]int) (said int, unsaid map[string]int) {
	unsaid = map[string]int{}
	for _, f := range r.Findings {
		switch f.Status {
		case "":
			continue
		case "error":
			unsaid[f.RCode]++
		default:
			said++
		}
		status[f.Status]++
	}
	return said, unsaid
}

// answers reports whether a resolver does: about the root, which has no mail
// exchangers, or which it may refuse to speak of.
func answers(ctx context.Context, client *query.Client) bool {
	_, err := client.LookupMX(ctx, ".")
	question, failed := errors.AsType[*query.QuestionError](err)
	return err == nil || errors.Is(err, provider.ErrNotFound) || failed && question.Answer.Outcome == query.REFUSED
}

// faultsOf names what is to be fixed, sorted. A row that cannot be used is not a
// fault of the domain's records.
func faultsOf(r finding.Report) string {
	var ids []string
	for _, f := range r.Findings {
		if f.Level == finding.Fail && f.ID != "config-source-row" {
			ids = append(ids, f.ID+" "+f.Subject)
		}
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ", ")
}

// logChanges writes a line for each domain that broke, changed or was fixed
// since the last round.
func (w *watch) logChanges(broken map[string]string) {
	for domain, faults := range broken {
		if w.broken[domain] != faults {
			w.log.Warn("records to fix", "domain", domain, "faults", faults)
		}
	}
	for domain := range w.broken {
		if _, still := broken[domain]; !still {
			w.log.Info("records are right again", "domain", domain)
		}
	}
}
