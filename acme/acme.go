// Package acme gets certificates on demand from an ACME authority (RFC 8555),
// and keeps them where all replicas find them: in a folder or in PostgreSQL.
package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"autoconfig/provider"
)

// Options say where certificates come from, and who may have one.
type Options struct {
	Email     string  // of the account; may be empty
	Directory string  // the authority's directory URL (RFC 8555 §7.1.1)
	Storage   Storage // shared by all replicas

	// Listed is nil for a name that may have a certificate, [ErrNotListed] for
	// one that may not, and another error while that cannot be decided.
	Listed func(ctx context.Context, host string) error
	Count  func(result string) // counts orders; "ok" or "failed"
	Log    *slog.Logger
}

// ErrNotListed is said of a name that may not have a certificate.
var ErrNotListed = errors.New("the name belongs to no domain that is listed here")

// Storage is where certificates are kept.
type Storage = certmagic.Storage

// Folder keeps certificates in a folder.
func Folder(path string) Storage { return &certmagic.FileStorage{Path: path} }

// The bounds of ordering certificates. How many orders go out in ten seconds
// is certmagic's own limit.
const (
	certificatesInMemory = 10_000           // others are read from the storage again
	ordersAtOnce         = 64               // names; one name is ordered once at a time
	orderTimeout         = 3 * time.Minute  // of one order, with its turn in the limiter
	firstHandshake       = 25 * time.Second // how long a client waits for a new certificate
	answerTimeout        = 5 * time.Second  // what is left of the handshake then
	maintainEvery        = time.Minute      // how often a name in use is looked after
	cleanEvery           = 24 * time.Hour   // expired certificates in the storage
	keepExpired          = 14 * 24 * time.Hour
	closeTimeout         = 2 * time.Second
)

// Manager gets certificates on demand: when a client first asks for a name, and
// again before they expire. A handshake is never held up by the authority or
// the storage while a good certificate is in memory.
type Manager struct {
	listed  func(ctx context.Context, host string) error
	log     *slog.Logger
	cache   *certmagic.Cache
	config  *certmagic.Config
	issuer  *certmagic.ACMEIssuer
	orders  *orders
	recent  recent
	flights singleflight.Group
	slots   chan struct{}
}

var (
	errNoName     = errors.New("the client names no host (SNI)")
	errBusy       = errors.New("too many certificates are being ordered")
	errStillWaits = errors.New("the certificate is still being ordered")
)

// New starts the upkeep of certificates, which the end of [Manager.Run] ends.
// The addresses are those of the open listeners, which the challenges reach;
// plain is nil without one.
func New(o Options, plain, secure net.Addr) *Manager {
	a := &Manager{listed: o.Listed, log: o.Log, orders: newOrders(o.Log, o.Count), slots: make(chan struct{}, ordersAtOnce)}
	log := zap.New(zapCore{log: o.Log})
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Capacity:         certificatesInMemory,
		Logger:           log,
	})
	a.config = certmagic.New(a.cache, certmagic.Config{
		OnDemand: &certmagic.OnDemandConfig{DecisionFunc: o.Listed},
		OnEvent:  a.event,
		ShouldEmitFunc: func(event string) bool {
			return event == eventOrdering || event == eventOrdered || event == eventFailed
		},
		Storage: watchedStorage{o.Storage, a.orders},
		Logger:  log,
	})
	issuer := certmagic.ACMEIssuer{CA: o.Directory, Email: o.Email, Agreed: true, Logger: log}
	issuer.ListenHost, issuer.AltTLSALPNPort = hostAndPort(secure)
	if issuer.DisableHTTPChallenge = plain == nil; plain != nil {
		_, issuer.AltHTTPPort = hostAndPort(plain)
	}
	a.issuer = certmagic.NewACMEIssuer(a.config, issuer)
	a.config.Issuers = []certmagic.Issuer{a.issuer}
	return a
}

// hostAndPort is where certmagic finds that something answers challenges
// already and opens no listener of its own.
func hostAndPort(addr net.Addr) (host string, port int) {
	host, text, _ := net.SplitHostPort(addr.String()) // of an open listener
	port, _ = strconv.Atoi(text)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	return host, port
}

// Status is the state, with the reasons that concern every name.
func (a *Manager) Status() (c Status, reasons []string) {
	c, reasons = a.orders.report()
	_, c.InUse = a.recent.firstExpiry(time.Now())
	return c, reasons
}

// FirstExpiry is when the first of the certificates in use expires; zero
// without one.
func (a *Manager) FirstExpiry() time.Time {
	first, _ := a.recent.firstExpiry(time.Now())
	return first
}

// close ends the upkeep, and frees the locks of orders under way for the other
// replicas.
func (a *Manager) close() {
	a.cache.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	certmagic.CleanUpOwnLocks(ctx, a.config.Logger)
}

// Run throws away what has expired in the storage, until ctx ends.
func (a *Manager) Run(ctx context.Context) {
	defer a.close()
	for {
		err := certmagic.CleanStorage(ctx, a.config.Storage, certmagic.CleanStorageOptions{
			Logger: a.config.Logger, Interval: cleanEvery, OCSPStaples: true, ExpiredCerts: true, ExpiredCertGracePeriod: keepExpired,
		})
		if err != nil && ctx.Err() == nil {
			a.log.Debug("the certificate storage could not be cleaned", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(cleanEvery):
		}
	}
}

// TLSConfig is the TLS configuration of the listener: HTTP/2 and HTTP/1.1 over
// TLS 1.2 or newer (RFC 9325 §3.1.1), and the challenge of RFC 8737.
func (a *Manager) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1", alpnChallenge},
		GetCertificate: a.certificate,
	}
}

// hostName is the normal form of a name a client sends, with or without a port;
// empty for what is not a domain name.
func hostName(name string) string {
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name, err := provider.ParseDomain(name)
	if err != nil {
		return ""
	}
	return name
}

// alpnChallenge is the protocol of an authority that looks for the proof (RFC 8737 §6.2).
const alpnChallenge = "acme-tls/1"

// Challenges answers an authority that looks for the proof by plain http
// (RFC 8555 §8.3), and passes everything else on.
func (a *Manager) Challenges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if certmagic.LooksLikeHTTPChallenge(r) && a.listed(r.Context(), hostName(r.Host)) == nil && a.issuer.HandleHTTPChallenge(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// certificate is the tls.Config's GetCertificate.
func (a *Manager) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hostName(hello.ServerName)
	if name == "" {
		return nil, errNoName
	}
	if slices.Equal(hello.SupportedProtos, []string{alpnChallenge}) {
		if err := a.listed(hello.Context(), name); err != nil {
			return nil, err
		}
		return a.config.GetCertificate(hello)
	}
	cert := a.inMemory(name)
	if cert == nil {
		return a.first(name, hello)
	}
	if a.recent.note(name, cert.Leaf.NotAfter, time.Now()) {
		go a.maintain(name, hello)
	}
	return cert, nil
}

// inMemory is the certificate to hand out at once, nil without one.
func (a *Manager) inMemory(name string) *tls.Certificate {
	var best *tls.Certificate
	for _, c := range a.cache.AllMatchingCertificates(name) {
		if !c.Expired() && (best == nil || c.Leaf.NotAfter.After(best.Leaf.NotAfter)) {
			best = &c.Certificate
		}
	}
	return best
}

// first waits for a certificate from the storage or the authority. The client
// may give up; the order goes on, and the next client finds the certificate.
func (a *Manager) first(name string, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if hello.Conn != nil {
		// longer than the listener gives a handshake: an order takes seconds
		_ = hello.Conn.SetDeadline(time.Now().Add(firstHandshake + answerTimeout))
	}
	timer := time.NewTimer(firstHandshake)
	defer timer.Stop()
	select {
	case got := <-a.flights.DoChan(name, func() (any, error) { return a.get(name, hello) }):
		if got.Err != nil {
			return nil, got.Err
		}
		cert := got.Val.(*tls.Certificate) //nolint:errcheck,forcetypeassert // get returns no other
		a.recent.note(name, cert.Leaf.NotAfter, time.Now())
		return cert, nil
	case <-timer.C:
		return nil, errStillWaits
	case <-hello.Context().Done():
		return nil, hello.Context().Err()
	}
}

// maintain renews a certificate in use when it is time, and forgets it when
// its domain is no longer listed.
func (a *Manager) maintain(name string, hello *tls.ClientHelloInfo) {
	_, _, _ = a.flights.Do(name, func() (any, error) { return a.get(name, hello) }) // get has told what went wrong
}

// get asks the storage, and when it must, the authority.
func (a *Manager) get(name string, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	default:
		return nil, errBusy
	}
	ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
	defer cancel()
	if err := a.listed(ctx, name); err != nil {
		if errors.Is(err, ErrNotListed) {
			a.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: name}})
			a.orders.forget(name)
		}
		return nil, err
	}
	if why, early := a.orders.wait(name, time.Now()); early {
		if why.ID != "acme-storage-failed" { // another replica may have had more luck
			if cert, err := a.config.CacheManagedCertificate(ctx, name); err == nil && !cert.Expired() {
				return &cert.Certificate, nil
			}
		}
		return nil, fmt.Errorf("no certificate for %s: %s", name, why.Cause)
	}
	cert, err := a.config.GetCertificateWithContext(context.WithValue(ctx, cancelKey{}, cancel), hello)
	if err != nil {
		a.orders.failed(name, err, time.Now())
		return nil, fmt.Errorf("no certificate for %s: %w", name, err)
	}
	if !a.due(name) {
		a.orders.forget(name)
	}
	return cert, nil
}

// due reports whether the certificate in memory is to be renewed, by what the
// authority suggests (RFC 9773) or by its age.
func (a *Manager) due(name string) bool {
	for _, c := range a.cache.AllMatchingCertificates(name) {
		if !c.NeedsRenewal(a.config) {
			return false
		}
	}
	return true
}

// cancelKey is the context key of the function that ends an order.
type cancelKey struct{}

// The events of certmagic that are listened to.
const (
	eventOrdering = "cert_obtaining"
	eventOrdered  = "cert_obtained"
	eventFailed   = "cert_failed"
)

// event is told by certmagic how orders go, also those of renewals.
func (a *Manager) event(ctx context.Context, event string, data map[string]any) error {
	name, _ := data["identifier"].(string)
	switch event {
	case eventOrdering:
		// certmagic would try again and again while the client waits
		if attempts, ok := ctx.Value(certmagic.AttemptsCtxKey).(*int); ok && *attempts > 0 {
			return certmagic.ErrNoRetry{Err: errors.New("it is tried again at another handshake")}
		}
	case eventOrdered:
		a.orders.ordered(name)
	case eventFailed:
		err, _ := data["error"].(error)
		a.orders.failed(name, err, time.Now())
		if cancel, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok {
			cancel()
		}
	}
	return nil
}
