//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
)

// detectConfig serves one domain for each way there is to find it.
const detectConfig = `
service_host: ispdb.test
listen_tls: 127.0.0.1:0
tls: {cert_file: cert.pem, key_file: key.pem}
providers:
  - name: Example Mail
    domains: [isp.test, wellknown.test, clear.test, database.test, all.test]
    incoming: [imaps://imap.isp.test, pop3s://pop.isp.test]
    outgoing: [submissions://smtp.isp.test]
  - name: Local Mail
    domains: [pox.test, srv.test, foreign.test]
    username: "%EMAILLOCALPART%"
    incoming: [imap://imap.pox.test, pop3://pop.pox.test]
    outgoing: [submission://smtp.pox.test]
  - name: Token Mail
    domains: [oauth.test]
    auth: [oauth2, password]
    oauth2: {issuer: "https://id.oauth.test/", authorize_url: "https://id.oauth.test/a", token_url: "https://id.oauth.test/t", scopes: [mail]}
    incoming: [imaps://imap.oauth.test]
    outgoing: [submission://smtp.oauth.test]
  - name: Hoster Mail
    domains: [hoster.test]
    mx: [in.mxhost.test]
    incoming: [imaps://imap.hoster.test]
    outgoing: [submissions://smtp.hoster.test]
  - id: microsoft365
    domains: [other-shop.test]
`

const detectZone = `$ORIGIN test.
@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60
customer 60 IN MX 10 mx1.hoster.test.
relayed 60 IN MX 10 mx7.in.mxhost.test.
shop 60 IN MX 0 shop-test.mail.protection.outlook.com.
_autodiscover._tcp.srv 60 IN SRV 0 0 443 discovery.srv.test.
_autodiscover._tcp.foreign 60 IN SRV 0 0 443 ispdb.test.
`

// findings is what Thunderbird has found.
type findings struct {
	Source             string
	Name               string
	Incoming, Outgoing []found
	Asked              string // a redirect it asked the user about
	Requests           []request
}

type found struct {
	Protocol, Host, Security, Auth, Username string
	Port                                     int
}

// scenario is one domain, found in one way.
type scenario struct {
	name, address string
	reach         string // HOST:80 or HOST:443 that lead to the server
	exchange      bool   // Thunderbird's Exchange discovery
	source        string // Thunderbird's word for where it came from; "": nothing found
	asked         string
	model         string   // whose settings; default: the address's own
	need          []string // requests that must be among those answered
	shown         bool     // a person is shown it in `make test` too
}

var scenarios = []scenario{
	{name: "nothing", address: "jo@unknown.test",
		reach: "autoconfig.unknown.test:443 unknown.test:443 autoconfig.unknown.test:80 unknown.test:80 ispdb.test:443",
		need:  []string{"GET http://unknown.test/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=jo%40unknown.test 404"}},
	{name: "nothing by Autodiscover either", address: "jo@nobody.test",
		reach: "autodiscover.nobody.test:443 autodiscover.nobody.test:80 nobody.test:443", exchange: true,
		need: []string{"POST https://autodiscover.nobody.test/autodiscover/autodiscover.xml 200"}},
	{name: "live.co.uk by ISPDB", address: "you@live.co.uk", reach: "ispdb.test:443", source: "xml-from-db",
		need: []string{"GET https://ispdb.test/v1.1/live.co.uk 200"}, shown: true},
	{name: "live.co.uk by its own names", address: "you@live.co.uk", reach: "autoconfig.live.co.uk:443 live.co.uk:443 autodiscover.live.co.uk:443", exchange: true, source: "xml-from-isp-https",
		need: []string{"GET https://autoconfig.live.co.uk/mail/config-v1.1.xml?emailaddress=you%40live.co.uk 200"}},
	{name: "autoconfig", address: "jo.doe+x@isp.test", reach: "autoconfig.isp.test:443", exchange: true,
		source: "xml-from-isp-https",
		need:   []string{"GET https://autoconfig.isp.test/mail/config-v1.1.xml?emailaddress=jo.doe%2Bx%40isp.test 200"}},
	{name: "well-known", address: "jo@wellknown.test", reach: "wellknown.test:443", source: "xml-from-isp-https",
		need: []string{"GET https://wellknown.test/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=jo%40wellknown.test 200"}, shown: true},
	{name: "plain http", address: "jo@clear.test", reach: "autoconfig.clear.test:80", source: "xml-from-isp-http",
		need:  []string{"GET http://autoconfig.clear.test/mail/config-v1.1.xml?emailaddress=jo%40clear.test 200"},
		shown: true},
	{name: "database", address: "jo@database.test", reach: "ispdb.test:443", exchange: true, source: "xml-from-db",
		need: []string{"GET https://ispdb.test/v1.1/database.test 200"}},
	{name: "every way at once", address: "jo@all.test",
		reach:    "autoconfig.all.test:443 all.test:443 autoconfig.all.test:80 all.test:80 autodiscover.all.test:443 autodiscover.all.test:80 ispdb.test:443",
		exchange: true, source: "xml-from-isp-https",
		need: []string{"GET https://autoconfig.all.test/mail/config-v1.1.xml?emailaddress=jo%40all.test 200",
			"POST https://autodiscover.all.test/autodiscover/autodiscover.xml 200"}},
	{name: "MX, by the hoster's autoconfig", address: "jo@customer.test", reach: "autoconfig.hoster.test:443",
		source: "xml-from-isp-https", model: "jo@hoster.test",
		need:  []string{"GET https://autoconfig.hoster.test/mail/config-v1.1.xml?emailaddress=jo%40customer.test 200"},
		shown: true},
	{name: "MX, by ISPDB", address: "jo@relayed.test", reach: "ispdb.test:443", source: "xml-from-db",
		model: "jo@hoster.test",
		need:  []string{"GET https://ispdb.test/v1.1/relayed.test 404", "GET https://ispdb.test/v1.1/in.mxhost.test 200"}},
	{name: "MX of Microsoft 365", address: "jo@shop.test", reach: "ispdb.test:443", source: "xml-from-db",
		model: "jo@other-shop.test",
		need:  []string{"GET https://ispdb.test/v1.1/mail.protection.outlook.com 200"}},
	{name: "Autodiscover", address: "jo@pox.test", reach: "autodiscover.pox.test:443", exchange: true,
		source: "exchange-from-url1",
		need:   []string{"POST https://autodiscover.pox.test/autodiscover/autodiscover.xml 200"}},
	{name: "Autodiscover by SRV", address: "jo@srv.test", reach: "discovery.srv.test:443", exchange: true,
		source: "exchange-from-srv",
		need:   []string{"POST https://discovery.srv.test/autodiscover/autodiscover.xml 200"}},
	{name: "Autodiscover by SRV to a stranger", address: "jo@foreign.test", reach: "ispdb.test:443", exchange: true,
		source: "xml-from-db", asked: "https://ispdb.test",
		need: []string{"GET https://ispdb.test/v1.1/foreign.test 200"}},
	{name: "OAuth2, then password", address: "jo@oauth.test", reach: "autoconfig.oauth.test:443",
		source: "xml-from-isp-https",
		need:   []string{"GET https://autoconfig.oauth.test/mail/config-v1.1.xml?emailaddress=jo%40oauth.test 200"}},
}

func TestThunderbirdDetects(t *testing.T) {
	needInternals(t)
	authority := probetest.NewAuthority()
	s := startService(t, detectConfig, certified(t, authority, hosts(scenarios)...))
	tb := startThunderbird(t, startNames(t), dnstest.Start(t, detectZone), authority)
	for _, c := range scenarios {
		t.Run(c.name, func(t *testing.T) {
			start, before := time.Now(), len(s.output())
			tb.net.use(s.reach(strings.Fields(c.reach)))
			var got findings
			tb.run(&got, `return detect(args[0], args[1], args[2])`, c.address, c.exchange, "https://ispdb.test/v1.1/")
			t.Logf("%q after %v and %d answers", got.Source, time.Since(start).Round(time.Millisecond), len(got.Requests))
			if got.Source != c.source || got.Asked != c.asked {
				t.Errorf("found by %q, asking about %q", got.Source, got.Asked)
			}
			compareSettings(t, s, c, got)
			compareRequests(t, s, c, got.Requests, before)
			if t.Failed() {
				t.Logf("answered: %q\nconnections: %q", got.Requests, tb.net.log())
			}
		})
	}
}

// certified gives the service a certificate for names.
func certified(t testing.TB, a *probetest.Authority, names ...string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { probetest.Files(t, cmd.Dir, a.Certificate(90*probetest.Day, names...)) }
}

// hosts are the names that the scenarios reach the service by.
func hosts(list []scenario) []string {
	var out []string
	for _, c := range list {
		for hostPort := range strings.FieldsSeq(c.reach) {
			host, _, _ := strings.Cut(hostPort, ":")
			out = append(out, host)
		}
	}
	return out
}

// reach leads names to the ports of the service.
func (s *service) reach(hostPorts []string) map[string]string {
	to := map[string]string{}
	for _, hp := range hostPorts {
		to[hp] = s.http
		if strings.HasSuffix(hp, ":443") {
			to[hp] = s.tls
		}
	}
	return to
}
