package setup

import (
	"fmt"
	"strings"

	"autoconfig/config"
	"autoconfig/provider"
)

// Server reads a server that an operator names: HOST, HOST:PORT, or SCHEME://HOST[:PORT] as in the configuration. Its
// port is 0 where it is not given, for that of any service of the protocol.
func Server(protocol provider.Protocol, text string) (*provider.Server, error) {
	key, example := protocol.Key(), map[provider.Protocol]string{provider.IMAP: "imaps",
		provider.SMTP: "submissions"}[protocol]
	if strings.Contains(text, "://") {
		s, fix := config.ParseServer(key, text)
		if fix == "" && s.Protocol.Key() != key {
			fix = "write " + example + "://HOST"
		}
		if fix != "" {
			return nil, fmt.Errorf("not a server; %s", fix)
		}
		if svc, ok := provider.ServiceByPort(s.Port); ok && svc.Protocol.Key() != key {
			return nil, otherPort(svc, example)
		}
		host, err := provider.ParseHost(s.Host)
		s.Host = host
		return &s, err
	}
	host, port, err := config.SplitHostPort(text)
	if err != nil {
		return nil, fmt.Errorf("not a server; write HOST, HOST:PORT or %s://HOST", example)
	}
	s := &provider.Server{Protocol: protocol, Host: host, Port: port}
	if svc, ok := provider.ServiceByPort(port); ok && svc.Protocol.Key() == key { // 995 and 110 are POP3's
		s.Protocol, s.Security = svc.Protocol, svc.Security
	} else if ok {
		return nil, otherPort(svc, example)
	}
	if port != 0 {
		s.SetDefaults()
	}
	return s, nil
}

func otherPort(svc provider.Service, example string) error {
	return fmt.Errorf("port %d is the port of %s; write %s://HOST", svc.Port, svc.Name, example)
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
