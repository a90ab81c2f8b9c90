package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"autoconfig/files"
	"autoconfig/source"
)

// Source is one entry under sources: a database (sql), a directory (ldap) or a folder of documents (ispdb).
type Source struct {
	Name  string `yaml:"name,omitempty" doc:"in the log and in /readyz; default: sql, ldap or ispdb with a number"`
	SQL   string `yaml:"sql,omitempty" doc:"postgres, mysql (also MariaDB) or sqlite"`
	LDAP  string `yaml:"ldap,omitempty" doc:"ldaps://, ldap:// or ldapi:// URL"`
	ISPDB string `yaml:"ispdb,omitempty" doc:"folder of autoconfig documents of other people's providers, asked last"`

	DSN     string `yaml:"dsn,omitempty" doc:"sql: how to connect; may hold ${ENV}"`
	DSNFile string `yaml:"dsn_file,omitempty" doc:"sql: file with the dsn"`

	StartTLS     *bool  `yaml:"starttls,omitempty" doc:"ldap: encrypt an ldap:// connection; default true"`
	CAFile       string `yaml:"ca_file,omitempty" doc:"ldap: PEM authorities to trust besides the system's"`
	BindDN       string `yaml:"bind_dn,omitempty" doc:"ldap: whom to bind as; empty: anonymous"`
	Password     string `yaml:"password,omitempty" doc:"ldap: of bind_dn; may hold ${ENV}"`
	PasswordFile string `yaml:"password_file,omitempty" doc:"ldap: file with the password"`
	Base         string `yaml:"base,omitempty" doc:"ldap: where the search starts"`

	Provider string `yaml:"provider,omitempty" doc:"id of the provider of every domain found"`
	Domain   string `yaml:"domain,omitempty" doc:"query or filter with :domain; sql: the first column is the provider's id, unless provider is given"`
	List     string `yaml:"list,omitempty" doc:"query or filter for all domains: for dns check --all, export and the record watch"`
	User     string `yaml:"user,omitempty" doc:"query or filter for the login name, with :address, :local or :domain; needs reveal_logins"`

	ProviderAttribute string `yaml:"provider_attribute,omitempty" doc:"ldap: attribute with the provider's id"`
	DomainAttribute   string `yaml:"domain_attribute,omitempty" doc:"ldap: attribute of the list with domain or address"`
	LoginAttribute    string `yaml:"login_attribute,omitempty" doc:"ldap: attribute with the login name"`

	RevealLogins bool        `yaml:"reveal_logins,omitempty" doc:"answer logins; tells strangers which mailboxes exist"`
	Timeout      *Duration   `yaml:"timeout,omitempty" doc:"for one question; default 2s"`
	Connections  int         `yaml:"connections,omitempty" doc:"at most; default 8"`
	Cache        SourceCache `yaml:"cache,omitempty" doc:"what is remembered of the answers"`
}

// SourceCache bounds what is remembered of a source.
type SourceCache struct {
	TTL         *Duration `yaml:"ttl" doc:"how long an answer is fresh; default 5m"`
	NegativeTTL *Duration `yaml:"negative_ttl" doc:"how long no answer is; default 1m"`
	Stale       *Duration `yaml:"stale" doc:"how much longer an answer serves while the source is down; default 1h"`
	Entries     int       `yaml:"entries" doc:"at most; default 500000"`
}

// Backend are the source's name, bounds and defaults as it is opened with.
func (s *Source) Backend() source.BackendOptions {
	return source.BackendOptions{Name: s.Name, Provider: s.Provider, Logins: s.User != "" && s.RevealLogins,
		Cache: source.CacheOptions{
			TTL: span(s.Cache.TTL, 5*time.Minute), NegativeTTL: span(s.Cache.NegativeTTL, time.Minute),
			Stale:   span(s.Cache.Stale, time.Hour),
			Entries: cmp.Or(s.Cache.Entries, 500_000), Timeout: span(s.Timeout, 2*time.Second),
			InFlight: cmp.Or(s.Connections, 8), Waiting: 1000, Retry: time.Second, Rest: true}}
}

func span(d *Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return time.Duration(*d)
}

// EncryptsLater reports whether StartTLS is asked for.
func (s *Source) EncryptsLater() bool {
	return strings.HasPrefix(s.LDAP, "ldap://") && (s.StartTLS == nil || *s.StartTLS)
}

// Secret is the dsn or the password, from its file or with ${ENV} put in.
func (s *Source) Secret(r *files.Reader, env Env) (string, error) {
	text, file := cmp.Or(s.DSN, s.Password), cmp.Or(s.DSNFile, s.PasswordFile)
	if file != "" {
		var err error
		if text, err = readSecret(r, file); err != nil || s.PasswordFile != "" {
			return text, err // a password may hold anything
		}
	}
	return expand(text, env)
}

func readSecret(r *files.Reader, file string) (string, error) {
	b, err := r.Read(file, files.Secret)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// Env looks up an environment variable, which may be set and empty.
type Env func(name string) (value string, set bool)

// Get is the value of a variable, "" where it is not set.
func (e Env) Get(name string) string {
	value, _ := e(name)
	return value
}

// expand puts the environment's values in place of ${NAME}. A $ alone remains: passwords have them.
func expand(text string, env Env) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", errors.New("a ${ without its }")
		}
		value, set := env(name)
		if !set {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		out.WriteString(value)
		text = after
	}
}

// HasSources reports whether domains come from somewhere else than the configuration and its files.
func (c *Config) HasSources() bool {
	return len(c.Sources) > 0 || slices.ContainsFunc(c.model, func(e *Provider) bool { return e.DomainsCommand != nil })
}

// namedBySource reports whether a source can give domains to a provider.
func (c *Config) namedBySource(id string) bool {
	return slices.ContainsFunc(c.Sources, func(s Source) bool {
		return s.ISPDB == "" && (s.Provider == "" || s.Provider == id)
	})
}

// shown is the source with its defaults, and without its secrets.
func (s Source) shown() Source {
	if s.ISPDB != "" {
		return s
	}
	for _, secret := range []*string{&s.DSN, &s.Password} {
		if *secret != "" {
			*secret = "********"
		}
	}
	later := s.EncryptsLater()
	s.StartTLS = nil
	if strings.HasPrefix(s.LDAP, "ldap://") {
		s.StartTLS = &later
	}
	o := s.Backend().Cache
	s.Timeout, s.Connections = new(Duration(o.Timeout)), o.InFlight
	s.Cache = SourceCache{new(Duration(o.TTL)), new(Duration(o.NegativeTTL)), new(Duration(o.Stale)), o.Entries}
	return s
}
