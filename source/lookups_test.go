package source

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"autoconfig/provider"
)

// The rows that every backend under test has.
var (
	testDomains = [][3]string{ // domain, provider, active
		{"shop.example", "hosting", "1"},
		{"staff.example", "staff", "1"},
		{"xn--mnchen-3ya.example", "hosting", "1"},
		{"off.example", "hosting", "0"},
		{"lost.example", "nobody", "1"},
		{"live.co.uk", "hosting", "1"},
	}
	testLogins = [][2]string{
		{"ann@shop.example", "ann.shop"},
		{"o'hara@shop.example", "ohara"},
		{"same@shop.example", "same@shop.example"},
		{"b*b@staff.example", "b1001"},
		{"jürgen@xn--mnchen-3ya.example", "juergen"},
		{"alias@staff.example", "b1001"},
	}
)

// The queries for a database that has those rows in the tables domain and
// mailbox.
const (
	testDomainQuery = "SELECT provider FROM domain WHERE domain = :domain AND active = 1"
	testListQuery   = "SELECT domain, provider FROM domain WHERE active = 1"
	testUserQuery   = "SELECT login FROM mailbox WHERE address = :address"
)

func testProviders() []*provider.Provider {
	make := func(id string) *provider.Provider {
		server := func(p provider.Protocol, host string, port uint16) provider.Server {
			return provider.Server{Protocol: p, Host: host, Port: port, Security: provider.TLS,
				Auth: []provider.Auth{provider.AuthPassword}, Username: provider.EmailAddress}
		}
		return &provider.Provider{ID: id, Name: id,
			Incoming: []provider.Server{server(provider.IMAP, "imap."+id+".example", 993)},
			Outgoing: []provider.Server{server(provider.SMTP, "smtp."+id+".example", 465)}}
	}
	return []*provider.Provider{make("hosting"), make("staff")}
}

// logBook keeps what is logged.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func testOptions(log *logBook) BackendOptions {
	return BackendOptions{Name: "customers", Logins: true, Log: slog.New(slog.NewTextHandler(log, nil)),
		Cache: CacheOptions{
			TTL: time.Minute, NegativeTTL: time.Minute, Stale: time.Hour, Retry: 100 * time.Millisecond, Entries: 1000,
			InFlight: 4, Waiting: 1000, Timeout: 5 * time.Second, Rest: true}}
}

// testLookups is the table of look-ups that runs over every kind of source.
func testLookups(t *testing.T, b *Backend, log *logBook) {
	t.Helper()
	rows := b.With(testProviders())
	for _, test := range []struct {
		local, domain   string
		provider, login string
		err             error
	}{
		{"", "shop.example", "hosting", provider.EmailAddress, nil},
		{"", "staff.example", "staff", provider.EmailAddress, nil},
		{"", "xn--mnchen-3ya.example", "hosting", provider.EmailAddress, nil},
		{"", "off.example", "", "", provider.ErrNotFound},
		{"", "unknown.example", "", "", provider.ErrNotFound},
		{"", "sub.shop.example", "", "", provider.ErrNotFound},
		{"", "live.co.uk", "", "", provider.ErrNotFound}, // a row for a built-in name is not looked at
		{"", "lost.example", "", "", provider.ErrUnavailable},
		{"", "x' OR '1'='1", "", "", provider.ErrNotFound},
		{"", `x\' OR 1=1 -- `, "", "", provider.ErrNotFound},
		{"", "*", "", "", provider.ErrNotFound},
		{"", "shop.example)(objectClass=*", "", "", provider.ErrNotFound},
		{"", "%.example", "", "", provider.ErrNotFound},

		{"ann", "shop.example", "hosting", "ann.shop", nil},
		{"o'hara", "shop.example", "hosting", "ohara", nil},
		{"same", "shop.example", "hosting", provider.EmailAddress, nil},
		{"jürgen", "xn--mnchen-3ya.example", "hosting", "juergen", nil},
		{"alias", "staff.example", "staff", "b1001", nil},
		{"b*b", "staff.example", "staff", "b1001", nil},
		{"b*", "staff.example", "staff", provider.EmailAddress, nil}, // nobody: as if logins were not asked for
		{"*", "staff.example", "staff", provider.EmailAddress, nil},
		{"nobody", "shop.example", "hosting", provider.EmailAddress, nil},
		{"x'; DROP TABLE mailbox; --", "shop.example", "hosting", provider.EmailAddress, nil},
		{`\'+OR+1=1`, "shop.example", "hosting", provider.EmailAddress, nil},
		{"x)(mail=*", "shop.example", "hosting", provider.EmailAddress, nil},
		{`$1`, "shop.example", "hosting", provider.EmailAddress, nil},
		{":address", "shop.example", "hosting", provider.EmailAddress, nil},
		{"ann", "shop.example", "hosting", "ann.shop", nil}, // and the table is still there
		{"ann", "unknown.example", "", "", provider.ErrNotFound},
	} {
		a := provider.Address{Local: test.local, Domain: test.domain}
		p, err := rows.Lookup(t.Context(), a)
		if !errors.Is(err, test.err) {
			t.Errorf("%s: %v, want %v", a, err, test.err)
			continue
		}
		if err != nil {
			continue
		}
		if p.ID != test.provider || p.Incoming[0].Username != test.login || p.Outgoing[0].Username != test.login {
			t.Errorf("%s: %s, login %s and %s, want %s %s", a, p.ID, p.Incoming[0].Username, p.Outgoing[0].Username,
				test.provider, test.login)
		}
		if p.Personal != (test.login != provider.EmailAddress) {
			t.Errorf("%s: personal %v", a, p.Personal)
		}
	}
	if got, want := listed(t, rows),
		[]string{"lost.example", "shop.example", "staff.example", "xn--mnchen-3ya.example"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if err := b.Check(t.Context()); err != nil || b.Down() {
		t.Errorf("check: %v, down %v", err, b.Down())
	}
	if found, err := b.BuiltinRows(t.Context()); err != nil || !slices.Equal(found, []string{"live.co.uk"}) {
		t.Errorf("rows for built-in names: %v %v", found, err)
	}
	text := log.String()
	for _, want := range []string{`it has the provider \"nobody\"`, "config-builtin-row", "live.co.uk"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the log:\n%s", want, text)
		}
	}
	if strings.Contains(text, "DROP") || strings.Contains(text, "ann@") || strings.Contains(text, "hara") {
		t.Errorf("a local part in the log:\n%s", text)
	}
}

func listed(t *testing.T, rows *Rows) []string {
	t.Helper()
	var out []string
	for domain, err := range (Chain{rows}).Domains(context.Background()) {
		if err != nil && !IsRowError(err) {
			t.Fatal(err)
		}
		out = append(out, domain)
	}
	slices.Sort(out)
	return out
}

// broken is a source whose list breaks off after one domain.
type broken struct{ err error }

func (broken) Lookup(context.Context, provider.Address) (*provider.Provider, error) {
	return nil, provider.ErrNotFound
}

func (b broken) Domains(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { _ = yield("early.example", nil) && yield("", b.err) }
}

// A list that breaks off does not hide those of the sources after it; the errors come at the end.
func TestListingsAfterAFault(t *testing.T) {
	first, second := errors.New("first is down"), errors.New("second is down")
	x := NewIndex(1, 16)
	x.Add("late.example", testProviders()[0])
	var got []string
	var end error
	for domain, err := range (Chain{broken{first}, broken{second}, x}).Domains(t.Context()) {
		if end != nil {
			t.Errorf("%q after the error", domain)
		}
		if end = err; err == nil {
			got = append(got, domain)
		}
	}
	if want := []string{"early.example", "early.example", "late.example"}; !slices.Equal(got, want) ||
		!errors.Is(end, first) || !errors.Is(end, second) {
		t.Errorf("%v, %v", got, end)
	}
	for range (Chain{broken{first}, x}).Domains(t.Context()) {
		break // and whoever has seen enough may leave
	}
}
