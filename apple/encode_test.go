package apple

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autoconfig/provider"

	"github.com/google/go-cmp/cmp"
	"howett.net/plist"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// example is a provider of one's own, with everything a profile can say.
func example() *provider.Provider {
	return &provider.Provider{
		Name: "Example Mail & More",
		Incoming: []provider.Server{
			{Protocol: provider.POP3, Host: "pop.example.org", Port: 995, Security: provider.TLS,
				Auth: []provider.Auth{provider.AuthPassword}, Username: provider.EmailAddress},
			{Protocol: provider.IMAP, Host: "imap.example.org", Port: 993, Security: provider.TLS,
				Auth: []provider.Auth{provider.AuthPassword}, Username: provider.EmailAddress},
		},
		Outgoing: []provider.Server{
			{Protocol: provider.SMTP, Host: "smtp.example.org", Port: 587, Security: provider.STARTTLS,
				Auth: []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}, Username: provider.EmailAddress},
		},
		CalDAV:     "https://dav.example.org/calendars/",
		CardDAV:    "https://dav.%EMAILDOMAIN%:8443/",
		ActiveSync: "https://eas.example.org:8443/Microsoft-Server-ActiveSync",
	}
}

func account(t testing.TB, p *provider.Provider, address string) Account {
	t.Helper()
	a, err := provider.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	return Account{p, a}
}

func live(t testing.TB) Account {
	return account(t, provider.Builtin(provider.Outlook), "Some.One@live.co.uk")
}

func encode(t testing.TB, o Options, accounts ...Account) []byte {
	t.Helper()
	out, err := Encode(accounts, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGolden(t *testing.T) {
	user := account(t, example(), "user+tag@example.org")
	for _, tt := range []struct {
		name     string
		accounts []Account
		o        Options
	}{
		{"live-mail", []Account{live(t)}, Options{Name: "Some One"}},
		{"live-exchange", []Account{live(t)}, Options{Kind: Exchange}},
		{"custom-dav", []Account{user},
			Options{Kind: Mail, Name: "Zoë <O'Neil> & \"Söhne\"", Words: Words{Mail: "E-Mail", Calendars: "Kalender", Contacts: "Kontakte", Description: "Einstellungen", Consent: map[string]string{"default": "May I?", "de": "Darf ich?"}}}},
		{"dav-alone", []Account{user}, Options{Kind: DAV}},
		{"two-addresses", []Account{user, live(t)}, Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := encode(t, tt.o, tt.accounts...)
			file := filepath.Join("testdata", tt.name+".mobileconfig")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
			for range 20 {
				if again := encode(t, tt.o, tt.accounts...); !bytes.Equal(again, got) {
					t.Fatal("the bytes differ from one run to the next")
				}
			}
		})
	}
}

// method is a provider whose servers have these ways to log in.
func method(in, out []provider.Auth) *provider.Provider {
	p := example()
	p.Incoming, p.CalDAV, p.CardDAV = p.Incoming[1:], "", ""
	p.Incoming[0].Auth, p.Outgoing[0].Auth = in, out
	return p
}

func TestAuthentication(t *testing.T) {
	const (
		password, ntlm, none = provider.AuthPassword, provider.AuthNTLM, provider.AuthNone
		encrypted, oauth2    = provider.AuthPasswordEncrypted, provider.AuthOAuth2
		gssapi, ip, cert     = provider.AuthGSSAPI, provider.AuthClientIP, provider.AuthClientCertificate
	)
	type auths = []provider.Auth
	for _, tt := range []struct {
		in, out         auths
		wantIn, wantOut string // empty: ErrNoPassword
		same            bool
	}{
		{auths{password}, auths{password}, "EmailAuthPassword", "EmailAuthPassword", true},
		{auths{oauth2, password}, auths{oauth2, password}, "EmailAuthPassword", "EmailAuthPassword", true},
		{auths{encrypted, password}, auths{password}, "EmailAuthCRAMMD5", "EmailAuthPassword", true},
		{auths{gssapi, cert, ntlm}, auths{oauth2, encrypted}, "EmailAuthNTLM", "EmailAuthCRAMMD5", true},
		{auths{password}, auths{none}, "EmailAuthPassword", "EmailAuthNone", false},
		{auths{password}, auths{ip, password}, "EmailAuthPassword", "EmailAuthNone", false},
		{auths{none}, auths{password}, "EmailAuthNone", "EmailAuthPassword", false},
		{auths{oauth2}, auths{password}, "", "", false},
		{auths{password}, auths{oauth2}, "", "", false},
		{auths{gssapi, cert}, auths{password}, "", "", false},
	} {
		a := account(t, method(tt.in, tt.out), "user@example.org")
		out, err := Encode([]Account{a}, Options{})
		if tt.wantIn == "" {
			if !errors.Is(err, ErrNoPassword) || !strings.HasPrefix(err.Error(), "example.org: ") {
				t.Errorf("%v, %v: %v, want ErrNoPassword of example.org", tt.in, tt.out, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v, %v: %v", tt.in, tt.out, err)
			continue
		}
		d := payloadsOf(t, out)[0]
		if d["IncomingMailServerAuthentication"] != tt.wantIn || d["OutgoingMailServerAuthentication"] != tt.wantOut {
			t.Errorf("%v, %v: %v, %v", tt.in, tt.out, d["IncomingMailServerAuthentication"],
				d["OutgoingMailServerAuthentication"])
		}
		if same := d["OutgoingPasswordSameAsIncomingPassword"] == true; same != tt.same {
			t.Errorf("%v, %v: same password is %v", tt.in, tt.out, same)
		}
	}
}

// A server the payload cannot say is passed over, and IMAP comes before POP.
// A URL that leaves the path to discovery leads to no principal.
func TestWellKnownDAV(t *testing.T) {
	p := example()
	p.CalDAV, p.CardDAV = "https://dav.example.org/.well-known/caldav", "https://dav.example.org/.well-known/carddav"
	if got := encode(t, Options{}, account(t, p, "user@example.org")); bytes.Contains(got, []byte("PrincipalURL")) ||
		!bytes.Contains(got, []byte("CalDAVHostName")) {
		t.Errorf("%s", got)
	}
}

func TestServerChoice(t *testing.T) {
	oauth2, password := []provider.Auth{provider.AuthOAuth2}, []provider.Auth{provider.AuthPassword}
	p := example()
	p.Outgoing = append([]provider.Server{{Protocol: provider.SMTP, Host: "new.example.org", Port: 465,
		Security: provider.TLS, Auth: oauth2, Username: provider.EmailAddress}}, p.Outgoing...)
	p.Outgoing[1].Auth, p.Outgoing[1].Security, p.Outgoing[1].Username = password, provider.Plain, provider.EmailLocalPart
	d := payloadsOf(t, encode(t, Options{}, account(t, p, "User@example.org")))[0]
	want := map[string]any{
		"EmailAccountType": "EmailTypeIMAP", "IncomingMailServerHostName": "imap.example.org",
		"IncomingMailServerPortNumber": uint64(993), "IncomingMailServerUseSSL": true,
		"OutgoingMailServerHostName": "smtp.example.org", "OutgoingMailServerUseSSL": false,
		"OutgoingMailServerUsername": "User",
	}
	for key, value := range want {
		if d[key] != value {
			t.Errorf("%s is %v, want %v", key, d[key], value)
		}
	}
	p.Incoming[1].Auth = oauth2
	d = payloadsOf(t, encode(t, Options{}, account(t, p, "user@example.org")))[0]
	if d["EmailAccountType"] != "EmailTypePOP" || d["IncomingMailServerHostName"] != "pop.example.org" {
		t.Errorf("IMAP with OAuth2 only: %v %v, want POP", d["EmailAccountType"], d["IncomingMailServerHostName"])
	}
	p.Outgoing = nil
	if _, err := Encode([]Account{account(t, p, "user@example.org")}, Options{}); !errors.Is(err, ErrNoPassword) {
		t.Errorf("no outgoing server: %v", err)
	}
}

func TestExchange(t *testing.T) {
	microsoft := func(id string, auth ...provider.Auth) *provider.Provider {
		p := provider.Builtin(id)
		for i := range p.Incoming {
			p.Incoming[i].Auth = auth
		}
		return p
	}
	both := []provider.Auth{provider.AuthOAuth2, provider.AuthPassword}
	for _, tt := range []struct {
		p    *provider.Provider
		host string
		want bool
	}{
		{microsoft(provider.Outlook, both...), "eas.outlook.com", true},
		{microsoft(provider.Microsoft365, both...), "outlook.office365.com", true},
		{microsoft(provider.Outlook, provider.AuthPassword), "eas.outlook.com", false},
		{example(), "eas.example.org:8443", false},
		{&provider.Provider{ActiveSync: "https://eas.example.org/x", OAuth2: &provider.OAuth2{}}, "eas.example.org", false},
	} {
		d := payloadsOf(t, encode(t, Options{Kind: Exchange}, account(t, tt.p, "User@example.org")))[0]
		if d["Host"] != tt.host || d["OAuth"] != tt.want || d["SSL"] != true || d["UserName"] != "User@example.org" ||
			d["EmailAddress"] != "User@example.org" {
			t.Errorf("want %s, OAuth %v, got %v", tt.host, tt.want, d)
		}
	}
	p := example()
	p.ActiveSync = ""
	if _, err := Encode([]Account{account(t, p, "user@example.org")}, Options{Kind: Exchange}); !errors.Is(err,
		ErrNoAccount) {
		t.Errorf("without ActiveSync: %v", err)
	}
	p.CalDAV = ""
	if got := payloadsOf(t, encode(t, Options{Kind: DAV}, account(t, p, "user@example.org"))); len(got) != 1 ||
		got[0]["PayloadType"] != TypeCardDAV {
		t.Errorf("contacts alone: %v", got)
	}
	p.CardDAV = ""
	if _, err := Encode([]Account{account(t, p, "user@example.org")}, Options{Kind: DAV}); !errors.Is(err, ErrNoDAV) {
		t.Errorf("without DAV: %v", err)
	}
}

// Two addresses of one provider are told apart wherever a device lists what it has: profiles, payloads and accounts.
// Two kinds of profile for one address are told apart as well.
func TestToldApart(t *testing.T) {
	p := example()
	p.ShortName = "Example"
	jo, kim := account(t, p, "jo@example.org"), account(t, p, "kim@example.org")
	shown := map[string]string{}
	show := func(name string, o Options, accounts ...Account) {
		t.Helper()
		raw := encode(t, o, accounts...)
		for i, d := range append(payloadsOf(t, raw), topOf(t, raw)) {
			for key, value := range d {
				if key != "PayloadDisplayName" && !strings.HasSuffix(key, "AccountDescription") {
					continue
				}
				line := fmt.Sprint(d["PayloadType"], key, value)
				if before := shown[line]; before != "" {
					t.Errorf("%s, payload %d: %s, as in %s", name, i, line, before)
				}
				shown[line] = name
			}
		}
	}
	show("jo", Options{}, jo)
	show("kim", Options{}, kim)
	show("jo's Exchange", Options{Kind: Exchange}, jo)
	clear(shown)
	show("both", Options{}, jo, kim)
	if got := topOf(t, encode(t, Options{Kind: DAV},
		jo))["PayloadDisplayName"]; got != "Example Mail & More: Calendars, Contacts (jo@example.org)" {
		t.Errorf("a profile of calendars: %q", got)
	}
	p.Name, p.ShortName = "example.org", ""
	if got := payloadsOf(t, encode(t, Options{}, jo))[0]["EmailAccountDescription"]; got != "jo@example.org" {
		t.Errorf("a provider without a name: %q", got)
	}
}

func TestRefused(t *testing.T) {
	user := account(t, example(), "user@example.org")
	var many []Account
	for _, letter := range "abcdefghijk" {
		many = append(many, account(t, example(), string(letter)+"@example.org"))
	}
	for _, tt := range []struct {
		name     string
		accounts []Account
		o        Options
		want     error
	}{
		{"no address", nil, Options{}, ErrAddresses},
		{"a bare domain", []Account{{example(), provider.Address{Domain: "example.org"}}}, Options{}, ErrAddresses},
		{"eleven", many, Options{}, ErrAddresses},
		{"ten", many[:10], Options{}, nil},
		{"ten and a repetition", append(many[:10:10], account(t, example(), "A@example.org")), Options{}, nil},
		{"unknown kind", []Account{user}, Options{Kind: "ews"}, ErrKind},
		{"64 characters", []Account{user}, Options{Name: strings.Repeat("ö", 64)}, nil},
		{"65 characters", []Account{user}, Options{Name: strings.Repeat("ö", 65)}, ErrName},
		{"newline", []Account{user}, Options{Name: "a\nb"}, ErrName},
		{"control", []Account{user}, Options{Name: "a\x1bb"}, ErrName},
		{"text direction", []Account{user}, Options{Name: "a\u202eb"}, ErrName},
		{"not UTF-8", []Account{user}, Options{Name: "a\xffb"}, ErrName},
		{"markup", []Account{user}, Options{Name: "</string><true/>"}, nil},
	} {
		out, err := Encode(tt.accounts, tt.o)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if err != nil && (out != nil || strings.Contains(err.Error(), "user")) {
			t.Errorf("%s: bytes, or a local part in %q", tt.name, err)
		}
	}
}

func TestName(t *testing.T) {
	d := payloadsOf(t, encode(t, Options{Name: "  </string> %EMAILADDRESS% "}, live(t)))[0]
	if d["EmailAccountName"] != "</string> %EMAILADDRESS%" {
		t.Errorf("name is %q", d["EmailAccountName"])
	}
	for _, none := range []string{"", "  "} {
		if d := payloadsOf(t, encode(t, Options{Name: none}, live(t)))[0]; d["EmailAccountName"] != nil {
			t.Errorf("%q: the name is there: %q", none, d["EmailAccountName"])
		}
	}
}

func TestWords(t *testing.T) {
	if got := Filename("live.co.uk"); got != "live.co.uk.mobileconfig" {
		t.Error(got)
	}
	for word, want := range map[string]Kind{"": Mail, "mail": Mail, "exchange": Exchange, "dav": DAV} {
		if got, err := ParseKind(word); got != want || err != nil {
			t.Errorf("%q: %q, %v", word, got, err)
		}
	}
	for _, word := range []string{"Mail", "ews", " mail"} {
		if _, err := ParseKind(word); !errors.Is(err, ErrKind) {
			t.Errorf("%q: %v", word, err)
		}
	}
}

// topOf reads the top level without our own decoder.
func topOf(t testing.TB, raw []byte) map[string]any {
	t.Helper()
	var d map[string]any
	if _, err := plist.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func payloadsOf(t testing.TB, raw []byte) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, v := range topOf(t, raw)["PayloadContent"].([]any) {
		out = append(out, v.(map[string]any))
	}
	return out
}

func keysOf(d map[string]any) []string { return slices.Sorted(maps.Keys(d)) }
