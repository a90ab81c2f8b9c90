package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// format is one kind of request.
type format struct {
	name, method, path string
	query, host, body  string // %s: the customer's domain
}

var formats = []format{
	{"GET autoconfig", "GET", "/mail/config-v1.1.xml", "?emailaddress=user%%40%s", "autoconfig.%s", ""},
	{"POST Autodiscover", "POST", "/autodiscover/autodiscover.xml", "", "autodiscover.%s",
		`<?xml version="1.0" encoding="utf-8"?>
    <Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
      <Request>
        <EMailAddress>user@%s</EMailAddress>
        <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
      </Request>
    </Autodiscover>`},
	{"v2 JSON", "GET", "/autodiscover/autodiscover.json", "?Email=user%%40%s&Protocol=AutodiscoverV1", "autodiscover.%s", ""},
	{"PACC", "GET", "/.well-known/user-agent-configuration.json", "", "ua-auto-config.%s", ""},
	{"mobileconfig", "GET", "/mobileconfig", "?email=user%%40%s", "autoconfig.%s", ""},
}

func fill(s, domain string) string {
	if s == "" {
		return s
	}
	return fmt.Sprintf(s, domain)
}

// request is the bytes on the wire, much like what a mail client sends.
func (f format) request(domain string) []byte {
	var b bytes.Buffer
	body := ""
	if f.body != "" {
		body = fmt.Sprintf(f.body, domain)
	}
	fmt.Fprintf(&b, "%s %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0\r\n"+
		"Accept: */*\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate\r\n", f.method, f.path, fill(f.query, domain), fmt.Sprintf(f.host, domain))
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// once asks one request and reads the whole answer.
func (p *process) once(f format, n int) (*recorded, error) {
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(f.request(domain(n))); err != nil {
		return nil, err
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: status %d: %s", p.name, f.name, r.StatusCode, body)
	}
	return &recorded{Status: r.StatusCode, Header: r.Header, Body: body}, nil
}

// connections is how many clients ask at once, unless it is said otherwise.
const connections = 16

// sample is what one span of load showed.
type sample struct {
	perSecond float64
	p99       time.Duration
	cpu       time.Duration // per request
}

// measure loads processes with one format for a span, the clients spread over
// them.
func measure(f format, span time.Duration, clients int, processes ...*process) (sample, error) {
	before, err := cpu(processes)
	if err != nil {
		return sample{}, err
	}
	start := time.Now()
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		took   []time.Duration
		failed error
	)
	for i := range clients {
		wg.Go(func() {
			mine, err := processes[i%len(processes)].client(f, start.Add(span))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	after, err := cpu(processes)
	if failed != nil {
		err = failed
	}
	if err != nil || len(took) == 0 {
		return sample{}, fmt.Errorf("%s, %s: %d requests: %w", processes[0].name, f.name, len(took), err)
	}
	slices.Sort(took)
	return sample{float64(len(took)) / elapsed.Seconds(), took[len(took)*99/100], (after - before) / time.Duration(len(took))}, nil
}

// cpu is the processor time of all processes.
func cpu(processes []*process) (sum time.Duration, err error) {
	for _, p := range processes {
		used, err := p.cpu()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// client asks on one connection until the deadline, a random customer each time.
func (p *process) client(f format, until time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 16<<10)
	var took []time.Duration
	for time.Now().Before(until) {
		req := f.request(domain(rand.IntN(p.domains))) //nolint:gosec // load, not secrets
		start := time.Now()
		if _, err := conn.Write(req); err != nil {
			return took, err
		}
		if err := skipAnswer(in); err != nil {
			return took, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// skipAnswer reads a 200 answer with a Content-Length as cheaply as it can.
func skipAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answer %q", status)
	}
	size := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if size, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if size < 0 {
		return fmt.Errorf("an answer without Content-Length")
	}
	_, err = in.Discard(size)
	return err
}
