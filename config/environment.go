package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"autoconfig/files"
	"autoconfig/finding"
)

// Variables that are a configuration without a file, for containers.
const (
	VarConfig      = "AUTOCONFIG_CONFIG" // the whole document
	varDomains     = "AUTOCONFIG_DOMAINS"
	varIncoming    = "AUTOCONFIG_INCOMING"
	varOutgoing    = "AUTOCONFIG_OUTGOING"
	varServiceHost = "AUTOCONFIG_SERVICE_HOST"
	varName        = "AUTOCONFIG_NAME"
)

// Variable is a variable of the environment that is read.
type Variable struct{ Name, Doc, Example string }

// Variables lists those that are a configuration without a file.
func Variables() []Variable {
	return []Variable{
		{varDomains, "domains of addresses, with commas between them", "example.org,example.net"},
		{varIncoming, "servers for reading mail, best first", "imaps://mail.example.org"},
		{varOutgoing, "servers for sending mail, best first", "submissions://mail.example.org,submission://mail.example.org"},
		{varServiceHost, "the name that this server is reached by", "autoconfig.example.org"},
		{varName, "the provider's name as people read it", "Example Mail"},
		{VarConfig, "a whole autoconfig.yaml, instead of the others", ""},
	}
}

// environment is what the configuration is called that these variables are.
const environment = "environment"

var placeInVariables = regexp.MustCompile(`\b` + environment + `:\d+:\d+`)

// inEnvironment lists the variables that are set, and not to nothing.
func inEnvironment(env Env) (set []string) {
	for _, v := range Variables() {
		if strings.TrimSpace(env.Get(v.Name)) != "" {
			set = append(set, v.Name)
		}
	}
	return set
}

// LoadEnv reads the configuration that the environment's variables are, instead of a file; false where none of them is
// set. What is wrong names the variable.
func LoadEnv(r *files.Reader, env Env, day time.Time) (*Config, []finding.Finding, bool) {
	set := inEnvironment(env)
	if len(set) == 0 {
		return nil, nil, false
	}
	c := Default()
	c.Reader, c.day, c.env = r, day, env
	whole := slices.Contains(set, VarConfig)
	switch {
	case whole && len(set) > 1:
		return c, []finding.Finding{finding.New("config-variable-conflict", set[0]).
			Because("%s is a whole configuration, so %s is ignored", VarConfig, set[0]).Do("unset one of them")}, true
	case whole:
		c.Path = VarConfig
		text := env.Get(VarConfig)
		if path := strings.TrimSpace(text); !strings.ContainsAny(path, "\n:") {
			return c, []finding.Finding{finding.New("config-variable-conflict",
				VarConfig).Because("the value is not a document").
				Do("put the text of an autoconfig.yaml into it, or name a file with --config %s", path)}, true
		}
		c, found := c.parse([]byte(text))
		return c, found, true
	}
	c.Path = environment
	if missing := missingVariables(set); len(missing) > 0 {
		return c, missing, true
	}
	text, names := c.written()
	c, found := c.parse([]byte(text))
	named := func(text string) string {
		return placeInVariables.ReplaceAllStringFunc(text, func(at string) string { return names[ParsePos(at).Line-1] })
	}
	for i, f := range found {
		found[i].Subject, found[i].Cause, found[i].Key = named(f.Subject), named(f.Cause), ""
	}
	for path, at := range c.pos.at { // for what is found later
		c.pos.at[path] = Pos{File: names[at.Line-1]}
	}
	return c, found, true
}

// missingVariables: domains and servers go together, and a name is of a provider.
func missingVariables(set []string) (out []finding.Finding) {
	if slices.Equal(set, []string{varServiceHost}) {
		return nil
	}
	for _, v := range Variables()[:3] {
		if !slices.Contains(set, v.Name) {
			out = append(out, finding.New("config-variable-missing", v.Name).
				Because("it is not set, and %s is", set[0]).Do("set %s=%s", v.Name, v.Example))
		}
	}
	return out
}

// written are the variables as a document, and the name of each line's.
func (c *Config) written() (text string, names []string) {
	var b strings.Builder
	line := func(name, format string, list ...string) {
		if len(list) > 0 {
			fmt.Fprintf(&b, format+"\n", strings.Join(list, ", "))
			names = append(names, name)
		}
	}
	line(varServiceHost, "service_host: %s", c.values(varServiceHost, false)...)
	if domains := c.values(varDomains, true); len(domains) > 0 {
		line(varDomains, "providers:%.0s", "")
		line(varDomains, "- domains: [%s]", domains...)
		line(varIncoming, "  incoming: [%s]", c.values(varIncoming, true)...)
		line(varOutgoing, "  outgoing: [%s]", c.values(varOutgoing, true)...)
		line(varName, "  name: %s", c.values(varName, false)...)
	}
	return b.String(), append(names, varDomains)
}

// values are the values of a variable as texts in YAML, which JSON's are.
func (c *Config) values(name string, list bool) (out []string) {
	values := []string{strings.TrimSpace(c.env.Get(name))}
	if list {
		values = strings.FieldsFunc(values[0], func(r rune) bool { return strings.ContainsRune(", \t\r\n;", r) })
	}
	for _, v := range values {
		if quoted, err := json.Marshal(v); err == nil && v != "" {
			out = append(out, string(quoted))
		}
	}
	return out
}

// Again reads the configuration again from where it came.
func (c *Config) Again(day time.Time) (*Config, []finding.Finding) {
	if c.env != nil {
		next, found, _ := LoadEnv(c.Reader, c.env, day)
		return next, found
	}
	return LoadWith(c.Reader, c.Path, day)
}

// ServiceHostFix says where to write the service host that a command needs.
func (c *Config) ServiceHostFix() string {
	if c.Path == environment {
		return "set " + varServiceHost + "=autoconfig.hoster.example"
	}
	return "write service_host: autoconfig.hoster.example into " + cmp.Or(c.Path, "autoconfig.yaml")
}
