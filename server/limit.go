package server

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"autoconfig/provider"
)

// limiter bounds what one client may ask of the costly routes: per IPv4 address and IPv6 /64, and sitesOf48 times as
// much per /48, of which a stranger can have all /64.
type limiter struct {
	every rate.Limit
	burst int

	mu      sync.Mutex
	clients map[netip.Prefix]*rate.Limiter
}

const sitesOf48 = 4

// maxClients bounds the limiter's memory. When it is full it forgets the clients whose allowance has filled up again,
// and if there are none, all.
const maxClients = 50_000

func newLimiter(perMinute, burst int) *limiter {
	return &limiter{every: rate.Limit(float64(perMinute) / 60), burst: burst, clients: map[netip.Prefix]*rate.Limiter{}}
}

// allow takes the cost of a request off the client's allowance, if there is so much. The /64 comes first: what it is
// refused costs its neighbours nothing.
func (l *limiter) allow(addr netip.Addr, cost int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if addr.Is4() {
		return l.take(addr, 32, 1, cost, now)
	}
	return l.take(addr, 64, 1, cost, now) && l.take(addr, 48, sitesOf48, cost, now)
}

func (l *limiter) take(addr netip.Addr, bits, sites, cost int, now time.Time) bool {
	key, err := addr.Prefix(bits)
	if err != nil {
		return false
	}
	c, ok := l.clients[key]
	if !ok {
		if len(l.clients) >= maxClients {
			l.forget(now)
		}
		c = rate.NewLimiter(l.every*rate.Limit(sites), l.burst*sites)
		l.clients[key] = c
	}
	return c.AllowN(now, min(cost, l.burst)) // what costs more than there can be is served to those who have all of it
}

func (l *limiter) forget(now time.Time) {
	for key, c := range l.clients {
		if c.TokensAt(now) >= float64(c.Burst()) {
			delete(l.clients, key)
		}
	}
	if len(l.clients) >= maxClients {
		clear(l.clients)
	}
}

// allow reports whether the client may have one more costly answer. A trusted proxy's own requests are not counted.
func (s *Server) allow(r *request, cost int) bool {
	return !r.limited || s.limits.allow(r.client, cost, time.Now())
}

// cost is what a request for a page, a profile or a code takes off the allowance: one for each address and for each KiB
// that was sent.
func (r *request) cost() int {
	emails, _ := r.emails() // a malformed form is refused at once
	return max(1, len(emails)) + len(r.form())>>10
}

// shares keeps one client from taking all the questions that go to a slow source at once: it has most under way, and as
// many more wait as waits says. A question counts once, however many ask it: an office that opens its mail programs at
// nine asks a thousand times for a few domains.
type shares struct {
	most, waits int

	mu              sync.Mutex
	left            *sync.Cond
	asking, waiting map[question]int     // who asks it
	under, queued   map[netip.Prefix]int // different questions of a client
}

// question is what a client wants to know of a source.
type question struct {
	client netip.Prefix
	of     provider.Address
}

func newShares(most, waits int) *shares {
	s := &shares{most: most, waits: waits, asking: map[question]int{}, waiting: map[question]int{},
		under: map[netip.Prefix]int{}, queued: map[netip.Prefix]int{}}
	s.left = sync.NewCond(&s.mu)
	return s
}

// enter waits for the client's turn. It is false when too many wait already. Every question ends by its time-out, so
// the wait does.
func (s *shares) enter(q question) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := func() bool { return s.asking[q] == 0 && s.under[q.client] >= s.most }
	if held() {
		if s.waiting[q] == 0 && s.queued[q.client] >= s.waits {
			return false
		}
		more(s.waiting, s.queued, q)
		for held() {
			s.left.Wait()
		}
		less(s.waiting, s.queued, q)
	}
	more(s.asking, s.under, q)
	return true
}

func (s *shares) leave(q question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	less(s.asking, s.under, q)
	if len(s.waiting) > 0 {
		s.left.Broadcast()
	}
}

func more(who map[question]int, of map[netip.Prefix]int, q question) {
	if who[q]++; who[q] == 1 {
		of[q.client]++
	}
}

func less(who map[question]int, of map[netip.Prefix]int, q question) {
	if who[q]--; who[q] > 0 {
		return
	}
	delete(who, q)
	if of[q.client]--; of[q.client] == 0 {
		delete(of, q.client)
	}
}

// places bounds how many do something at once.
type places chan struct{}

// enter takes a place, waiting a second at most.
func (p places) enter() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
	}
	wait := time.NewTimer(time.Second)
	defer wait.Stop()
	select {
	case p <- struct{}{}:
		return true
	case <-wait.C:
		return false
	}
}

func (p places) leave() { <-p }
