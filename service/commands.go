package service

import (
	"context"
	"fmt"
	"time"

	"autoconfig/config"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// mostLines is how many bad lines of a command are reported one by one.
const mostLines = 20

// CommandState is the outcome of a command that lists domains.
type CommandState struct {
	source.Command
	Lines int // of the last run that succeeded
	Err   error

	fault string // for /readyz; "" where all is well
}

// Title is the command for people.
func (c CommandState) Title() string { return provider.Printable(c.Name(), 200) }

// list adds the domains that commands print to the data. If one fails, what it printed before counts; without that, it
// is not known which domains are served.
func (b *Sources) list(o *opened, cfg *config.Config, data *config.Data) (found []finding.Finding) {
	for _, e := range cfg.Model() {
		if e.DomainsCommand == nil {
			continue
		}
		c := CommandState{Command: e.DomainsCommand.Run(b.env.Get("PATH"))}
		var out []byte
		if out, c.Err = b.commands.Output(context.Background(), c.Command); c.Err != nil {
			f := finding.New("config-command-failed", c.Title()).Because("the command that lists domains failed: %s", c.Err)
			if out == nil {
				data.Remote = append(data.Remote, source.Missing{Name: c.Title(), Err: c.Err})
				f = f.Because("the command that lists domains failed, and it has listed none yet: %s", c.Err)
			}
			found = append(found, f)
			c.fault = fmt.Sprintf("%s (%s)", f.Cause, c.Title())
		}
		found = append(found, listed(e, &c, out, data)...)
		o.commands = append(o.commands, c)
	}
	return found
}

// Commands are the states of the commands of the configuration that was opened.
func (b *Sources) Commands() []CommandState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now.commands
}

// listed adds the lines of an output, except domains of a file or of a built-in provider, and lines that are not
// domains.
func listed(e *config.Provider, c *CommandState, out []byte, data *config.Data) (found []finding.Finding) {
	name, bad := c.Title(), 0
	say := func(f finding.Finding) {
		if bad++; bad <= mostLines {
			f.Level = finding.Warn
			found = append(found, f)
		}
	}
	for n, text := range c.Command.Lines(out) {
		c.Lines++
		domain, err := provider.ParseDomain(text)
		subject := fmt.Sprintf("%s, line %d", name, n)
		if err != nil {
			say(finding.New("config-domain-invalid", subject).Because("%q is not a domain name", provider.Printable(text, 100)).
				Do("print one domain a line, or write field: with the number of the word that is one"))
			continue
		}
		if _, err := data.Builtin.Lookup(context.Background(), provider.Address{Domain: domain}); err == nil {
			say(source.BuiltinRow(name, domain))
			continue
		}
		if other, ok := data.Listed.Add(domain, &e.Provider); !ok && other != &e.Provider {
			say(finding.New("config-domain-duplicate", subject).
				Because("%s already belongs to the provider %q, which keeps it", domain, other.ID))
		}
	}
	if bad > 0 && c.fault == "" {
		c.fault = fmt.Sprintf("lines of the command that cannot be used: %d (%s)", bad, name)
	}
	return found
}

// refreshEvery is how often the age of outputs is checked.
const refreshEvery = time.Second
