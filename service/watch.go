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

// The bounds of the record watch, which has time.
const (
	watchPerSecond = 200 // questions to one resolver
	watchAtOnce    = 8   // domains
	watchMissed    = 32  // look-ups that fail in a row end a round: each may take a time-out
)

// watch checks the records of the operator's own domains again and again, without those found by MX.
type watch struct {
	every time.Duration
	log   *slog.Logger
	now   func() *change // what is served
	srv   *server.Server

	broken map[string]string // the faults of the last round, by domain
}

// run checks all domains soon after the start and then regularly, at random times so that replicas do not ask at once.
func (w *watch) run(ctx context.Context) {
	repeat(ctx, rand.N(min(w.every, time.Minute)), func() time.Duration { //nolint:gosec // only spreads the load
		w.round(ctx)
		return w.every - w.every/10 + rand.N(w.every/5+1) //nolint:gosec // as above
	})
}

// round checks every domain once and reports the outcome. If the list ends early or the resolver is down, the last
// complete round stays; if a look-up fails, what was known about its domain.
func (w *watch) round(ctx context.Context) {
	result, broken, missed, err := w.checkAll(ctx)
	if ctx.Err() != nil {
		return // the outcome is incomplete
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
		w.log.Error("the records of some domains cannot be watched", "error", missed)
		w.srv.RecordsUnchecked(missed.Error())
	}
}

var errResolver = errors.New("no resolver answers; check dns.resolver")

// checkAll checks every domain. It misses those whose source does not answer.
func (w *watch) checkAll(ctx context.Context) (result server.Records, broken map[string]string, missed, err error) {
	now := w.now()
	client := query.New(query.Options{ResolversNow: Resolvers(now.cfg), PerSecond: watchPerSecond})
	if !answers(ctx, client) {
		return result, nil, nil, errResolver
	}
	plan := dnssrv.PlanOptions{ServiceHost: now.cfg.ServiceHost, TTL: dnssrv.DefaultTTL}
	c := NewRecordCheck(now.data, client, plan, false, nil)
	result.Status, broken = map[string]int{}, map[string]string{}
	var ended, why error
	unasked, inRow := 0, 0
	domains := query.Until(c.All(ctx), &ended)
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
		answered, failed := count(r.Report, result.Status)
		if failed["REFUSED"] > 0 && answered == 0 || len(failed) > 0 && !answers(ctx, client) {
			return result, nil, nil, errResolver
		}
		if faults := faultsOf(r.Report); faults != "" {
			broken[r.Report.Domain] = faults
		}
	}
	switch {
	case ended != nil:
	case unasked > 0 && result.Domains == 0:
		ended = why
	case unasked == 1:
		missed = fmt.Errorf("1 domain could not be looked at: %w", why)
	case unasked > 1:
		missed = fmt.Errorf("%d domains could not be looked at, the last because: %w", unasked, why)
	}
	return result, broken, missed, ended
}

// count adds the records of a report to those of the round, and returns how many were answered, and the response codes
// of the others.
func count(r finding.Report, status map[string]int) (answered int, failed map[string]int) {
	failed = map[string]int{}
	for _, f := range r.Findings {
		switch f.Status {
		case "":
			continue
		case "error":
			failed[f.RCode]++
		default:
			answered++
		}
		status[f.Status]++
	}
	return answered, failed
}

// answers reports whether a resolver answers, even by refusing: about the root, which has no mail exchangers.
func answers(ctx context.Context, client *query.Client) bool {
	_, err := client.LookupMX(ctx, ".")
	question, failed := errors.AsType[*query.QuestionError](err)
	return err == nil || errors.Is(err, provider.ErrNotFound) || failed && question.Answer.Outcome == query.REFUSED
}

// faultsOf names what to fix, sorted. A row that cannot be used is not a fault of the domain's records.
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

// logChanges writes a line for each domain that broke, changed or was fixed since the last round.
func (w *watch) logChanges(broken map[string]string) {
	for domain, faults := range broken {
		if w.broken[domain] != faults {
			w.log.Warn("records to fix", "domain", domain, "faults", faults)
		}
	}
	for domain := range w.broken {
		if _, still := broken[domain]; !still {
			w.log.Info("records are correct again", "domain", domain)
		}
	}
}
