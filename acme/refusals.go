package acme

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"autoconfig/finding"
)

// Refusals count the handshakes and questions that get no certificate, and log one line a minute for each reason: a
// stranger must not fill the log.
type Refusals struct {
	log   *slog.Logger
	count func(reason string)
	now   func() time.Time

	mu   sync.Mutex
	last map[string]time.Time // by reason
	more map[string]int       // since then
}

const refusalEvery = time.Minute

// NewRefusals counts with count, by the id of the finding.
func NewRefusals(log *slog.Logger, count func(reason string), now func() time.Time) *Refusals {
	return &Refusals{log: log, count: count, now: now, last: map[string]time.Time{}, more: map[string]int{}}
}

// Refuse notes the reason, and returns it as an error.
func (r *Refusals) Refuse(f finding.Finding) error {
	r.count(f.ID)
	if others, due := r.due(f.ID); due {
		r.log.Warn("no certificate for a client", "name", f.Subject, "id", f.ID, "cause", f.Cause, "fix", f.Fix,
			"others", others)
	}
	return errors.New(f.Cause)
}

// due reports whether a reason is to be logged now, and how many were not since it last was.
func (r *Refusals) due(reason string) (others int, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Sub(r.last[reason]).Abs() < refusalEvery {
		r.more[reason]++
		return 0, false
	}
	others = r.more[reason]
	r.last[reason], r.more[reason] = now, 0
	return others, true
}

// Why is the finding for a name that may have no certificate, or of which that is not known: what [Options.Listed] and
// [Leads.Check] have errors for.
func Why(name string, err error) finding.Finding {
	switch {
	case errors.Is(err, ErrNotListed):
		return finding.New("acme-name-unlisted", "") // a stranger's words are not logged
	case errors.Is(err, ErrElsewhere):
		return finding.New("acme-name-elsewhere", name).Because("%s", err)
	case errors.Is(err, errUnanswered):
		return finding.New("acme-name-unanswered", name).Because("%s", err)
	}
	return finding.New("acme-source-unavailable", name).Because("%s", err)
}
