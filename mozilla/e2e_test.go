//go:build e2e

package mozilla

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"autoconfig/e2e/component"
)

// validate asks xmllint (Debian: libxml2-utils) whether a document is one of
// testdata/autoconfig.rng, and gives what it says.
func validate(t *testing.T, doc []byte) (bool, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), component.Need(t, "xmllint"), "--noout", "--nonet", "--relaxng",
		"testdata/autoconfig.rng", "-")
	cmd.Stdin = bytes.NewReader(doc)
	words, err := cmd.CombinedOutput()
	switch code := cmd.ProcessState.ExitCode(); code {
	case 0:
		return true, string(words)
	case 1, 3: // not XML; not valid
		return false, string(words)
	default: // the grammar itself is broken
		t.Fatalf("xmllint: %v, status %d\n%s", err, code, words)
		return false, ""
	}
}

func TestXMLLintGolden(t *testing.T) {
	for _, tt := range goldens {
		doc, err := Encode(tt.p(), tt.domain)
		if err != nil {
			t.Fatal(err)
		}
		for name, doc := range map[string][]byte{tt.file: read(t, tt.file), tt.file + ", encoded": doc} {
			if ok, words := validate(t, doc); !ok {
				t.Errorf("%s: %s", name, words)
			}
		}
	}
	if ok, words := validate(t, read(t, "autoconfig-live.xml")); !ok {
		t.Errorf("autoconfig-live.xml: %s", words)
	}
	for _, name := range []string{"autoconfig-12.xml", "bad-noid.xml", "bad-port.xml", "weird-ok.xml"} {
		if ok, _ := validate(t, read(t, name)); ok {
			t.Errorf("%s is valid", name)
		}
	}
}

// One thing changed in a valid document, and the grammar refuses it.
func TestXMLLintRefuses(t *testing.T) {
	full := string(read(t, "full.xml"))
	for name, change := range map[string][2]string{
		"port 0":               {"<port>993<", "<port>0<"},
		"port 65536":           {"<port>993<", "<port>65536<"},
		"port in words":        {"<port>993<", "<port>imaps<"},
		"port with a blank":    {"<port>993<", "<port> 993<"},
		"port with attribute":  {"<port>", `<port a="">`},
		"port missing":         {"<port>993</port>", ""},
		"socketType tls":       {">SSL<", ">tls<"},
		"socketType blank":     {">SSL<", ">SSL <"},
		"socketType twice":     {"<socketType>SSL</socketType>", "<socketType>SSL</socketType><socketType>SSL</socketType>"},
		"no host name":         {"<hostname>imap.example.com</hostname>", ""},
		"underscore":           {"imap.example.com", "i_map.example.com"},
		"upper case":           {"imap.example.com", "IMAP.example.com"},
		"host placeholder":     {"imap.example.com", "imap.%EMAILDOMAIN%"},
		"no user name":         {"<username>%EMAILADDRESS%</username>", ""},
		"no authentication":    {"<authentication>OAuth2</authentication>\n      <authentication>password-cleartext</authentication>", ""},
		"unknown auth":         {"password-cleartext", "login"},
		"system in imap":       {"<authentication>password-cleartext", `<authentication system="sasl">PLAIN`},
		"Bearer":               {">Basic<", ">Bearer<"},
		"no id":                {` id="example.com"`, ""},
		"an id like a name":    {`id="example.com"`, `id="Example Mail"`},
		"two domains":          {"<domain>", "<domain>example.net</domain><domain>"},
		"a purpose":            {"<domain>", `<domain purpose="mx">`},
		"no displayName":       {"<displayName>Example Mail</displayName>", ""},
		"long displayName":     {"Example Mail<", strings.Repeat("x", 61) + "<"},
		"long short name":      {"Example<", strings.Repeat("x", 21) + "<"},
		"type IMAP":            {`type="imap"`, `type="IMAP"`},
		"pop3 first":           {`type="imap"`, `type="pop3"`},
		"a third of a kind":    {`type="jmap"`, `type="imap"`},
		"no smtp":              {`type="smtp"`, `type="imap"`},
		"http":                 {"https://jmap", "http://jmap"},
		"lang a word":          {`lang="de"`, `lang="Deutsch"`},
		"oAuth2 inside":        {"</emailProvider>", "<oAuth2/></emailProvider>"},
		"no tokenURL":          {"<tokenURL>https://id.example.org/token</tokenURL>", ""},
		"issuer a URL":         {"<issuer>", "<issuer>https://"},
		"version 1.1 with DAV": {`version="1.2"`, `version="1.1"`},
		"version missing":      {` version="1.2"`, ""},
		"namespace":            {"<clientConfig", `<clientConfig xmlns="urn:x"`},
		"unknown element":      {"<oAuth2>", "<extra/><oAuth2>"},
		"line break first":     {"<?xml", "\n<?xml"},
	} {
		changed := strings.Replace(full, change[0], change[1], 1)
		if changed == full {
			t.Errorf("%s: nothing to change", name)
		}
		if ok, _ := validate(t, []byte(changed)); ok {
			t.Errorf("%s: valid", name)
		}
	}
}
