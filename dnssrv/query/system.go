package query

import (
	"net"

	"github.com/miekg/dns"
)

// SystemResolvers are the resolvers of /etc/resolv.conf, each as host:port; the local one when that file names none
// (resolv.conf(5)).
func SystemResolvers() []string {
	conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil || len(conf.Servers) == 0 {
		return []string{"127.0.0.1:53"}
	}
	out := make([]string, len(conf.Servers))
	for i, host := range conf.Servers {
		out[i] = net.JoinHostPort(host, conf.Port)
	}
	return out
}
