package service

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"

	"autoconfig/config"
	"autoconfig/finding"
	"autoconfig/source"
)

// Sources are the databases and directories that are open. One whose
// settings stay the same outlives a reload, with what it remembers.
type Sources struct {
	log    *slog.Logger
	getenv func(string) string
	opened chan struct{} // there are new ones to check

	mu   sync.Mutex
	open map[[sha256.Size]byte]*source.Backend // by what they were opened with
}

// NewSources has none open yet.
func NewSources(log *slog.Logger, getenv func(string) string) *Sources {
	return &Sources{log: log, getenv: getenv, opened: make(chan struct{}, 1), open: map[[sha256.Size]byte]*source.Backend{}}
}

// Open opens the sources of a configuration and gives them to its data.
func (b *Sources) Open(cfg *config.Config, data *config.Data) []finding.Finding {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []finding.Finding
	used := map[[sha256.Size]byte]*source.Backend{}
	data.Remote = nil
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		secret, err := s.Secret(b.getenv)
		if err != nil {
			found = append(found, finding.New("config-source-secret", s.Name).Because("%s", err))
			continue
		}
		key, err := keyOf(s, secret)
		if err == nil && b.open[key] == nil {
			b.open[key], err = openSource(s, secret, b.log)
		}
		if err != nil {
			delete(b.open, key)
			found = append(found, finding.New("config-source-incomplete", s.Name).Because("the source cannot be opened: %s", err).Do("check dsn, ldap and ca_file"))
			continue
		}
		used[key] = b.open[key]
		data.Remote = append(data.Remote, b.open[key].With(data.Providers))
	}
	if config.Failed(found) {
		return found // the sources of before stay in use
	}
	for key, old := range b.open {
		if used[key] == nil {
			time.AfterFunc(lastQuestions, func() { _ = old.Close() })
		}
	}
	b.open = used
	select {
	case b.opened <- struct{}{}:
	default:
	}
	return found
}

// lastQuestions is how long requests that began before a reload may still ask
// the sources of before.
const lastQuestions = 30 * time.Second

// keyOf tells sources apart that must be opened anew.
func keyOf(s *config.Source, secret string) ([sha256.Size]byte, error) {
	ca := []byte(nil)
	if s.CAFile != "" {
		var err error
		if ca, err = os.ReadFile(s.CAFile); err != nil {
			return [sha256.Size]byte{}, err
		}
	}
	text, err := json.Marshal([]any{s, secret, ca})
	return sha256.Sum256(text), err
}

func openSource(s *config.Source, secret string, log *slog.Logger) (*source.Backend, error) {
	o := s.Backend()
	o.Log = log
	user := ""
	if o.Logins {
		user = s.User
	}
	if s.SQL != "" {
		return source.OpenSQL(o, source.SQLOptions{Dialect: source.Dialect(s.SQL), DSN: secret, Domain: s.Domain, List: s.List, User: user, Connections: o.Cache.InFlight})
	}
	roots, err := Roots(s.CAFile)
	if err != nil {
		return nil, err
	}
	return source.OpenLDAP(o, source.LDAPOptions{URL: s.LDAP, StartTLS: s.EncryptsLater(), TLS: ldapTLS(s.LDAP, roots), BindDN: s.BindDN, Password: secret, Base: s.Base,
		Domain: s.Domain, ProviderAttribute: s.ProviderAttribute, List: s.List, DomainAttribute: s.DomainAttribute,
		User: user, LoginAttribute: s.LoginAttribute, Connections: o.Cache.InFlight})
}

// Roots are the system's authorities and those of a PEM file; nil, without a
// file, means the system's alone.
func Roots(caFile string) (*x509.CertPool, error) {
	if caFile == "" {
		return nil, nil //nolint:nilnil // crypto/tls takes nil for the system's roots
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no PEM certificate in it", caFile)
	}
	return pool, nil
}

func ldapTLS(raw string, roots *x509.CertPool) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if u, err := url.Parse(raw); err == nil {
		c.ServerName = u.Hostname()
	}
	return c
}

// all are the backends open now.
func (b *Sources) all() []*source.Backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*source.Backend
	for _, s := range b.open {
		out = append(out, s)
	}
	return out
}

// trouble names the backends that do not answer, for /readyz.
func (b *Sources) trouble() []string {
	var out []string
	for _, s := range b.all() {
		if s.Down() {
			out = append(out, fmt.Sprintf("the source %q does not answer", s.Name()))
		}
	}
	return out
}

// checkEvery is how often each source is asked whether it is there.
const checkEvery = 5 * time.Second

// watch checks the sources until ctx ends, and says once of each whether it
// has rows that will not count.
func (b *Sources) watch(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	told := map[*source.Backend]bool{}
	for {
		var wg sync.WaitGroup
		for _, s := range b.all() {
			first := !told[s]
			told[s] = true
			wg.Go(func() {
				if err := s.Check(ctx); err != nil || !first {
					return // the failure is logged
				}
				b.BuiltinRows(ctx, s)
			})
		}
		wg.Wait()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-b.opened:
		}
	}
}

// BuiltinRows logs the rows of a source that cannot count, since a built-in
// provider owns their domains.
func (b *Sources) BuiltinRows(ctx context.Context, s *source.Backend) {
	domains, _ := s.BuiltinRows(ctx) // what is wrong now is logged by the next check
	for _, domain := range domains {
		f := source.BuiltinRow(s.Name(), domain)
		b.log.Warn(f.String(), "id", f.ID)
	}
}
