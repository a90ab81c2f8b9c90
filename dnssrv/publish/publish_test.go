package publish_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/publish"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// theKey is the key that servers of these tests know, if any.
func theKey(t testing.TB, text string) publish.Key {
	t.Helper()
	keys, err := publish.ParseKeys("key", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return keys[0]
}

const tsigKey = "autoconfig:hmac-sha256:" + secret

// primaryWith starts a server with a key, for example.test.
func primaryWith(t testing.TB, lines ...string) *dnstest.Server {
	t.Helper()
	s := dnstest.Start(t, dnstest.Zone(append([]string{"@ NS ns1", "ns1 A 192.0.2.53"}, lines...)...))
	s.Key("autoconfig", secret)
	return s
}

// publisher publishes to a server given; the name ns1 leads there too.
func publisher(t testing.TB, s *dnstest.Server, change ...func(*publish.Options)) *publish.Publisher {
	t.Helper()
	o := publish.Options{Key: theKey(t, tsigKey), Server: s.Addr(), Timeout: 2 * time.Second, Wait: time.Millisecond}
	for _, f := range change {
		f(&o)
	}
	return publish.New(leading(s.Addr(), map[string]string{"ns1.example.test:53": s.Addr()}), o)
}

// leading is a client of one resolver that finds servers by the table.
func leading(resolver string, table map[string]string) *query.Client {
	return query.New(query.Options{Resolvers: []string{resolver}, Timeout: 700 * time.Millisecond, Tries: 2,
		Backoff: time.Millisecond, ConnectTo: func(hostPort string) string {
			if to, ok := table[hostPort]; ok {
				return to
			}
			return hostPort
		}})
}

var smallPlan = []string{"_imaps._tcp SRV 0 1 993 imap", "_pop3._tcp SRV 0 0 0 .", "autoconfig CNAME host.test.",
	"autodiscover CNAME host.test."}

func plans(t testing.TB, lines ...string) []publish.DomainPlan {
	t.Helper()
	return []publish.DomainPlan{{Domain: "example.test", Records: records(t, lines...)}}
}

// prepared is the update of the one zone, of which nothing was found.
func prepared(t testing.TB, p *publish.Publisher, plan []publish.DomainPlan) *publish.ZoneUpdate {
	t.Helper()
	updates, found := p.Prepare(t.Context(), plan)
	if len(updates) != 1 || len(found) > 0 || len(updates[0].Findings) > 0 {
		t.Fatalf("%d updates, found %v", len(updates), found)
	}
	return updates[0]
}

// publish publishes and, if that went well, looks at the other servers.
func carryOut(t testing.TB, p *publish.Publisher, u *publish.ZoneUpdate) []finding.Finding {
	t.Helper()
	found := p.Publish(t.Context(), u)
	if ids(found) == "dns-publish-done" {
		found = append(found, p.Verify(t.Context(), u)...)
	}
	return found
}

func ids(found []finding.Finding) string {
	var out []string
	for _, f := range found {
		out = append(out, f.ID)
	}
	return strings.Join(out, " ")
}

// asked is what a server has at a name, as text.
func asked(t testing.TB, s *dnstest.Server, name, qtype string) string {
	t.Helper()
	a := client(s).AskServer(t.Context(), s.Addr(), name+".example.test", dns.StringToType[qtype])
	var out []string
	for _, rr := range a.RRs {
		out = append(out, strings.ReplaceAll(rr.String(), "\t", " "))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func TestPublish(t *testing.T) {
	t.Parallel()
	s := primaryWith(t, "@ MX 10 mx", `@ TXT "v=spf1 mx -all"`, "_imaps._tcp 60 SRV 0 1 993 imap",
		"autodiscover CNAME old.test.")
	p := publisher(t, s)
	u := prepared(t, p, plans(t, smallPlan...))
	if u.Count() != 6 || u.Zone != "example.test." || u.Server != s.Addr() {
		t.Fatalf("%+v", u)
	}
	found := carryOut(t, p, u)
	if ids(found) != "dns-publish-done" {
		t.Fatal(found)
	}
	for _, test := range []struct{ name, qtype, want string }{
		{"_imaps._tcp", "SRV", "_imaps._tcp.example.test. 3600 IN SRV 0 1 993 imap.example.test."},
		{"_pop3._tcp", "SRV", "_pop3._tcp.example.test. 3600 IN SRV 0 0 0 ."},
		{"autoconfig", "CNAME", "autoconfig.example.test. 3600 IN CNAME host.test."},
		{"autodiscover", "CNAME", "autodiscover.example.test. 3600 IN CNAME host.test."},
	} {
		if got := asked(t, s, test.name, test.qtype); got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
	}

	// A second run has nothing to do, and sends nothing.
	again := prepared(t, p, plans(t, smallPlan...))
	if len(again.Changes) > 0 || again.Message() != nil || len(carryOut(t, p, again)) > 0 {
		t.Errorf("second run: %v", again.Changes)
	}
	if a := client(s).Ask(t.Context(), "example.test", dns.TypeSOA); a.RRs[0].(*dns.SOA).Serial != 2 {
		t.Errorf("more than one update: %v", a.RRs)
	}
}

// TestPublishRaced: a change made after the zone was read is refused, whole, and
// said; it is never overwritten.
func TestPublishRaced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, meanwhile, got string
	}{
		{"one that was to be replaced", "autodiscover 300 CNAME theirs.test.",
			"autodiscover.example.test. 300 IN CNAME theirs.test."},
		{"one that was to be added", "_pop3._tcp 300 SRV 0 1 110 pop",
			"_pop3._tcp.example.test. 300 IN SRV 0 1 110 pop.example.test."},
		{"one that was fine", "_imaps._tcp 300 SRV 0 1 993 theirs",
			"_imaps._tcp.example.test. 300 IN SRV 0 1 993 theirs.example.test."},
		{"one in the way", "autoconfig 300 A 192.0.2.80", "autoconfig.example.test. 300 IN A 192.0.2.80"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			start := []string{"@ NS ns1", "_imaps._tcp SRV 0 1 993 imap", "autodiscover CNAME old.test."}
			s := primaryWith(t, start...)
			p := publisher(t, s)
			u := prepared(t, p, plans(t, smallPlan...))
			label, _, _ := strings.Cut(test.meanwhile, " ")
			changed := slices.DeleteFunc(start, func(line string) bool { return strings.HasPrefix(line, label+" ") })
			s.Load(t, dnstest.Zone(append(changed, test.meanwhile)...))
			found := carryOut(t, p, u)
			if ids(found) != "dns-publish-raced" || !slices.Contains(found[0].Got, test.got) {
				t.Errorf("%+v", found)
			}
			if got := asked(t, s, "_pop3._tcp", "SRV"); label != "_pop3._tcp" && got != "" {
				t.Errorf("half-written: %s", got)
			}
			if got := asked(t, s, label, dns.TypeToString[records(t, test.meanwhile)[0].Header().Rrtype]); got != test.got {
				t.Errorf("overwritten: %s", got)
			}
		})
	}
}

func TestPublishRefused(t *testing.T) {
	t.Parallel()
	key := func(text string) func(*publish.Options) {
		return func(o *publish.Options) { o.Key = theKey(t, text) }
	}
	for _, test := range []struct {
		name   string
		change func(*publish.Options)
		spoil  func(*dnstest.Server)
		want   string
		cause  string
	}{
		{"wrong secret", key("autoconfig:hmac-sha256:QUFBQQ=="), nil, "dns-publish-key-wrong",
			"knows the key autoconfig, but not with this secret"},
		{"unknown key", key("other:hmac-sha256:" + secret), nil, "dns-publish-key-unknown",
			"has no TSIG key other (hmac-sha256)"},
		{"refused", nil, func(s *dnstest.Server) { s.Fail("example.test", dns.RcodeRefused) }, "dns-publish-refused",
			"does not let the key autoconfig (hmac-sha256) make"},
		{"not authoritative", nil, func(s *dnstest.Server) { s.Fail("example.test", dns.RcodeNotAuth) },
			"dns-publish-not-authoritative", "is not the primary server of example.test"},
		{"not in the zone", nil, func(s *dnstest.Server) { s.Fail("example.test", dns.RcodeNotZone) },
			"dns-publish-zone-wrong", ""},
		{"failure", nil, func(s *dnstest.Server) { s.Fail("example.test", dns.RcodeServerFailure) }, "dns-publish-failed",
			"answered SERVFAIL"},
		{"format", nil, func(s *dnstest.Server) { s.Fail("example.test", dns.RcodeFormatError) }, "dns-publish-failed",
			"answered FORMERR"},
		{"no updates", nil, func(s *dnstest.Server) { s.Fail("example.test", dns.RcodeNotImplemented) },
			"dns-publish-unsupported", ""},
		{"silent", func(o *publish.Options) { o.Timeout = 50 * time.Millisecond },
			func(s *dnstest.Server) { s.Drop("example.test") }, "dns-publish-unknown", "the update was sent to"},
		{"down", nil, (*dnstest.Server).Close, "dns-publish-unreachable", "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := primaryWith(t)
			var change []func(*publish.Options)
			if test.change != nil {
				change = append(change, test.change)
			}
			p := publisher(t, s, change...)
			u := prepared(t, p, plans(t, smallPlan...))
			if test.spoil != nil {
				test.spoil(s)
			}
			found := carryOut(t, p, u)
			if ids(found) != test.want || !strings.Contains(found[0].Cause, test.cause) || found[0].Fix == "" {
				t.Errorf("%+v", found)
			}
			if test.name != "down" {
				if got := asked(t, s, "autoconfig", "CNAME"); got != "" {
					t.Errorf("half-written: %s", got)
				}
			}
		})
	}
}

// TestPrepareReadsAll: no update is made from half an answer.
func TestPrepareReadsAll(t *testing.T) {
	t.Parallel()
	const name = "_pop3._tcp.example.test"
	for _, test := range []struct {
		name  string
		spoil func(*dnstest.Server)
		want  string
	}{
		{"SERVFAIL", func(s *dnstest.Server) { s.Fail(name, dns.RcodeServerFailure) }, "dns-publish-unreadable"},
		{"silent", func(s *dnstest.Server) { s.Drop(name) }, "dns-publish-unreadable"},
		{"refused", func(s *dnstest.Server) { s.Fail(name, dns.RcodeRefused) }, "dns-publish-not-authoritative"},
		{"lame", func(s *dnstest.Server) { s.Lame(true) }, "dns-publish-not-authoritative"},
		{"down", (*dnstest.Server).Close, "dns-publish-unreadable"},
		{"truncated over UDP", func(s *dnstest.Server) { s.Truncate("") }, ""},
		{"forged answers", func(s *dnstest.Server) { s.Garble("") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := primaryWith(t)
			test.spoil(s)
			updates, found := publisher(t, s).Prepare(t.Context(), plans(t, smallPlan...))
			for _, u := range updates {
				if found = append(found, u.Findings...); len(found) > 0 && u.Message() != nil {
					t.Error("an update although something is wrong")
				}
			}
			if ids(found) != test.want {
				t.Errorf("%+v", found)
			}
		})
	}
}

// TestPublishWildcard: what a wildcard shows at a name is not at the name.
func TestPublishWildcard(t *testing.T) {
	t.Parallel()
	s := primaryWith(t, "* A 192.0.2.80", "* TXT all")
	p := publisher(t, s)
	u := prepared(t, p, plans(t, smallPlan...))
	if found := carryOut(t, p, u); ids(found) != "dns-publish-done" {
		t.Fatal(found)
	}
	if u = prepared(t, p, plans(t, smallPlan...)); u.Count() != 0 {
		t.Error(u.Changes)
	}
}

// TestPublishWildcardServes: a CNAME wildcard that leads to the right host needs
// no record, and the others can be added beside it.
func TestPublishWildcardServes(t *testing.T) {
	t.Parallel()
	s := primaryWith(t, "* 60 CNAME host.test.")
	p := publisher(t, s)
	u := prepared(t, p, plans(t, smallPlan...))
	if u.Count() != 2 {
		t.Errorf("%v", u.Changes)
	}
	if found := carryOut(t, p, u); ids(found) != "dns-publish-done" {
		t.Fatal(found)
	}
	if u = prepared(t, p, plans(t, smallPlan...)); u.Count() != 0 {
		t.Error(u.Changes)
	}
}

func client(servers ...*dnstest.Server) *query.Client {
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.Addr())
	}
	return query.New(query.Options{Resolvers: addrs, Timeout: 700 * time.Millisecond, Tries: 2, Backoff: time.Millisecond})
}
