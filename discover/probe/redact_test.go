package probe

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
)

// Whatever a hostile server makes of the password, it does not reach the screen.
func TestRedact(t *testing.T) {
	const secret = "Corréct horse+7/ß"
	m := mechanism{user: "jo@example.org", secret: secret, initial: encode("\x00jo@example.org\x00" + secret)}
	backwards := func(s string) string {
		var out string
		for _, r := range s {
			out = string(r) + out
		}
		return out
	}
	b64 := base64.StdEncoding.EncodeToString([]byte(secret))
	for name, echoed := range map[string]string{
		"as it is": secret, "upper case": strings.ToUpper("corréct horse+7/") + "ß", "lower case": strings.ToLower(secret),
		"backwards": backwards(secret),
		"hex":       hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64": b64, "base64 lower": strings.ToLower(b64),
		"base64 url": base64.URLEncoding.EncodeToString([]byte(secret)), "query": url.QueryEscape(secret),
		"path": url.PathEscape(secret), "query lower": strings.ToLower(url.QueryEscape(secret)),
		"backwards base64": base64.StdEncoding.EncodeToString([]byte(backwards(secret))), "SASL": m.initial,
		"basic": base64.StdEncoding.EncodeToString([]byte("jo@example.org:" + secret)),
	} {
		if got := m.redact("NO [X] you sent <" + echoed + "> to me"); !strings.HasPrefix(got, "NO [X] you sent <") ||
			!strings.HasSuffix(got, "> to me") || !strings.Contains(got, "…") || len(got) > 45 {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := m.redact("NO wrong user name or password"); got != "NO wrong user name or password" {
		t.Error(got)
	}
}

// A long CAPABILITY line is read to its end, whatever comes last.
func TestLongCapability(t *testing.T) {
	for _, n := range []int{10, 200, 4000} {
		o := imapOffer([]string{"* CAPABILITY IMAP4rev1 " + strings.Repeat("X-EXTENSION ", n) +
			"AUTH=PLAIN STARTTLS LOGINDISABLED"})
		if !o.starttls || len(o.sasl) != 1 || o.native || !o.takesPassword() {
			t.Errorf("%d extensions: %+v", n, o)
		}
	}
}
