// Package acme gets certificates on demand from an ACME authority (RFC 8555), and keeps them where all replicas find
// them: in a folder or in PostgreSQL.
package acme

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/caddyserver/certmagic"
	rfc8555 "github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"
)

// Options say where certificates come from, and who may have one.
type Options struct {
	Email       string      // of the accounts; may be empty
	Authorities []Authority // the first is asked first
	Storage     Storage     // shared by all replicas

	// Listed is nil for a name that may have a certificate, [ErrNotListed] for one that may not, and another error
	// while that cannot be decided.
	Listed   func(ctx context.Context, host string) error
	Leads    func(ctx context.Context, host string) error // [Leads.Check]
	Shared   func(client netip.Addr) bool                 // many clients are behind it: it has no share of its own
	Count    func(result, name, why string)               // of orders: "ok", or "failed" and the finding's id
	Refusals *Refusals
	Now      func() time.Time
	Log      *slog.Logger
}

// Authority is where to order.
type Authority struct {
	Directory  string         // URL (RFC 8555 §7.1.1)
	KeyID, Key string         // of the external account that the authority's own is bound to (§7.3.4); empty: none
	Roots      *x509.CertPool // that its https is signed by; nil: the system's
}

// ErrNotListed is the error for a name that may not have a certificate.
var ErrNotListed = errors.New("the name belongs to no domain that is listed here")

// The bounds of ordering certificates; places.go and backoff.go have more. How many go out in ten seconds is
// certmagic's own limit.
const (
	certificatesInMemory = 10_000                // others are read from the storage again
	orderTimeout         = 3 * time.Minute       // of one order, with its turn
	loadTimeout          = 15 * time.Second      // of the storage
	unusableFor          = time.Second           // how long stored parts may not fit together
	firstHandshake       = 25 * time.Second      // how long a client waits for a new certificate
	proofPoll            = 20 * time.Millisecond // how often one who waits looks for a place
	answerTimeout        = 5 * time.Second       // what is left of the handshake then
	maintainEvery        = time.Minute           // how often a certificate in use is checked
	saveEvery            = time.Minute           // how often what could not be stored is tried again
	cleanEvery           = 24 * time.Hour        // expired certificates in the storage
	keepExpired          = 14 * 24 * time.Hour
	closeTimeout         = 2 * time.Second
)

// Manager gets certificates on demand: when a client first asks for a name, and again before they expire. A handshake
// is never held up by the authority or the storage while a good certificate is in memory, nor by orders while one is in
// the storage.
type Manager struct {
	o           Options
	cache       *certmagic.Cache
	config      *certmagic.Config     // what is stored, whoever issued it
	issuer      *certmagic.ACMEIssuer // of config
	authorities []authorityClient     // in the order of Options
	storage     *watchedStorage
	backoff     *backoff
	recent      recent
	orders      orders
	proofs      places // of those who look for the proof that another replica gives
	pace        *certmagic.RingBufferRateLimiter
	loading     singleflight.Group // from the storage
	patience    time.Duration      // with the authorities, for one order
	waiting     time.Duration      // of a client, for a new certificate
}

// authorityClient places orders with one authority.
type authorityClient struct {
	config *certmagic.Config
	plain  *certmagic.Config // without naming the certificate that is replaced
	key    string            // in the storage
}

// New starts the upkeep of certificates, which the end of [Manager.Run] ends. The addresses are those of the open
// listeners, which the challenges reach; plain is nil without one.
func New(o Options, plain, secure net.Addr) *Manager {
	a := &Manager{o: o, backoff: newBackoff(o), patience: orderTimeout, waiting: firstHandshake,
		proofs: newPlaces(proofPlaces, o.Shared),
		orders: orders{running: map[string]*order{}, places: newPlaces(orderPlaces, o.Shared), ahead: make(chan struct{}, 1)},
		// certmagic waits for the same only once an order has begun, when it is too late to hold it
		pace: certmagic.NewRateLimiter(certmagic.RateLimitEvents, certmagic.RateLimitEventsWindow)}
	a.storage = &watchedStorage{Storage: o.Storage, report: a.backoff.stored, unsaved: map[string][]byte{}}
	log := zap.New(zapCore{log: o.Log})
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Capacity:         certificatesInMemory,
		Logger:           log,
	})
	configured := func(c certmagic.Config, issuers ...certmagic.ACMEIssuer) *certmagic.Config {
		decided := func(context.Context, string) error { return nil } // before certmagic is asked
		c.OnDemand = &certmagic.OnDemandConfig{DecisionFunc: decided}
		c.OCSP.DisableStapling = true // a handshake must not wait for it
		c.OnEvent, c.Storage, c.Logger = a.event, a.storage, log
		config := certmagic.New(a.cache, c)
		config.Issuers = nil
		for _, issuer := range issuers {
			a.issuer = certmagic.NewACMEIssuer(config, issuer)
			config.Issuers = append(config.Issuers, a.issuer)
		}
		return config
	}
	var issuers []certmagic.ACMEIssuer
	for i, authority := range o.Authorities {
		refused := func(status int, header http.Header) { a.backoff.refused(i, status, header) }
		issuer := certmagic.ACMEIssuer{CA: authority.Directory, Email: o.Email, Agreed: true, TrustedRoots: authority.Roots,
			Logger: zap.New(zapCore{log: o.Log, refused: refused})}
		if authority.KeyID != "" {
			issuer.ExternalAccount = &rfc8555.EAB{KeyID: authority.KeyID, MACKey: authority.Key}
		}
		issuer.ListenHost, issuer.AltTLSALPNPort = hostAndPort(secure)
		if issuer.DisableHTTPChallenge = plain == nil; plain != nil {
			_, issuer.AltHTTPPort = hostAndPort(plain)
		}
		issuers = append(issuers, issuer)
		a.authorities = append(a.authorities, authorityClient{configured(certmagic.Config{}, issuer),
			configured(certmagic.Config{DisableARI: true}, issuer), issuer.IssuerKey()})
	}
	a.config = configured(certmagic.Config{}, issuers...)
	return a
}

// hostAndPort is where certmagic finds that something answers challenges already and opens no listener of its own.
func hostAndPort(addr net.Addr) (host string, port int) {
	at, _ := netip.ParseAddrPort(addr.String()) // of an open listener
	if at.IsValid() && !at.Addr().IsUnspecified() {
		host = at.Addr().String()
	}
	return host, int(at.Port())
}

// Status is the state, with the reasons that concern every name.
func (a *Manager) Status() (c Status, reasons []string) {
	c, reasons = a.backoff.report()
	_, c.InUse = a.recent.firstExpiry(a.o.Now())
	return c, reasons
}

// FirstExpiry is when the first certificate in use expires; zero without one.
func (a *Manager) FirstExpiry() time.Time {
	first, _ := a.recent.firstExpiry(a.o.Now())
	return first
}

// close ends the upkeep, and frees the locks of orders under way for the other replicas.
func (a *Manager) close() {
	a.cache.Stop()
	a.pace.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	certmagic.CleanUpOwnLocks(ctx, a.config.Logger)
}

// Run stores what could not be stored before, and throws away what has expired in the storage, until ctx ends.
func (a *Manager) Run(ctx context.Context) {
	defer a.close()
	cleaning := make(chan struct{})
	go func() {
		defer close(cleaning)
		every(ctx, cleanEvery, func() { a.clean(ctx) })
	}()
	every(ctx, saveEvery, func() { _ = a.storage.save(ctx) }) // what fails is reported
	select {
	case <-cleaning: // its lock is not kept from the other replicas
	case <-time.After(closeTimeout):
	}
}

// clean throws away what has expired in the storage.
func (a *Manager) clean(ctx context.Context) {
	err := certmagic.CleanStorage(ctx, a.storage, certmagic.CleanStorageOptions{
		Logger: a.config.Logger, Interval: cleanEvery, ExpiredCerts: true, ExpiredCertGracePeriod: keepExpired,
	})
	if err != nil && ctx.Err() == nil {
		a.o.Log.Debug("the certificate storage could not be cleaned", "error", err)
	}
}

// every calls f until ctx ends, with a pause after each call.
func every(ctx context.Context, pause time.Duration, f func()) {
	for {
		f()
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
