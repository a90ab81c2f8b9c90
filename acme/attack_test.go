package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
)

// from is a connection that comes from an address.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(f.addr), 4711))
}

// visit is a handshake of a client at an address.
func visit(config *tls.Config, addr, name string, protocols ...string) (*x509.Certificate, error) {
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close() }()
	go func() {
		defer func() { _ = theirs.Close() }()
		_ = tls.Server(from{theirs, addr}, config).Handshake() // the client's error says the same
	}()
	client := tls.Client(ours, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: protocols})
	if err := client.Handshake(); err != nil {
		return nil, err
	}
	return client.ConnectionState().PeerCertificates[0], nil
}

// slowAuthority takes orders and never decides; close lets it go. It counts the
// orders.
func slowAuthority(t testing.TB) (url string, orders *atomic.Int32) {
	t.Helper()
	orders = new(atomic.Int32)
	gone := make(chan struct{})
	var base string
	url, _ = authority(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", "n")
		switch r.URL.Path {
		case "/directory":
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]string{"newNonce": base + "/nonce", "newAccount": base + "/account",
				"newOrder": base + "/order"})
		case "/account":
			w.Header().Set("Location", base+"/account/1")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"status":"valid"}`)
		case "/order":
			orders.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-gone:
			case <-r.Context().Done():
			}
		}
	})
	base = strings.TrimSuffix(url, "/directory")
	t.Cleanup(func() { close(gone) })
	return url, orders
}

// limitingAuthority refuses every order with a limit.
func limitingAuthority(t testing.TB, retryAfter func() string) (url string, orders *atomic.Int32) {
	t.Helper()
	orders = new(atomic.Int32)
	var base string
	url, _ = authority(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", "n")
		switch r.URL.Path {
		case "/directory":
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]string{"newNonce": base + "/nonce", "newAccount": base + "/account", "newOrder": base + "/order"})
		case "/account":
			w.Header().Set("Location", base+"/account/1")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"status":"valid"}`)
		case "/order":
			orders.Add(1)
			w.Header().Set("Retry-After", retryAfter())
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many orders","status":429}`)
		}
	})
	base = strings.TrimSuffix(url, "/directory")
	return url, orders
}

// Two hundred hostile handshakes are open at a server that has just started, for
// names whose orders never end: every name with a stored certificate is served.
func TestAttackStored(t *testing.T) {
	url, orders := slowAuthority(t)
	w, a := testManager(t, url, newMapStorage())
	const stored = 4
	for i := range stored {
		keepCertificate(t, a, fmt.Sprintf("autoconfig.c%d.example", i), time.Now().Add(-time.Hour),
			time.Now().Add(60*24*time.Hour))
	}
	for i := range 200 { // they end with the authority, after the test
		go func() {
			_, _ = visit(a.TLSConfig(), fmt.Sprintf("198.51.%d.7", i), fmt.Sprintf("ua-auto-config.c%d.example", 100+i))
		}()
	}
	for w.refusedFor("acme-client-share")+w.refusedFor("acme-orders-busy") == 0 && orders.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for round := range 10 {
		for i := range stored {
			name := fmt.Sprintf("autoconfig.c%d.example", i)
			if _, err := visit(a.TLSConfig(), "203.0.113.9", name); err != nil {
				t.Fatalf("round %d: %s: %v", round, name, err)
			}
			a.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: name}}) // a cold start each time
		}
	}
}

// What is not the normal form of a name is booked on nothing but the normal form,
// and never costs it its certificate.
func TestAttackNameForms(t *testing.T) {
	url, _ := slowAuthority(t)
	w, a := testManager(t, url, newMapStorage())
	const name = "autoconfig.c1.example"
	keepCertificate(t, a, name, time.Now().Add(-time.Hour), time.Now().Add(60*24*time.Hour))
	for _, form := range []string{"autoconfig.c1.example:443", "AUTOCONFIG.C1.EXAMPLE", "autoconfig.c1.example.",
		"autoconfig。c1。example",
		"autoconfig.c1.example:", "autoconfig.c1.example:x", "ａutoconfig.c1.example", "autoconfig.c1.example:443:443",
		"autoconfig.c1.example/", "autoconfig.c1.example\x00"} {
		for _, protocols := range [][]string{nil, {alpnChallenge}} {
			_, err := visit(a.TLSConfig(), "198.51.100.7", form, protocols...)
			if _, early := a.backoff.wait(name, fresh); early {
				t.Errorf("%q %v: the name has to wait: %v", form, protocols, err)
			}
		}
	}
	for form := range a.backoff.names {
		t.Errorf("%q is held back", form)
	}
	if _, err := visit(a.TLSConfig(), "203.0.113.9", name); err != nil {
		t.Error(err)
	}
	if w.bad.Load() != 0 {
		t.Error(w.log.String())
	}
}

// Three hundred listed names that lead elsewhere, or of which DNS does not say
// where they lead, cost no order; each is counted, and the log has one line.
func TestAttackElsewhere(t *testing.T) {
	for _, test := range []struct {
		id  string
		err error
	}{{"acme-name-elsewhere", ErrElsewhere}, {"acme-name-unanswered", errUnanswered}} {
		url, asked := authority(t, http.NotFound)
		w, a := testManager(t, url, newMapStorage())
		w.leads = func(string) error { return test.err }
		for i := range 300 {
			if _, err := visit(a.TLSConfig(), "198.51.100.7", fmt.Sprintf("autodiscover.c%d.example", i)); err == nil {
				t.Error("a certificate from nowhere")
			}
		}
		if n := asked.Load(); n != 0 {
			t.Errorf("%s: the authority was asked %d times", test.id, n)
		}
		if n := w.refusedFor(test.id); n != 300 {
			t.Errorf("%s: %d counted", test.id, n)
		}
		if n := strings.Count(w.log.String(), "level=WARN"); n != 1 || !strings.Contains(w.log.String(), "id="+test.id) {
			t.Errorf("%d lines:\n%s", n, w.log.String())
		}
	}
}

// One client does not take the places of others: its share is bounded, also over
// a /64 and a /48, and somebody else's order begins at once.
func TestAttackShare(t *testing.T) {
	for _, test := range []struct {
		client func(i int) string
		share  int
	}{
		{func(int) string { return "198.51.100.7" }, orderPlaces.host},
		{func(int) string { return "::ffff:198.51.100.7" }, orderPlaces.host},
		{func(i int) string { return fmt.Sprintf("2001:db8:1:1::%x", i+1) }, orderPlaces.host},
		{func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }, orderPlaces.site},
	} {
		p := newPlaces(orderPlaces, func(netip.Addr) bool { return false })
		var taken []func()
		for i := range 100 {
			if free, why := p.take(netip.MustParseAddr(test.client(i))); why == "" {
				taken = append(taken, free)
			} else if why != "acme-client-share" {
				t.Error(why)
			}
		}
		if len(taken) != test.share {
			t.Errorf("%s: %d places", test.client(0), len(taken))
		}
		for _, other := range []string{"203.0.113.9", "2001:db8:2::1"} {
			if _, why := p.take(netip.MustParseAddr(other)); why != "" {
				t.Error(why)
			}
		}
		for _, free := range taken {
			free()
		}
		if p.taken != 2 || len(p.by) != 3 {
			t.Errorf("%d places, %v", p.taken, p.by)
		}
	}
}

// rateLimited holds all names until the time the authority says, as seconds or
// as a date, and then one order goes first.
func TestAttackLimited(t *testing.T) {
	for _, test := range []struct {
		name  string
		after func() string
		hold  time.Duration
	}{
		{"seconds", func() string { return "10800" }, 3 * time.Hour},
		{"date", func() string { return time.Now().Add(3 * time.Hour).UTC().Format(http.TimeFormat) }, 3 * time.Hour},
		{"nothing", func() string { return "" }, limitWait},
		{"nonsense", func() string { return "soon" }, limitWait},
		{"the past", func() string { return "-5" }, limitWait},
		{"for ever", func() string { return "99999999999" }, longestLimit},
	} {
		t.Run(test.name, func(t *testing.T) {
			url, orders := limitingAuthority(t, test.after)
			w, a := testManager(t, url, newMapStorage())
			burst := func(n int) {
				var all sync.WaitGroup
				for i := range n {
					all.Go(func() {
						_, _ = visit(a.TLSConfig(), fmt.Sprintf("198.51.100.%d", i), fmt.Sprintf("autoconfig.c%d.example", i))
					})
				}
				all.Wait()
			}
			burst(14)
			if n := orders.Load(); n != 1 {
				t.Errorf("%d orders for 14 names", n)
			}
			w.clock.Store(int64((test.hold - 5*time.Minute).Seconds()))
			burst(14)
			if n := orders.Load(); n != 1 {
				t.Errorf("%d orders before the time", n)
			}
			w.clock.Store(int64((test.hold + 5*time.Minute).Seconds()))
			burst(14)
			if n := orders.Load(); n != 2 {
				t.Errorf("%d orders after the time", n)
			}
			if n := w.refusedFor("acme-authority-limit"); n < 26 {
				t.Errorf("%d refused", n)
			}
		})
	}
}

// An authority counts renewals apart (RFC 9773): while it limits new orders, one renewal finds out whether it takes those,
// and only then they wait, too. New orders do not wait for renewals that are limited.
func TestLimitedRenewals(t *testing.T) {
	for _, firstRenewal := range []bool{false, true} {
		url, orders := limitingAuthority(t, func() string { return "10800" })
		_, a := testManager(t, url, newMapStorage())
		order := func(i int, renewed bool, want int32) {
			t.Helper()
			name := fmt.Sprintf("autoconfig.c%d.example", i)
			if renewed {
				keepCertificate(t, a, name, time.Now().Add(-80*24*time.Hour), time.Now().Add(10*24*time.Hour))
				if _, err := a.load(t.Context(), name); err != nil {
					t.Fatal(err)
				}
				a.maintain(name)
			} else {
				_, _ = visit(a.TLSConfig(), "203.0.113.9", name)
			}
			if n := orders.Load(); n != want {
				t.Errorf("renewed %v: %d orders, want %d", renewed, n, want)
			}
		}
		order(1, firstRenewal, 1)
		order(2, firstRenewal, 1)
		order(3, !firstRenewal, 2)
		order(4, !firstRenewal, 2)
	}
}

// Orders that fail are bounded by the hour: for names that are new, for names
// that failed before, and for certificates in use, none at the cost of another.
func TestBudget(t *testing.T) {
	w := new(world)
	b := newBackoff(w.options("", nil))
	now := time.Unix(1e9, 0)
	b.now = func() time.Time { return now }
	try := func(c class, i int) bool {
		o := &order{name: fmt.Sprintf("%d-%d", c, i), class: c}
		if why, early := b.reserve(o); early {
			if why.ID != "acme-orders-spent" {
				t.Fatal(why)
			}
			return false
		}
		b.failed(o, errors.New("no"))
		return true
	}
	for _, c := range []class{fresh, renewal} {
		sent := 0
		for i := range 300 {
			if try(c, i) {
				sent++
			}
		}
		if sent != budgets[c] {
			t.Errorf("class %d: %d orders", c, sent)
		}
	}
	good := &order{name: "good", class: fresh}
	if _, early := b.reserve(good); !early {
		t.Error("an order beyond the budget")
	}
	now = now.Add(firstWait) // names that failed may be asked for again
	sent := 0
	for i := range 300 {
		if _, known := b.names[fmt.Sprintf("0-%d", i)]; known && try(fresh, i) {
			sent++
		}
	}
	if sent != budgets[again] {
		t.Errorf("again: %d orders", sent)
	}
	now = now.Add(time.Hour)
	for range 300 { // what works costs nothing
		if why, early := b.reserve(good); early {
			t.Fatal(why)
		}
		b.ordered(good)
	}
}

// Beyond its bound the memory forgets what may be asked for again, the oldest
// first, and never a name that has to wait; a new name is not ordered then.
func TestBackoffMemory(t *testing.T) {
	w := new(world)
	b := newBackoff(w.options("", nil))
	now := time.Unix(1e9, 0)
	b.now = func() time.Time { return now }
	for i := range failuresKept {
		until := now.Add(time.Minute)
		if i == 7 || i == 9 {
			until = now.Add(-time.Duration(i) * time.Minute)
		}
		b.names[fmt.Sprint(i)] = failure{wait: time.Minute, until: until, since: until}
	}
	for i, forgotten := range []string{"9", "7"} {
		o := &order{name: fmt.Sprint("new", i)}
		if why, early := b.reserve(o); early {
			t.Fatal(why)
		}
		if _, known := b.names[forgotten]; known {
			t.Errorf("%s is still known", forgotten)
		}
		b.failed(o, errors.New("no"))
	}
	if why, early := b.reserve(&order{name: "one more"}); !early || why.ID != "acme-orders-busy" {
		t.Error(why, early)
	}
	if len(b.names) != failuresKept {
		t.Error(len(b.names))
	}
}

// A thousand clients behind one address find the certificates of listed domains
// while the attack goes on, from their own address and from others.
func TestInnocentOffice(t *testing.T) {
	url, _ := slowAuthority(t)
	_, a := testManager(t, url, newMapStorage())
	a.waiting = time.Hour // a busy machine may need longer for a hundred handshakes than a client waits
	const domains = 50
	for i := range domains {
		keepCertificate(t, a, fmt.Sprintf("autoconfig.c%d.example", i), time.Now().Add(-time.Hour), time.Now().Add(60*24*time.Hour))
	}
	for i := range 200 {
		go func() {
			_, _ = visit(a.TLSConfig(), []string{"203.0.113.9", "198.51.100.7"}[i%2],
				fmt.Sprintf("ua-auto-config.c%d.example", 100+i))
		}()
	}
	var lost atomic.Int32
	var office sync.WaitGroup
	busy := make(chan struct{}, 100) // at once: more would measure how fast this machine shakes hands
	for i := range 1000 {
		office.Go(func() {
			busy <- struct{}{}
			defer func() { <-busy }()
			if _, err := visit(a.TLSConfig(), "203.0.113.9", fmt.Sprintf("autoconfig.c%d.example", i%domains)); err != nil {
				lost.Add(1)
				t.Log(err)
			}
		})
	}
	office.Wait()
	if n := lost.Load(); n != 0 {
		t.Errorf("%d of 1000 lost their answer", n)
	}
}

// A clock that is an hour wrong, either way, costs no certificate and no order
// more than the waits allow, and a back-off is neither lost nor prolonged.
func TestClockSteps(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		url, _ := authority(t, http.NotFound)
		w, a := testManager(t, url, newMapStorage())
		const good = "autoconfig.c1.example"
		keepCertificate(t, a, good, time.Now().Add(-time.Minute), time.Now().Add(60*24*time.Hour))
		serves := func() {
			t.Helper()
			if _, err := visit(a.TLSConfig(), "203.0.113.9", good); err != nil {
				t.Error(err)
			}
		}
		serves()
		now := time.Unix(1e9, 0)
		b := newBackoff(w.options("", nil))
		b.now = func() time.Time { return now }
		for i := range 3 * budgets[fresh] {
			o := &order{name: fmt.Sprint(i)}
			if _, early := b.reserve(o); !early {
				b.failed(o, errors.New("no"))
			}
		}
		now = now.Add(step)
		w.clock.Store(int64(step.Seconds()))
		serves() // from memory
		a.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: good}})
		serves() // from the storage
		if _, early := b.wait("0", fresh); early != (step < 0) {
			t.Errorf("%s: early %v", step, early)
		}
		now = now.Add(firstWait)
		if why, early := b.wait("0", fresh); early {
			t.Errorf("%s: a wait of %s is longer than %s: %v", step, firstWait, firstWait, why)
		}
		if a.recent.note(good, now, w.now()) {
			t.Errorf("%s: looked after again at once", step)
		}
	}
}

// Those who look for proofs that this process does not give have few places at
// the storage, and none at all for a name that is not listed; the proof of an
// order of its own is given to everybody.
func TestAttackProofs(t *testing.T) {
	url, _ := authority(t, http.NotFound)
	w, a := testManager(t, url, newMapStorage())
	gone, cancel := context.WithCancel(t.Context()) // of clients that do not wait
	cancel()
	for i := range 20 {
		_, err := a.prove(gone, "autoconfig.c1.example", netip.MustParseAddr("198.51.100.7"))
		if (err == nil) != (i < proofPlaces.host) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if _, err := a.prove(t.Context(), "autoconfig.c1.example", netip.MustParseAddr("203.0.113.9")); err != nil {
		t.Error(err)
	}
	if _, err := a.prove(t.Context(), "autoconfig.stranger.example", netip.MustParseAddr("203.0.113.10")); !errors.Is(err,
		ErrNotListed) {
		t.Error(err)
	}
	if n := w.refusedFor("acme-client-share"); n != 18 {
		t.Error(n)
	}
	if _, err := visit(a.TLSConfig(), "203.0.113.14", "autoconfig.c1.example", alpnChallenge); err == nil {
		t.Error("a proof from nowhere")
	}
	free, err := a.prove(t.Context(), "autoconfig.c1.example", netip.MustParseAddr("203.0.113.12"))
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() { // all four are taken
		_, err := a.prove(t.Context(), "autoconfig.c1.example", netip.MustParseAddr("203.0.113.13"))
		waited <- err
	}()
	free()
	if err := <-waited; err != nil {
		t.Error(err)
	}
	a.proofs.taken-- // the one who waited
	r := httptest.NewRequest("GET", "http://autoconfig.c1.example/.well-known/acme-challenge/token", nil)
	r.RemoteAddr = "203.0.113.11:80"
	answer := httptest.NewRecorder()
	a.Challenges(http.NotFoundHandler()).ServeHTTP(answer, r)
	if answer.Code != http.StatusNotFound {
		t.Error(answer.Code)
	}
	if a.proofs.taken != 3 {
		t.Errorf("%d places are left taken", a.proofs.taken)
	}
}
