package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"autoconfig/provider"
)

// request is what a handler sees of a request. It is used again for others, so
// nothing of it may be kept.
type request struct {
	echo.Context
	set  *Settings
	body []byte // of a POST
	room []byte // for the answer's body
}

// readBody reads a body of at most maxBody octets.
func (r *request) readBody() error {
	in := http.MaxBytesReader(r.Response(), r.Request().Body, maxBody)
	r.body = r.body[:0]
	for {
		r.body = slices.Grow(r.body, 512)
		n, err := in.Read(r.body[len(r.body):cap(r.body)])
		r.body = r.body[:len(r.body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// ctx is for look-ups. It outlives the request's own, which net/http ends as
// soon as a client shuts its sending side, though it may still read; sources
// have time-outs of their own.
func (r *request) ctx() context.Context { return context.WithoutCancel(r.Request().Context()) }

// trusted reports whether the peer is a proxy whose X-Forwarded-* headers count.
func (s *Server) trusted(r *request) bool {
	addr, ok := peer(r.Request().RemoteAddr)
	return ok && contains(s.opts.TrustedProxies, addr)
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func peer(remote string) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(remote)
	return ap.Addr().Unmap().WithZone(""), err == nil
}

// client is the address to limit and log by: the peer, or behind trusted
// proxies the last X-Forwarded-For address that is not a proxy's. It is not ok
// for a trusted proxy's own address.
func (s *Server) client(r *request) (addr netip.Addr, ok bool) {
	addr, ok = peer(r.Request().RemoteAddr)
	if !ok || !contains(s.opts.TrustedProxies, addr) {
		return addr, ok
	}
	hops := strings.Split(strings.Join(r.Request().Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if hop = hop.Unmap().WithZone(""); !contains(s.opts.TrustedProxies, hop) {
			return hop, true
		}
	}
	return addr, false
}

// host is the normalised name the request came by, "" when it is none.
func (s *Server) host(r *request) string {
	name := r.Request().Host
	if fwd := r.Request().Header.Get("X-Forwarded-Host"); fwd != "" && s.trusted(r) {
		name, _, _ = strings.Cut(fwd, ",") // the first proxy's, when there are several
	}
	return hostName(strings.TrimSpace(name))
}

// pathAndQuery is a request target as the client sent it, without the scheme
// and authority of the absolute form (RFC 9112 §3.2.2).
func pathAndQuery(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		i := strings.IndexAny(rest, "/?")
		if i < 0 {
			return "/"
		}
		target = rest[i:]
	}
	return target
}

func hostName(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.Contains(name[i:], "]") {
		name = name[:i]
	}
	name, err := provider.ParseDomain(name)
	if err != nil {
		return ""
	}
	return name
}

// https reports whether the client speaks https, and remembers that a proxy
// in front does.
func (s *Server) https(r *request) bool {
	if r.Request().TLS != nil {
		return true
	}
	if r.Request().Header.Get("X-Forwarded-Proto") == "https" && s.trusted(r) {
		s.sawHTTPS.Store(true)
		return true
	}
	return false
}

// query is the first value of a query key, matched in any case. It is not ok
// when the query as a whole does not parse (the URL Standard's form decoding,
// but a semicolon is refused as net/url does).
func query(raw, key string) (value string, found, ok bool) {
	all, err := queryAll(raw, key)
	if err != nil {
		return "", false, false
	}
	if len(all) == 0 {
		return "", false, true
	}
	return all[0], true, true
}

var errQuery = errors.New("server: malformed query")

// queryAll lists the values of a query key in their order.
func queryAll(raw, key string) ([]string, error) {
	var out []string
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if strings.Contains(pair, ";") {
			return nil, errQuery
		}
		k, v, _ := strings.Cut(pair, "=")
		k, err := url.QueryUnescape(k)
		if err != nil {
			return nil, errQuery
		}
		v, err = url.QueryUnescape(v)
		if err != nil {
			return nil, errQuery
		}
		if strings.EqualFold(k, key) {
			out = append(out, v)
		}
	}
	return out, nil
}

// plus reads a blank in the local part as the + it was before form decoding:
// several clients send the address raw.
func plus(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || !strings.Contains(s[:at], " ") {
		return s
	}
	return strings.ReplaceAll(s[:at], " ", "+") + s[at:]
}

// lowerASCII is s in lower case, but for what follows the v2 JSON path.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			lower := strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, s)
			if len(lower) == len(s) && strings.HasPrefix(lower, jsonPath) {
				return jsonPath + s[len(jsonPath):]
			}
			return lower
		}
	}
	return s
}
