package source

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/jimlambrt/gldap"

	"autoconfig/e2e/freeport"
	"autoconfig/provider"
)

// directory is an LDAP server with the entries of the tests.
type directory struct {
	url     string
	tls     *tls.Config // of a client
	entries []map[string][]string
	server  *gldap.Server
	pages   atomic.Int32 // answered
	binds   atomic.Int32
	plain   atomic.Int32 // searches without TLS before them
	secure  atomic.Bool
	closed  atomic.Int32 // connections

	noTLS  bool // refuses to begin it
	refuse int  // the result of every search, where it is one; with words that a log may not have
}

const (
	directoryDN       = "cn=reader,dc=example"
	directoryPassword = "pass word"
)

// testEntries are the rows of the tests as entries.
func testEntries() []map[string][]string {
	var out []map[string][]string
	for _, d := range testDomains {
		out = append(out, map[string][]string{"objectClass": {"domainRelatedObject"}, "associatedDomain": {d[0]},
			"businessCategory": {d[1]}, "st": {d[2]}})
	}
	for _, l := range testLogins {
		out = append(out, map[string][]string{"objectClass": {"inetOrgPerson"}, "mail": {l[0]}, "uid": {l[1]}})
	}
	return out
}

func startDirectory(t *testing.T) *directory {
	t.Helper()
	cert, pool := serverCertificate(t)
	d := &directory{tls: &tls.Config{RootCAs: pool, ServerName: "localhost"}, entries: testEntries()}
	server, err := gldap.NewServer(gldap.WithOnClose(func(int) { d.closed.Add(1) }))
	if err != nil {
		t.Fatal(err)
	}
	d.server = server
	mux, err := gldap.NewMux()
	if err != nil {
		t.Fatal(err)
	}
	startTLS := func(w *gldap.ResponseWriter, r *gldap.Request) {
		answer := r.NewExtendedResponse(gldap.WithResponseCode(gldap.ResultSuccess))
		answer.SetResponseName(gldap.ExtendedOperationStartTLS)
		if d.noTLS {
			answer.SetResultCode(gldap.ResultProtocolError)
		}
		if _ = w.Write(answer); d.noTLS {
			return
		}
		if err := r.StartTLS(&tls.Config{Certificates: []tls.Certificate{cert}}); err == nil {
			d.secure.Store(true)
		}
	}
	for _, err := range []error{mux.Bind(d.bind), mux.Search(d.search),
		mux.ExtendedOperation(startTLS, gldap.ExtendedOperationStartTLS), server.Router(mux)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	addr := freeport.On(t, "127.0.0.1") // the server listens itself
	failed := make(chan error, 1)
	go func() { failed <- server.Run(addr) }()
	t.Cleanup(func() { _ = server.Stop() })
	d.url = "ldap://" + addr
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return d
		}
		select {
		case err := <-failed:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (d *directory) bind(w *gldap.ResponseWriter, r *gldap.Request) {
	code := gldap.ResultInvalidCredentials
	if m, err := r.GetSimpleBindMessage(); err == nil && m.UserName == directoryDN &&
		string(m.Password) == directoryPassword {
		code = gldap.ResultSuccess
		d.binds.Add(1)
	}
	_ = w.Write(r.NewBindResponse(gldap.WithResponseCode(code)))
}

var equals = regexp.MustCompile(`\(([A-Za-z]+)=([^()]*)\)`)

// search answers the entries that every (attribute=value) of the filter holds
// for, in pages when asked so.
func (d *directory) search(w *gldap.ResponseWriter, r *gldap.Request) {
	done := r.NewSearchDoneResponse(gldap.WithResponseCode(gldap.ResultSuccess))
	defer func() { _ = w.Write(done) }()
	if !d.secure.Load() {
		d.plain.Add(1)
	}
	m, err := r.GetSearchMessage()
	if err != nil {
		return
	}
	if d.refuse != 0 {
		done.SetResultCode(d.refuse)
		done.SetDiagnosticMessage("no: " + m.Filter)
		return
	}
	var found []map[string][]string
	for _, e := range d.entries {
		ok := true
		for _, pair := range equals.FindAllStringSubmatch(m.Filter, -1) {
			ok = ok && holds(e, pair[1], pair[2])
		}
		if ok {
			found = append(found, e)
		}
	}
	if m.SizeLimit > 0 && len(found) > int(m.SizeLimit) {
		found = found[:m.SizeLimit]
		done.SetResultCode(gldap.ResultSizeLimitExceeded)
	}
	found = d.onePage(m, done, found)
	for i, e := range found {
		entry := r.NewSearchResponseEntry(fmt.Sprintf("cn=%d,dc=example", i))
		for name, values := range e {
			if slices.Contains(m.Attributes, name) {
				if m.TypesOnly {
					values = nil
				}
				entry.AddAttribute(name, values)
			}
		}
		_ = w.Write(entry)
	}
}

// onePage is the page a paging control asks for, of two entries.
func (d *directory) onePage(m *gldap.SearchMessage, done *gldap.SearchResponseDone,
	found []map[string][]string) []map[string][]string {
	for _, c := range m.Controls {
		if c, ok := c.(*gldap.ControlPaging); ok {
			from := len(c.Cookie)
			to := min(from+2, len(found))
			next, _ := gldap.NewControlPaging(2)
			if to < len(found) {
				next.SetCookie(slices.Repeat([]byte{'x'}, to)) // where to go on
			}
			done.SetControls(next)
			d.pages.Add(1)
			return found[from:to]
		}
	}
	return found
}

var escaped = regexp.MustCompile(`\\[0-9a-fA-F]{2}`)

func holds(e map[string][]string, attribute, value string) bool {
	if value == "*" {
		return len(e[attribute]) > 0
	}
	value = escaped.ReplaceAllStringFunc(value, func(s string) string {
		var c int
		_, _ = fmt.Sscanf(s[1:], "%x", &c)
		return string([]byte{byte(c)})
	})
	return slices.ContainsFunc(e[attribute], func(v string) bool { return strings.EqualFold(v, value) })
}

func serverCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func ldapQueries(url string, config *tls.Config) LDAPOptions {
	return LDAPOptions{URL: url, StartTLS: config != nil, TLS: config, BindDN: directoryDN, Password: directoryPassword,
		Base:   "dc=example",
		Domain: "(&(objectClass=domainRelatedObject)(associatedDomain=:domain)(st=1))", ProviderAttribute: "businessCategory",
		List: "(&(objectClass=domainRelatedObject)(st=1))", DomainAttribute: "associatedDomain",
		User: "(&(objectClass=inetOrgPerson)(mail=:address))", LoginAttribute: "uid"}
}

func openTestLDAP(t *testing.T, o BackendOptions, q LDAPOptions) *Backend {
	t.Helper()
	b, err := OpenLDAP(o, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestLDAP(t *testing.T) {
	d, log := startDirectory(t), &logBook{}
	b := openTestLDAP(t, testOptions(log), ldapQueries(d.url, d.tls))
	testLookups(t, b, log)
	if n := d.plain.Load(); n != 0 {
		t.Errorf("%d searches without TLS", n)
	}
	if n := d.pages.Load(); n != 3 {
		t.Errorf("%d pages for 5 entries of 2 each", n)
	}
	for l, err := range (Chain{b.With(testProviders())}).Listings(t.Context()) {
		if err == nil && l.Provider == nil {
			t.Errorf("%s is listed without its provider", l.Domain)
		}
	}
	if n := d.binds.Load(); n > 5 {
		t.Errorf("%d binds: connections are not used again", n)
	}
}

// Domains out of people's addresses: one of each, whatever the size limit.
func TestLDAPPeople(t *testing.T) {
	d, log := startDirectory(t), &logBook{}
	o, q := testOptions(log), ldapQueries(d.url, d.tls)
	o.Provider, o.Logins = "staff", false
	q.ProviderAttribute, q.Domain, q.List, q.DomainAttribute = "", "(&(objectClass=inetOrgPerson)(mail=:domain))",
		"(objectClass=inetOrgPerson)", "mail"
	d.entries = append(d.entries, map[string][]string{"objectClass": {"inetOrgPerson"}, "mail": {"shop.example"}},
		map[string][]string{"objectClass": {"inetOrgPerson"}, "mail": {"shop.example"}})
	rows := openTestLDAP(t, o, q).With(testProviders())
	if got, want := listed(t, rows),
		[]string{"shop.example", "staff.example", "xn--mnchen-3ya.example"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if id, err := rows.store.domain(t.Context(), "shop.example"); err != nil || id != "" {
		t.Errorf("two entries where one is asked for: %q %v", id, err)
	}
}

func TestParseFilter(t *testing.T) {
	for in, want := range map[string]string{
		"(mail=:domain)": "", "(memberOf:1.2.840.113556.1.4.1941:=cn=:domain)": "",
		"(mail=:address)":  ":address is not a parameter here; write :domain",
		"(mail=x)":         "the filter has no parameter: the answer would be the same for everybody; write :domain where the name is compared",
		"(mail=:domain":    "not an LDAP filter: unexpected end of filter; write for example (associatedDomain=:domain)",
		"mail=:domain":     "not an LDAP filter: filter does not start with an '('; write for example (associatedDomain=:domain)",
		"(&(a=:domain)))(": "not an LDAP filter: finished compiling filter with extra at end: )(; write for example (associatedDomain=:domain)",
	} {
		got := ""
		if _, err := ParseFilter(in, ParamDomain); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Whatever an address holds, it stays one value of the filter.
func FuzzFilter(f *testing.F) {
	f.Add("x)(mail=*", "example.org")
	f.Add("\x00*\\", ")")
	f.Fuzz(func(t *testing.T, local, domain string) {
		filter, err := ParseFilter("(&(mail=:address)(l=:local))", ParamAddress, ParamLocal)
		if err != nil {
			t.Fatal(err)
		}
		a := provider.Address{Local: local, Domain: domain}
		packet, err := ldap.CompileFilter(filter.fill(a))
		if err != nil || len(packet.Children) != 2 || len(packet.Children[1].Children) != 2 {
			t.Fatalf("%q: %v", filter.fill(a), err)
		}
		if got := packet.Children[1].Children[1].Data.String(); got != a.Local {
			t.Errorf("the value %q, want %q", got, a.Local)
		}
	})
}
