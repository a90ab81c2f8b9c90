//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/mozilla"
)

const oauthConfig = `
service_host: ispdb.test
listen_tls: 127.0.0.1:0
tls: {cert_file: cert.pem, key_file: key.pem}
providers:
  - name: Example Mail
    domains: [mail.test]
    incoming: [imaps://imap.mail.test]
    outgoing: [submission://smtp.mail.test]
    auth: [oauth2, password]
    oauth2:
      client_id: mail-programs
      issuer: https://id.mail.test/
      authorize_url: https://id.mail.test/authorize
      token_url: https://id.mail.test/token
      scopes: [mail, offline_access]
`

// identity is an authorization server (RFC 6749) at which jo@mail.test has
// signed in already: whoever asks gets a code, and a token for it.
type identity struct {
	front *httptest.Server // for browsers and mail programs
	back  *httptest.Server // introspection (RFC 7662), for the mail server

	mu       sync.Mutex
	asked    url.Values // of the last authorization request
	verifier string     // of the last token request

	introspected int // times that a mail server was given the token
}

func startIdentity(t testing.TB, a *probetest.Authority) *identity {
	t.Helper()
	id := &identity{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		id.mu.Lock()
		defer id.mu.Unlock()
		id.asked = r.URL.Query()
		to := id.asked.Get("redirect_uri") + "/?" + url.Values{"code": {"code-of-jo"},
			"state": {id.asked.Get("state")}}.Encode()
		http.Redirect(w, r, to, http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id.mu.Lock()
		defer id.mu.Unlock()
		id.verifier = r.FormValue("code_verifier")
		if r.FormValue("client_id") != "mail-programs" || r.FormValue("grant_type") == "authorization_code" &&
			r.FormValue("code") != "code-of-jo" {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		reply(w, map[string]any{"access_token": "token-of-jo", "token_type": "Bearer", "expires_in": 3600,
			"refresh_token": "refresh-of-jo", "scope": "mail offline_access"})
	})
	id.front = httptest.NewUnstartedServer(mux)
	id.front.TLS = a.TLS(90*probetest.Day, "id.mail.test")
	id.front.StartTLS()
	id.back = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		active := r.FormValue("token") == "token-of-jo"
		if active {
			id.mu.Lock()
			id.introspected++
			id.mu.Unlock()
		}
		reply(w, map[string]any{"active": active, "email": "jo@mail.test"})
	}))
	t.Cleanup(id.front.Close)
	t.Cleanup(id.back.Close)
	return id
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// dovecot lets Dovecot take tokens that the identity provider knows.
func (id *identity) dovecot(t testing.TB) func(dir string) string {
	return func(dir string) string {
		file := filepath.Join(dir, "oauth2.conf")
		write(t, file, "introspection_mode = post\nintrospection_url = "+id.back.URL+
			"/\nusername_attribute = email\nactive_attribute = active\nactive_value = true\n")
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("auth_mechanisms = plain xoauth2 oauthbearer\npassdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = %s\n}\n", file)
	}
}

// A person whose machine has the enterprise policy of thunderbird-addon signs
// in at their own provider, and never types a password. Without the add-on the
// same settings ask for one.
func TestThunderbirdAddon(t *testing.T) {
	authority := probetest.NewAuthority()
	s := startService(t, oauthConfig, certified(t, authority, "autoconfig.mail.test", "mail.test"))
	id := startIdentity(t, authority)
	m := startMailWith(t, "mail.test", authority.Certificate(90*probetest.Day, "imap.mail.test", "smtp.mail.test"),
		id.dovecot(t))
	zone := dnstest.Start(t, "$ORIGIN test.\n@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n")
	to := s.reach([]string{"autoconfig.mail.test:443", "mail.test:443"})
	to["imap.mail.test:993"], to["smtp.mail.test:587"] = m.imaps, m.submission
	to["id.mail.test:443"] = strings.TrimPrefix(id.front.URL, "https://")
	policies := writeAddon(t, s.dir)

	shown := []string{"imap.mail.test", "993", "smtp.mail.test", "587"}
	account := func(auth string) []found {
		return []found{
			{Protocol: "imap", Host: "imap.mail.test", Security: "tls", Auth: auth, Username: "jo@mail.test", Port: 993},
			{Protocol: "smtp", Host: "smtp.mail.test", Security: "starttls", Auth: auth, Username: "jo@mail.test", Port: 587},
		}
	}
	t.Run("without the add-on", func(t *testing.T) {
		tb := startThunderbird(t, startNames(t), zone, authority)
		tb.net.use(to)
		t.Cleanup(func() { tb.showFailure(t) })
		tb.introduce("jo@mail.test", shown...)
		var got []found
		tb.run(&got, `return finish(args[0])`, "right")
		if diff := cmp.Diff(account("password"), got); diff != "" {
			t.Errorf("the account made (-want +got):\n%s", diff)
		}
		if id.asked != nil || id.introspected != 0 {
			t.Errorf("the authorization server was asked: %v, %d times for a token", id.asked, id.introspected)
		}
	})
	t.Run("with it", func(t *testing.T) {
		tb := startThunderbird(t, startNames(t), zone, authority, policies)
		tb.net.use(to)
		t.Cleanup(func() { tb.showFailure(t) })
		tb.run(nil, `return installed(args[0])`, "oauth2@id.mail.test")
		tb.introduce("jo@mail.test", shown...)
		var got []found
		tb.run(&got, `return signIn()`)
		if diff := cmp.Diff(account("oauth2"), got); diff != "" {
			t.Errorf("the account made (-want +got):\n%s", diff)
		}
		if *withInternals {
			var mail struct{ Subject, From, Body string }
			tb.run(&mail, `return sendAndReceive(args[0], args[1])`, "Sent with a token", "No password was typed.")
			if mail.Subject != "Sent with a token" || !strings.Contains(mail.Body, "No password was typed.") {
				t.Errorf("Thunderbird received %+v", mail)
			}
		}
		id.mu.Lock()
		defer id.mu.Unlock()
		if got := id.asked; got.Get("client_id") != "mail-programs" || got.Get("scope") != "mail offline_access" ||
			got.Get("redirect_uri") != mozilla.RedirectURL || got.Get("code_challenge_method") != "S256" || id.verifier == "" {
			t.Errorf("the authorization request: %v; verifier %q", got, id.verifier)
		}
		if id.introspected == 0 {
			t.Error("Dovecot was given no token")
		}
	})
}

// writeAddon runs the command, and returns what puts its policy in force for
// one Thunderbird: a folder in the place of /etc/thunderbird.
func writeAddon(t testing.TB, dir string) func(*exec.Cmd) {
	t.Helper()
	etc := filepath.Join(dir, "etc")
	mkdir(t, filepath.Join(etc, "policies"), 0o755)
	xpi, policies := filepath.Join(etc, "mail.xpi"), filepath.Join(etc, "policies", "policies.json")
	out, err := exec.Command(program, "--config", filepath.Join(dir, "autoconfig.yaml"), "thunderbird-addon", xpi,
		"--policies", policies).CombinedOutput()
	if err != nil {
		t.Fatalf("thunderbird-addon: %v\n%s", err, out)
	}
	return func(cmd *exec.Cmd) {
		for i, arg := range cmd.Args { // in the mount namespace of this Thunderbird
			if strings.HasPrefix(arg, "mount --bind ") {
				cmd.Args[i] = "mount --bind '" + etc + "' /etc/thunderbird && " + arg
			}
		}
	}
}
