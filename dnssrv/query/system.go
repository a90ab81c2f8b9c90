package query

import (
	"net"
	"sync"
	"time"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// SystemFile is where the system keeps its resolvers (resolv.conf(5)).
const SystemFile = "/etc/resolv.conf"

// System are the resolvers of a file as resolv.conf(5) describes it. It is read
// again when questions are asked: a laptop that moves and a DHCP server change it.
type System struct {
	path string

	mu      sync.Mutex
	read    time.Time
	servers []string
}

// readEvery is how often the file is read at most, as by Go's own resolver.
const readEvery = 5 * time.Second

// NewSystem are the resolvers of a file that need not be there yet.
func NewSystem(path string) *System {
	return &System{path: path, servers: []string{"127.0.0.1:53"}}
}

// Resolvers are those of now, each as host:port. While the file cannot be read or names none, as in the moment it is
// written, they are those from before; at first the local one.
func (s *System) Resolvers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read.IsZero() && time.Since(s.read) < readEvery {
		return s.servers
	}
	s.read = time.Now()
	conf, err := dns.ClientConfigFromFile(s.path)
	if err != nil || len(conf.Servers) == 0 {
		return s.servers
	}
	s.servers = provider.Map(conf.Servers, func(host string) string { return net.JoinHostPort(host, conf.Port) })
	return s.servers
}
