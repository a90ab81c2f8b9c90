package server

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"autoconfig/provider"
)

const profileLine = "GET http://x.example/mobileconfig?email=u@example.org"

// statuses asks several times and counts the answers by status.
func statuses(t testing.TB, s *Server, n int, line, body string, headers ...string) map[int]int {
	t.Helper()
	out := map[int]int{}
	for range n {
		out[ask(t, s, line, body, headers...).StatusCode]++
	}
	return out
}

// A stranger with a /48 has 65,536 networks of his own, and four times the
// allowance of one. What one of them is refused costs the others nothing.
func TestLimitOf48(t *testing.T) {
	s := newTestServer(t, func(o *Options, _ *Settings) { o.PerMinute, o.Burst = 1, 5 })
	if got := statuses(t, s, 500, profileLine, "", "From: [2001:db8:7:1::1]:1"); got[200] != 5 {
		t.Errorf("one /64: %v", got)
	}
	if got := statuses(t, s, 5, profileLine, "", "From: [2001:db8:7:2::1]:1"); got[200] != 5 {
		t.Errorf("its neighbour: %v", got)
	}
	served := 0
	for i := range 200 {
		served += statuses(t, s, 1, profileLine, "", fmt.Sprintf("From: [2001:db8:7:%x::1]:1", 100+i))[200]
	}
	if served != 10 { // of 20 for the /48
		t.Errorf("200 further /64 of one /48: %d served, want 10", served)
	}
	if got := statuses(t, s, 5, profileLine, "", "From: [2001:db8:8::1]:1"); got[200] != 5 {
		t.Errorf("another /48: %v", got)
	}
}

// What is charged goes by what is asked: each address, and each KiB sent.
func TestCost(t *testing.T) {
	ten := strings.Repeat("email=u%40example.org&", 10)
	for _, test := range []struct {
		name, line, body string
		served           int // of a burst of 30
	}{
		{"one", profileLine, "", 30},
		{"ten in a link", "GET http://x.example/mobileconfig?" + ten, "", 3},
		{"ten in another server's link",
			"GET http://x.example/profile.mobileconfig?addresses=" + strings.Repeat("u@example.org,", 10), "", 3},
		{"ten in a form", "POST http://x.example/mobileconfig", ten, 3},
		{"ten in a code", "GET http://x.example/qr.svg?" + ten, "", 3},
		{"ten on a page", "POST http://x.example/setup", ten, 3},
		{"start", "GET http://x.example/", "", 30},
		{"a short message", "POST http://x.example/help", "error=535", 30},
		{"a long one", "POST http://x.example/help", "error=" + strings.Repeat("x", 9<<10), 3},
		{"the longest", "POST http://x.example/help", "error=" + strings.Repeat("x", 63<<10), 1}, // never nothing
	} {
		s := newTestServer(t, func(o *Options, _ *Settings) { o.PerMinute, o.Burst = 1, 30 })
		if got := statuses(t, s, 40, test.line, test.body); got[200] != test.served || got[429] != 40-test.served {
			t.Errorf("%s: %v, want %d served", test.name, got, test.served)
		}
	}
}

// However many ask for pages, documents have places of their own, and pages have
// theirs again as soon as one is free.
func TestPagesHavePlacesOfTheirOwn(t *testing.T) {
	s := newTestServer(t, nil)
	if cap(s.costly) >= cap(s.places) {
		t.Errorf("pages have %d of %d places", cap(s.costly), cap(s.places))
	}
	for range cap(s.costly) {
		s.costly <- struct{}{}
	}
	for range cap(s.working) {
		s.working <- struct{}{}
	}
	const document = "GET http://autoconfig.example.org/mail/config-v1.1.xml"
	if got := statuses(t, s, 2000, document, ""); got[200] != 2000 {
		t.Errorf("documents: %v", got)
	}
	var wg sync.WaitGroup
	for _, line := range []string{"GET http://x.example/", profileLine,
		"GET http://x.example/qr.svg?email=u@example.org"} {
		wg.Go(func() {
			if r := ask(t, s, line, ""); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %v", line, r.StatusCode, r.Header)
			}
		})
	}
	wg.Wait()
	<-s.costly
	<-s.working
	for _, line := range []string{"GET http://x.example/", profileLine,
		"GET http://x.example/qr.svg?email=u@example.org"} {
		if r := ask(t, s, line, ""); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", line, r.StatusCode)
		}
	}
}

// held is a source that answers for .held names when it is let go.
type held struct {
	provider.Source
	p     *provider.Provider
	asked atomic.Int64
	let   chan struct{}
}

func (h *held) Lookup(ctx context.Context, a provider.Address) (*provider.Provider, error) {
	if !strings.HasSuffix(a.Domain, ".held.example") {
		return h.Source.Lookup(ctx, a)
	}
	h.asked.Add(1)
	<-h.let
	return h.p, nil
}

func heldServer(t *testing.T) (*Server, *held) {
	h := &held{p: custom("held", nil), let: make(chan struct{})}
	s := newTestServer(t, func(_ *Options, set *Settings) {
		set.Quick = set.Source
		h.Source = set.Source
		set.Source, set.MX = h, nil
	})
	return s, h
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

// Who waits for a database keeps the processor from nobody.
func TestLookupsTakeNoProcessor(t *testing.T) {
	s, h := heldServer(t)
	var wg sync.WaitGroup
	n := 3 * cap(s.working)
	for i := range n {
		wg.Go(func() {
			line := fmt.Sprintf("GET http://x.example/mobileconfig?email=u@c%d.held.example", i)
			if r := ask(t, s, line, "", fmt.Sprintf("From: 192.0.2.%d:1", 100+i)); r.StatusCode != 200 {
				t.Errorf("%s: %d", line, r.StatusCode)
			}
		})
	}
	eventually(t, "all ask the database", func() bool { return h.asked.Load() == int64(n) })
	if r := ask(t, s, profileLine, ""); r.StatusCode != 200 {
		t.Errorf("a profile meanwhile: %d", r.StatusCode)
	}
	close(h.let)
	wg.Wait()
}

// One client, or one /48, has a share of the questions to a database; the rest of
// its requests wait or are refused, and other clients notice nothing.
func TestShareOfQuestions(t *testing.T) {
	for name, from := range map[string]string{"one address": "From: 192.0.2.66:1", "one /48": "From: [2001:db8:7:%x::1]:1"} {
		t.Run(name, func(t *testing.T) {
			s, h := heldServer(t)
			var wg sync.WaitGroup
			var answered, refused atomic.Int64
			const n = 900
			for i := range n {
				wg.Go(func() {
					peer := from
					if strings.Contains(from, "%") {
						peer = fmt.Sprintf(from, i)
					}
					switch r := ask(t, s, fmt.Sprintf("GET http://192.0.2.1/v1.1/c%d.held.example", i), "", peer); r.StatusCode {
					case 200:
						answered.Add(1)
					case 429:
						refused.Add(1)
					default:
						t.Errorf("%d", r.StatusCode)
					}
				})
			}
			most, waits := int64(s.shares.most), int64(s.shares.waits)
			eventually(t, "all have been seen", func() bool { return refused.Load() == n-most-waits && h.asked.Load() == most })
			if got := statuses(t, s, 500, "GET http://autoconfig.example.org/mail/config-v1.1.xml", ""); got[200] != 500 {
				t.Errorf("documents from memory: %v", got)
			}
			other := make(chan int)
			go func() {
				other <- ask(t, s, "GET http://192.0.2.1/v1.1/other.held.example", "", "From: 198.51.100.1:1").StatusCode
			}()
			eventually(t, "another client's question is asked", func() bool { return h.asked.Load() == most+1 })
			close(h.let)
			if status := <-other; status != 200 {
				t.Errorf("another client: %d", status)
			}
			wg.Wait()
			if answered.Load() != most+waits || len(s.shares.asking)+len(s.shares.waiting) > 0 {
				t.Errorf("%d answered; left over %v %v", answered.Load(), s.shares.asking, s.shares.waiting)
			}
		})
	}
}

// A client that has used up its allowance gets every document, and no page, profile or code that has to be made for it.
func TestWhatCosts(t *testing.T) {
	s := newTestServer(t, func(o *Options, set *Settings) {
		o.PerMinute, o.Burst = 1, 1
		set.Records = exampleRecords
	})
	ask(t, s, profileLine, "")
	paths := map[bool][]string{
		false: {"/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/.well-known/mail-v1.xml",
			"/v1.1/mail/config-v1.1.xml",
			"/.well-known/autoconfig/mail/oauth2-client.json", "/v1.1/example.org", "/autodiscover",
			"/autodiscover/autodiscover.xml",
			"/autodiscover/autodiscover.json?Email=u@example.org&Protocol=AutodiscoverV1",
			jsonPath + "u@example.org?Protocol=AutodiscoverV1",
			"/.well-known/user-agent-configuration.json", "/.well-known/caldav", "/.well-known/carddav", "/.well-known/jmap",
			"/api/v1/settings?email=u@example.org",
			"/settings", "/settings/live.co.uk", "/assets/none.css", "/sitemap.xml", "/robots.txt", "/favicon.ico"},
		true: {"/thunderbird/example.org.xpi", "/mobileconfig?email=u@example.org", "/email.mobileconfig?email=u@example.org",
			"/profile.mobileconfig?email=u@example.org", "/mobileconfig.php?email=u@example.org", "/", "/setup", "/help",
			"/help/x",
			"/records/example.org", "/qr.svg?email=u@example.org"},
	}
	for costly, list := range paths {
		for _, path := range list {
			if r := ask(t, s, "GET http://example.org"+path, ""); (r.StatusCode == http.StatusTooManyRequests) != costly {
				t.Errorf("%s: %d", path, r.StatusCode)
			}
		}
	}
	if n := len(paths[false]) + len(paths[true]); n != len(routes) {
		t.Errorf("%d paths for %d routes", n, len(routes))
	}
}

// A share is what a client has under way, however its questions come and go; of one that has none, nothing is kept.
func TestSharesComeAndGo(t *testing.T) {
	s := newShares(2, 0)
	asked := func(i int) question {
		return question{netip.MustParsePrefix("192.0.2.7/32"), provider.Address{Domain: fmt.Sprintf("d%d.example", i)}}
	}
	for i, want := range []bool{true, true, false} {
		if s.enter(asked(i)) != want {
			t.Errorf("question %d: %v", i, !want)
		}
	}
	s.leave(asked(0))
	if !s.enter(asked(3)) || s.enter(asked(4)) {
		t.Error("one has gone: there is room for one")
	}
	s.leave(asked(1))
	s.leave(asked(3))
	if len(s.under)+len(s.asking)+len(s.queued)+len(s.waiting) > 0 {
		t.Errorf("left over: %v %v %v %v", s.under, s.asking, s.queued, s.waiting)
	}
}

// An office, or a carrier's customers, behind one address: 1,000 clients get the
// documents of listed domains, from memory and from a database, all at once.
func TestThousandBehindOneAddress(t *testing.T) {
	s, h := heldServer(t)
	close(h.let) // a database that answers at once
	for _, from := range []string{"From: 192.0.2.66:1", "From: [2001:db8:7::1]:1", "X-Forwarded-For: 203.0.113.9:4711"} {
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				for _, line := range []string{
					"GET http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=u@example.org",
					"GET http://ua-auto-config.example.net/.well-known/user-agent-configuration.json",
					"GET http://192.0.2.1/v1.1/live.co.uk",
					fmt.Sprintf("GET http://autoconfig.c%d.held.example/mail/config-v1.1.xml", i%40),
				} {
					if r := ask(t, s, line, "", "From: 127.0.0.1:1", from); r.StatusCode != 200 {
						t.Errorf("%s: %s: %d", from, line, r.StatusCode)
					}
				}
			})
		}
		wg.Wait()
	}
}

// A client that waits for its share of DNS queries does not keep others from their pages.
func TestWaitForDNSTakesNoProcessor(t *testing.T) {
	s := newTestServer(t, nil)
	site := netip.MustParsePrefix("192.0.2.7/32")
	asked := func(i int) question { return question{site, provider.Address{Domain: fmt.Sprintf("d%d.example", i)}} }
	for i := range s.mxShares.most {
		s.mxShares.enter(asked(i))
	}
	done := make(chan int)
	go func() { done <- ask(t, s, "GET http://x.example/setup?email=a@slow.example", "").StatusCode }()
	for waits := false; !waits; runtime.Gosched() {
		s.mxShares.mu.Lock()
		waits = s.mxShares.queued[site] > 0
		s.mxShares.mu.Unlock()
	}
	if n := len(s.working); n != 0 {
		t.Errorf("the waiting request holds %d of the %d places that use the processor", n, cap(s.working))
	}
	s.mxShares.leave(asked(0))
	if status := <-done; status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}
