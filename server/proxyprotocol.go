package server

import (
	"net"

	"github.com/pires/go-proxyproto"
)

// behindProxy takes the client's address from the header that a proxy sends before a connection it passes through (The
// PROXY protocol, versions 1 and 2, haproxy.org). A trusted proxy must send it, as the specification wants (§2: it is
// never guessed); others, who could claim to be anybody, cannot.
func (s *Server) behindProxy(l net.Listener) net.Listener {
	return &proxyproto.Listener{Listener: l, ReadHeaderTimeout: headerTimeout, ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		if from, ok := peer(o.Upstream.String()); ok && contains(s.opts.TrustedProxies, from) {
			return proxyproto.REQUIRE, nil
		}
		return proxyproto.SKIP, nil
	}}
}
