package publish_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/publish"
	"autoconfig/dnssrv/query"
)

const (
	parentZone = "$ORIGIN example.test.\n@ 3600 SOA ns1 hostmaster 1 3600 600 86400 300\n@ 3600 NS ns1\nns1 3600 A 192.0.2.53\nautoconfig 3600 NS ns1.child\n"
	childZone  = "$ORIGIN autoconfig.example.test.\n@ 3600 SOA ns1 hostmaster 1 3600 600 86400 300\n@ 3600 NS ns1\nns1 3600 A 192.0.2.54\n"
)

// TestPrimaryBySOA: without --server the SOA record leads to the primary.
func TestPrimaryBySOA(t *testing.T) {
	t.Parallel()
	s := primaryWith(t, "hidden NS ns.elsewhere.test.")
	other := dnstest.Start(t, dnstest.Zone("@ NS ns1"))
	other.Lame(true)
	resolver := dnstest.Start(t, dnstest.Zone("ns1 A 127.0.0.53", "broken CNAME down.nowhere.test."),
		"$ORIGIN far.test.\n@ 60 SOA ns.nowhere.test. h 1 2 3 4 5\n", "$ORIGIN none.test.\n@ 60 SOA . h 1 2 3 4 5\n",
		"$ORIGIN lame.test.\n@ 60 SOA lame.example.test. h 1 2 3 4 5\n",
		"$ORIGIN test.\n@ 60 SOA ns1.example.test. h 1 2 3 4 5\n",
		"$ORIGIN org.\n@ 60 SOA ns1.example.test. h 1 2 3 4 5\n", "$ORIGIN co.uk.\n@ 60 SOA ns1.example.test. h 1 2 3 4 5\n")
	resolver.Fail("autodiscover.example.test", dns.RcodeServerFailure)
	c := leading(resolver.Addr(), map[string]string{"ns1.example.test:53": s.Addr(), "lame.example.test:53": other.Addr()})
	for _, test := range []struct{ plan, zone, server, found, cause string }{
		{"autoconfig CNAME host.test.", "", "ns1.example.test:53", "", ""},
		{"broken CNAME host.test.", "", "ns1.example.test:53", "", ""},
		{"autodiscover CNAME host.test.", "", "", "dns-publish-unreadable", "SERVFAIL"},
		{"autoconfig CNAME host.test.", "example.test", "ns1.example.test:53", "", ""},
		{"autoconfig CNAME host.test.", "autoconfig.example.test", "", "dns-publish-primary-unknown", ""},
		{"autoconfig.far.test. CNAME host.test.", "", "", "dns-publish-primary-unknown",
			"names ns.nowhere.test as the primary server"},
		{"autoconfig.none.test. CNAME host.test.", "", "", "dns-publish-primary-unknown", ""},
		{"autoconfig.lame.test. CNAME host.test.", "", "", "dns-publish-primary-unknown", "lame.example.test:53"},
		{"autoconfig.unregistered.test. CNAME host.test.", "", "", "dns-publish-zone-unknown",
			"nearest zone above autoconfig.unregistered.test is test"},
		{"autoconfig.unregistered.org. CNAME host.test.", "", "", "dns-publish-zone-unknown",
			"is org, which is a registry's"},
		{"autoconfig.unregistered.co.uk. CNAME host.test.", "", "", "dns-publish-zone-unknown",
			"is co.uk, which is a registry's"},
		{"autoconfig.example.invalid. CNAME host.test.", "", "", "dns-publish-not-authoritative", "refuses questions"},
	} {
		p := publish.New(c, publish.Options{Zone: test.zone})
		updates, found := p.Prepare(t.Context(), plans(t, test.plan))
		server := ""
		for _, u := range updates {
			server, found = u.Server, append(found, u.Findings...)
		}
		if ids(found) != test.found && test.zone != "autoconfig.example.test" || server != test.server {
			t.Errorf("%s: %q %+v", test.plan, server, found)
		}
		if len(found) > 0 && !strings.Contains(found[0].Cause, test.cause) {
			t.Errorf("%s: %s", test.plan, found[0].Cause)
		}
	}
}

// TestZoneCuts: a name below a delegation belongs to the zone there, if the
// server has it; otherwise it is said, and nothing of the domain is written.
func TestZoneCuts(t *testing.T) {
	t.Parallel()
	plan := []string{"_imaps._tcp SRV 0 1 993 imap", "autoconfig CNAME host.test.", "autodiscover CNAME host.test."}
	parent := dnstest.Start(t, parentZone)
	both := dnstest.Start(t, parentZone, childZone)
	for _, test := range []struct {
		name  string
		s     *dnstest.Server
		zone  string
		zones string
		found string
	}{
		{"delegated elsewhere", parent, "", "", "dns-publish-delegated"},
		{"delegated elsewhere, zone named", parent, "example.test", "", "dns-publish-delegated"},
		{"both zones here: no CNAME at the top of one", both, "", "example.test. autoconfig.example.test.",
			"dns-publish-conflict"},
		{"both zones here, one named", both, "example.test", "", "dns-publish-delegated"},
		{"names outside the zone named", both, "autoconfig.example.test", "", "dns-publish-zone-wrong"},
		{"above the zone", parent, "test", "", "dns-publish-delegated"},
		{"no such zone", parent, "_tcp.example.test", "", "dns-publish-not-authoritative"},
		{"not a zone of this server", parent, "elsewhere", "", "dns-publish-zone-wrong"},
	} {
		p := publisher(t, test.s, func(o *publish.Options) { o.Zone = test.zone })
		updates, found := p.Prepare(t.Context(), plans(t, plan...))
		var zones []string
		for _, u := range updates {
			zones, found = append(zones, u.Zone), append(found, u.Findings...)
		}
		if strings.Join(zones, " ") != test.zones || ids(found) != test.found {
			t.Errorf("%s: %v %+v", test.name, zones, found)
		}
	}
}

// TestPublishTwoZones: records below a cut go to the zone there.
func TestPublishTwoZones(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, dnstest.Zone("@ NS ns1", "sub NS ns1"),
		"$ORIGIN sub.example.test.\n@ 3600 SOA ns1 h 1 2 3 4 5\n@ 3600 NS ns1.example.test.\n")
	s.Key("autoconfig", secret)
	p := publisher(t, s)
	updates, found := p.Prepare(t.Context(), plans(t, "autoconfig CNAME host.test.", "autoconfig.sub CNAME host.test."))
	if len(updates) != 2 || len(found) > 0 {
		t.Fatal(updates, found)
	}
	for _, u := range updates {
		if found := carryOut(t, p, u); ids(found) != "dns-publish-done" {
			t.Error(found)
		}
	}
	if asked(t, s, "autoconfig", "CNAME") == "" || asked(t, s, "autoconfig.sub", "CNAME") == "" {
		t.Error("not in both zones")
	}
}

// TestOtherServers: those that lag, are lame or silent only warn.
func TestOtherServers(t *testing.T) {
	t.Parallel()
	behind, lame, down := dnstest.Start(t, dnstest.Zone()), dnstest.Start(t, dnstest.Zone()),
		dnstest.Start(t, dnstest.Zone())
	lame.Lame(true)
	down.Close()
	s := dnstest.Start(t, dnstest.Zone("@ NS ns1", "@ NS ns2", "@ NS ns3", "@ NS ns4", "@ NS ns5.nowhere.test."))
	s.Key("autoconfig", secret)
	c := leading(s.Addr(), map[string]string{"ns1.example.test:53": s.Addr(), "ns2.example.test:53": behind.Addr(),
		"ns3.example.test:53": lame.Addr(), "ns4.example.test:53": down.Addr()})
	p := publish.New(c, publish.Options{Key: theKey(t, tsigKey), Server: s.Addr(), Wait: time.Millisecond})
	found := carryOut(t, p, prepared(t, p, plans(t, smallPlan...)))
	if ids(found) != "dns-publish-done dns-publish-lags dns-publish-unasked dns-publish-unasked dns-publish-unasked" {
		t.Fatalf("%v", found)
	}
	for i, subject := range []string{"example.test", "ns2.example.test", "ns3.example.test", "ns4.example.test",
		"ns5.nowhere.test"} {
		if found[i].Subject != subject || i > 0 && found[i].Level != "warn" {
			t.Errorf("%+v", found[i])
		}
	}
}

// TestServerCatchesUp: the other servers get time to follow.
func TestServerCatchesUp(t *testing.T) {
	t.Parallel()
	slave := dnstest.Start(t, dnstest.Zone())
	s := dnstest.Start(t, dnstest.Zone("@ NS ns2"))
	s.Key("autoconfig", secret)
	c := leading(s.Addr(), map[string]string{"ns2.example.test:53": slave.Addr()})
	p := publish.New(c, publish.Options{Key: theKey(t, tsigKey), Server: s.Addr(), Wait: 30 * time.Second})
	u := prepared(t, p, plans(t, smallPlan...))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for slave.Queries() == 0 { // until it was seen to lag
			time.Sleep(time.Millisecond)
		}
		slave.Load(t, dnstest.Zone(smallPlan...))
	}()
	found := carryOut(t, p, u)
	<-done
	if ids(found) != "dns-publish-done" {
		t.Error(found)
	}
}

// A server that refers upwards (to the root, to a registry) has no zone of ours.
func TestNoZoneThere(t *testing.T) {
	t.Parallel()
	for _, owner := range []string{".", "test.", "co.uk."} {
		s := refers(t, owner)
		p := publish.New(query.New(query.Options{Resolvers: []string{s}}), publish.Options{Server: s})
		_, found := p.Prepare(t.Context(), plans(t, "_imaps._tcp SRV 0 1 993 imap"))
		if ids(found) != "dns-publish-not-authoritative" || !strings.Contains(found[0].Cause, "has no zone that") {
			t.Errorf("%s: %+v", owner, found)
		}
	}
}

// refers is a server that answers every question with a referral.
func refers(t *testing.T, owner string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		m.Ns = []dns.RR{dnstest.RR(t, owner+" 60 IN NS a.root-servers.net.")}
		_ = w.WriteMsg(m)
	})}
	ready := make(chan struct{})
	s.NotifyStartedFunc = func() { close(ready) }
	go func() { _ = s.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() { _ = s.Shutdown() })
	return conn.LocalAddr().String()
}

// answering passes questions on to a server, and answers updates itself.
func answering(t *testing.T, zones *dnstest.Server, answer func(w dns.ResponseWriter, m *dns.Msg)) string {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", packets.LocalAddr().String())
	if err != nil { // the port is taken for TCP
		_ = packets.Close()
		return answering(t, zones, answer)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		if r.Opcode == dns.OpcodeUpdate {
			answer(w, new(dns.Msg).SetReply(r))
		} else if m, err := dns.Exchange(r, zones.Addr()); err == nil {
			_ = w.WriteMsg(m)
		}
	})
	accept := func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
	for _, s := range []*dns.Server{{PacketConn: packets}, {Listener: listener}} {
		ready := make(chan struct{})
		s.TsigSecret, s.Handler, s.MsgAcceptFunc = map[string]string{"autoconfig.": secret, "other.": secret}, handler, accept
		s.NotifyStartedFunc = func() { close(ready) }
		go func() { _ = s.ActivateAndServe() }()
		<-ready
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return listener.Addr().String()
}

// TestAnswersNotTrusted: only a signed answer says that the update was done. When
// none came, a look at the zone tells.
func TestAnswersNotTrusted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		carry  bool // the server does carry the update out
		answer func(w dns.ResponseWriter, m *dns.Msg)
		found  string
		cause  string
	}{
		{"unsigned", false, func(w dns.ResponseWriter, m *dns.Msg) { _ = w.WriteMsg(m) }, "dns-publish-unknown",
			"is not signed"},
		{"unsigned, done", true, func(w dns.ResponseWriter, m *dns.Msg) { _ = w.WriteMsg(m) }, "dns-publish-done",
			"is not signed"},
		{"wrong signature", false, func(w dns.ResponseWriter, m *dns.Msg) {
			m.SetTsig("autoconfig.", dns.HmacSHA256, 300, time.Now().Unix())
			raw, _, _ := dns.TsigGenerate(m, "QUFBQQ==", "", false)
			_, _ = w.Write(raw)
		}, "dns-publish-unknown", "signature of the server's answer is wrong"},
		{"other key", false, func(w dns.ResponseWriter, m *dns.Msg) {
			m.SetTsig("other.", dns.HmacSHA256, 300, time.Now().Unix())
			_ = w.WriteMsg(m) // signed well
		}, "dns-publish-unknown", "signature of the server's answer is wrong"},
		{"another message", false, func(w dns.ResponseWriter, m *dns.Msg) { m.Id++; _ = w.WriteMsg(m) },
			"dns-publish-unknown", "answered something else"},
		{"hangs up", false, func(w dns.ResponseWriter, _ *dns.Msg) { _ = w.Close() }, "dns-publish-unknown", "EOF"},
		{"hangs up, done", true, func(w dns.ResponseWriter, _ *dns.Msg) { _ = w.Close() }, "dns-publish-done", "EOF"},
		{"clock", false, func(w dns.ResponseWriter, m *dns.Msg) {
			m.Rcode = dns.RcodeNotAuth
			m.SetTsig("autoconfig.", dns.HmacSHA256, 300, time.Now().Unix())
			tsig := m.IsTsig()
			tsig.Error, tsig.OtherLen, tsig.OtherData = dns.RcodeBadTime, 6, "0000386d4380" // 2000-01-01
			_ = w.WriteMsg(m)
		}, "dns-publish-clock", "differs from the one here by "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := primaryWith(t)
			addr := answering(t, s, func(w dns.ResponseWriter, m *dns.Msg) {
				if test.carry {
					s.Load(t, dnstest.Zone(append([]string{"@ NS ns1"}, smallPlan...)...))
				}
				test.answer(w, m)
			})
			p := publisher(t, s, func(o *publish.Options) { o.Server, o.Timeout = addr, time.Second })
			found := carryOut(t, p, prepared(t, p, plans(t, smallPlan...)))
			if len(found) == 0 || found[0].ID != test.found || !strings.Contains(found[0].Cause, test.cause) {
				t.Errorf("%+v", found)
			}
		})
	}
}
