package autodiscover

import "testing"

// The edges of the scanner, each of which a mutation once survived.
func TestScanEdges(t *testing.T) {
	for body, want := range map[string]string{
		`<z:Autodiscover><z:Request><z:EMailAddress>a@example.org</z:EMailAddress></z:Request></z:Autodiscover>`:                               "a@example.org",
		`<a:Autodiscover><a:Request><a:EMailAddress>a@example.org</a:EMailAddress></a:Request></a:Autodiscover>`:                               "a@example.org",
		`<Autodiscover><Request><LegacyDN></LegacyDN><EMailAddress>a@example.org</EMailAddress></Request></Autodiscover>`:                      "a@example.org",
		`<Autodiscover><Request><EMailAddress>&#x0000061;@example.org</EMailAddress></Request></Autodiscover>`:                                 "a@example.org",
		`<Autodiscover><Request><EMailAddress>a&#x00000061;@example.org</EMailAddress></Request></Autodiscover>`:                               "a&#x00000061;@example.org",
		`<Autodiscover><Request><EMailAddress>a@example.org</EMailAddress><LegacyDN>&#x10FFFF;</LegacyDN></Request></Autodiscover>`:            "a@example.org",
		`<Autodiscover><Request><EMailAddress>a@example.org</EMailAddress><EMailAddress>b@example.org</EMailAddress></Request></Autodiscover>`: "a@example.org",
	} {
		r, err := ParseRequest([]byte(body))
		if err != nil || r.Email != want {
			t.Errorf("%s: %+v, %v", body, r, err)
		}
	}
	for in, want := range map[string]string{"&#x10FFFF;": "\U0010ffff", "&#x110000;": "&#x110000;",
		"&#000000065;": "&#000000065;", "&#00000065;": "A"} {
		if got := unescape([]byte(in)); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
