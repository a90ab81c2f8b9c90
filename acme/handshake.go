package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"

	"autoconfig/finding"
	"autoconfig/provider"
)

// TLSConfig is the TLS configuration of the listener: HTTP/2 and HTTP/1.1 over TLS 1.2 or newer (RFC 9325 §3.1.1), and
// the challenge of RFC 8737.
func (a *Manager) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1", alpnChallenge},
		GetCertificate: a.certificate,
	}
}

// alpnChallenge is the protocol of an authority that looks for the proof (RFC 8737 §6.2).
const alpnChallenge = "acme-tls/1"

// Challenges answers an authority that looks for the proof by plain http (RFC 8555 §8.3), and passes everything else
// on.
func (a *Manager) Challenges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if certmagic.LooksLikeHTTPChallenge(r) {
			client, _ := netip.ParseAddrPort(r.RemoteAddr) // of a listener
			if free, err := a.prove(r.Context(), provider.HostName(r.Host), client.Addr()); err == nil {
				defer free()
				if a.issuer.HandleHTTPChallenge(w, r) {
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// prove admits a client that asks for the proof of a name. Only a proof that another replica gives is read from the
// storage, by a few at a time; others wait.
func (a *Manager) prove(ctx context.Context, name string, client netip.Addr) (free func(), err error) {
	if err := a.o.Listed(ctx, name); err != nil {
		return nil, err
	}
	if _, ours := certmagic.GetACMEChallenge(name); ours {
		return func() {}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		free, why := a.proofs.take(client)
		if why == "" {
			return free, nil
		}
		select { // an authority may ask for many names at once
		case <-ctx.Done():
			return nil, a.o.Refusals.Refuse(finding.New(why, name))
		case <-time.After(proofPoll):
		}
	}
}

// certificate is the tls.Config's GetCertificate. The name that is looked up, checked and ordered is the normal form of
// what the client sent.
func (a *Manager) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := provider.HostName(hello.ServerName)
	if slices.Equal(hello.SupportedProtos, []string{alpnChallenge}) {
		free, err := a.prove(hello.Context(), name, clientOf(hello.Conn))
		if err != nil {
			return nil, err
		}
		defer free()
		normal := *hello
		normal.ServerName = name
		return a.config.GetCertificate(&normal)
	}
	return a.get(hello.Context(), name, hello.Conn)
}

// Certificate is the certificate of a name as a client would get it, which may take as long as an order does. It is
// renewed as long as it is asked for.
func (a *Manager) Certificate(ctx context.Context, name string) (*tls.Certificate, error) {
	return a.get(ctx, name, nil)
}

func (a *Manager) get(ctx context.Context, name string, conn net.Conn) (cert *tls.Certificate, err error) {
	if cert = a.InMemory(name); cert == nil {
		if cert, err = a.fetch(ctx, name, conn); err != nil {
			return nil, err
		}
	}
	a.used(name, cert)
	return cert, nil
}

// used looks after a certificate in use now and then, whoever asked for it.
func (a *Manager) used(name string, cert *tls.Certificate) {
	if a.recent.note(name, cert.Leaf.NotAfter, a.o.Now()) {
		go a.maintain(name)
	}
}

// InMemory is the certificate to hand out at once, nil without one.
func (a *Manager) InMemory(name string) *tls.Certificate {
	var best *tls.Certificate
	for _, c := range a.cache.AllMatchingCertificates(name) {
		if a.o.Now().Before(c.Leaf.NotAfter) && (best == nil || c.Leaf.NotAfter.After(best.Leaf.NotAfter)) {
			best = &c.Certificate
		}
	}
	return best
}

// fetch finds a certificate in the storage, which costs no place and asks nobody else, and only then orders one. The
// client may give up; the order goes on, and the next client finds the certificate.
func (a *Manager) fetch(ctx context.Context, name string, conn net.Conn) (*tls.Certificate, error) {
	listed := a.o.Listed(ctx, name)
	if errors.Is(listed, ErrNotListed) {
		a.drop(name)
		return nil, a.o.Refusals.Refuse(Why(name, listed))
	}
	if conn != nil {
		// longer than the listener gives a handshake: an order takes seconds
		_ = conn.SetDeadline(time.Now().Add(a.waiting + answerTimeout))
	}
	timer := time.NewTimer(a.waiting)
	defer timer.Stop()
	select {
	case got := <-a.loading.DoChan(name, func() (any, error) { return a.load(context.Background(), name) }):
		if got.Err == nil {
			return got.Val.(*tls.Certificate), nil //nolint:errcheck,forcetypeassert // load returns no other
		}
	case <-timer.C:
		return nil, a.o.Refusals.Refuse(finding.New("acme-orders-slow", name))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if listed != nil { // what is stored is served although the source does not answer; nothing is ordered
		return nil, a.o.Refusals.Refuse(Why(name, listed))
	}
	if a.backoff.unreadable() {
		return nil, a.o.Refusals.Refuse(finding.New("acme-storage-failed", name))
	}
	o, err := a.begin(ctx, name, clientOf(conn), fresh)
	if err != nil {
		return nil, err
	}
	select {
	case <-o.done:
		return o.cert, o.err
	case <-timer.C:
		return nil, a.o.Refusals.Refuse(finding.New("acme-orders-slow", name))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load reads a certificate that has not expired from the storage.
func (a *Manager) load(ctx context.Context, name string) (*tls.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	read := a.config.CacheManagedCertificate
	cert, err := read(ctx, name)
	for parts := ""; err != nil && !errors.Is(err, fs.ErrNotExist); cert, err = read(ctx, name) {
		before := parts
		if parts = a.allParts(ctx, name); parts == "" || a.backoff.unreadable() { // the storage fails
			break
		}
		if parts == before { // no replica is storing them right now: they do not fit together
			a.giveUp(ctx, name)
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(unusableFor):
		}
	}
	if err == nil && !a.o.Now().Before(cert.Leaf.NotAfter) {
		err = fmt.Errorf("the stored certificate expired: %w", fs.ErrNotExist)
	}
	return &cert.Certificate, err
}

// giveUp makes the stored certificates of a name that cannot be used count as missing.
func (a *Manager) giveUp(ctx context.Context, name string) {
	for _, at := range a.authorities {
		if _, err := at.config.CacheManagedCertificate(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			_ = a.storage.Delete(ctx, certmagic.StorageKeys.SiteMeta(at.key, name))
		}
	}
}

// allParts are [Manager.parts] of every authority.
func (a *Manager) allParts(ctx context.Context, name string) (all string) {
	for _, at := range a.authorities {
		all += a.parts(ctx, at.key, name)
	}
	return all
}

// parts are what the certificate of one authority is stored in, empty unless all are there.
func (a *Manager) parts(ctx context.Context, issuer, name string) (all string) {
	keys := certmagic.StorageKeys
	for _, key := range []func(issuer, name string) string{keys.SiteCert, keys.SitePrivateKey, keys.SiteMeta} {
		part, err := a.storage.Load(ctx, key(issuer, name))
		if err != nil {
			return ""
		}
		all += string(part)
	}
	return all
}

func (a *Manager) drop(name string) {
	a.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: name}})
	a.backoff.forget(name)
}

// Recheck has the next client order a certificate, however often that has failed, and checks one in memory at once: it
// is dropped when the name is no longer listed.
func (a *Manager) Recheck(name string) {
	a.backoff.forget(name)
	if a.InMemory(name) != nil {
		go a.maintain(name)
	}
}

// maintain renews a certificate in use when it is time, and forgets it when its domain is no longer listed.
func (a *Manager) maintain(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
	defer cancel()
	if err := a.o.Listed(ctx, name); err != nil {
		if errors.Is(err, ErrNotListed) {
			a.drop(name)
		}
		return
	}
	if a.due(name) {
		_, _ = a.load(ctx, name) // another replica may have renewed it; what fails is reported
	}
	if a.due(name) {
		o, err := a.begin(ctx, name, netip.Addr{}, renewal)
		if err != nil {
			return
		}
		<-o.done
	}
	if !a.due(name) {
		// certmagic asks when the authority suggests a renewal (RFC 9773), and replaces in memory what was renewed
		_, _ = a.config.GetCertificateWithContext(ctx, &tls.ClientHelloInfo{ServerName: name, Conn: nowhere{}})
	}
}

// due reports whether the certificate in memory is to be renewed, by what the authority suggests (RFC 9773) or by its
// age.
func (a *Manager) due(name string) bool {
	for _, c := range a.cache.AllMatchingCertificates(name) {
		if !c.NeedsRenewal(a.config) {
			return false
		}
	}
	return true
}

// nowhere is the connection of a handshake that does not exist.
type nowhere struct{ net.Conn }

func (nowhere) RemoteAddr() net.Addr { return &net.TCPAddr{} }
func (nowhere) LocalAddr() net.Addr  { return &net.TCPAddr{} }
