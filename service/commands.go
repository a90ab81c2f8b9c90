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

// list adds the domains that commands print to the data. One that fails leaves
// what it printed before; without that, nobody knows what is served.
func (b *Sources) list(o *opened, cfg *config.Config, data *config.Data) (found []finding.Finding) {
	for _, e := range cfg.Model() {
		if e.DomainsCommand == nil {
			continue
		}
		cmd := e.DomainsCommand.Run(b.env.Get("PATH"))
		o.commands = append(o.commands, cmd)
		out, err := b.commands.Output(context.Background(), cmd)
		name := provider.Printable(cmd.Name(), 200)
		if err != nil {
			f := finding.New("config-command-failed", name).Because("the command that lists domains failed: %s", err)
			if out == nil {
				data.Remote = append(data.Remote, source.Missing{Name: name, Err: err})
				f = f.Because("the command that lists domains failed, and it has listed none yet: %s", err)
			}
			found = append(found, f)
			o.lists[name] = fmt.Sprintf("%s (%s)", f.Cause, name)
		}
		found = append(found, listed(o, e, cmd, out, data)...)
	}
	return found
}

// CommandState is what came of a command that lists domains.
type CommandState struct {
	Name  string
	Lines int // of the last run that was right
	Err   error
}

// Commands are the states of a configuration's commands.
func (b *Sources) Commands(cfg *config.Config) (out []CommandState) {
	for _, e := range cfg.Model() {
		if e.DomainsCommand == nil {
			continue
		}
		cmd := e.DomainsCommand.Run(b.env.Get("PATH"))
		text, err := b.commands.Output(context.Background(), cmd)
		state := CommandState{Name: provider.Printable(cmd.Name(), 200), Err: err}
		for range cmd.Lines(text) {
			state.Lines++
		}
		out = append(out, state)
	}
	return out
}

// listed adds the lines of an output. Domains that are in a file or are a built-in
// provider's do not count, nor do lines that are not domains.
func listed(o *opened, e config.Entry, cmd source.Command, out []byte, data *config.Data) (found []finding.Finding) {
	name, bad := provider.Printable(cmd.Name(), 200), 0
	say := func(f finding.Finding) {
		if bad++; bad <= mostLines {
			f.Level = finding.Warn
			found = append(found, f)
		}
	}
	for n, text := range cmd.Lines(out) {
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
		if other, ok := data.Listed.Add(domain, e.Provider); !ok && other != e.Provider {
			say(finding.New("config-domain-duplicate", subject).Because("%s already belongs to the provider %q, which counts", domain, other.ID))
		}
	}
	if bad > 0 && o.lists[name] == "" {
		o.lists[name] = fmt.Sprintf("lines of the command that cannot be used: %d (%s)", bad, name)
	}
	return found
}

// refresh runs commands again when their answers are too old, until ctx ends.
func (b *Sources) refresh(ctx context.Context) {
	for tick := time.Tick(refreshEvery); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		if b.commands.Refresh(ctx) && ctx.Err() == nil {
			select {
			case b.changed <- struct{}{}:
			default:
			}
		}
	}
}

// refreshEvery is how often the age of answers is looked at.
const refreshEvery = time.Second
