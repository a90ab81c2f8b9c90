package check

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/pacc"
	"autoconfig/provider"
)

const (
	benchServerEnv = "DNSSRV_BENCH_SERVER"
	benchDomain    = "d0.bench.test"
	benchHost      = "autoconfig.hoster.example"
	benchAtOnce    = 64
)

// TestBenchServer is the server of BenchmarkCheck, in a process of its own so
// that the CPU time measured is the client's alone. It ends with its standard
// input.
func TestBenchServer(t *testing.T) {
	if os.Getenv(benchServerEnv) == "" {
		t.Skip("only BenchmarkCheck starts it")
	}
	plan := map[string][]string{}
	for _, rr := range benchPlan(t) {
		label := strings.TrimSuffix(rr.Header().Name, "."+benchDomain+".")
		plan[label] = append(plan[label], dns.TypeToString[rr.Header().Rrtype]+" "+dnssrv.Data(rr))
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: conn,
		Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(benchAnswer(plan, q)) })}
	go func() { _ = s.ActivateAndServe() }()
	fmt.Println("listening", conn.LocalAddr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = s.Shutdown()
}

// benchAnswer answers as a server would whose every domain has its plan.
func benchAnswer(plan map[string][]string, q *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.Authoritative = true
	name, qtype := q.Question[0].Name, dns.TypeToString[q.Question[0].Qtype]
	label, _, inBench := strings.Cut(name, ".d")
	records := plan[label]
	switch {
	case strings.HasSuffix(name, "hoster.example."):
		records = []string{"A 192.0.2.1"}
	case !inBench && strings.HasPrefix(name, "d"):
		records = []string{"SOA ns1.bench.test. hostmaster.bench.test. 1 3600 600 86400 300", "MX 10 mx.hoster.example.",
			"TXT \"v=spf1 -all\""}
	}
	for _, text := range records {
		if kind, _, _ := strings.Cut(text, " "); kind == qtype || kind == "CNAME" && qtype == "A" {
			rr, err := dns.NewRR(name + " 3600 IN " + text)
			if err == nil {
				m.Answer = append(m.Answer, rr)
			}
		}
	}
	if len(records) == 0 {
		m.Rcode = dns.RcodeNameError
	}
	return m
}

func benchProvider() *provider.Provider {
	server := func(proto provider.Protocol, port uint16, sec provider.Security) provider.Server {
		return provider.Server{Protocol: proto, Host: "mail.hoster.example", Port: port, Security: sec}
	}
	return &provider.Provider{ID: "bench", Name: "Bench", CalDAV: "https://dav.hoster.example/cal/",
		Incoming: []provider.Server{server(provider.IMAP, 993, provider.TLS), server(provider.POP3, 995, provider.TLS)},
		Outgoing: []provider.Server{server(provider.SMTP, 465, provider.TLS), server(provider.SMTP, 587, provider.STARTTLS)}}
}

func benchPlan(t testing.TB) []dns.RR {
	t.Helper()
	plan, err := dnssrv.Plan(benchDomain, benchProvider(), dnssrv.PlanOptions{ServiceHost: benchHost, PACC: pacc.TXT(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// startBenchServer runs TestBenchServer until the benchmark ends.
func startBenchServer(b *testing.B) (addr string) {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestBenchServer$")
	cmd.Env = append(os.Environ(), benchServerEnv+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening"))
}

// BenchmarkCheck checks b.N domains that have their plan, and then has bare
// miekg/dns clients ask the same questions at the same concurrency. Compare the
// two cpu-µs/query; peak-MB says whether memory grows with the domains:
//
//	go test -run '^$' -bench Check -benchtime 10000x ./dnssrv/check
func BenchmarkCheck(b *testing.B) {
	addr := startBenchServer(b)
	questions := benchQuestions(b, addr)
	b.Run("check", func(b *testing.B) {
		client := query.New(query.Options{Resolvers: []string{addr}, InFlight: benchAtOnce})
		checker := New(client, Options{Digest: pacc.ParseTXT})
		measure(b, len(questions), func() {
			for r := range query.InOrder(b.Context(), benchDomains(b.N), benchAtOnce/4,
				func(ctx context.Context, domain string) []finding.Finding {
					found, _ := checker.Check(ctx, benchSubject(b, domain))
					return found
				}) {
				if finding.Summarize(r).Fail > 0 {
					b.Fatalf("%+v", r)
				}
			}
		})
	})
	b.Run("bare", func(b *testing.B) {
		measure(b, len(questions), func() { bareClients(b, addr, questions) })
	})
}

func benchDomains(n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("d%d.bench.test", i)) {
				return
			}
		}
	}
}

func benchSubject(b *testing.B, domain string) Subject {
	p := benchProvider()
	want, err := dnssrv.Plan(domain, p, dnssrv.PlanOptions{ServiceHost: benchHost, PACC: pacc.TXT(nil)})
	if err != nil {
		b.Error(err)
	}
	return Subject{Domain: domain, Provider: p, Want: want}
}

// benchQuestions are what a check asks of one domain.
func benchQuestions(b *testing.B, addr string) []query.Question {
	b.Helper()
	checker := New(query.New(query.Options{Resolvers: []string{addr}}), Options{Digest: pacc.ParseTXT})
	_, seen := checker.Check(b.Context(), benchSubject(b, benchDomain))
	var out []query.Question
	for q := range seen {
		out = append(out, query.Question{Name: strings.Replace(q.Name, benchDomain+".", "", 1), Type: q.Type})
	}
	return out
}

func bareClients(b *testing.B, addr string, questions []query.Question) {
	work := make(chan string, benchAtOnce)
	var workers sync.WaitGroup
	for range benchAtOnce {
		workers.Go(func() {
			c := dns.Client{Timeout: 2 * time.Second, UDPSize: 1232}
			for domain := range work {
				for _, q := range questions {
					m := new(dns.Msg).SetQuestion(q.Name+domain+".", q.Type).SetEdns0(1232, false)
					if _, _, err := c.Exchange(m, addr); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	for domain := range benchDomains(b.N) {
		work <- domain
	}
	close(work)
	workers.Wait()
}

// measure reports the CPU time of this process for each question and the most
// memory the heap took.
func measure(b *testing.B, perDomain int, work func()) {
	runtime.GC()
	var peak atomic.Uint64
	done := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	})
	before := cpuTime()
	b.ResetTimer()
	work()
	b.StopTimer()
	spent := cpuTime() - before
	close(done)
	sampler.Wait()
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N*perDomain), "cpu-µs/query")
	b.ReportMetric(float64(b.N*perDomain)/b.Elapsed().Seconds(), "queries/s")
	b.ReportMetric(float64(peak.Load())/(1<<20), "peak-MB")
}

// cpuTime is the user and system time this process has used.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
