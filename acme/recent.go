package acme

import (
	"sync"
	"time"
)

// recent remembers the certificates served in the last day or two, for the expiry metric. Names come in two
// generations, and the older one is dropped.
type recent struct {
	mu       sync.Mutex
	now, old map[string]recentName
	turned   time.Time
}

type recentName struct {
	expires time.Time
	checked time.Time // when the certificate was last checked
}

const generation = 24 * time.Hour

// note records that a certificate was served, and reports whether it is time to check it.
func (r *recent) note(name string, expires, at time.Time) (due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(at)
	n, known := r.now[name]
	if !known {
		n = r.old[name]
		delete(r.old, name)
	}
	due = at.Sub(n.checked) >= maintainEvery
	if due {
		n.checked = at
	}
	n.expires = expires
	if known || len(r.now) < certificatesInMemory {
		r.now[name] = n
	}
	return due
}

func (r *recent) turn(at time.Time) {
	if at.Sub(r.turned) > generation {
		r.old, r.now, r.turned = r.now, map[string]recentName{}, at
	}
}

// firstExpiry is when the first of the certificates in use expires, and how many there are.
func (r *recent) firstExpiry(at time.Time) (expires time.Time, count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(at)
	for _, names := range []map[string]recentName{r.now, r.old} {
		for _, n := range names {
			if expires.IsZero() || n.expires.Before(expires) {
				expires = n.expires
			}
		}
	}
	return expires, len(r.now) + len(r.old)
}
