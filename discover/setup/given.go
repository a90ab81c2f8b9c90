package setup

import (
	"fmt"
	"strings"

	"autoconfig/config"
	"autoconfig/provider"
)

// Server reads HOST, HOST:PORT, or SCHEME://HOST[:PORT] as in the configuration. A port that is not given is 0: any.
func Server(protocol provider.Protocol, text string) (*provider.Server, error) {
	key, example := protocol.Key(), map[provider.Protocol]string{provider.IMAP: "imaps",
		provider.SMTP: "submissions"}[protocol]
	s, isURL := provider.Server{Protocol: protocol}, strings.Contains(text, "://")
	var err error
	if isURL {
		fix := ""
		if s, fix = config.ParseServer(key, text); fix == "" && s.Protocol.Key() != key {
			fix = "write " + example + "://HOST"
		}
		if fix != "" {
			return nil, fmt.Errorf("not a server; %s", fix)
		}
	} else if s.Host, s.Port, err = config.SplitHostPort(text); err != nil {
		return nil, fmt.Errorf("not a server; write HOST, HOST:PORT or %s://HOST", example)
	}
	svc, known := provider.ServiceByPort(s.Port)
	switch {
	case known && svc.Protocol.Key() != key:
		return nil, fmt.Errorf("port %d is the port of %s; write %s://HOST", svc.Port, svc.Name, example)
	case isURL:
		s.Host, err = provider.ParseHost(s.Host)
		return &s, err
	case known: // 995 and 110 are POP3's
		s.Protocol, s.Security = svc.Protocol, svc.Security
	}
	if s.Port != 0 {
		s.SetDefaults()
	}
	return &s, nil
}

// Offline are the servers that the operator names, each with the best service of its protocol.
func Offline(servers ...*provider.Server) (out []provider.Server) {
	for _, s := range servers {
		if s != nil {
			given := *s
			given.SetDefaults()
			out = append(out, given)
		}
	}
	return out
}
