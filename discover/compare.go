package discover

import (
	"slices"

	"autoconfig/provider"
)

// Configuration is the name under which what was meant takes part in a
// [Disagreement].
const Configuration = "configuration"

// Compare lists the disagreements of the clients with one another and, when meant
// is not nil, with the provider that the domain should have: host, port and
// security of each direction, and the user name. Exchange protocols are not a
// disagreement: they are another account.
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

// meant is the provider's server of a direction: one that a client found, if
// there is one, else the best.
func (r *Report) meant(p *provider.Provider, about string) string {
	all := wantWords(map[string][]provider.Server{aboutIncoming: p.Incoming, aboutOutgoing: p.Outgoing}[about])
	for _, words := range all {
		if slices.ContainsFunc(r.Clients, func(c Result) bool { return c.Settings != nil && c.Settings.part(about) == words }) {
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
	var out []string
	for _, s := range list {
		out = append(out, serverOf(s).String())
	}
	return out
}

// serverOf is a provider's server with the user name as it is there.
func serverOf(s provider.Server) *Server {
	return &Server{Protocol: string(s.Protocol), Host: s.Host, Port: s.Port, Security: s.Security, Auth: s.Auth, Username: s.Username}
}

// matches reports whether a server is one of a provider's.
func matches(s *Server, list []provider.Server) bool {
	return mailWords(s) == "" || slices.ContainsFunc(list, func(p provider.Server) bool {
		return string(p.Protocol) == s.Protocol && p.Host == s.Host && p.Port == s.Port && p.Security == s.Security
	})
}
