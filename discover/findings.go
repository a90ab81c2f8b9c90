package discover

import (
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Findings says what is wrong with what the clients met, each thing once. meant
// is the provider the domain should have, byMX the one its mail exchanger
// belongs to; either may be nil.
func (r *Report) Findings(meant, byMX *provider.Provider) []finding.Finding {
	f := &faults{report: r}
	f.steps()
	f.settings()
	f.published()
	f.exchanger(byMX)
	f.model(meant)
	return f.list
}

// faults collects findings.
type faults struct {
	report *Report
	list   []finding.Finding
}

// add adds a finding unless it is there already.
func (f *faults) add(id, subject string, got ...string) *finding.Finding {
	for i := range f.list {
		if f.list[i].ID == id && f.list[i].Subject == subject {
			return &f.list[i]
		}
	}
	found := finding.New(id, subject)
	found.Got = got
	f.list = append(f.list, found)
	return &f.list[len(f.list)-1]
}

// each visits every step of every client.
func (f *faults) each(visit func(client string, s Step)) {
	for _, c := range f.report.Clients {
		for _, s := range c.Steps {
			visit(c.Client, s)
		}
	}
}

// steps looks at what each request met. Hosts that are not the domain's own
// (the ISPDB, a mail exchanger's) are not its operator's to mend.
func (f *faults) steps() {
	f.each(func(_ string, s Step) {
		if question := s.host == "" && s.kind != guess; question && (s.Fault == FaultDNS || s.Fault == FaultTimeout) {
			f.add("discover-dns-failed", f.report.domain)
		}
		if s.host == "" || !provider.Below(s.host, f.report.domain) {
			return
		}
		pox := s.kind == poxPost || s.kind == poxGet || s.kind == mobileSync || s.kind == autoJSON
		switch s.Fault {
		case FaultCertName:
			f.certificate("discover-certificate-name", s)
		case FaultCertExpired:
			f.certificate("discover-certificate-expired", s)
		case FaultCertChain:
			f.certificate("discover-certificate-untrusted", s)
		case FaultTimeout:
			if pox {
				f.add("discover-autodiscover-hangs", s.host)
			} else if s.kind == autoconfig {
				f.add("discover-autoconfig-hangs", s.host)
			}
		case FaultPage:
			f.add("discover-page-not-404", s.url)
		case FaultType:
			f.add("discover-content-type", s.url, s.Trace.ContentType)
		case FaultMalformed:
			f.add("discover-document-malformed", s.url, s.Why)
		case FaultEmpty:
			if s.kind == autoconfig {
				f.add("discover-document-empty", s.url)
			}
		case FaultServer:
			f.add("discover-server-error", s.url)
		case FaultRedirects:
			f.add("discover-redirect-loop", s.url)
		case FaultPrivate:
			f.add("discover-address-private", s.host)
		case FaultTLS:
			f.add("discover-tls", s.host, s.Why)
		case FaultDigest:
			f.add("discover-pacc-digest", s.host)
		}
		if strings.HasPrefix(s.url, "https:") && s.Trace != nil && slices.ContainsFunc(s.Trace.Hops, func(h string) bool { return strings.HasPrefix(h, "http:") }) {
			f.add("discover-redirect-downgrade", s.url, s.Trace.Hops...)
		}
	})
	for _, c := range f.report.Clients {
		for _, s := range c.Steps {
			if s.Fault == FaultRejected && s.host != "" && provider.Below(s.host, f.report.domain) {
				found := f.add("discover-document-refused", s.url+" "+c.Client)
				found.Got = []string{s.Why}
			}
		}
	}
}

func (f *faults) certificate(id string, s Step) {
	found := f.add(id, s.host)
	if s.Trace != nil && s.Trace.Certificate != nil {
		found.Got = s.Trace.Certificate.Names
	}
}

// settings looks at what clients end with.
func (f *faults) settings() {
	switch {
	case f.report.Found():
	case f.nothingKnown():
		f.add("discover-network-failed", f.report.domain)
	default:
		f.add("discover-settings-none", f.report.domain)
	}
	for _, c := range f.report.Clients {
		if c.Settings == nil {
			continue
		}
		for _, s := range []*Server{c.Settings.Incoming, c.Settings.Outgoing} {
			switch {
			case s == nil:
			case s.Broken() != "":
				f.add("discover-settings-broken", c.Client+": "+s.String()).Got = []string{s.Broken()}
			case s.Security == provider.Plain:
				f.add("discover-settings-plain", s.String())
			}
		}
		if c.Settings.From == "a guess" {
			f.add("discover-settings-guessed", c.Client)
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

// nothingKnown reports that no step came to an answer.
func (f *faults) nothingKnown() bool {
	known := false
	f.each(func(_ string, s Step) { known = known || s.Result != StepError })
	return !known
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
		if a, b := mailWords(pair[0]), mailWords(pair[1]); a != "" && b != "" && a != b && pair[0].Protocol == pair[1].Protocol {
			found := f.add("discover-srv-differs", f.report.domain)
			found.Want, found.Got = append(found.Want, a), append(found.Got, b)
		}
	}
}

// document is what the domain's own autoconfig places say to a client that
// takes the first servers, by URLs that begin with a scheme.
func (f *faults) document(scheme string) *Settings {
	var out *Settings
	f.each(func(_ string, s Step) {
		if out == nil && s.kind == autoconfig && s.settings != nil && strings.HasPrefix(s.url, scheme) && provider.Below(s.host, f.report.domain) {
			out = s.settings
		}
	})
	return out
}

// srv is what SRV records say, to the client that goes by the book if it was run.
func (f *faults) srv() *Settings {
	var out *Settings
	f.each(func(client string, s Step) {
		if s.kind == mailSRV && s.settings != nil && (out == nil || client == "srv") {
			out = s.settings
		}
	})
	return out
}

// exchanger compares the domain's own document with what its mail exchanger
// leads to: a document of the exchanger's domain, or a provider known by it.
func (f *faults) exchanger(byMX *provider.Provider) {
	own := f.document("http")
	if own == nil || own.Incoming == nil || len(f.report.mx) == 0 {
		return
	}
	mx := f.report.mx[0]
	theirs := ""
	f.each(func(_ string, s Step) {
		if theirs == "" && s.kind == autoconfig && s.settings != nil && !provider.Below(s.host, f.report.domain) && f.ofExchanger(s, mx) {
			theirs = mailWords(s.settings.Incoming)
		}
	})
	if byMX != nil {
		if p := byMX.For(f.report.domain); !matches(own.Incoming, p.Incoming) && len(p.Incoming) > 0 {
			theirs = meantWords(f.report, p.Incoming, incomingOf)
		} else {
			theirs = mailWords(own.Incoming)
		}
	}
	switch ours := mailWords(own.Incoming); {
	case theirs != "" && theirs != ours:
		found := f.add("discover-autoconfig-contradicts-mx", f.report.domain, ours)
		found.Want = []string{theirs}
	case theirs == "" && provider.Registrable(mx) != provider.Registrable(f.report.domain) && provider.Registrable(own.Incoming.Host) != provider.Registrable(mx):
		found := f.add("discover-autoconfig-stale", f.report.domain, ours)
		found.Want = []string{"a server of " + provider.Registrable(mx)}
	}
}

// ofExchanger reports a document that was found by way of the exchanger: at
// autoconfig. of a domain it stands in, or in the ISPDB under that.
func (f *faults) ofExchanger(s Step, mx string) bool {
	for _, name := range mxNames([]string{mx}, f.report.domain, false) {
		if s.host == "autoconfig."+name || strings.HasSuffix(s.url, "/"+name) {
			return true
		}
	}
	return false
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
		if c.Settings == nil {
			continue
		}
		for _, side := range []struct {
			got  *Server
			list []provider.Server
		}{{c.Settings.Incoming, p.Incoming}, {c.Settings.Outgoing, p.Outgoing}} {
			if mailWords(side.got) != "" && !matches(side.got, side.list) {
				found := f.add("discover-model-differs", c.Client, side.got.String())
				found.Want = append(found.Want, wantWords(side.list)...)
			}
		}
	}
}

func wantWords(list []provider.Server) []string {
	var out []string
	for _, s := range list {
		out = append(out, (&Server{Protocol: string(s.Protocol), Host: s.Host, Port: s.Port, Security: s.Security}).String())
	}
	return out
}
