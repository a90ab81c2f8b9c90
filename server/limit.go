package server

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds what one client may ask of the costly routes: per IPv4
// address and IPv6 /64.
type limiter struct {
	every rate.Limit
	burst int

	mu      sync.Mutex
	clients map[netip.Prefix]*rate.Limiter
}

// maxClients bounds the limiter's memory. When it is full it forgets the
// clients whose allowance has filled up again, and if there are none, all.
const maxClients = 50_000

func newLimiter(perMinute, burst int) *limiter {
	return &limiter{every: rate.Limit(float64(perMinute) / 60), burst: burst, clients: map[netip.Prefix]*rate.Limiter{}}
}

func (l *limiter) allow(addr netip.Addr, now time.Time) bool {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	key, err := addr.Prefix(bits)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.clients[key]
	if !ok {
		if len(l.clients) >= maxClients {
			l.forget(now)
		}
		c = rate.NewLimiter(l.every, l.burst)
		l.clients[key] = c
	}
	return c.AllowN(now, 1)
}

func (l *limiter) forget(now time.Time) {
	for key, c := range l.clients {
		if c.TokensAt(now) >= float64(l.burst) {
			delete(l.clients, key)
		}
	}
	if len(l.clients) >= maxClients {
		clear(l.clients)
	}
}

// allow reports whether the client may have one more costly answer. A trusted
// proxy's own requests are not counted.
func (s *Server) allow(r *request) bool {
	return !r.limited || s.limits.allow(r.client, time.Now())
}
