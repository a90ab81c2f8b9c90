package discover

import (
	"slices"

	"autoconfig/provider"
)

// Configuration is the name under which what was meant takes part in a
// [Disagreement].
const Configuration = "configuration"

// Compare is the disagreements of the clients with one another and, when meant
// is not nil, with the provider that the domain should have.
func (r *Report) Compare(meant *provider.Provider) {
	r.Disagreements = disagreements(r, meant)
}

// disagreements compares host, port and security of each direction, and the
// user name. Exchange protocols are not a disagreement: they are another account.
func disagreements(r *Report, meant *provider.Provider) []Disagreement {
	out := []Disagreement{}
	for _, part := range []struct {
		about string
		of    func(s *Settings) string
		meant func(p *provider.Provider) string
	}{
		{"incoming", func(s *Settings) string { return mailWords(s.Incoming) },
			func(p *provider.Provider) string { return meantWords(r, p.Incoming, incomingOf) }},
		{"outgoing", func(s *Settings) string { return mailWords(s.Outgoing) },
			func(p *provider.Provider) string { return meantWords(r, p.Outgoing, outgoingOf) }},
		{"user name", func(s *Settings) string { return mailUser(s.Incoming) }, func(*provider.Provider) string { return "" }},
	} {
		d := Disagreement{About: part.about}
		for _, c := range r.Clients {
			if c.Settings != nil {
				d.add(part.of(c.Settings), c.Client)
			}
		}
		if meant != nil && len(d.Values) > 0 {
			d.add(part.meant(meant.For(r.domain)), Configuration)
		}
		if len(d.Values) > 1 {
			out = append(out, d)
		}
	}
	return out
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

func incomingOf(s *Settings) *Server { return s.Incoming }
func outgoingOf(s *Settings) *Server { return s.Outgoing }

// mailWords is a mail server, "" for none and for Exchange's.
func mailWords(s *Server) string {
	if s == nil || s.URL != "" || s.Protocol != "imap" && s.Protocol != "pop3" && s.Protocol != "smtp" {
		return ""
	}
	return s.String()
}

func mailUser(s *Server) string {
	if mailWords(s) == "" {
		return ""
	}
	return s.Username
}

// meantWords is the server that was meant: one that a client found, if there
// is one in the list, else the best.
func meantWords(r *Report, list []provider.Server, side func(*Settings) *Server) string {
	meant := wantWords(list)
	for _, words := range meant {
		if slices.ContainsFunc(r.Clients, func(c Result) bool { return c.Settings != nil && mailWords(side(c.Settings)) == words }) {
			return words
		}
	}
	return first(meant)
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
