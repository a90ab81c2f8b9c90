// Package config reads autoconfig.yaml: strictly, so that a typing error is an error and never a setting that silently
// does not count. Every mistake is a finding with file:line:column, what is wrong and what to write instead.
package config

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// Config is the file as written, with defaults filled in.
type Config struct {
	day time.Time // whose values of the built-in providers are served

	Listen      string `yaml:"listen" doc:"address for plain HTTP; default 127.0.0.1:8080"`
	ListenTLS   string `yaml:"listen_tls" doc:"address for https; needs tls"`
	Admin       string `yaml:"admin" doc:"admin listener; default 127.0.0.1:8081; empty switches it off"`
	TLS         TLS    `yaml:"tls,omitempty" doc:"certificates for listen_tls"`
	ServiceHost string `yaml:"service_host" doc:"host that customers' CNAME and SRV records point to"`

	TrustedProxies []netip.Prefix `yaml:"trusted_proxies" doc:"networks whose X-Forwarded-* counts; default: this machine"`
	ForwardedHost  bool           `yaml:"forwarded_host" doc:"whether X-Forwarded-Host of a trusted proxy counts"`
	AdminHosts     []string       `yaml:"admin_hosts" doc:"other host names that the admin listener answers to"`

	LogClients bool       `yaml:"log_clients" doc:"write client addresses to the access log"`
	AuditLog   string     `yaml:"audit_log,omitempty" doc:"file for one JSON line per reload, purge, publication and order"`
	Drain      Duration   `yaml:"drain" doc:"how long to go on accepting after SIGTERM"`
	DNS        DNS        `yaml:"dns" doc:"resolvers, and the record watch"`
	Signing    Signing    `yaml:"signing,omitempty" doc:"signs Apple profiles: auto (service_host's certificate) or files"`
	Branding   Branding   `yaml:"branding" doc:"how the pages look"`
	Pages      Pages      `yaml:"pages" doc:"more pages about your own domains"`
	Providers  []Provider `yaml:"providers" doc:"the mail providers served"`
	Sources    []Source   `yaml:"sources" doc:"databases and directories, asked after listed and built-in domains"`
	Limits     Limits     `yaml:"limits" doc:"rate limit per client for pages, profiles and MX look-ups"`

	Path   string        `yaml:"-"` // the file or variable read; empty: only the built-ins
	Reader *files.Reader `yaml:"-"` // of the files it names

	env    Env // it was read from; nil: from a file
	empty  bool
	pos    places
	broken []string // paths of what could not be read, so that nothing more is reported about it
	faults []finding.Finding
	model  []*Provider
	files  []string // a change of one calls for a reload; some may be empty
}

// KeyPair names the PEM files of a certificate and its key.
type KeyPair struct {
	CertFile string `yaml:"cert_file,omitempty" doc:"PEM, leaf first, then intermediates"`
	KeyFile  string `yaml:"key_file,omitempty" doc:"PEM private key"`
}

// Set reports whether both files are named.
func (k KeyPair) Set() bool { return k.CertFile != "" && k.KeyFile != "" }

// Signing says what Apple profiles are signed with.
type Signing struct {
	KeyPair `yaml:",inline"`
	Auto    bool `yaml:"-"` // with the certificate of the https listener
}

const signingAuto = "auto"

// SigningPair is the files that profiles are signed with; none are set where the https listener's certificate comes on
// demand.
func (c *Config) SigningPair() KeyPair {
	if c.Signing.Auto {
		return c.TLS.KeyPair
	}
	return c.Signing.KeyPair
}

// DNS is how the server asks DNS.
type DNS struct {
	Resolver Resolvers `yaml:"resolver" doc:"system, or a list of HOST[:PORT]; switches the MX source on"`
	Watch    Duration  `yaml:"watch" doc:"how often to check the records of the operator's domains; 0s: never"`
}

// Branding is how the pages for people look.
type Branding struct {
	Look      `yaml:",inline"`
	Resellers []Reseller `yaml:"resellers,omitempty" doc:"other looks, by host name of the page or by provider"`
}

// Look is one look of the pages.
type Look struct {
	Name     string `yaml:"name" doc:"shown instead of the project's name"`
	Logo     string `yaml:"logo" doc:"path of an SVG or PNG file"`
	LogoDark string `yaml:"logo_dark,omitempty" doc:"path of the logo for dark screens"`
	Accent   string `yaml:"accent" doc:"colour, #rgb or #rrggbb"`
	Support  string `yaml:"support" doc:"mailto: or https: link to the help desk"`
	Imprint  string `yaml:"imprint" doc:"https: link"`
}

// Reseller is a look of its own. What it leaves out is not taken from the branding around it.
type Reseller struct {
	For  []string `yaml:"for" doc:"host names that pages are asked by, and ids of providers"`
	Look `yaml:",inline"`
}

// Pages are the pages about the operator's own domains.
type Pages struct {
	Public  bool `yaml:"public" doc:"/settings/DOMAIN for your domains too, for search engines; it makes them known"`
	Records bool `yaml:"records" doc:"/records/DOMAIN: the DNS records of a domain, for its owner"`
}

// Limits bound what one client may ask of the costly routes.
type Limits struct {
	PerMinute int `yaml:"per_minute" doc:"requests a minute; default 60"`
	Burst     int `yaml:"burst" doc:"requests at once; default 30"`
}

// Provider is one entry under providers: a provider, or a built-in one with what the file says in place of its own
// values.
type Provider struct {
	provider.Provider `yaml:",inline"`

	DomainsFile    DomainsFiles    `yaml:"domains_file,omitempty" doc:"file with one domain a line, or with addresses"`
	DomainsCommand *DomainsCommand `yaml:"domains_command,omitempty" doc:"program, as a list of words, that prints one domain per line"`
	Username       string          `yaml:"username,omitempty" doc:"login name template of all servers"`
	Auth           []provider.Auth `yaml:"auth,omitempty" doc:"ways to log in to all servers"`

	Builtin bool `yaml:"-"` // the built-in itself, or an entry that starts from it

	theirs []string // the built-in's domains
	own    []string // the domains the entry names
	path   string   // providers[N]; "" for a built-in that the file does not name
}

// DomainsFiles are the files with an entry's domains.
type DomainsFiles []DomainsFile

// DomainsFile is one of them.
type DomainsFile struct {
	Path   string        `yaml:"path" doc:"of the file"`
	Format DomainsFormat `yaml:"format,omitempty" doc:"lines (default): one domain per line; addresses: accounts or aliases, whose domains count"`
}

// String is the paths, for people.
func (d DomainsFiles) String() string {
	var paths []string
	for _, f := range d {
		paths = append(paths, f.Path)
	}
	return strings.Join(paths, ", ")
}

// DomainsFormat is the format of a file with domains.
type DomainsFormat string

// The formats: one domain a line; one address a line, with more behind it.
const (
	FormatLines     DomainsFormat = "lines"
	FormatAddresses DomainsFormat = "addresses"
)

// DomainsCommand is a program that prints an entry's domains.
type DomainsCommand struct {
	Command []string  `yaml:"command" doc:"the program and its arguments; no shell"`
	Field   int       `yaml:"field,omitempty" doc:"which word of each line is the domain; default 1"`
	Refresh *Duration `yaml:"refresh,omitempty" doc:"how often to run it again; default 5m"`
	Timeout *Duration `yaml:"timeout,omitempty" doc:"how long it may take; default 10s"`
}

// Run is the command with its defaults.
func (d *DomainsCommand) Run(path string) source.Command {
	return source.Command{Args: d.Command, Path: path, Field: cmp.Or(d.Field, 1),
		Refresh: span(d.Refresh, 5*time.Minute), Timeout: span(d.Timeout, 10*time.Second)}
}

// Default is the configuration without a file.
func Default() *Config {
	return &Config{
		Listen:         "127.0.0.1:8080",
		Admin:          "127.0.0.1:8081",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Limits:         Limits{PerMinute: 60, Burst: 30},
	}
}

// Model lists the providers served: the file's in their order, then the built-ins the file does not redefine.
func (c *Config) Model() []*Provider { return c.model }

// Name is the file's name, for people.
func (c *Config) Name() string {
	if c.Path == "" {
		return "only the built-in providers"
	}
	return c.Path
}

// Duration is a time.Duration written in words: 5m, 0s.
type Duration time.Duration

// String is the duration in words.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText is [Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// NeedsRestart lists the keys that differ in next and count from the next start only.
func (c *Config) NeedsRestart(next *Config) []string {
	var keys []string
	differs := func(key string, same bool) {
		if !same {
			keys = append(keys, key)
		}
	}
	differs("listen", c.Listen == next.Listen)
	differs("admin", c.Admin == next.Admin)
	differs("listen_tls", c.ListenTLS == next.ListenTLS)
	differs("tls.proxy_protocol", c.TLS.ProxyProtocol == next.TLS.ProxyProtocol)
	differs("tls.acme", reflect.DeepEqual(c.TLS.ACME, next.TLS.ACME))
	differs("trusted_proxies", slices.Equal(c.TrustedProxies, next.TrustedProxies))
	differs("forwarded_host", c.ForwardedHost == next.ForwardedHost)
	differs("admin_hosts", slices.Equal(c.AdminHosts, next.AdminHosts))
	differs("log_clients", c.LogClients == next.LogClients)
	differs("audit_log", c.AuditLog == next.AuditLog)
	differs("drain", c.Drain == next.Drain)
	differs("dns", slices.Equal(c.DNS.Resolver, next.DNS.Resolver) && c.DNS.Watch == next.DNS.Watch)
	differs("limits", c.Limits == next.Limits)
	return keys
}
