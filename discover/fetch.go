package discover

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type request struct {
	method, url  string
	header       map[string]string
	body         string
	redirects    int
	absoluteForm bool
}

// answer is what came of it. With a fault, err says more.
type answer struct {
	url         *url.URL // that answered in the end
	hops        []string // where redirects led, without queries
	secure      bool     // every hop was https
	status      int
	contentType string
	location    string
	body        []byte
	tls         *tls.ConnectionState
	err         error
}

var errTooLarge = failure{FaultMalformed, "more than 64 KiB"}

// newTransport makes connections by HTTP/1.1 only, as the clients were measured with, and never through a proxy.
func (e *Env) newTransport() *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, hostPort string) (net.Conn, error) {
			return e.Connect(requestContext(ctx), network, hostPort)
		},
		DialTLSContext:         e.dialTLS,
		DisableCompression:     true, // a client's own Accept-Encoding is sent
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        10 * time.Second,
	}
}

// requestKey is the key of a request's context in itself. The transport goes on connecting when a request has ended, as
// others could use the connection; here none will, and a server that never answers must not outlive its step.
type requestKey struct{}

func requestContext(ctx context.Context) context.Context {
	if own, ok := ctx.Value(requestKey{}).(context.Context); ok {
		return own
	}
	return ctx
}

// dialTLS connects and shakes hands in the request's time.
func (e *Env) dialTLS(ctx context.Context, network, hostPort string) (net.Conn, error) {
	ctx = requestContext(ctx)
	host, _, _ := net.SplitHostPort(hostPort) // Connect says what is wrong with it
	conn, err := e.Connect(ctx, network, hostPort)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: e.Roots, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says more
		return nil, err
	}
	return secure, nil
}

func fetch(ctx context.Context, transport http.RoundTripper, r request) answer {
	ctx = context.WithValue(ctx, requestKey{}, ctx)
	a := answer{}
	req, err := r.build(ctx)
	if err != nil {
		a.err = err
		return a
	}
	a.url, a.secure = req.URL, req.URL.Scheme == "https"
	client := http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		return a.redirect(r, next, len(via))
	}}
	resp, err := client.Do(req)
	if resp != nil {
		defer resp.Body.Close() //nolint:errcheck // read to its end or given up
		a.url, a.status, a.tls = resp.Request.URL, resp.StatusCode, resp.TLS
		a.contentType, a.location = resp.Header.Get("Content-Type"), resp.Header.Get("Location")
	}
	if err != nil {
		a.err = err
		return a
	}
	a.body, a.err = read(resp)
	return a
}

func (r request) build(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "") // else net/http puts its own there
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	r.form(req.URL)
	return req, nil
}

// form gives a URL the request target that the client writes.
func (r request) form(u *url.URL) {
	if r.absoluteForm {
		u.Opaque = "//" + u.Host + u.EscapedPath()
	}
}

func (a *answer) redirect(r request, next *http.Request, count int) error {
	switch {
	case r.redirects == 0:
		return http.ErrUseLastResponse
	case count > r.redirects:
		return failure{FaultRedirects, "too many redirects"}
	case next.URL.Scheme != "http" && next.URL.Scheme != "https" || next.URL.Host == "":
		return failure{FaultRedirects, "a redirect to something other than http or https"}
	}
	next.URL.User = nil        // else net/http makes credentials of it
	next.Header.Del("Referer") // its query holds the address
	r.form(next.URL)
	a.url = next.URL
	a.secure = a.secure && next.URL.Scheme == "https"
	a.hops = append(a.hops, plainURL(next.URL))
	return nil
}

// read takes the content coding off a body and bounds it on both sides.
func read(resp *http.Response) ([]byte, error) {
	body := io.LimitReader(resp.Body, maxRaw)
	switch coding := strings.ToLower(resp.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		unzipped, err := gzip.NewReader(body)
		if errors.Is(err, io.EOF) {
			return nil, nil // no body at all
		}
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		body = unzipped
	case "deflate":
		inflated, err := inflate(body)
		if err != nil {
			return nil, fmt.Errorf("deflate: %w", err)
		}
		body = inflated
	default:
		return nil, fmt.Errorf("the content coding %q was not asked for", coding)
	}
	out, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	if err == nil && len(out) > maxDocument {
		return nil, errTooLarge
	}
	return out, err
}

// inflate reads the zlib format (RFC 9110 §8.4.1.2), and the bare one that some servers send as deflate.
func inflate(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	switch {
	case len(head) == 0:
		return b, nil // no body at all
	case err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0: // RFC 1950 §2.2
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// plainURL is a URL without query, fragment and user.
func plainURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
