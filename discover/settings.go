package discover

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

func (s *Settings) servers() []*Server {
	return slices.DeleteFunc([]*Server{s.Incoming, s.Outgoing}, func(s *Server) bool { return s == nil })
}

// words are the settings in one line: servers only.
func (s *Settings) words() string {
	return strings.Join(provider.Map(s.servers(), (*Server).String), ", ")
}

// String is the server as people write it: "imap imap.example.org:993 tls".
func (s *Server) String() string {
	if s.URL != "" {
		return s.Protocol + " " + s.URL
	}
	port := "?"
	if s.Port != 0 {
		port = strconv.Itoa(int(s.Port))
	}
	return strings.TrimSpace(s.Protocol + " " + net.JoinHostPort(s.Host, port) + " " + string(s.Security))
}

// Broken says why a server cannot work as it is, "" when nothing is wrong.
func (s *Server) Broken() string {
	_, hostErr := provider.ParseHost(s.Host)
	switch {
	case strings.Contains(s.Host, "%"):
		return "the host name has a placeholder that the client does not fill in"
	case hostErr != nil && !provider.IsIP(s.Host), strings.HasSuffix(s.Host, "."):
		return "the host name is invalid"
	case s.Port == 0:
		return "the port is missing"
	case s.Username == "undefined" || s.Username == "(null)":
		return "the user name is missing, so the client uses " + s.Username
	case s.URL == "" && (provider.HasPlaceholder(s.Username) || strings.HasPrefix(s.Username, "%")):
		return "the user name is a placeholder that the client does not fill in"
	}
	return ""
}

func (r *Result) line(hint string) string {
	var parts []string
	if r.Settings != nil {
		parts = append(parts, r.Settings.words()+", from "+r.Settings.From)
		for _, s := range r.Settings.servers() {
			if s.Broken() != "" {
				parts = append(parts, s.Broken())
			}
		}
	}
	if r.Verdict == Asks {
		parts = append(parts, "asks "+strings.Join(r.AsksUser, "; "))
	}
	refused := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Result == StepRefused })
	switch {
	case len(parts) > 0:
		return strings.Join(parts, "; ")
	case r.Verdict == Refused:
		return fmt.Sprintf("refuses what it gets: %s (%s)", r.Steps[refused].Why, r.Steps[refused].What)
	case hint != "":
		return "finds nothing; " + hint
	}
	return "finds nothing, so people type the settings in"
}

// Mail is the server as the model has it, if it can be visited: of a protocol of mail, and not broken.
func (s *Server) Mail() (provider.Server, bool) {
	if mailWords(s) == "" || s.Broken() != "" {
		return provider.Server{}, false
	}
	return provider.Server{Protocol: provider.Protocol(s.Protocol), Host: s.Host, Port: s.Port, Security: s.Security,
		Auth: s.Auth, Username: s.Username}, true
}

// Configuration is the name under which what was meant takes part in a [Disagreement].
const Configuration = "configuration"

// Compare lists where the clients, and what is meant unless that is nil, disagree: host, port and security of
// each direction, and the user name. Exchange protocols are not a disagreement: they are another account.
func (r *Report) Compare(meant *provider.Provider) {
	r.Disagreements = []Disagreement{}
	for _, about := range []string{aboutIncoming, aboutOutgoing, "user name"} {
		d := Disagreement{About: about}
		for _, c := range r.Clients {
			if c.Settings != nil {
				d.add(c.Settings.part(about), c.Client)
			}
		}
		if meant != nil && len(d.Values) > 0 {
			d.add(r.meant(meant.For(r.domain), about), Configuration)
		}
		if len(d.Values) > 1 {
			r.Disagreements = append(r.Disagreements, d)
		}
	}
}

func (d *Disagreement) add(value, client string) {
	if value == "" {
		return
	}
	i := slices.IndexFunc(d.Values, func(v Value) bool { return v.Value == value })
	if i < 0 {
		d.Values = append(d.Values, Value{Value: value})
		i = len(d.Values) - 1
	}
	d.Values[i].Clients = append(d.Values[i].Clients, client)
}

// The directions of mail.
const (
	aboutIncoming = "incoming"
	aboutOutgoing = "outgoing"
)

// part is what the settings say about a direction or the user name.
func (s *Settings) part(about string) string {
	switch {
	case about == aboutOutgoing:
		return mailWords(s.Outgoing)
	case about == aboutIncoming, mailWords(s.Incoming) == "":
		return mailWords(s.Incoming)
	}
	return s.Incoming.Username
}

// meant is the provider's server of a direction: one that a client found, if there is one, else the best.
func (r *Report) meant(p *provider.Provider, about string) string {
	all := wantWords(map[string][]provider.Server{aboutIncoming: p.Incoming, aboutOutgoing: p.Outgoing}[about])
	for _, words := range all {
		finds := func(c Result) bool { return c.Settings != nil && c.Settings.part(about) == words }
		if slices.ContainsFunc(r.Clients, finds) {
			return words
		}
	}
	return first(all)
}

// mailWords is a mail server, "" for none and for Exchange's.
func mailWords(s *Server) string {
	if s == nil || s.URL != "" || s.Protocol != "imap" && s.Protocol != "pop3" && s.Protocol != "smtp" {
		return ""
	}
	return s.String()
}

func wantWords(list []provider.Server) []string {
	return provider.Map(list, func(s provider.Server) string { return serverOf(s).String() })
}

// serverOf is a provider's server with the user name as it is there.
func serverOf(s provider.Server) *Server {
	return &Server{Protocol: string(s.Protocol), Host: s.Host, Port: s.Port, Security: s.Security, Auth: s.Auth,
		Username: s.Username}
}

func matches(s *Server, list []provider.Server) bool {
	return mailWords(s) == "" || slices.ContainsFunc(list, func(p provider.Server) bool {
		return string(p.Protocol) == s.Protocol && p.Host == s.Host && p.Port == s.Port && p.Security == s.Security
	})
}
