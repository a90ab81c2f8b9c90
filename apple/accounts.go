package apple

import (
	"strconv"
	"strings"

	"autoconfig/provider"
)

// Accounts are the accounts that a profile sets up, each with the provider that it states. User names are those of the
// profile's person. Calendars and address books belong to the mail account before them. The address is empty where the
// device would ask for it, and so is the domain then.
func (p *Profile) Accounts() []Account {
	var out []Account
	for _, payload := range p.Payloads {
		if payload.Type == TypeMail || len(out) == 0 && len(payload.Servers) > 0 {
			a, _ := provider.ParseAddress(payload.Email)
			p := &provider.Provider{Name: payload.Description}
			if short, ours := strings.CutSuffix(p.Name, " ("+payload.Email+")"); ours { // as [Account.label] has it
				p.Name, p.ShortName = short, short
			}
			out = append(out, Account{p, a})
		}
		for _, s := range payload.Servers {
			s.add(out[len(out)-1].Provider, payload.AccountType)
		}
	}
	if len(out) == 1 && p.Organization != "" {
		out[0].Provider.Name = p.Organization
	}
	return out
}

// add puts a server of a payload into the provider.
func (s Server) add(p *provider.Provider, accountType string) {
	m := provider.Server{Host: s.Host, Port: s.Port, Username: s.Username, Auth: authOf(s.Auth)}
	if !s.SSL {
		m.Security = provider.Plain
	}
	switch s.Role {
	case "incoming":
		m.Protocol = provider.IMAP
		if accountType == "EmailTypePOP" {
			m.Protocol = provider.POP3
		}
		m.SetDefaults() // UseSSL is true for STARTTLS as well; the port says which is meant
		p.Incoming = append(p.Incoming, m)
	case "outgoing":
		m.Protocol = provider.SMTP
		m.SetDefaults()
		p.Outgoing = append(p.Outgoing, m)
	case "exchange":
		p.ActiveSync = s.url("/Microsoft-Server-ActiveSync")
	default:
		*p.URL(s.Role) = s.url("/.well-known/" + s.Role)
	}
}

// url is the https URL of a server, with path where it does not have its own (RFC 6764 §6).
func (s Server) url(path string) string {
	host := s.Host
	if s.Port != 0 && s.Port != 443 {
		host += ":" + strconv.Itoa(int(s.Port))
	}
	if s.Path != "" {
		path = s.Path
	}
	return "https://" + host + "/" + strings.TrimPrefix(path, "/")
}

// authOf reads a way to log in. It is nil, which means a password, for no word.
func authOf(word string) []provider.Auth {
	for _, row := range auths {
		if row.word == word {
			return []provider.Auth{row.auth}
		}
	}
	return nil
}
