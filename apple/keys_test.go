package apple

import (
	"slices"
	"strings"
	"testing"

	"autoconfig/provider"
)

// The keys of the payloads by type, as read from apple/device-management (mdm/profiles): s string, i integer, b
// boolean, a array, d dictionary. The required ones have a star. S/MIME, VPN and certificate keys are left out, as they
// need payloads of their own.
var payloadKeys = map[string]string{
	"": `PayloadType s* PayloadVersion i* PayloadIdentifier s* PayloadUUID s* PayloadDisplayName s PayloadDescription s PayloadOrganization s`,
	TypeConfiguration: `PayloadContent a* PayloadRemovalDisallowed b PayloadScope s ConsentText d TargetDeviceType i IsEncrypted b
		HasRemovalPasscode b`,
	TypeMail: `EmailAccountType s* EmailAddress s EmailAccountName s EmailAccountDescription s
		IncomingMailServerAuthentication s* IncomingMailServerHostName s* IncomingMailServerPortNumber i IncomingMailServerUseSSL b
		IncomingMailServerUsername s IncomingMailServerIMAPPathPrefix s IncomingPassword s
		OutgoingMailServerAuthentication s* OutgoingMailServerHostName s* OutgoingMailServerPortNumber i OutgoingMailServerUseSSL b
		OutgoingMailServerUsername s OutgoingPassword s OutgoingPasswordSameAsIncomingPassword b
		PreventMove b PreventAppSheet b disableMailRecentsSyncing b allowMailDrop b`,
	TypeCalDAV:  `CalDAVHostName s* CalDAVPort i CalDAVUseSSL b CalDAVUsername s CalDAVPassword s CalDAVPrincipalURL s CalDAVAccountDescription s`,
	TypeCardDAV: `CardDAVHostName s* CardDAVPort i CardDAVUseSSL b CardDAVUsername s CardDAVPassword s CardDAVPrincipalURL s CardDAVAccountDescription s`,
	TypeExchange: `EmailAddress s Host s SSL b UserName s Password s OAuth b OAuthSignInURL s OAuthTokenRequestURL s
		MailNumberOfPastDaysToSync i OverridePreviousPassword b PreventMove b PreventAppSheet b allowMailDrop b`,
}

// allowed are the values of keys that are enumerations.
var allowed = map[string][]string{
	"EmailAccountType": {"EmailTypeIMAP", "EmailTypePOP"},
	"IncomingMailServerAuthentication": {"EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5", "EmailAuthNTLM",
		"EmailAuthHTTPMD5"},
	"OutgoingMailServerAuthentication": {"EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5", "EmailAuthNTLM",
		"EmailAuthHTTPMD5"},
	"PayloadScope": {"User", "System"},
}

func letter(v any) string {
	switch v.(type) {
	case string:
		return "s"
	case uint64:
		return "i"
	case bool:
		return "b"
	case []any:
		return "a"
	case map[string]any:
		return "d"
	}
	return "?"
}

// checkKeys compares a dictionary with the table in both directions.
func checkKeys(t *testing.T, d map[string]any) {
	t.Helper()
	typ, _ := d["PayloadType"].(string)
	if payloadKeys[typ] == "" {
		t.Fatalf("payload type %q", typ)
	}
	table := map[string]string{}
	fields := strings.Fields(payloadKeys[""] + " " + payloadKeys[typ])
	for pair := range slices.Chunk(fields, 2) {
		table[pair[0]] = pair[1]
	}
	for _, key := range keysOf(d) {
		if want := strings.TrimSuffix(table[key], "*"); letter(d[key]) != want {
			t.Errorf("%s: %s is of type %s, the table says %q", typ, key, letter(d[key]), want)
		}
		if strings.Contains(key, "Password") && key != "OutgoingPasswordSameAsIncomingPassword" {
			t.Errorf("%s: a password: %s", typ, key)
		}
		if s, ok := d[key].(string); ok && (s == "" || strings.Contains(s, "%EMAIL")) {
			t.Errorf("%s: %s is %q", typ, key, s)
		}
		if values := allowed[key]; values != nil && !slices.Contains(values, d[key].(string)) {
			t.Errorf("%s: %s is %q", typ, key, d[key])
		}
	}
	for key, kind := range table {
		if _, ok := d[key]; strings.HasSuffix(kind, "*") && !ok {
			t.Errorf("%s: %s is missing", typ, key)
		}
	}
	if d["PayloadVersion"] != uint64(1) {
		t.Errorf("%s: PayloadVersion is %v", typ, d["PayloadVersion"])
	}
}

func TestKeys(t *testing.T) {
	microsoft365 := provider.Builtin(provider.Microsoft365)
	for i := range microsoft365.Incoming { // with OAuth2 alone there is no mail profile
		microsoft365.Incoming[i].Auth = append(microsoft365.Incoming[i].Auth, provider.AuthPassword)
	}
	microsoft365.ActiveSync, microsoft365.CalDAV = "https://eas.example.org/x", "https://dav.example.org"
	seen := map[string]bool{}
	for _, kind := range []Kind{Mail, Exchange} {
		for _, accounts := range [][]Account{
			{live(t)},
			{account(t, example(), "user@example.org")},
			{account(t, microsoft365, "user@shop.example"), live(t), account(t, example(), "user@example.org")},
		} {
			raw := encode(t, Options{Kind: kind, Name: "A", Words: Words{Consent: map[string]string{"default": "x"}}},
				accounts...)
			top := topOf(t, raw)
			checkKeys(t, top)
			if top["PayloadType"] != TypeConfiguration {
				t.Errorf("the top is %v", top["PayloadType"])
			}
			ids := map[any]bool{top["PayloadIdentifier"]: true, top["PayloadUUID"]: true}
			for _, d := range payloadsOf(t, raw) {
				checkKeys(t, d)
				seen[d["PayloadType"].(string)] = true
				if ids[d["PayloadIdentifier"]] || ids[d["PayloadUUID"]] {
					t.Errorf("%v: identifier or UUID twice in one profile", d["PayloadIdentifier"])
				}
				ids[d["PayloadIdentifier"]], ids[d["PayloadUUID"]] = true, true
				if !strings.HasPrefix(d["PayloadIdentifier"].(string), top["PayloadIdentifier"].(string)+".") {
					t.Errorf("%v does not begin with the identifier of the top", d["PayloadIdentifier"])
				}
			}
		}
	}
	if len(seen) != len(payloadKeys)-2 {
		t.Errorf("only seen %v", seen)
	}
}
