package discover

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// servers are those that there are.
func (s *Settings) servers() []*Server {
	return slices.DeleteFunc([]*Server{s.Incoming, s.Outgoing}, func(s *Server) bool { return s == nil })
}

// words are the settings in one line: servers only.
func (s *Settings) words() string {
	var parts []string
	for _, server := range s.servers() {
		parts = append(parts, server.String())
	}
	return strings.Join(parts, ", ")
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

// line says the verdict to people.
func (r *Result) line(hint string) string {
	servers := ""
	if r.Settings != nil {
		servers = r.Settings.words() + ", from " + r.Settings.From
		for _, s := range r.Settings.servers() {
			if s.Broken() != "" {
				servers += "; " + s.Broken()
			}
		}
	}
	switch {
	case r.Verdict == Asks && r.Settings == nil:
		return "asks " + strings.Join(r.AsksUser, "; ")
	case r.Verdict == Asks:
		return servers + "; asks " + strings.Join(r.AsksUser, "; ")
	case r.Settings != nil:
		return servers
	case r.Verdict == Refused:
		for _, s := range r.Steps {
			if s.Result == StepRefused {
				return fmt.Sprintf("refuses what it gets: %s (%s)", s.Why, s.What)
			}
		}
	}
	if hint != "" {
		return "finds nothing; " + hint
	}
	return "finds nothing, so people type the settings in"
}

// Mail is the server as the model has it, if it can be visited: it speaks a
// protocol of mail, and nothing about it is broken.
func (s *Server) Mail() (provider.Server, bool) {
	if s == nil || s.Port == 0 || s.URL != "" || s.Broken() != "" {
		return provider.Server{}, false
	}
	switch p := provider.Protocol(s.Protocol); p {
	case provider.IMAP, provider.POP3, provider.SMTP:
		return provider.Server{Protocol: p, Host: s.Host, Port: s.Port, Security: s.Security, Auth: s.Auth, Username: s.Username}, true
	}
	return provider.Server{}, false
}
