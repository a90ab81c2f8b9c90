package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"autoconfig/discover"
	"autoconfig/dnssrv"
	dnsquery "autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/pages"
	"autoconfig/provider"
)

// programs is what each mail program would find with the records that are published, and with all of the plan, which
// leads to this server at a service host. Nothing is asked over the network: DNS is the plan, and HTTP is this server.
func (s *Server) programs(host string, of pages.Records) []pages.Program {
	var now []dnssrv.Parts
	all := dnssrv.SplitAll(of.Domain, of.Plan)
	for _, parts := range all {
		published := func(f finding.Finding) bool {
			return f.Name == parts.Name && f.Type == parts.Type && dnssrv.Listed(parts.RR, f.Got)
		}
		if slices.ContainsFunc(of.Found, published) {
			now = append(now, parts)
		}
	}
	then := s.discover(host, of.Domain, all)
	var today []discover.Result
	if of.Found != nil {
		today = s.discover(host, of.Domain, now)
	}
	var out []pages.Program
	for i, c := range then {
		p := pages.Program{Title: c.Title, Then: string(c.Verdict)}
		if today != nil {
			p.Now = string(today[i].Verdict)
		}
		out = append(out, p)
	}
	return out
}

// discover walks the discovery of every program in a world that has these records and this server.
func (s *Server) discover(host, domain string, records []dnssrv.Parts) []discover.Result {
	w := &virtual{s: s, domain: domain, service: host, records: records}
	env := &discover.Env{SRV: w.srv, TXT: w.txt, Host: w.host, MX: w.none, NS: w.none, Transport: w, Dial: w.dial,
		Limit: 5 * time.Second}
	report, err := discover.Run(context.Background(), env, provider.Address{Domain: domain})
	if err != nil {
		return nil // only for an unknown client
	}
	return report.Clients
}

// virtual is an Internet with the records of one domain and this server in it.
type virtual struct {
	s               *Server
	domain, service string
	records         []dnssrv.Parts
}

// of lists the records of a type at a name.
func (w *virtual) of(name, rtype string) []dnssrv.Parts {
	return slices.DeleteFunc(slices.Clone(w.records), func(p dnssrv.Parts) bool {
		return p.Type != rtype || p.Name != dnssrv.Plain(name)
	})
}

func (w *virtual) srv(_ context.Context, name string) (out []dnsquery.SRV, err error) {
	for _, p := range w.of(name, "SRV") {
		out = append(out, dnsquery.SRV{Priority: provider.Port(p.Priority), Weight: provider.Port(p.Weight),
			Port: provider.Port(p.Port), Target: p.Target}) // each is a number of 16 bits
	}
	return out, notFoundIfEmpty(out)
}

func (w *virtual) txt(_ context.Context, name string) (out []string, err error) {
	for _, p := range w.of(name, "TXT") {
		out = append(out, p.Text)
	}
	return out, notFoundIfEmpty(out)
}

func (w *virtual) none(context.Context, string) ([]string, error) { return nil, provider.ErrNotFound }

func notFoundIfEmpty[T any](list []T) error {
	if len(list) == 0 {
		return provider.ErrNotFound
	}
	return nil
}

// leads reports whether a host name leads to this server.
func (w *virtual) leads(host string) bool { return host == w.service || len(w.of(host, "CNAME")) > 0 }

func (w *virtual) host(_ context.Context, host string) ([]netip.Addr, error) {
	host = dnssrv.Plain(host)
	target := func(p dnssrv.Parts) bool { return p.Target == host }
	if w.leads(host) || slices.ContainsFunc(w.records, target) {
		return []netip.Addr{netip.AddrFrom4([4]byte{8, 8, 8, 8})}, nil // a public one; nothing connects to it
	}
	return nil, provider.ErrNotFound
}

func (w *virtual) dial(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no connections are made")
}

// internal marks a request that the server sends itself: it is not counted and not logged.
type internal struct{}

// RoundTrip answers a request in memory.
func (w *virtual) RoundTrip(r *http.Request) (*http.Response, error) {
	if !w.leads(dnssrv.Plain(r.URL.Hostname())) {
		return nil, discover.ErrUnresolved
	}
	target := *r.URL
	target.Opaque = ""
	in := r.Clone(context.WithValue(r.Context(), internal{}, true))
	in.URL, in.Host, in.RequestURI, in.RemoteAddr = &target, target.Host, target.RequestURI(), ""
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := &reply{header: http.Header{}, status: http.StatusOK}
	w.s.ServeHTTP(out, in)
	return &http.Response{StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: out.header,
		Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: r}, nil
}

// reply keeps an answer.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (o *reply) Header() http.Header         { return o.header }
func (o *reply) Write(b []byte) (int, error) { return o.body.Write(b) }
func (o *reply) WriteHeader(status int)      { o.status = status }
