package load

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Connections is how many clients ask at once, unless it is said otherwise.
const Connections = 16

// Sample is what one span of load showed.
type Sample struct {
	PerSecond float64
	P50, P99  time.Duration
	CPU       time.Duration // of the servers, per request; 0 for those that run elsewhere
	Turns     float64       // how often one of their threads got a processor, per request
}

// Measure loads servers for a span, the clients spread over them. Any answer
// but 200 is an error.
func Measure(span time.Duration, clients int, request func() []byte, servers ...*Server) (Sample, error) {
	before, err := usageOf(servers)
	if err != nil {
		return Sample{}, err
	}
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		took   []time.Duration
		failed error
	)
	start := time.Now()
	for i := range clients {
		wg.Go(func() {
			mine, err := servers[i%len(servers)].client(request, start.Add(span))
			mu.Lock()
			defer mu.Unlock()
			took, failed = append(took, mine...), cmp.Or(failed, err)
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	after, err := usageOf(servers)
	if err := errors.Join(failed, err); err != nil || len(took) == 0 {
		return Sample{}, fmt.Errorf("%s: %d requests: %w", servers[0].Name, len(took), err)
	}
	slices.Sort(took)
	at := func(percent int) time.Duration { return took[len(took)*percent/100] }
	return Sample{float64(len(took)) / elapsed.Seconds(), at(50), at(99),
		(after.cpu - before.cpu) / time.Duration(len(took)),
		float64(after.turns-before.turns) / float64(len(took))}, nil
}

func usageOf(servers []*Server) (sum usage, err error) {
	for _, s := range servers {
		used, err := s.usage()
		if err != nil {
			return sum, err
		}
		sum.cpu += used.cpu
		sum.turns += used.turns
	}
	return sum, nil
}

// Once asks one request and reads the whole answer.
func (s *Server) Once(request []byte) (status int, header http.Header, body []byte, err error) {
	conn, err := s.dial()
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(request); err != nil {
		return 0, nil, nil, err
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = r.Body.Close() }()
	body, err = io.ReadAll(r.Body)
	return r.StatusCode, r.Header, body, err
}

func (s *Server) dial() (net.Conn, error) {
	if s.TLS != nil {
		return tls.Dial("tcp", s.Addr, s.TLS)
	}
	return net.Dial("tcp", s.Addr)
}

// client asks on one connection until the deadline.
func (s *Server) client(request func() []byte, until time.Time) ([]time.Duration, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 16<<10)
	var took []time.Duration
	for time.Now().Before(until) {
		req := request()
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

// skipAnswer reads a 200 answer as cheaply as it can.
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
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if size, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")) && bytes.EqualFold(value, []byte("chunked")):
			return skipChunks(in)
		}
	}
	if size < 0 {
		return errors.New("an answer without a length")
	}
	_, err = in.Discard(size)
	return err
}

// skipChunks reads what is left of a header, and a chunked body without
// trailers.
func skipChunks(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
	}
	if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(in)); err != nil {
		return err
	}
	_, err := in.ReadSlice('\n')
	return err
}
