//go:build e2e

package acme

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"autoconfig/acme/acmetest"
	"autoconfig/acme/pgtest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/freeport"
)

var (
	simulate = flag.Int("simulate", 0, "how many domains TestSimulate brings in")
	retry    = flag.Duration("retry", time.Hour, "how often a client of each tries")
)

// limits let one request at a time through to the authority, and are those that Let's Encrypt publishes for new orders of
// an account, on a simulated clock: renewals are free.
//
// Pebble 2.10 locks itself up otherwise: its store is locked while a new order looks through all authorizations
// (MemoryStore.FindValidAuthorization), and the request for an authorization holds that authorization while it asks the
// store (WebFrontEndImpl.Authz). The more authorizations there are, the sooner the two meet.
type limits struct {
	clock atomic.Int64 // seconds
	one   sync.Mutex

	mu       sync.Mutex
	tokens   float64
	at       int64
	accepted int
	refused  int
}

const (
	burst   = 300
	refill  = 36 // seconds for one
	clients = 16 // at once
)

func (l *limits) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.one.Lock()
		defer l.one.Unlock()
		if r.URL.Path != acmetest.OrderPath {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body) // what is missing the authority refuses
		r.Body = io.NopCloser(bytes.NewReader(body))
		var signed struct{ Payload string }
		_ = json.Unmarshal(body, &signed)
		payload, _ := base64.RawURLEncoding.DecodeString(signed.Payload)
		if wait := l.take(bytes.Contains(payload, []byte(`"replaces"`))); wait > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(wait))
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w,
				`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many new orders","status":429}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// take takes an order out of the limit, or returns the seconds until there is room for one.
func (l *limits) take(renewal bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Load()
	l.tokens, l.at = min(burst, l.tokens+float64(now-l.at)/refill), now
	if l.tokens < 1 && !renewal {
		l.refused++
		return int((1-l.tokens)*refill) + 1
	}
	l.tokens--
	l.accepted++
	return 0
}

// simulated is a domain whose client tries again and again until it gets a certificate.
type simulated struct {
	name   string
	broken bool // the authority does not find it
	next   int64
	done   int64 // when it had its first certificate; 0: not yet
}

// As many domains as the flag says are brought in at once, before two replicas over one PostgreSQL, under the limits that
// Let's Encrypt publishes. A client of each tries once in -retry. Each replica is killed on the way. In the end every name
// that can be verified has its certificate, none was ordered twice but for those under way at a kill, and a new replica
// serves all of them without an order.
func TestSimulate(t *testing.T) {
	if *simulate == 0 {
		t.Skip("make simulate")
	}
	const step = 360 // seconds
	every := int64(retry.Seconds())
	var zone strings.Builder
	zone.WriteString("example. SOA ns.example. root.example. 1 3600 600 86400 60\n")
	customers := make([]*simulated, *simulate)
	random := rand.New(rand.NewPCG(1, 2))
	left := 0
	for i := range customers {
		c := &simulated{name: fmt.Sprintf("autoconfig.c%d.example", i), broken: i%50 == 49, next: random.Int64N(every)}
		if customers[i] = c; !c.broken {
			left++
			fmt.Fprintf(&zone, "%s. A 127.0.0.1\n", c.name)
		}
	}
	limit := &limits{tokens: burst}
	pg := pgtest.Start(t)
	first := replicaSettings{Database: pg.DSN, HTTP: freeport.On(t, "127.0.0.1"), TLS: freeport.On(t, "127.0.0.1"),
		Quiet: true}
	second := replicaSettings{Database: pg.DSN, HTTP: "127.0.0.1:0", TLS: "127.0.0.1:0", Quiet: true}
	a := acmetest.Start(t, acmetest.Options{HTTP: first.HTTP, TLS: first.TLS, DNS: dnstest.Start(t, zone.String()).Addr(),
		Front: limit.before})
	settings := []replicaSettings{first, second}
	replicas := []*replica{startReplica(t, a, first), startReplica(t, a, second)}
	began, tries, failed := time.Now(), 0, atomic.Int64{}
	clock := func(now int64) {
		limit.clock.Store(now)
		for _, r := range replicas {
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.plain, nil) // a URL
			request.Header.Set("X-Clock", fmt.Sprint(now))
			if response, err := http.DefaultClient.Do(request); err != nil {
				t.Fatal(err)
			} else {
				_ = response.Body.Close() // it has none
			}
		}
	}
	kills := []int{left / 2, left / 4} // left at the kill of the second, and of the first
	for now := int64(0); left > 0 && now < 400*86400; now += step {
		var due []*simulated
		for _, c := range customers {
			if c.done == 0 && c.next < now+step {
				due = append(due, c)
				c.next += every
			}
		}
		if len(due) == 0 {
			continue
		}
		clock(now)
		var all sync.WaitGroup
		work := make(chan *simulated)
		for i := range clients {
			all.Go(func() {
				for c := range work {
					if _, err := replicas[i%2].get(a, c.name); err != nil {
						failed.Add(1)
					} else {
						c.done = now + 1
					}
				}
			})
		}
		for i, c := range due {
			if n := len(kills); n > 0 && left < kills[0] && i == len(due)/2 { // with orders under way
				replicas[n-1].kill()
				defer func(n, left int) { t.Logf("the replica %d was killed with %d to go", n, left) }(n, left)
				kills = kills[1:]
				work <- c
				close(work)
				all.Wait()
				replicas[n-1] = startReplica(t, a, settings[n-1])
				work = nil
				break
			}
			work <- c
		}
		if work != nil {
			close(work)
			all.Wait()
		}
		tries += len(due)
		if now%(6*3600) == 0 {
			t.Logf("%v: %d to go, orders taken %d", time.Duration(now)*time.Second, left, limit.accepted)
		}
		left = 0
		for _, c := range customers {
			if c.done == 0 && !c.broken {
				left++
			}
		}
	}
	report(t, customers, limit, a, tries, time.Since(began))
	orders := a.Orders()
	fresh := startReplica(t, a, second)
	for _, c := range customers {
		if _, err := fresh.get(a, c.name); err != nil && !c.broken {
			t.Errorf("%s is lost: %v", c.name, err)
		}
	}
	for _, c := range customers {
		if n := a.Orders()[c.name]; n != orders[c.name] && !c.broken {
			t.Errorf("%s is ordered again", c.name)
		}
	}
}

func report(t *testing.T, customers []*simulated, limit *limits, a *acmetest.Authority, tries int, took time.Duration) {
	t.Helper()
	var done []int64
	twice, broken := 0, 0
	orders := a.Orders()
	for _, c := range customers {
		switch {
		case c.broken:
			broken += orders[c.name]
		case c.done == 0:
			t.Errorf("%s has no certificate", c.name)
		default:
			done = append(done, c.done)
			if orders[c.name] > 1 {
				twice++
			}
		}
	}
	slices.Sort(done)
	at := func(percent int) time.Duration {
		return (time.Duration(done[(len(done)-1)*percent/100]) * time.Second).Round(time.Minute)
	}
	t.Logf("domains %d, of them not verifiable %d", len(customers), len(customers)-len(done))
	t.Logf("first certificate after: 10 %% %v, 50 %% %v, 90 %% %v, all %v", at(10), at(50), at(90), at(100))
	t.Logf("handshakes %d, orders taken %d, refused by the limit %d, for names that cannot be verified %d, names ordered twice %d",
		tries, limit.accepted, limit.refused, broken, twice)
	t.Logf("took %v", took.Round(time.Second))
	if twice > 2*clients { // those under way at the two kills
		t.Errorf("%d names were ordered twice", twice)
	}
}
