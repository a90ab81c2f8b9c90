package query_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
)

// The system's resolvers are those of now: a change counts within seconds, and a
// file that is not there or empty, as while it is written, changes nothing.
func TestSystemResolvers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "resolv.conf")
		s := query.NewSystem(path)
		write := func(text string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(want ...string) {
			t.Helper()
			if got := s.Resolvers(); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		expect("127.0.0.1:53") // no file
		write("search home.test\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n")
		time.Sleep(5 * time.Second)
		expect("192.0.2.1:53", "[2001:db8::1]:53")
		write("nameserver 198.51.100.1\n")
		time.Sleep(5*time.Second - 1)
		expect("192.0.2.1:53", "[2001:db8::1]:53") // it was read just now
		time.Sleep(time.Nanosecond)
		expect("198.51.100.1:53")
		write("")
		time.Sleep(time.Minute)
		expect("198.51.100.1:53")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		expect("198.51.100.1:53")
	})
}

// A client whose resolvers change asks the new ones from then on.
func TestResolversChange(t *testing.T) {
	before, after := dnstest.Start(t, dnstest.Zone("@ MX 10 before")), dnstest.Start(t, dnstest.Zone("@ MX 10 after"))
	now := before
	c := query.New(query.Options{ResolversNow: func() []string { return []string{now.Addr()} }})
	for _, s := range []*dnstest.Server{before, after, before} {
		now = s
		for _, ask := range []query.Answer{c.Ask(t.Context(), "example.test", dns.TypeMX),
			c.AskUnchecked(t.Context(), "example.test", dns.TypeMX)} {
			if ask.Server != s.Addr() || ask.Outcome != query.NOERROR {
				t.Errorf("%s by %s, want one of %s", ask.Outcome, ask.Server, s.Addr())
			}
		}
	}
}
