package acme

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	rfc8555 "github.com/mholt/acmez/v3/acme"

	"autoconfig/finding"
)

// orders remembers what went wrong with certificates: to say so, and to wait
// longer each time before an authority is asked for the same name again. Let's
// Encrypt, for one, allows five failures of a name an hour.
type orders struct {
	log   *slog.Logger
	count func(result string)

	mu      sync.Mutex
	names   map[string]trouble
	all     trouble // with the authority or the storage: it concerns every name
	storage error   // of the last use of the storage
}

// trouble is a name without a new certificate.
type trouble struct {
	finding finding.Finding
	times   int
	until   time.Time // not asked for before
}

// The waits between two orders for a name double from the first to the last.
// What concerns every name holds up all of them for a short while.
const (
	firstWait     = 2 * time.Minute
	lastWait      = time.Hour
	authorityWait = 30 * time.Second
	storageWait   = 10 * time.Second
	troublesKept  = 10_000
)

func newOrders(log *slog.Logger, count func(result string)) *orders {
	return &orders{log: log, count: count, names: map[string]trouble{}}
}

// wait says why it is too early to ask for a name again.
func (o *orders) wait(name string, now time.Time) (why finding.Finding, early bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range []trouble{o.names[name], o.all} {
		if now.Before(t.until) {
			return t.finding, true
		}
	}
	return finding.Finding{}, false
}

// failed notes and logs that there is no certificate, once an order.
func (o *orders) failed(name string, err error, now time.Time) {
	f := classify(name, err)
	o.mu.Lock()
	t, known := o.names[name]
	switch {
	case known && now.Before(t.until): // told already, by the event of this order
		o.mu.Unlock()
		return
	case o.storage != nil && f.ID == "acme-order-failed":
		f = finding.New("acme-storage-failed", name).Because("%s", o.storage)
	}
	t.finding = f
	switch f.ID {
	case "acme-storage-failed":
		t.until = now.Add(storageWait)
		o.all = t
	case "acme-authority-unreachable", "acme-authority-garbled":
		t.until = now.Add(authorityWait)
		o.all = t
	default:
		t.until = now.Add(min(firstWait<<min(t.times, 10), lastWait))
		t.times++
	}
	if known || len(o.names) < troublesKept {
		o.names[name] = t
	}
	o.mu.Unlock()
	o.count("failed")
	o.log.Error("no certificate", "name", name, "id", f.ID, "cause", f.Cause, "fix", f.Fix, "again", t.until.UTC().Format(time.RFC3339))
}

// ordered notes a new certificate.
func (o *orders) ordered(name string) {
	o.forget(name)
	o.count("ok")
	o.log.Info("certificate", "name", name)
}

// forget ends the trouble with a name.
func (o *orders) forget(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.names, name)
}

// stored notes how the last use of the storage went; it is logged when that
// changes.
func (o *orders) stored(err error) {
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	o.mu.Lock()
	before := o.storage
	o.storage = err
	o.mu.Unlock()
	switch {
	case err != nil && before == nil:
		f := finding.New("acme-storage-failed", "").Because("%s", err)
		o.log.Error("the certificate storage fails", "id", f.ID, "cause", f.Cause, "fix", f.Fix)
	case err == nil && before != nil:
		o.log.Info("the certificate storage works again")
	}
}

// Status is what /readyz says of certificates on demand.
type Status struct {
	InUse   int               `json:"in_use"` // names handed out in the last day
	Failing int               `json:"failing"`
	Faults  []finding.Finding `json:"faults,omitempty"` // the first of them, by name
}

// faultsShown is how many faults /readyz lists.
const faultsShown = 20

// report is the state, and the reasons that concern every name: what is wrong
// with one name alone does not degrade the service.
func (o *orders) report() (c Status, reasons []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.storage != nil {
		reasons = append(reasons, "the certificate storage fails: "+o.storage.Error())
	}
	seen := map[string]bool{}
	c.Failing = len(o.names)
	for _, name := range slices.Sorted(maps.Keys(o.names)) {
		f := o.names[name].finding
		if len(c.Faults) < faultsShown {
			c.Faults = append(c.Faults, f)
		}
		if strings.HasPrefix(f.ID, "acme-authority-") && !seen[f.ID] {
			seen[f.ID] = true
			reasons = append(reasons, "certificates: "+f.Cause)
		}
	}
	return c, reasons
}

// maxDetail bounds what an authority's words may take of the log.
const maxDetail = 400

// classify says whose fault it is that there is no certificate.
func classify(name string, err error) finding.Finding {
	detail := err.Error()
	var problem rfc8555.Problem
	if p, ok := errors.AsType[*rfc8555.Problem](err); ok && p != nil { // of an order, else of an answer
		problem = *p
	}
	if problem.Type != "" || errors.As(err, &problem) {
		detail = problem.Detail
	}
	if len(detail) > maxDetail {
		detail = detail[:maxDetail] + "…"
	}
	id := "acme-order-failed"
	var transport *url.Error
	switch {
	case problem.Status != 0 || problem.Type != "":
		id = problemID(problem)
	case errors.As(err, &transport):
		id = "acme-authority-unreachable"
	case slices.ContainsFunc(noACME, func(words string) bool { return strings.Contains(detail, words) }):
		id = "acme-authority-garbled"
	}
	return finding.New(id, name).Because("%s", detail)
}

// noACME are the words of acmez about an answer that is none of RFC 8555; they
// come as text only.
var noACME = []string{"JSON-decoding", "response Content-Type is", "directory fields are missing", "missing newNonce", "HTTP "}

// problemID maps the error types of RFC 8555 §6.7.
func problemID(p rfc8555.Problem) string {
	switch strings.TrimPrefix(p.Type, rfc8555.ProblemTypeNamespace) {
	case "rateLimited":
		return "acme-authority-limit"
	case "dns", "connection", "tls", "unauthorized", "incorrectResponse":
		return "acme-challenge-failed"
	case "caa":
		return "acme-caa-forbidden"
	case "rejectedIdentifier", "unsupportedIdentifier":
		return "acme-name-rejected"
	}
	switch {
	case p.Status == http.StatusTooManyRequests:
		return "acme-authority-limit"
	case p.Status >= http.StatusInternalServerError:
		return "acme-authority-unreachable"
	}
	return "acme-order-failed"
}

// watchedStorage tells how the storage works.
type watchedStorage struct {
	certmagic.Storage
	orders *orders
}

func (w watchedStorage) told(ctx context.Context, err error) error {
	if ctx.Err() == nil { // else the caller gave up, which says nothing
		w.orders.stored(err)
	}
	return err
}

// Store implements certmagic.Storage.
func (w watchedStorage) Store(ctx context.Context, key string, value []byte) error {
	return w.told(ctx, w.Storage.Store(ctx, key, value))
}

// Load implements certmagic.Storage.
func (w watchedStorage) Load(ctx context.Context, key string) ([]byte, error) {
	value, err := w.Storage.Load(ctx, key)
	return value, w.told(ctx, err)
}

// Lock implements certmagic.Storage.
func (w watchedStorage) Lock(ctx context.Context, name string) error {
	return w.told(ctx, w.Storage.Lock(ctx, name))
}
