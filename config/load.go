package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
)

// Load reads the file at path, or the defaults when path is empty, and every file it names. The findings are all that
// is wrong or doubtful; if any of them is a failure ([Failed]) the configuration must not be used.
func Load(path string) (*Config, []finding.Finding) {
	return LoadWith(new(files.Reader), path, time.Now())
}

// LoadWith is [Load] for a caller that reloads: its reader remembers which files hang. The built-in providers are
// described as they are on day ([provider.Changes]).
func LoadWith(r *files.Reader, path string, day time.Time) (*Config, []finding.Finding) {
	c := Default()
	c.Path, c.Reader, c.day = path, r, day
	if path == "" {
		c.build()
		return c, c.faults
	}
	text, err := r.Read(path, files.Text)
	if err != nil {
		cause, fix := files.Explain(path, err, "the current folder")
		f := finding.New("config-file-unreadable", "") // the cause names the file
		return c, []finding.Finding{f.Because("%s", cause).Do("%s", fix)}
	}
	c.empty = len(bytes.TrimSpace(text)) == 0
	return c.parse(text)
}

func (c *Config) parse(text []byte) (*Config, []finding.Finding) {
	d := &decoder{places: places{c.Path, map[string]Pos{}, map[string]bool{}}, anchors: map[string]ast.Node{}, day: c.day}
	d.decode(text, c)
	c.pos, c.broken, c.faults = d.places, d.broken, d.faults
	c.build()
	return c, c.ordered(c.faults)
}

// Failed reports whether one of the findings is a failure.
func Failed(list []finding.Finding) bool {
	return slices.ContainsFunc(list, func(f finding.Finding) bool { return f.Level == finding.Fail })
}

// isBroken reports whether the value at path, or one below it, has a fault already, so that what follows from it is not
// reported too.
func (c *Config) isBroken(path string) bool {
	return slices.ContainsFunc(c.broken, func(b string) bool { return b == "" || within(b, path) })
}

// within reports whether the value at path is the one at outer, or is below it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || outer == "" || rest[0] == '.' || rest[0] == '[')
}

// inBroken reports whether the value at path, one below it or one around it has a fault already.
func (c *Config) inBroken(path string) bool {
	return c.isBroken(path) || slices.ContainsFunc(c.broken, func(b string) bool { return within(path, b) })
}

// build checks what was read and makes the model of it.
func (c *Config) build() {
	c.settings()
	ids, claimed := map[string]int{}, map[string]string{}
	for i := range c.Providers {
		e := &c.Providers[i]
		c.entry(e, fmt.Sprintf("providers[%d]", i))
		c.claims(e, claimed)
		c.checkEntry(e)
		if j, twice := ids[e.ID]; twice && e.ID != "" && !c.isBroken(e.path) {
			c.sameID(e, c.model[j])
		}
		ids[e.ID] = i
		c.model = append(c.model, e)
	}
	c.serviceHosts()
	for _, p := range provider.Builtins() {
		if _, redefined := ids[p.ID]; !redefined {
			c.model = append(c.model, &Provider{Provider: *provider.BuiltinAt(p.ID, c.day), Builtin: true})
		}
	}
	c.sources()
}

// sameID reports two entries with one id, unless neither was given one and both list one domain: then that is the
// mistake.
func (c *Config) sameID(e, first *Provider) {
	if _, key := c.pos.find(e.path + ".id"); c.pos.at[key] == (Pos{}) && slices.Contains(first.own, e.ID) {
		return
	}
	at, _ := c.pos.find(first.path)
	c.report("config-provider-duplicate", e.path+".id", fmt.Sprintf("the provider of %s has the id %q too", at, e.ID),
		"write an id: of its own")
}

// claims reports the domains that an earlier entry, or the same, lists.
func (c *Config) claims(e *Provider, claimed map[string]string) {
	reported := 0
	for i, d := range e.own {
		path := fmt.Sprintf("%s.domains[%d]", e.path, i)
		first, twice := claimed[d]
		switch {
		case !twice || d == "":
			claimed[d] = path
		case reported <= manyFaults:
			reported++
			at, _ := c.pos.find(first)
			c.report("config-domain-duplicate", path, fmt.Sprintf("%s is already listed at %s", d, at), "")
		}
	}
}

// Unreadable says why a file that the value at path names cannot be read.
func (c *Config) Unreadable(path, file string, err error) finding.Finding {
	cause, fix := files.Explain(file, err, "the configuration file's folder")
	return c.Fault("config-file-unreadable", path, cause, fix)
}
