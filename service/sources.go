package service

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"autoconfig/config"
	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/source"
)

// Sources are the open databases and directories. One whose settings stay the same after a reload stays open and keeps
// its cache.
type Sources struct {
	log   *slog.Logger
	env   config.Env
	added chan struct{} // there are new ones to check
	grace time.Duration // how long requests from before a reload may use the old ones

	mu  sync.Mutex
	now *opened // those of the settings in force

	commands source.Commands
	changed  chan struct{}  // a command lists other domains than before
	counted  map[string]int // zero for every source that a metric has counted
}

// sourceKey is a hash of what a source was opened with.
type sourceKey [sha256.Size]byte

// opened are the sources of a configuration.
type opened struct {
	all      map[sourceKey]*source.Backend
	fresh    []*source.Backend        // those opened for it
	rows     []*source.Rows           // all, as its settings see them
	others   map[string]*source.ISPDB // by folder
	commands []CommandState
}

// NewSources has none open yet.
func NewSources(log *slog.Logger, env config.Env) *Sources {
	return &Sources{log: log, env: env, added: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		grace: 30 * time.Second, now: &opened{}, counted: map[string]int{}}
}

// Open opens the sources of a configuration and gives them to its data.
func (b *Sources) Open(cfg *config.Config, data *config.Data) []finding.Finding {
	o, found := b.prepare(cfg, data)
	if config.Failed(found) {
		o.discard()
	} else {
		b.commit(o)
	}
	return found
}

// prepare opens the sources of a configuration that are not open yet, and gives all of them to its data.
func (b *Sources) prepare(cfg *config.Config, data *config.Data) (*opened, []finding.Finding) {
	o := &opened{all: map[sourceKey]*source.Backend{}, others: map[string]*source.ISPDB{}}
	data.Remote, data.ISPDB = nil, nil
	found := b.list(o, cfg, data)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		if s.ISPDB != "" {
			others, more, err := source.ReadISPDB(cfg.Reader, s.Name, s.ISPDB, b.now.others[s.ISPDB])
			if found = append(found, more...); err != nil {
				found = append(found, cfg.Unreadable(fmt.Sprintf("sources[%d].ispdb", i), s.ISPDB, err))
				continue
			}
			o.others[s.ISPDB] = others
			data.ISPDB = append(data.ISPDB, others)
			continue
		}
		secret, err := s.Secret(cfg.Reader, b.env)
		if err != nil {
			found = append(found, finding.New("config-source-secret", s.Name).Because("%s", err))
			continue
		}
		backend, err := b.backend(o, cfg.Reader, s, secret)
		if err != nil {
			found = append(found, finding.New("config-source-incomplete", s.Name).
				Because("the source cannot be opened: %s", err).Do("check dsn, ldap and ca_file"))
			continue
		}
		o.rows = append(o.rows, backend.With(data.Providers))
		data.Remote = append(data.Remote, o.rows[len(o.rows)-1])
	}
	return o, found
}

// backend is that of a source: the open one, or a new one.
func (b *Sources) backend(o *opened, r *files.Reader, s *config.Source, secret string) (*source.Backend, error) {
	var ca []byte
	var err error
	if s.CAFile != "" {
		ca, err = r.Read(s.CAFile, files.Text)
	}
	text, wrong := json.Marshal([]any{s, secret, ca})
	if err := cmp.Or(err, wrong); err != nil {
		return nil, err
	}
	key := sourceKey(sha256.Sum256(text))
	backend := b.now.all[key]
	if backend == nil {
		if backend, err = openSource(s, secret, ca, b.log); err != nil {
			return nil, err
		}
		o.fresh = append(o.fresh, backend)
	}
	o.all[key] = backend
	return backend, nil
}

func (b *Sources) commit(o *opened) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, old := range b.now.all {
		if o.all[key] == nil {
			time.AfterFunc(b.grace, func() { _ = old.Close() })
		}
	}
	b.now = o
	var used []source.Command
	for _, c := range o.commands {
		used = append(used, c.Command)
	}
	b.commands.Keep(used)
	wake(b.added)
}

// wake wakes who waits for c, now or later.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// discard closes what was opened for a change that is not committed; o may be nil.
func (o *opened) discard() {
	if o == nil {
		return
	}
	for _, backend := range o.fresh {
		_ = backend.Close() // it was never asked
	}
}

func openSource(s *config.Source, secret string, ca []byte, log *slog.Logger) (*source.Backend, error) {
	o := s.Backend()
	o.Log = log
	if s.SQL != "" {
		return source.OpenSQL(o, source.SQLOptions{Dialect: source.Dialect(s.SQL), DSN: secret,
			Domain: s.Domain, List: s.List, User: s.User})
	}
	roots, err := pool(s.CAFile, ca)
	if err != nil {
		return nil, err
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if u, err := url.Parse(s.LDAP); err == nil {
		t.ServerName = u.Hostname()
	}
	return source.OpenLDAP(o, source.LDAPOptions{URL: s.LDAP, StartTLS: s.EncryptsLater(), TLS: t,
		BindDN: s.BindDN, Password: secret, Base: s.Base,
		Domain: s.Domain, ProviderAttribute: s.ProviderAttribute, List: s.List, DomainAttribute: s.DomainAttribute,
		User: s.User, LoginAttribute: s.LoginAttribute})
}

// Roots are the system's authorities and those of a PEM file; nil, without a file, means the system's alone.
func Roots(caFile string) (*x509.CertPool, error) {
	if caFile == "" {
		return nil, nil //nolint:nilnil // crypto/tls takes nil for the system's roots
	}
	pem, err := (&files.Reader{AnyKind: true}).Read(caFile, files.Text)
	if err != nil {
		return nil, err
	}
	return pool(caFile, pem)
}

func pool(name string, pem []byte) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // see above
	}
	all, err := x509.SystemCertPool()
	if err != nil {
		all = x509.NewCertPool()
	}
	if !all.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: it has no PEM certificate", name)
	}
	return all, nil
}

func (b *Sources) all() []*source.Rows {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now.rows
}

// trouble says what is wrong with the sources, for /readyz.
func (b *Sources) trouble() []string {
	var out []string
	for _, s := range b.all() {
		if s.Down() {
			out = append(out, fmt.Sprintf("the source %q does not answer", s.Name()))
		}
		switch bad := s.BadRows(); len(bad) {
		case 0:
		case 1:
			out = append(out, fmt.Sprintf("a row of the source %q cannot be used: %s", s.Name(), bad[0]))
		default:
			out = append(out, fmt.Sprintf("%d rows of the source %q cannot be used, such as %s", len(bad), s.Name(), bad[0]))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.now.commands {
		if c.fault != "" {
			out = append(out, c.fault)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(b.now.others)) {
		if s := b.now.others[dir]; len(s.Bad) > 0 {
			out = append(out, fmt.Sprintf("files of the source %q that cannot be read: %d, such as %s",
				s.Name, len(s.Bad), s.Bad[0]))
		}
	}
	return out
}

// badRows counts the rows that cannot be used, by source: zero for one that a reload has removed.
func (b *Sources) badRows() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.now.rows {
		b.counted[s.Name()] = 0
	}
	out := maps.Clone(b.counted)
	for _, s := range b.now.rows {
		out[s.Name()] = len(s.BadRows())
	}
	return out
}

// checkEvery is how often each source is checked.
const checkEvery = 5 * time.Second

// watch checks the sources until ctx ends, and logs once for each its rows that do not count.
func (b *Sources) watch(ctx context.Context) {
	go repeat(ctx, refreshEvery, func() time.Duration {
		if b.commands.Refresh(ctx) && ctx.Err() == nil {
			wake(b.changed)
		}
		return refreshEvery
	})
	tick := time.Tick(checkEvery)
	checked := map[*source.Backend]bool{}
	for {
		var wg sync.WaitGroup
		for _, s := range b.all() {
			first := !checked[s.Backend]
			checked[s.Backend] = true
			wg.Go(func() {
				if err := s.Check(ctx); err == nil && first { // a failure is logged by Check
					b.BuiltinRows(ctx, s.Backend)
				}
			})
		}
		wg.Wait()
		select {
		case <-ctx.Done():
			return
		case <-tick:
		case <-b.added:
		}
	}
}

// BuiltinRows logs the rows of a source that do not count because a built-in provider owns their domains.
func (b *Sources) BuiltinRows(ctx context.Context, s *source.Backend) {
	domains, _ := s.BuiltinRows(ctx) // the next check logs an error
	for _, domain := range domains {
		f := source.BuiltinRow(s.Name(), domain)
		b.log.Warn(f.String(), "id", f.ID)
	}
}
