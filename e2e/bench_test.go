//go:build e2e

package e2e

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/certmagic"

	"autoconfig/discover/probe/probetest"
	"autoconfig/e2e/freeport"
)

// rounds is how often two things are measured in turn; the median counts.
const rounds = 7

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// cpu is the processor time a process has used, in µs: the run time of its
// threads (proc(5), schedstat).
func (p *process) cpu(t testing.TB) float64 {
	t.Helper()
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	var sum float64
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a thread that ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseFloat(first, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n / 1e3
	}
	if sum == 0 {
		t.Fatal("the process is gone, or this kernel has no schedstat")
	}
	return sum
}

const certificates = 10_000

// BenchmarkHandshakes is the processor time for a TLS handshake, full or resumed, with clients that ask for one name, and
// for any of ten thousand that each have a certificate on demand.
func BenchmarkHandshakes(b *testing.B) {
	dir, addr := b.TempDir(), freeport.On(b, "127.0.0.1")
	const directory = "https://127.0.0.1:1/directory" // never asked: all have one
	keepCertificates(b, filepath.Join(dir, "certificates"), directory)
	customers(b, filepath.Join(dir, "customers.txt"), certificates)
	r := &replica{t: b, dir: dir, build: program, admin: freeport.On(b, "127.0.0.1")}
	write(b, filepath.Join(dir, "autoconfig.yaml"), fmt.Sprintf(`
listen: 127.0.0.1:0
listen_tls: %s
admin: %s
tls: {acme: {directory: %q, storage: certificates}}
providers:
  - {domains_file: customers.txt, incoming: [imaps://mail.hoster.test], outgoing: [submissions://mail.hoster.test]}
`, addr, r.admin, directory))
	r.up()
	shake := func(n int, name func(int) int, resumed tls.ClientSessionCache) float64 {
		before := r.cpu(b)
		var wg sync.WaitGroup
		for c := range 4 {
			wg.Go(func() {
				for i := c; i < n; i += 4 {
					handshakeWith(b, addr, fmt.Sprintf("autoconfig.customer%d.test", name(i)), resumed)
				}
			})
		}
		wg.Wait()
		return (r.cpu(b) - before) / float64(n)
	}
	each, anyOf := func(i int) int { return i }, func(int) int { return mathrand.IntN(certificates) }
	first := func(int) int { return 0 }
	shake(100, first, nil)
	before := r.resident(b)
	shake(certificates, each, nil)
	memory := float64(r.resident(b)-before) * 1024 / certificates
	tickets := tls.NewLRUClientSessionCache(certificates)
	shake(certificates, each, tickets)
	for b.Loop() {
		b.ReportMetric(memory, "KiB/certificate")
		for kind, cache := range map[string]tls.ClientSessionCache{"full": nil, "resumed": tickets} {
			var one, many, ratio []float64
			for range rounds {
				one = append(one, shake(2000, first, cache))
				many = append(many, shake(2000, anyOf, cache))
				ratio = append(ratio, many[len(many)-1]/one[len(one)-1])
			}
			b.ReportMetric(median(one), "µs-"+kind+"-one-name")
			b.ReportMetric(median(many), "µs-"+kind+"-10000-names")
			b.ReportMetric(median(ratio), "ratio-"+kind)
		}
		b.ReportMetric(0, "ns/op")
	}
}

// handshakeWith makes a handshake, which is to be a resumed one if the cache has a ticket. In TLS 1.2 the ticket comes
// within the handshake, so that nothing has to be read after it.
func handshakeWith(b *testing.B, addr, name string, resumed tls.ClientSessionCache) {
	b.Helper()
	config := &tls.Config{ServerName: name, InsecureSkipVerify: true, ClientSessionCache: resumed}
	known := false
	if resumed != nil {
		config.MaxVersion = tls.VersionTLS12
		_, known = resumed.Get(name)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	client := tls.Client(conn, config)
	if err := client.Handshake(); err != nil {
		b.Errorf("%s: %v", name, err)
	}
	if known != client.ConnectionState().DidResume {
		b.Errorf("%s: a ticket is there: %v, and the handshake was not what that makes it", name, known)
	}
}

// keepCertificates fills a certificate storage, as if all had been ordered.
func keepCertificates(b *testing.B, dir, directory string) {
	b.Helper()
	storage := &certmagic.FileStorage{Path: dir}
	issuer := certmagic.NewACMEIssuer(certmagic.New(certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return nil, nil },
	}), certmagic.Config{Storage: storage}), certmagic.ACMEIssuer{CA: directory}).IssuerKey()
	authority := probetest.NewAuthority()
	root, err := os.ReadFile(authority.Root(b))
	if err != nil {
		b.Fatal(err)
	}
	for i := range certificates {
		name := fmt.Sprintf("autoconfig.customer%d.test", i)
		cert := authority.Certificate(90*probetest.Day, name)
		keyPEM, err := certmagic.PEMEncodePrivateKey(cert.PrivateKey)
		if err != nil {
			b.Fatal(err)
		}
		meta, err := json.Marshal(certmagic.CertificateResource{SANs: []string{name}, IssuerData: json.RawMessage("{}")})
		if err != nil {
			b.Fatal(err)
		}
		chain := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), root...)
		keys := certmagic.StorageKeys
		for file, content := range map[string][]byte{keys.SiteCert(issuer, name): chain,
			keys.SitePrivateKey(issuer, name): keyPEM, keys.SiteMeta(issuer, name): meta} {
			if err := storage.Store(b.Context(), file, content); err != nil {
				b.Fatal(err)
			}
		}
	}
}
