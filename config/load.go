package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// Load reads the file at path, or the defaults when path is empty, and every
// file it names. The findings are all that is wrong or doubtful; if any of
// them is a failure ([Failed]) the configuration must not be used.
func Load(path string) (*Config, []finding.Finding) {
	return LoadWith(new(files.Reader), path, time.Now())
}

// LoadWith is [Load] for one that loads again and again: its reader remembers
// which files hang. What is said about the built-in providers is as on day
// ([provider.Changes]).
func LoadWith(r *files.Reader, path string, day time.Time) (*Config, []finding.Finding) {
	c := Default()
	c.Path, c.Reader, c.day = path, r, day
	if path == "" {
		return c, c.build(nil)
	}
	text, err := r.Read(path, files.Text)
	if err != nil {
		return c, []finding.Finding{unreadable(Pos{File: path}, path, err)}
	}
	return c.parse(text)
}

// parse reads the text of the file.
func (c *Config) parse(text []byte) (*Config, []finding.Finding) {
	d := &decoder{file: c.Path, pos: map[string]Pos{}, anchors: map[string]ast.Node{}}
	d.decode(text, c)
	c.pos = d.pos
	if Failed(d.faults) {
		return c, d.faults
	}
	return c, c.build(d.faults)
}

// Failed reports whether one of the findings is a failure.
func Failed(list []finding.Finding) bool {
	return slices.ContainsFunc(list, func(f finding.Finding) bool { return f.Level == finding.Fail })
}

func (c *Config) build(faults []finding.Finding) []finding.Finding {
	faults = append(faults, c.settings()...)
	ids := map[string]int{}
	for i := range c.Providers {
		e := c.entry(i, &c.Providers[i])
		first := ""
		if len(e.own) > 0 {
			first = e.own[0]
		} else if e.DomainsFile != "" {
			first = c.firstDomain(e.DomainsFile)
		}
		e.names(first)
		if j, twice := ids[e.ID]; twice && e.ID != "" {
			faults = append(faults, finding.New("config-provider-duplicate", c.at(e.path, "id").String()).
				Because("the id %q is that of %s too", e.ID, c.at(c.model[j].path, "")))
		}
		ids[e.ID] = i
		faults = append(faults, c.domains(&e)...)
		faults = append(faults, c.validate(&e)...)
		c.model = append(c.model, e)
	}
	for _, p := range provider.Builtins() {
		if _, redefined := ids[p.ID]; !redefined {
			c.model = append(c.model, Entry{Provider: provider.BuiltinAt(p.ID, c.day), Builtin: true})
		}
	}
	return append(faults, c.sources()...)
}

// domains normalises the names an entry lists, in the configuration.
func (c *Config) domains(e *Entry) []finding.Finding {
	var out []finding.Finding
	own := make([]string, 0, len(e.own))
	for i, name := range e.own {
		at := c.at(e.path, fmt.Sprintf("domains[%d]", i))
		norm, err := provider.ParseDomain(name)
		if err != nil {
			out = append(out, badDomain(at, name))
			continue
		}
		if meant := source.SuggestDomain(norm); meant != "" {
			out = append(out, finding.New("config-domain-typo", at.String()).Because("%s looks like a slip", norm).Do("did you mean %s? if not, leave it", meant))
		}
		own = append(own, norm)
	}
	kept := e.Domains[:len(e.Domains)-len(e.own)]
	e.own, e.Domains = own, append(kept, own...)
	return out
}

func badDomain(at Pos, name string) finding.Finding {
	f := finding.New("config-domain-invalid", at.String()).Because("%q is not a domain name", name)
	switch {
	case strings.Contains(name, "@"):
		_, domain, _ := strings.Cut(name, "@")
		return f.Do("write the domain alone: %s", domain)
	case strings.Contains(name, "*"):
		return f.Do("wildcards are not served: list the domains, or use mx:")
	case strings.Contains(name, "://"):
		return f.Do("write the domain alone, without a scheme")
	}
	return f
}

// typos reports host names that look mistyped.
func (c *Config) typos(e *Entry) []finding.Finding {
	var out []finding.Finding
	for _, list := range []struct {
		key     string
		servers []provider.Server
	}{{"incoming", e.Incoming}, {"outgoing", e.Outgoing}} {
		for i, s := range list.servers {
			if meant := source.SuggestHost(s.Host); meant != "" {
				at := c.at(e.path, fmt.Sprintf("%s[%d].host", list.key, i))
				out = append(out, finding.New("config-host-typo", at.String()).Because("%s looks mistyped", s.Host).Do("did you mean %s?", meant))
			}
		}
	}
	return out
}

// settings checks what does not belong to a provider.
func (c *Config) settings() []finding.Finding {
	s := &settings{c: c}
	for _, l := range []struct{ key, value string }{{"listen", c.Listen}, {"listen_tls", c.ListenTLS}, {"admin", c.Admin}} {
		if l.value != "" && !ListenAddress(l.value) {
			s.bad(l.key, fmt.Sprintf("%q is not HOST:PORT", l.value), `write for example "127.0.0.1:8080", or ":443" for every address`)
		}
	}
	if c.ServiceHost != "" {
		host, err := provider.ParseDomain(c.ServiceHost)
		if err != nil {
			s.bad("service_host", fmt.Sprintf("%q is not a host name", c.ServiceHost), "write the host name alone, for example autoconfig.example.org")
		}
		c.ServiceHost = host
	}
	for i, r := range c.DNS.Resolver {
		at, err := HostPort(r, "53")
		if err != nil && r != systemResolver {
			s.bad(fmt.Sprintf("dns.resolver[%d]", i), fmt.Sprintf("%q is not HOST or HOST:PORT", r), `write for example "127.0.0.53:53", or resolver: system`)
		} else if r != systemResolver {
			c.DNS.Resolver[i] = at
		}
	}
	for i, name := range c.AdminHosts {
		host, err := provider.ParseHost(name)
		if err != nil {
			s.bad(fmt.Sprintf("admin_hosts[%d]", i), fmt.Sprintf("%q is not a host name", name), "write the name alone, without scheme and port, for example prometheus.example.org; addresses always count")
		}
		c.AdminHosts[i] = host
	}
	s.tls(&c.TLS)
	s.pair("signing", &c.Signing.CertFile, &c.Signing.KeyFile)
	if c.ListenTLS != "" && !c.TLS.Set() {
		s.bad("listen_tls", "https needs a certificate", "add tls: {cert_file: …, key_file: …}, or tls: {acme: {email: …}}")
	}
	if c.Limits.PerMinute < 1 || c.Limits.Burst < 1 {
		s.bad("limits", "a limit below 1 lets nobody in", "write limits: {per_minute: 60, burst: 30}")
	}
	s.branding(&c.Branding)
	return s.faults
}

type settings struct {
	c      *Config
	faults []finding.Finding
}

func (s *settings) bad(path, cause, fix string) {
	s.faults = append(s.faults, finding.New("config-value-invalid", s.c.at("", path).String()).Because("%s: %s", path, cause).Do("%s", fix))
}

func (s *settings) pair(path string, certFile, keyFile *string) {
	if (*certFile == "") != (*keyFile == "") {
		s.bad(path, "cert_file and key_file go together", "write both")
		return
	}
	*certFile, *keyFile = s.c.resolve(*certFile), s.c.resolve(*keyFile)
	for _, f := range []struct{ key, path string }{{"cert_file", *certFile}, {"key_file", *keyFile}} {
		s.readable(path+"."+f.key, f.path)
	}
}

func (s *settings) readable(path, file string) {
	if file == "" {
		return
	}
	f, err := s.c.Reader.Open(file, files.Text)
	if err != nil {
		s.faults = append(s.faults, unreadable(s.c.at("", path), file, err))
		return
	}
	f.Close()
}

var accent = regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)

func (s *settings) branding(b *Branding) {
	if b.Accent != "" && !accent.MatchString(b.Accent) {
		s.bad("branding.accent", fmt.Sprintf("%q is not a colour", b.Accent), `write for example "#0a7" or "#00aa77"`)
	}
	for _, l := range []struct {
		key, value string
		schemes    []string
	}{{"support", b.Support, []string{"mailto", "https"}}, {"imprint", b.Imprint, []string{"https"}}} {
		if u, err := url.Parse(l.value); l.value != "" && (err != nil || !slices.Contains(l.schemes, u.Scheme)) {
			s.bad("branding."+l.key, fmt.Sprintf("%q is not a link", l.value), "write a "+strings.Join(l.schemes, ": or ")+": link")
		}
	}
	if b.Logo != "" {
		b.Logo = s.c.resolve(b.Logo)
		if ext := strings.ToLower(filepath.Ext(b.Logo)); ext != ".svg" && ext != ".png" {
			s.bad("branding.logo", fmt.Sprintf("%q is not an SVG or PNG file", b.Logo), "name a file that ends in .svg or .png")
			return
		}
		s.readable("branding.logo", b.Logo)
	}
}

// unreadable says why a file could not be read, and what to do.
func unreadable(at Pos, path string, err error) finding.Finding {
	f := finding.New("config-file-unreadable", at.String())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f = f.Because("there is no file %s", path)
		if at.File == path { // the configuration itself
			return f.Do("check the path; a relative one starts at the current folder")
		}
		return f.Do("check the path; a relative one starts at the configuration file's folder")
	case errors.Is(err, fs.ErrPermission):
		return f.Because("this user may not read %s", path).Do("give it read permission")
	}
	return f.Because("%s cannot be read: %s", path, reason(err))
}

// reason is the cause of a file error without the path it repeats.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
