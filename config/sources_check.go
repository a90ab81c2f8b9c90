package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/source"
)

// sources checks the sources and fills in their names.
func (c *Config) sources() []finding.Finding {
	var out []finding.Finding
	names := map[string]bool{}
	for i := range c.Sources {
		s := &checkedSource{Source: &c.Sources[i], c: c, path: fmt.Sprintf("sources[%d]", i)}
		s.check(i)
		if c.isBroken(s.path) {
			continue
		}
		if names[s.Name] {
			s.bad("config-source-duplicate", "name", fmt.Sprintf("two sources have the name %q", s.Name), "rename one of them")
		}
		names[s.Name] = true
		out = append(out, s.faults...)
	}
	return out
}

// checkedSource is a source while it is being checked.
type checkedSource struct {
	*Source
	c      *Config
	path   string
	faults []finding.Finding
}

func (s *checkedSource) bad(id, key, cause, fix string) {
	s.faults = append(s.faults, s.c.Fault(id, joinPath(s.path, key), cause, fix))
}

func (s *checkedSource) check(i int) {
	kind := "sql"
	if s.LDAP != "" {
		kind = "ldap"
	}
	if s.Name == "" {
		s.Name = kind
		if i > 0 {
			s.Name = fmt.Sprintf("%s-%d", kind, i+1)
		}
	}
	if (s.SQL == "") == (s.LDAP == "") {
		s.bad("config-source-kind", "", "a source is a database or a directory", "write sql: postgres, mysql or sqlite, or ldap: ldaps://ldap.example.org")
		return
	}
	s.otherKind()
	s.provider()
	if s.SQL != "" {
		s.database()
	} else {
		s.directory()
	}
	s.logins()
	s.bounds()
}

// otherKind refuses the keys that belong to the other kind of source.
func (s *checkedSource) otherKind() {
	type key struct {
		name  string
		given bool
	}
	kind, other := "a database", "ldap"
	keys := []key{{"starttls", s.StartTLS != nil}, {"ca_file", s.CAFile != ""}, {"bind_dn", s.BindDN != ""}, {"password", s.Password != ""},
		{"password_file", s.PasswordFile != ""}, {"base", s.Base != ""}, {"provider_attribute", s.ProviderAttribute != ""},
		{"domain_attribute", s.DomainAttribute != ""}, {"login_attribute", s.LoginAttribute != ""}}
	if s.LDAP != "" {
		kind, other = "a directory", "sql"
		keys = []key{{"dsn", s.DSN != ""}, {"dsn_file", s.DSNFile != ""}}
	}
	for _, k := range keys {
		if k.given {
			s.bad("config-source-key", k.name, fmt.Sprintf("%s is for %s sources, and this one is %s", k.name, other, kind), "remove it")
		}
	}
}

func (s *checkedSource) provider() {
	var ids []string
	for _, e := range s.c.model {
		ids = append(ids, e.ID)
	}
	if s.Provider == "" || slices.Contains(ids, s.Provider) || s.c.isBroken("providers") {
		return
	}
	fix := "write the id of one under providers:"
	if near := source.Nearest(s.Provider, ids); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	s.bad("config-source-provider", "provider", fmt.Sprintf("no provider has the id %q", s.Provider), fix)
}

// secret wants exactly one of a value and a file.
func (s *checkedSource) secret(key, value string, file *string) {
	*file = s.c.resolve(*file)
	switch {
	case value != "" && *file != "":
		s.bad("config-source-incomplete", key+"_file", key+" and "+key+"_file at once", "keep one of them")
	case value == "" && *file == "":
		s.bad("config-source-incomplete", "", "no "+key, "write "+key+"_file: with the path of a file, or "+key+":")
	case *file != "":
		s.readable(key+"_file", *file)
	}
}

func (s *checkedSource) readable(key, file string) {
	at := &settings{c: s.c}
	at.readable(joinPath(s.path, key), file)
	s.faults = append(s.faults, at.faults...)
}

func (s *checkedSource) database() {
	var dialects []string
	for _, d := range source.Dialects() {
		dialects = append(dialects, string(d))
	}
	if !slices.Contains(dialects, s.SQL) {
		fix := "write " + strings.Join(dialects, ", ")
		if near := cmp.Or(map[string]string{"mariadb": "mysql", "postgresql": "postgres", "sqlite3": "sqlite"}[s.SQL], source.Nearest(s.SQL, dialects)); near != "" {
			fix = fmt.Sprintf("did you mean %q?", near)
		}
		s.bad("config-value-invalid", "sql", fmt.Sprintf("%q is not a database with a driver", s.SQL), fix)
		return
	}
	if s.SQL == string(source.SQLite) && !strings.HasPrefix(s.DSN, "file:") && !strings.HasPrefix(s.DSN, "${") {
		s.DSN = s.c.resolve(s.DSN) // a path
	}
	s.secret("dsn", s.DSN, &s.DSNFile)
	s.queries(func(text string, allowed ...string) error {
		_, err := source.ParseQuery(source.Dialect(s.SQL), text, allowed...)
		return err
	})
}

// queries checks the statements or filters.
func (s *checkedSource) queries(parse func(text string, allowed ...string) error) {
	if s.Domain == "" {
		s.bad("config-source-incomplete", "", "no domain", "write domain: with the query or filter that finds :domain")
	}
	for _, q := range []struct {
		key, text string
		allowed   []string
	}{
		{"domain", s.Domain, []string{source.ParamDomain}},
		{"list", s.List, nil},
		{"user", s.User, []string{source.ParamAddress, source.ParamLocal, source.ParamDomain}},
	} {
		var wrong *source.QueryError
		if err := parse(q.text, q.allowed...); q.text != "" && errors.As(err, &wrong) {
			s.bad("config-source-query", q.key, wrong.Problem, wrong.Fix)
		}
	}
}

func (s *checkedSource) directory() {
	u, err := url.Parse(s.LDAP)
	if err != nil || !slices.Contains([]string{"ldap", "ldaps", "ldapi"}, u.Scheme) || u.Scheme != "ldapi" && u.Hostname() == "" || strings.Trim(u.Path, "/") != "" && u.Scheme != "ldapi" || u.User != nil {
		s.bad("config-value-invalid", "ldap", fmt.Sprintf("%q is not the address of a directory", s.LDAP), "write ldaps://ldap.example.org, ldap://… or ldapi://%2Frun%2Fslapd%2Fldapi")
		return
	}
	if s.StartTLS != nil && *s.StartTLS && u.Scheme != "ldap" {
		s.bad("config-value-invalid", "starttls", "starttls is for ldap://, and this is "+u.Scheme+"://", "remove starttls")
	}
	if u.Scheme == "ldap" && !s.EncryptsLater() && !loopback(u.Hostname()) {
		s.bad("config-source-plain", "starttls", "the directory is asked without encryption: passwords and answers are readable by anyone on the way", "remove starttls: false, or write ldaps://")
	}
	if s.CAFile != "" {
		s.CAFile = s.c.resolve(s.CAFile)
		s.readable("ca_file", s.CAFile)
	}
	if s.BindDN != "" {
		s.secret("password", s.Password, &s.PasswordFile)
	}
	for _, need := range []struct {
		key, value, cause string
		needed            bool
	}{
		{"base", s.Base, "no base", true},
		{"provider_attribute", s.Provider + s.ProviderAttribute, "nothing says which provider a domain has", true},
		{"domain_attribute", s.DomainAttribute, "nothing says where the list has the domain", s.List != ""},
		{"login_attribute", s.LoginAttribute, "nothing says where the login name is", s.User != ""},
	} {
		if need.needed && need.value == "" {
			s.bad("config-source-incomplete", "", need.cause, map[string]string{"base": "write base: dc=example,dc=org",
				"provider_attribute": "write provider: with an id, or provider_attribute:", "domain_attribute": "write for example domain_attribute: associatedDomain",
				"login_attribute": "write for example login_attribute: uid"}[need.key])
		}
	}
	s.queries(func(text string, allowed ...string) error {
		_, err := source.ParseFilter(text, allowed...)
		return err
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *checkedSource) logins() {
	switch {
	case s.User != "" && !s.RevealLogins:
		s.bad("config-source-user-unasked", "user", "user is not asked: an answer for one mailbox tells strangers that it exists", "add reveal_logins: true if that may be known, or remove user")
	case s.User == "" && s.RevealLogins:
		s.bad("config-source-incomplete", "reveal_logins", "reveal_logins without user", "write user: with the query or filter for the login name, or remove reveal_logins")
	}
}

func (s *checkedSource) bounds() {
	if s.Timeout != nil && *s.Timeout == 0 {
		s.bad("config-value-invalid", "timeout", "no time is left for an answer", "write for example timeout: 2s")
	}
}
