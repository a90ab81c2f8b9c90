package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"autoconfig/provider"
	"autoconfig/source"
)

func (c *Config) sources() {
	names := map[string]bool{}
	for i := range c.Sources {
		s := &checkedSource{Source: &c.Sources[i], c: c, path: fmt.Sprintf("sources[%d]", i)}
		if c.isBroken(s.path) {
			continue
		}
		s.check(i)
		s.refuse(names[s.Name], "config-source-duplicate", "name", fmt.Sprintf("two sources have the name %q", s.Name),
			"rename one of them")
		names[s.Name] = true
	}
}

type checkedSource struct {
	*Source
	c    *Config
	path string
}

func (s *checkedSource) bad(id, key, cause, fix string) {
	s.c.report(id, joinPath(s.path, key), cause, fix)
}

// incomplete is the finding about a source that lacks something.
const incomplete = "config-source-incomplete"

// refuse is bad for a value that is wrong.
func (s *checkedSource) refuse(wrong bool, id, key, cause, fix string) {
	if wrong {
		s.bad(id, key, cause, fix)
	}
}

// sourceKinds are the kinds of sources, with what each is and the keys that it alone has; of those the others share, a
// folder has none but name.
var sourceKinds = []struct{ kind, what, keys string }{
	{"sql", "a database", "dsn dsn_file"},
	{"ldap", "a directory", "starttls ca_file bind_dn password password_file base " +
		"provider_attribute domain_attribute login_attribute"},
	{"ispdb", "a folder", ""},
}

func (s *checkedSource) check(i int) {
	var kinds []string
	for j, value := range []string{s.SQL, s.LDAP, s.ISPDB} {
		if value != "" {
			kinds = append(kinds, sourceKinds[j].kind)
		}
	}
	if s.Name == "" {
		if s.Name = strings.Join(kinds, "-"); len(kinds) == 0 {
			s.Name = "sql"
		}
		if i > 0 {
			s.Name = fmt.Sprintf("%s-%d", s.Name, i+1)
		}
	}
	if len(kinds) != 1 {
		s.bad("config-source-kind", "", "a source is a database, a directory or a folder",
			"write sql: postgres, mysql or sqlite, ldap: ldaps://ldap.example.org, or ispdb: with the path of a folder")
		return
	}
	s.otherKind(kinds[0])
	switch kinds[0] {
	case "ispdb":
		s.ISPDB = s.c.resolve(s.ISPDB)
		s.c.files = append(s.c.files, s.ISPDB)
		return
	case "sql":
		s.provider()
		s.database()
	default:
		s.provider()
		s.directory()
	}
	s.refuse(s.User != "" && !s.RevealLogins, "config-source-user-unasked", "user",
		"user is not asked: an answer for one mailbox tells strangers that it exists",
		"add reveal_logins: true if that may be known, or remove user")
	s.refuse(s.User == "" && s.RevealLogins, incomplete, "reveal_logins", "reveal_logins without user",
		"write user: with the query or filter for the login name, or remove reveal_logins")
	s.refuse(s.Timeout != nil && *s.Timeout == 0, "config-value-invalid", "timeout", "there is no time for an answer",
		"write for example timeout: 2s")
}

// otherKind refuses the keys that belong to another kind of source.
func (s *checkedSource) otherKind(kind string) {
	v := reflect.ValueOf(s.Source).Elem()
	i := slices.IndexFunc(sourceKinds, func(k struct{ kind, what, keys string }) bool { return k.kind == kind })
	for key, f := range fieldsOf(v.Type()) {
		owner := slices.IndexFunc(sourceKinds, func(k struct{ kind, what, keys string }) bool {
			return k.kind == key || slices.Contains(strings.Fields(k.keys), key)
		})
		if owner == i || key == "name" || v.FieldByIndex(f.Index).IsZero() || owner < 0 && kind != "ispdb" {
			continue
		}
		of := "sql and ldap"
		if owner >= 0 {
			of = sourceKinds[owner].kind
		}
		cause := fmt.Sprintf("%s is for %s sources, and this one is %s", key, of, sourceKinds[i].what)
		s.bad("config-source-key", key, cause, "remove it")
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
	switch {
	case value != "" && *file != "":
		s.bad(incomplete, key+"_file", "both "+key+" and "+key+"_file are set", "keep one of them")
	case value == "" && *file == "":
		s.bad(incomplete, "", "no "+key, "write "+key+"_file: with the path of a file, or "+key+":")
	default:
		s.c.watched(joinPath(s.path, key+"_file"), file)
	}
}

func (s *checkedSource) database() {
	dialects := provider.Texts(source.Dialects())
	if !slices.Contains(dialects, s.SQL) {
		fix := "write " + strings.Join(dialects, ", ")
		other := map[string]string{"mariadb": "mysql", "postgresql": "postgres", "sqlite3": "sqlite"}[s.SQL]
		if near := cmp.Or(other, source.Nearest(s.SQL, dialects)); near != "" {
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

func (s *checkedSource) queries(parse func(text string, allowed ...string) error) {
	s.refuse(s.Domain == "", incomplete, "", "no domain", "write domain: with the query or filter that finds :domain")
	for _, q := range source.Questions(s.Domain, s.List, s.User) {
		var wrong *source.QueryError
		if err := parse(q.Text, q.Allowed...); q.Text != "" && errors.As(err, &wrong) {
			s.bad("config-source-query", q.Key, wrong.Problem, wrong.Fix)
		}
	}
}

func (s *checkedSource) directory() {
	u, err := url.Parse(s.LDAP)
	if err != nil || !slices.Contains([]string{"ldap", "ldaps", "ldapi"}, u.Scheme) || u.User != nil ||
		u.Scheme != "ldapi" && (u.Hostname() == "" || strings.Trim(u.Path, "/") != "") {
		s.bad("config-value-invalid", "ldap", fmt.Sprintf("%q is not the address of a directory", s.LDAP),
			"write ldaps://ldap.example.org, ldap://… or ldapi://%2Frun%2Fslapd%2Fldapi")
		return
	}
	s.refuse(s.StartTLS != nil && *s.StartTLS && u.Scheme != "ldap", "config-value-invalid", "starttls",
		"starttls is for ldap://, and this is "+u.Scheme+"://", "remove starttls")
	s.refuse(u.Scheme == "ldap" && !s.EncryptsLater() && !loopback(u.Hostname()), "config-source-plain", "starttls",
		"the directory is asked without encryption: anyone on the network can read passwords and answers",
		"remove starttls: false, or write ldaps://")
	s.c.watched(joinPath(s.path, "ca_file"), &s.CAFile)
	if s.BindDN != "" {
		s.secret("password", s.Password, &s.PasswordFile)
	}
	s.refuse(s.Base == "", incomplete, "", "no base", "write base: dc=example,dc=org")
	s.refuse(s.Provider+s.ProviderAttribute == "", incomplete, "", "nothing says which provider a domain has",
		"write provider: with an id, or provider_attribute:")
	s.refuse(s.List != "" && s.DomainAttribute == "", incomplete, "", "nothing says where the list has the domain",
		"write for example domain_attribute: associatedDomain")
	s.refuse(s.User != "" && s.LoginAttribute == "", incomplete, "", "nothing says where the login name is",
		"write for example login_attribute: uid")
	s.queries(func(text string, allowed ...string) error {
		_, err := source.ParseFilter(text, allowed...)
		return err
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
