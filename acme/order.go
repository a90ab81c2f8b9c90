package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	rfc8555 "github.com/mholt/acmez/v3/acme"

	"autoconfig/finding"
)

// order is one under way, for a name without a certificate in the storage, or with one to be renewed.
type order struct {
	name  string
	class class
	by    int           // the authority that is asked
	done  chan struct{} // closed at the end
	cert  *tls.Certificate
	err   error

	assets   map[string][]byte // to be stored
	reserved time.Time         // in the budget
	end      context.CancelCauseFunc
}

type orderKey struct{}

// orderOf is the order that a context belongs to; nil without one.
func orderOf(ctx context.Context) *order {
	o, _ := ctx.Value(orderKey{}).(*order)
	return o
}

// orders is where orders are taken: one for each name at a time.
type orders struct {
	mu      sync.Mutex
	running map[string]*order
	places  places
	ahead   chan struct{} // held by the order that goes ahead of the others
}

// begin starts the order of a name, or joins the one under way. A name that must wait or leads elsewhere is not
// ordered, and only the first of those who ask for another needs a place.
func (a *Manager) begin(ctx context.Context, name string, client netip.Addr, c class) (*order, error) {
	a.orders.mu.Lock()
	o := a.orders.running[name]
	a.orders.mu.Unlock()
	if o != nil {
		return o, nil
	}
	if why, early := a.backoff.wait(name, c); early {
		return nil, a.o.Refusals.Refuse(why)
	}
	if err := a.o.Leads(ctx, name); err != nil {
		return nil, a.o.Refusals.Refuse(Why(name, err))
	}
	a.orders.mu.Lock()
	defer a.orders.mu.Unlock()
	if o := a.orders.running[name]; o != nil {
		return o, nil
	}
	free, why := a.orders.places.take(client)
	if why != "" {
		return nil, a.o.Refusals.Refuse(finding.New(why, name))
	}
	o = &order{name: name, class: c, done: make(chan struct{}), assets: map[string][]byte{}}
	a.orders.running[name] = o
	go func() { //nolint:gosec // G118: the order outlives the client that asked first; others wait for it
		defer close(o.done)
		ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
		defer cancel()
		o.cert, o.err = a.place(ctx, o)
		a.orders.mu.Lock()
		delete(a.orders.running, name)
		a.orders.mu.Unlock()
		free()
	}()
	return o, nil
}

// place waits for the order's turn, and orders.
func (a *Manager) place(ctx context.Context, o *order) (*tls.Certificate, error) {
	select {
	case a.orders.ahead <- struct{}{}:
	case <-ctx.Done():
		return nil, a.o.Refusals.Refuse(finding.New("acme-orders-busy", o.name))
	}
	if a.backoff.open() {
		<-a.orders.ahead
	} else {
		defer func() { <-a.orders.ahead }()
	}
	if why, early := a.backoff.wait(o.name, o.class); early {
		return nil, a.o.Refusals.Refuse(why)
	}
	if err := a.pace.Wait(ctx); err != nil {
		return nil, a.o.Refusals.Refuse(finding.New("acme-orders-busy", o.name))
	}
	if why, early := a.backoff.reserve(o); early {
		return nil, a.o.Refusals.Refuse(why)
	}
	err := a.storage.save(ctx)
	if err == nil {
		err = a.ask(ctx, o)
	}
	var cert *tls.Certificate
	if err == nil {
		cert, err = a.load(ctx, o.name)
	}
	if err != nil {
		a.backoff.failed(o, err)
		return nil, errors.New("no certificate for " + o.name)
	}
	a.backoff.ordered(o)
	return cert, nil
}

// ask sends the order to the first authority that takes orders, and to the next one when that is down, limits, or may
// not issue for the name.
func (a *Manager) ask(ctx context.Context, o *order) (err error) {
	for i, at := range a.authorities {
		if a.backoff.held(i, o.class) {
			continue
		}
		o.by = i
		limited, cancel := context.WithTimeout(ctx, a.patience/time.Duration(len(a.authorities)-i)) // for the next, too
		err = a.send(limited, o, at.config, false)
		if err != nil && classify(o.name, err).ID == "acme-order-failed" && a.parts(ctx, at.key, o.name) != "" {
			// the authority may not know the certificate that is to be replaced (RFC 9773 §5), after its own or the
			// account's change
			err = a.send(limited, o, at.plain, true)
		}
		cancel()
		if err == nil || !a.backoff.next(o, err) {
			break
		}
	}
	return err
}

// send has certmagic place the order. By itself it would try again for hours; here the first failure is the end.
func (a *Manager) send(ctx context.Context, o *order, by *certmagic.Config, force bool) error {
	ctx, end := context.WithCancelCause(context.WithValue(ctx, orderKey{}, o))
	defer end(nil)
	o.end = end
	err := by.RenewCertAsync(ctx, o.name, force)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// The events of certmagic that are listened to.
const (
	eventOrdering = "cert_obtaining"
	eventOrdered  = "cert_obtained"
	eventFailed   = "cert_failed"
)

// event is certmagic's report of how orders go. It may not order anything by itself.
func (a *Manager) event(ctx context.Context, event string, data map[string]any) error {
	o := orderOf(ctx)
	attempts, _ := ctx.Value(certmagic.AttemptsCtxKey).(*int)
	switch {
	case event == eventOrdering && (o == nil || attempts != nil && *attempts > 0):
		return certmagic.ErrNoRetry{Err: errors.New("it is ordered at another handshake")}
	case o == nil:
	case event == eventOrdered:
		a.o.Count("ok", o.name, "")
		a.o.Log.Info("certificate", "name", o.name)
		a.storage.keep(ctx, o)
	case event == eventFailed:
		err, _ := data["error"].(error)
		o.end(err)
	}
	return nil
}

// maxDetail bounds what an authority's words may take of the log.
const maxDetail = 400

// classify finds the reason why there is no certificate.
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
	case errors.As(err, &transport), errors.Is(err, context.DeadlineExceeded):
		id = "acme-authority-unreachable"
	case slices.ContainsFunc(noACME, func(words string) bool { return strings.Contains(detail, words) }):
		id = "acme-authority-garbled"
	}
	return finding.New(id, name).Because("%s", detail)
}

// noACME are the words of acmez about an answer that does not follow RFC 8555; they come as text only.
var noACME = []string{"JSON-decoding", "response Content-Type is", "directory fields are missing",
	"missing newNonce", "HTTP "}

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
