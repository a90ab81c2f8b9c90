package provider

import (
	"errors"
	"fmt"
	"slices"
)

// Service is one way to reach a server, by the name it has as a URL scheme in the configuration and as an SRV service
// (RFC 6186 §3, RFC 8314 §5.1, RFC 5804 §1.8).
type Service struct {
	Name     string
	Protocol Protocol
	Security Security
	Port     uint16
}

// Services lists the services with their protocol, security and port, best first (RFC 8314 §3: implicit TLS before
// STARTTLS).
func Services() []Service {
	return []Service{
		{"imaps", IMAP, TLS, 993},
		{"imap", IMAP, STARTTLS, 143},
		{"pop3s", POP3, TLS, 995},
		{"pop3", POP3, STARTTLS, 110},
		{"submissions", SMTP, TLS, 465},
		{"submission", SMTP, STARTTLS, 587},
		{"sieve", ManageSieve, STARTTLS, 4190},
	}
}

// ServiceByName finds a service by its scheme or SRV name.
func ServiceByName(name string) (Service, bool) {
	return service(func(s Service) bool { return s.Name == name })
}

// ServiceByPort finds the service that a port is registered for.
func ServiceByPort(port uint16) (Service, bool) {
	return service(func(s Service) bool { return s.Port == port })
}

func service(match func(Service) bool) (Service, bool) {
	list := Services()
	if i := slices.IndexFunc(list, match); i >= 0 {
		return list[i], true
	}
	return Service{}, false
}

// Key is the key of the configuration under which servers of the protocol are listed, or "" if it is unknown.
func (p Protocol) Key() string {
	return map[Protocol]string{IMAP: "incoming", POP3: "incoming", SMTP: "outgoing", ManageSieve: "managesieve"}[p]
}

// Service is the service a server is an instance of; its own port may differ from the service's. A plain server counts
// as the STARTTLS service, as RFC 6186 §3.1 has one name for both.
func (s Server) Service() (Service, bool) {
	sec := s.Security
	if sec == Plain {
		sec = STARTTLS
	}
	return service(func(svc Service) bool { return svc.Protocol == s.Protocol && svc.Security == sec })
}

// ErrIncomplete is wrapped by [Server.Complete], and so by every codec.
var ErrIncomplete = errors.New("provider: server is incomplete")

// Complete says what a server lacks to be written into a document: host, port, security, user name or a way to log in.
// Codecs refuse such a server, as readers take what is left out for no encryption. [Server.SetDefaults] fills in
// everything but the host.
func (s Server) Complete() error {
	lacks := ""
	switch {
	case s.Host == "":
		lacks = "a host"
	case s.Port == 0:
		lacks = "a port"
	case s.Security != TLS && s.Security != STARTTLS && s.Security != Plain:
		lacks = "a known security mode"
	case s.Username == "":
		lacks = "a user name"
	case !slices.ContainsFunc(s.Auth, func(a Auth) bool { return slices.Contains(Auths(), a) }):
		lacks = "a known way to log in"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s %s lacks %s", ErrIncomplete, s.Protocol, s.Host, lacks)
}

// Complete checks every server of a list.
func Complete(servers ...Server) error {
	for _, s := range servers {
		if err := s.Complete(); err != nil {
			return err
		}
	}
	return nil
}

// SetDefaults fills in the port from the security mode, the security mode from the port, and both (implicit TLS, RFC
// 8314 §3.3) when neither is given.
func (s *Server) SetDefaults() {
	if s.Security == "" && s.Port == 0 && s.Protocol != ManageSieve {
		s.Security = TLS
	}
	if s.Security == "" {
		s.Security = securityOfPort(s.Protocol, s.Port)
	}
	if s.Port == 0 {
		if svc, ok := s.Service(); ok {
			s.Port = svc.Port
		}
	}
	if len(s.Auth) == 0 {
		s.Auth = []Auth{AuthPassword}
	}
	if s.Username == "" {
		s.Username = EmailAddress
	}
}

// securityOfPort is what a port means; an unknown one means STARTTLS for the relay port 25 and for ManageSieve, else
// implicit TLS.
func securityOfPort(proto Protocol, port uint16) Security {
	if sec, ok := fixedSecurity(proto, port); ok {
		return sec
	}
	if proto == ManageSieve || port == 25 {
		return STARTTLS
	}
	return TLS
}

// fixedSecurity is the security that a well-known port is registered for.
func fixedSecurity(proto Protocol, port uint16) (Security, bool) {
	svc, ok := service(func(svc Service) bool { return svc.Protocol == proto && svc.Port == port })
	return svc.Security, ok
}

// PortSecurity is the security that the port of s is registered for, and whether s contradicts it. STARTTLS and no
// encryption share their ports.
func (s Server) PortSecurity() (want Security, contradicts bool) {
	want, known := fixedSecurity(s.Protocol, s.Port)
	return want, known && want != s.Security && (s.Security != Plain || want == TLS)
}

// ImplicitTLS reports whether s speaks TLS from the first byte on the port registered for it, the only kind of server
// PACC can state.
func (s Server) ImplicitTLS() bool {
	svc, ok := s.Service()
	return ok && s.Security == TLS && s.Port == svc.Port
}
