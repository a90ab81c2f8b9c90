package autodiscover

import (
	"testing"

	"autoconfig/provider"
)

func TestProtocolURL(t *testing.T) {
	p := example()
	none := example()
	none.ActiveSync = ""
	for protocol, want := range map[string][2]string{
		"AutodiscoverV1": {"AutodiscoverV1", "https://autodiscover.example.org/autodiscover/autodiscover.xml"},
		"autodiscoverv1": {"AutodiscoverV1", "https://autodiscover.example.org/autodiscover/autodiscover.xml"},
		"ACTIVESYNC":     {"ActiveSync", p.ActiveSync},
		"Ews":            {}, "EWS": {}, "Rest": {}, "Graph": {}, "": {}, "ActiveSync ": {},
	} {
		name, url, ok := ProtocolURL(p, protocol, "autodiscover.example.org")
		if got := [2]string{name, url}; got != want || ok != (want[0] != "") {
			t.Errorf("%q: %q, %v, want %q", protocol, got, ok, want)
		}
	}
	for _, protocol := range []string{"ActiveSync", "Ews", "Rest", "Graph", ""} {
		if _, _, ok := ProtocolURL(none, protocol, "x.org"); ok {
			t.Errorf("%q without a URL", protocol)
		}
	}
	exchange := &provider.Provider{EWS: "https://ex.example.org/EWS/Exchange.asmx"}
	if name, url, ok := ProtocolURL(exchange, "eWS", "x.org"); name != "Ews" || url != exchange.EWS || !ok {
		t.Errorf("Ews: %q %q %v", name, url, ok)
	}
}

func TestEncodeJSON(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{string(EncodeJSON(ProtocolActiveSync, "https://x.org/?a=1&b=<2>")),
			`{"Protocol":"ActiveSync","Url":"https://x.org/?a=1&b=<2>"}`},
		{string(EncodeJSONError(InvalidProtocol, `no "x"`)), `{"ErrorCode":"InvalidProtocol","ErrorMessage":"no \"x\""}`},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}
