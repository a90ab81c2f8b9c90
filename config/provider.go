package config

import (
	"cmp"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"autoconfig/provider"
	"autoconfig/source"
)

// entry makes one item of providers whole: the defaults of its servers and its names.
func (c *Config) entry(e *Provider, path string) {
	e.path, e.own = path, e.Domains
	for at, s := range e.Each() {
		_, listed := c.pos.at[e.path+"."+at.Key]
		if at.Key == "managesieve" {
			s.Protocol = provider.ManageSieve
		}
		e.defaults(s, listed)
	}
	e.Normalize()
	for i, name := range e.own {
		if norm, err := provider.ParseDomain(name); err == nil { // else it is reported later
			e.own[i] = norm
		}
	}
	for i := range e.DomainsFile {
		e.DomainsFile[i].Path = c.resolve(e.DomainsFile[i].Path)
		c.files = append(c.files, e.DomainsFile[i].Path)
	}
	if d := e.DomainsCommand; d != nil && len(d.Command) > 0 && strings.Contains(d.Command[0], "/") {
		d.Command[0] = c.resolve(d.Command[0])
	}
	first := ""
	if len(e.own) > 0 {
		first = e.own[0]
	}
	for i := 0; i < len(e.DomainsFile) && first == ""; i++ {
		first = c.firstDomain(e.DomainsFile[i])
	}
	e.names(first)
	e.Domains = slices.Concat(e.theirs, e.own)
}

// defaults gives a server what the entry says for all of them. A built-in's server has values of its own, which the
// entry's replace.
func (p *Provider) defaults(s *provider.Server, listed bool) {
	if len(s.Auth) == 0 || !listed && p.Auth != nil {
		s.Auth = p.Auth
	}
	if s.Username == "" || !listed && p.Username != "" {
		s.Username = p.Username
	}
	s.SetDefaults()
}

// names fills in id and names that were not given from the first domain, or from the first mail exchanger. A provider
// that only a source points to is named after its first server.
func (e *Provider) names(first string) {
	if first == "" && len(e.MX) > 0 {
		first = e.MX[0]
	}
	if e.ID == "" {
		e.ID = first
		if provider.Builtin(first) != nil { // which stays a provider of its own
			e.ID = "own-" + first
		}
	}
	if first == "" && len(e.Incoming) > 0 && !strings.Contains(e.Incoming[0].Host, "%") {
		first = provider.Registrable(e.Incoming[0].Host)
	}
	if e.Name == "" {
		e.Name = provider.Shorten(first, provider.MaxName)
	}
	if e.ShortName == "" {
		e.ShortName = provider.Shorten(e.Name, provider.MaxShortName)
	}
}

// checkEntry reports what is wrong with an entry, at the places where it is written.
func (c *Config) checkEntry(e *Provider) {
	if slices.Contains(c.broken, e.path) || c.meantBuiltin(e) { // nothing of it was read
		return
	}
	c.domains(e)
	c.typos(e)
	c.lists(e)
	for _, f := range e.Validate() {
		path := c.inherited(e.path, f.Path)
		if c.inBroken(joinPath(e.path, path)) || c.isBroken(e.path) && slices.Contains(followsFromOther, f.ID) {
			continue
		}
		server, _, _ := strings.Cut(path, ".")
		if c.pos.leafs[joinPath(e.path, server)] { // answered in the form in which it is written
			f.Fix = shortFix(e, server, f.Fix)
		}
		c.report(f.ID, joinPath(e.path, path), f.Problem, f.Fix)
	}
}

func (c *Config) lists(e *Provider) {
	bad := func(key, cause, fix string) {
		if path := joinPath(e.path, key); !c.inBroken(path) {
			c.report("config-value-invalid", path, cause, fix)
		}
	}
	for _, f := range e.DomainsFile {
		if f.Path == "" {
			bad("domains_file", "no path", "write domains_file: {path: accounts.cf, format: addresses}")
		}
	}
	d := e.DomainsCommand
	if d == nil {
		return
	}
	const fix = "write domains_command: [/usr/local/bin/list-domains, argument]"
	switch {
	case len(d.Command) == 0 || d.Command[0] == "":
		bad("domains_command", "no program", fix)
	case strings.ContainsAny(d.Command[0], " |;&<>$`"):
		words := strings.Fields(d.Command[0])
		bad("domains_command", "the program is not run by a shell, which would split and expand it",
			"write its words as a list, ["+strings.Join(append(words, d.Command[1:]...), ", ")+"], or the path of a script")
	}
	for i, word := range d.Command {
		if slices.Contains([]string{"|", ";", "&&", "||", ">", "<", "&"}, word) {
			bad("domains_command", fmt.Sprintf("%q is for a shell, and this is not run by one", word),
				"write the path of a script that does it")
		} else if i > 0 && strings.ContainsRune(word, 0) {
			bad("domains_command", "a NUL character", fix)
		}
	}
	for key, span := range map[string]*Duration{"refresh": d.Refresh, "timeout": d.Timeout} {
		if span != nil && time.Duration(*span) < time.Second {
			bad("domains_command."+key, "less than a second", "write for example "+key+": "+hints().Examples[key])
		}
	}
}

// followsFromOther are the faults that another one in the entry may have caused.
var followsFromOther = []string{"config-servers-missing", "config-host-missing", "config-auth-missing",
	"config-oauth2-incomplete", "config-oauth2-only", "config-pacc-impossible", "config-protocol-unknown"}

// shortFix is a fix about the port of a server in the form in which the server is written, SCHEME://HOST.
func shortFix(e *Provider, server, fix string) string {
	var s provider.Server
	for at, written := range e.Each() {
		if at.String() == server {
			s = *written
		}
	}
	if s.Host == "" || !strings.Contains(fix, "port: ") {
		return fix
	}
	var forms []string
	for _, svc := range provider.Services() {
		switch form := svc.Name + "://" + s.Host; {
		case svc.Protocol != s.Protocol:
		case svc.Port == s.Port:
			return "write " + form
		default:
			forms = append(forms, fmt.Sprintf("%s (port %d)", form, svc.Port))
		}
	}
	return "write " + provider.OrList(forms)
}

// meantBuiltin reports an entry without servers and with nearly the id of a built-in.
func (c *Config) meantBuiltin(e *Provider) bool {
	if e.Builtin || len(e.Incoming)+len(e.Outgoing) > 0 || c.isBroken(e.path) || c.pos.at[e.path+".id"] == (Pos{}) {
		return false
	}
	var ids []string
	for _, p := range provider.Builtins() {
		ids = append(ids, p.ID)
	}
	plain := strings.NewReplacer(" ", "", ".", "", "-", "", "_", "").Replace(strings.ToLower(e.ID))
	near := cmp.Or(listedUnder(hints().Builtins, plain), provider.VendorOwned(strings.ToLower(e.ID)))
	if near = cmp.Or(near, nearest(plain, ids)); near == "" {
		return false
	}
	c.report("config-servers-missing", e.path+".id",
		fmt.Sprintf("%q is not a built-in provider, and the entry has no servers of its own", e.ID),
		fmt.Sprintf("did you mean %s?", near))
	return true
}

// inherited turns incoming[0].auth[0] into auth[0] when the server has no auth of its own and takes the provider's; the
// same for username.
func (c *Config) inherited(entry, path string) string {
	server, rest, ok := strings.Cut(path, ".")
	key, _, _ := strings.Cut(rest, "[")
	if !ok || key != "auth" && key != "username" {
		return path
	}
	if _, own := c.pos.at[joinPath(entry, server+"."+key)]; own {
		return path
	}
	if _, given := c.pos.at[joinPath(entry, key)]; !given {
		return path
	}
	return rest
}

func (c *Config) domains(e *Provider) {
	own := make([]string, 0, len(e.own))
	for i, name := range e.own {
		path := fmt.Sprintf("%s.domains[%d]", e.path, i)
		norm, err := provider.ParseDomain(name)
		if err != nil {
			if !c.inBroken(path) {
				c.report("config-domain-invalid", path, notDomain(name), domainFix(name, inBrackets))
			}
			continue
		}
		own = append(own, norm)
		if meant := source.SuggestDomain(norm); meant != "" {
			c.report("config-domain-typo", path, norm+" looks mistyped", fmt.Sprintf("did you mean %s? If not, leave it", meant))
		}
		if cause := takenOver(norm, e.ID); cause != "" {
			c.report("config-domain-builtin", path, cause, "")
		}
	}
	e.own, e.Domains = own, slices.Concat(e.Domains[:len(e.Domains)-len(e.own)], own)
}

// takenOver says that an entry replaces the settings of a built-in for a domain which is the built-in's own.
func takenOver(domain, id string) string {
	if owner := provider.VendorOwned(domain); owner != "" && owner != id {
		return fmt.Sprintf("%s belongs to the built-in provider %s, and this entry replaces its settings", domain, owner)
	}
	return ""
}

const inBrackets = "write one domain an entry, in brackets: [example.org, example.net]"

func notDomain(name string) string {
	return fmt.Sprintf("%q is not a domain name", name) + provider.ForbiddenIn(name)
}

// domainFix is what to write instead of a name that is not a domain; several are the form in which more than one is
// written.
func domainFix(name, several string) string {
	switch plain := hostIn(name); {
	case strings.Contains(name, "*"):
		return "list the domains one by one, or name their mail exchanger under mx:; wildcards are not served"
	case plain != "" && plain != name:
		return "write " + plain
	case strings.ContainsAny(name, ",; "):
		return several
	}
	return "write the domain alone, for example example.org"
}

// Servers are the mail servers that the file itself names, by their paths; a template in a host name is that of the
// entry's first domain.
func (c *Config) Servers() iter.Seq2[string, provider.Server] {
	return func(yield func(string, provider.Server) bool) {
		for _, e := range c.model {
			p := &e.Provider
			if len(e.own) > 0 {
				p = p.For(e.own[0])
			}
			for at, s := range p.Each() {
				path := joinPath(e.path, at.String())
				if _, written := c.pos.at[path]; written && !strings.Contains(s.Host, "%") && !yield(path, *s) {
					return
				}
			}
		}
	}
}

func (c *Config) typos(e *Provider) {
	for at, s := range e.Each() {
		_, retired := provider.Retired(s.Host)
		if meant := source.SuggestHost(s.Host); meant != "" && !retired {
			c.report("config-host-typo", fmt.Sprintf("%s.%s.host", e.path, at), s.Host+" looks mistyped",
				fmt.Sprintf("did you mean %s?", meant))
		}
	}
}

// resolve makes a path that the file names relative to the file's folder.
func (c *Config) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.Path), path)
}
