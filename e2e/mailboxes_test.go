//go:build e2e

package e2e

import (
	"cmp"
	"database/sql"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jimlambrt/gldap"
	_ "modernc.org/sqlite"

	"autoconfig/e2e/freeport"
)

// Whether a mailbox exists changes nothing of an answer: not a byte, not a
// header. How long both took is reported and not judged.
func TestMailboxesAreNotTold(t *testing.T) {
	for name, source := range map[string]func(*testing.T, string) string{"sql": mailboxTable, "ldap": mailboxDirectory} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, source(t, t.TempDir())+`
providers:
  - {id: example, incoming: ["imaps://mail.example.org"], outgoing: ["submissions://mail.example.org"]}
limits: {per_minute: 100000, burst: 100000}
`)
			for _, route := range []struct{ method, path, body string }{
				{"GET", "/mail/config-v1.1.xml?emailaddress=%s", ""}, {"GET", "/autodiscover/autodiscover.xml?email=%s", ""},
				{"POST", "/autodiscover/autodiscover.xml", strings.ReplaceAll(pox, "u@%s", "%s")},
				{"GET", "/autodiscover/autodiscover.json?Protocol=AutodiscoverV1&Email=%s", ""},
				{"GET", "/api/v1/settings?email=%s", ""},
				{"GET", "/setup?email=%s", ""}, {"POST", "/setup", "email=%s"}, {"GET", "/mobileconfig?email=%s", ""},
				{"GET", "/qr.svg?email=%s", ""},
			} {
				compareMailboxes(t, s.http, route.method, route.path, route.body)
			}
		})
	}
}

const mailboxes = 200

// compareMailboxes asks 200 times about a mailbox that exists and 200 times about
// one that does not, in turn, each of the same length.
func compareMailboxes(t *testing.T, addr, method, path, body string) {
	t.Helper()
	var times [2][]float64
	var first [2]string
	for i := range 2 * mailboxes {
		local := fmt.Sprintf([]string{"known%03d", "nobod%03d"}[i%2], i/2)
		address := local + "@example.org"
		fill := func(s string) string { return strings.ReplaceAll(s, "%s", address) }
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+fill(path), strings.NewReader(fill(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "autoconfig.hoster.example"
		begin := time.Now()
		answer, err := client(http.DefaultTransport.(*http.Transport)).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		times[i%2] = append(times[i%2], float64(time.Since(begin)))
		answer.Header.Del("Date")
		said := fmt.Sprint(answer.Status, answer.Header)
		if !strings.HasPrefix(path, "/qr.svg") &&
			!strings.HasPrefix(path, "/mobileconfig") { // a code, and ids, are made of the address
			said += strings.ReplaceAll(string(text), local, "LOCAL")
		} else {
			said = strings.NewReplacer(fmt.Sprintf("[%d]", len(text)), "").Replace(said)
		}
		if first[i%2] == "" {
			first[i%2] = said
		}
		if said != first[0] {
			t.Fatalf("%s %s: %s gets\n%s\nthe first got\n%s", method, path, local, said, first[0])
		}
	}
	t.Logf("%s %s: %d and %d times, rank test z = %.2f", method, path, len(times[0]), len(times[1]),
		rankTest(times[0], times[1]))
}

// rankTest is the z value of the Mann-Whitney test: within 2 of 0 when nothing
// tells the two apart.
func rankTest(a, b []float64) float64 {
	type timed struct {
		value float64
		of    int
	}
	var all []timed
	for i, list := range [][]float64{a, b} {
		for _, v := range list {
			all = append(all, timed{v, i})
		}
	}
	slices.SortFunc(all, func(x, y timed) int { return cmp.Compare(x.value, y.value) })
	sum := 0.0
	for i, v := range all {
		if v.of == 0 {
			sum += float64(i + 1)
		}
	}
	n, m := float64(len(a)), float64(len(b))
	u := sum - n*(n+1)/2
	return (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

// mailboxTable is a database that knows which mailboxes exist.
func mailboxTable(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "mail.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	statements := []string{"CREATE TABLE domain (name TEXT PRIMARY KEY)",
		"CREATE TABLE mailbox (address TEXT PRIMARY KEY, login TEXT)", "INSERT INTO domain VALUES ('example.org')"}
	for i := range mailboxes {
		statements = append(statements, fmt.Sprintf("INSERT INTO mailbox VALUES ('known%03d@example.org', 'login%d')", i, i))
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "dsn"), file)
	return "sources:\n  - {name: mail, sql: sqlite, dsn_file: " + dir +
		"/dsn, provider: example, domain: \"SELECT 1 FROM domain WHERE name = :domain\"}\n"
}

// mailboxDirectory is a directory that does.
func mailboxDirectory(t *testing.T, dir string) string {
	t.Helper()
	server, err := gldap.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	mux, err := gldap.NewMux()
	if err != nil {
		t.Fatal(err)
	}
	bind := func(w *gldap.ResponseWriter, r *gldap.Request) {
		_ = w.Write(r.NewBindResponse(gldap.WithResponseCode(gldap.ResultSuccess)))
	}
	search := func(w *gldap.ResponseWriter, r *gldap.Request) {
		m, err := r.GetSearchMessage()
		if err == nil && (strings.Contains(m.Filter, "=example.org)") || strings.Contains(m.Filter, "=known")) {
			_ = w.Write(r.NewSearchResponseEntry("dc=example",
				gldap.WithAttributes(map[string][]string{"associatedDomain": {"example.org"}, "uid": {"login"}})))
		}
		_ = w.Write(r.NewSearchDoneResponse(gldap.WithResponseCode(gldap.ResultSuccess)))
	}
	for _, err := range []error{mux.Bind(bind), mux.Search(search), server.Router(mux)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	addr := freeport.On(t, "127.0.0.1")
	go func() { _ = server.Run(addr) }()
	t.Cleanup(func() { _ = server.Stop() })
	write(t, filepath.Join(dir, "password"), "x")
	return "sources:\n  - {name: staff, ldap: \"ldap://" + addr +
		"\", starttls: false, bind_dn: cn=reader, password_file: " + dir +
		"/password, base: dc=example, provider: example, domain: (associatedDomain=:domain)}\n"
}
