package server

import (
	"sync"
	"time"
)

// handed remembers the certificates handed out in the last day or two, for the
// expiry metric. Names come in two generations, and the older one is dropped.
type handed struct {
	mu       sync.Mutex
	now, old map[string]handedName
	turned   time.Time
}

type handedName struct {
	expires time.Time
	looked  time.Time // when the certificate was last looked after
}

const generation = 24 * time.Hour

// note records a certificate as handed out, and reports whether it is time to
// look after it.
func (h *handed) note(name string, expires, at time.Time) (due bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turn(at)
	n, known := h.now[name]
	if !known {
		n = h.old[name]
		delete(h.old, name)
	}
	due = at.Sub(n.looked) >= maintainEvery
	if due {
		n.looked = at
	}
	n.expires = expires
	if known || len(h.now) < certificatesInMemory {
		h.now[name] = n
	}
	return due
}

func (h *handed) turn(at time.Time) {
	if at.Sub(h.turned) > generation {
		h.old, h.now, h.turned = h.now, map[string]handedName{}, at
	}
}

// first is when the first of the certificates in use expires, and how many
// there are.
func (h *handed) first(at time.Time) (expires time.Time, count int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turn(at)
	for _, names := range []map[string]handedName{h.now, h.old} {
		for _, n := range names {
			if expires.IsZero() || n.expires.Before(expires) {
				expires = n.expires
			}
		}
	}
	return expires, len(h.now) + len(h.old)
}
