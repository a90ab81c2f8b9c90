//go:build e2e

package e2e

import (
	"testing"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
)

// Microsoft Graph in the document changes nothing for a person whose
// Thunderbird may use it: IMAP and SMTP are shown as before.
func TestThunderbirdGraph(t *testing.T) {
	authority := probetest.NewAuthority()
	s := startService(t,
		"service_host: ispdb.test\nlisten_tls: 127.0.0.1:0\ntls: {cert_file: cert.pem, key_file: key.pem}\nproviders:\n  - id: microsoft365\n    domains: [shop.test]\n",
		certified(t, authority, "autoconfig.shop.test", "shop.test"))
	tb := startThunderbird(t, startNames(t), dnstest.Start(t, hubZone), authority)
	tb.net.use(s.reach([]string{"autoconfig.shop.test:443", "shop.test:443"}))
	t.Cleanup(func() { tb.showFailure(t) })
	tb.run(nil, `Services.prefs.setBoolPref("mail.graph.enabled", true)`)
	t.Log(tb.introduce("jo@shop.test", "outlook.office365.com", "993", "smtp.office365.com", "587", "jo@shop.test"))
	if !*withInternals {
		return
	}
	for _, graph := range []bool{true, false} {
		var got findings
		tb.run(&got,
			`Services.prefs.setBoolPref("mail.graph.enabled", args[1]); return detect(args[0], false, "https://ispdb.test/v1.1/")`, "jo@shop.test", graph)
		if len(got.Incoming) == 0 || got.Incoming[0].Protocol != "imap" || got.Incoming[0].Auth != "oauth2" ||
			got.Outgoing[0].Host != "smtp.office365.com" {
			t.Errorf("with mail.graph.enabled %v: %+v %+v", graph, got.Incoming, got.Outgoing)
		}
	}
}
