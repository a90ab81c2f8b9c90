package discover

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Findings says what is wrong with what the clients met, each thing once. meant is the provider the domain should have,
// byMX the one its mail exchanger belongs to; either may be nil.
func (r *Report) Findings(meant, byMX *provider.Provider) []finding.Finding {
	f := &faults{report: r, meant: meant != nil}
	f.names()
	f.settings()
	f.published()
	f.exchanger(byMX)
	f.model(meant)
	f.outcome()
	f.builtin()
	return f.list
}

type faults struct {
	report *Report
	meant  bool // the domain is in the configuration
	list   []finding.Finding
}

// add adds a finding unless it is there already.
func (f *faults) add(id, subject string, got ...string) *finding.Finding {
	found := finding.New(id, subject)
	found.Got = got
	return f.once(found)
}

func (f *faults) once(found finding.Finding) *finding.Finding {
	for i := range f.list {
		if f.list[i].ID == found.ID && f.list[i].Subject == found.Subject {
			return &f.list[i]
		}
	}
	f.list = append(f.list, found)
	return &f.list[len(f.list)-1]
}

// clients adds a client to the line of a finding that says what.
func (f *faults) clients(id, subject, what, client string) *finding.Finding {
	found := f.add(id, subject)
	for i, line := range found.Got {
		if strings.HasPrefix(line, what+": ") {
			found.Got[i] += ", " + client
			return found
		}
	}
	found.Got = append(found.Got, what+": "+client)
	return found
}

func (f *faults) steps() iter.Seq2[string, Step] {
	return func(yield func(string, Step) bool) {
		for _, c := range f.report.Clients {
			for _, s := range c.Steps {
				if !yield(c.Client, s) {
					return
				}
			}
		}
	}
}

func (f *faults) settings() {
	switch {
	case f.report.Found():
	case !f.any(func(s Step) bool { return s.Result != StepError }):
		f.add("discover-network-failed", f.report.domain)
	default:
		f.add("discover-settings-none", f.report.domain)
	}
	for _, c := range f.report.Clients {
		if c.Settings == nil {
			continue
		}
		for _, s := range c.Settings.servers() {
			switch {
			case s.Broken() != "":
				f.clients("discover-settings-broken", s.String(), s.Broken(), c.Client)
			case s.Security == provider.Plain:
				f.add("discover-settings-plain", s.String())
			}
		}
		if c.Settings.From == "a guess" {
			f.clients("discover-settings-guessed", f.report.domain, c.Settings.words(), c.Client)
		}
		for _, question := range c.AsksUser {
			if c.Client == "thunderbird" && strings.HasPrefix(question, "to sign in with a browser") {
				f.add("discover-autodiscover-microsoft", f.report.domain)
			} else if strings.HasPrefix(question, "whether to trust ") && strings.HasSuffix(question, " domain") {
				f.add("discover-host-foreign", f.report.domain).Got = []string{question}
			}
		}
	}
}

// published compares the ways the domain publishes its settings.
func (f *faults) published() {
	xml, http, srv := f.document("https:"), f.document("http:"), f.srv()
	if xml == nil && http != nil {
		f.add("discover-https-missing", f.report.domain)
	}
	if xml == nil {
		xml = http
	}
	if xml == nil || srv == nil {
		return
	}
	for _, pair := range [][2]*Server{{xml.Incoming, srv.Incoming}, {xml.Outgoing, srv.Outgoing}} {
		if a, b := mailWords(pair[0]), mailWords(pair[1]); a != "" && b != "" && a != b &&
			pair[0].Protocol == pair[1].Protocol {
			found := f.add("discover-srv-differs", f.report.domain)
			found.Want, found.Got = append(found.Want, a), append(found.Got, b)
		}
	}
}

func (f *faults) any(is func(s Step) bool) bool {
	for _, s := range f.steps() {
		if is(s) {
			return true
		}
	}
	return false
}

// found is the first settings that a step of a kind, and like that, brought.
func (f *faults) found(k kind, right func(client string, s Step) bool) *Settings {
	for client, s := range f.steps() {
		if s.settings != nil && s.kind == k && right(client, s) {
			return s.settings
		}
	}
	return nil
}

func (f *faults) own(s Step) bool { return s.host != "" && provider.Below(s.host, f.report.domain) }

// document is what the domain's own autoconfig places say, by URLs that begin with a scheme.
func (f *faults) document(scheme string) *Settings {
	return f.found(autoconfig, func(_ string, s Step) bool { return strings.HasPrefix(s.url, scheme) && f.own(s) })
}

// srv is what SRV records say, to the client that goes by the book if it was run.
func (f *faults) srv() *Settings {
	return cmp.Or(f.found(mailSRV, func(client string, _ Step) bool { return client == "srv" }),
		f.found(mailSRV, func(string, Step) bool { return true }))
}

// exchanger compares the domain's own document with that of its mail exchanger's domain, or the provider known by it.
func (f *faults) exchanger(byMX *provider.Provider) {
	own, mx := f.document("http"), first(f.report.MX())
	if own == nil || own.Incoming == nil || mx == "" {
		return
	}
	ours, theirs := mailWords(own.Incoming), ""
	if s := f.found(autoconfig, func(_ string, s Step) bool { return !f.own(s) && f.ofExchanger(s, mx) }); s != nil {
		theirs = mailWords(s.Incoming)
	}
	if byMX != nil {
		theirs = ours
		if p := byMX.For(f.report.domain); !matches(own.Incoming, p.Incoming) && len(p.Incoming) > 0 {
			theirs = f.report.meant(p, aboutIncoming)
		}
	}
	base := provider.Registrable(mx)
	switch {
	case theirs != "" && theirs != ours:
		f.add("discover-autoconfig-contradicts-mx", f.report.domain, ours).Want = []string{theirs}
	case theirs == "" && base != provider.Registrable(f.report.domain) && base != provider.Registrable(own.Incoming.Host):
		f.add("discover-autoconfig-stale", f.report.domain, ours).Want = []string{"a server of " + base}
	}
}

// ofExchanger reports a document found by way of the exchanger: at autoconfig. of its domains, or in the ISPDB.
func (f *faults) ofExchanger(s Step, mx string) bool {
	return slices.ContainsFunc(mxNames([]string{mx}, f.report.domain, false), func(name string) bool {
		return s.host == "autoconfig."+name || strings.HasSuffix(s.url, "/"+name)
	})
}

// model compares what clients find with what was meant, and with one another.
func (f *faults) model(meant *provider.Provider) {
	if meant == nil {
		if len(f.report.Disagreements) > 0 {
			f.add("discover-clients-disagree", f.report.domain)
		}
		return
	}
	p := meant.For(f.report.domain)
	for _, c := range f.report.Clients {
		compare := func(got *Server, list []provider.Server) {
			if !matches(got, list) {
				f.clients("discover-model-differs", got.String(), "found by", c.Client).Want = wantWords(list)
			}
		}
		if c.Settings != nil {
			compare(c.Settings.Incoming, p.Incoming)
			compare(c.Settings.Outgoing, p.Outgoing)
		}
	}
}
