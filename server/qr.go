package server

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"

	"autoconfig/provider"
)

// qr answers the code that a phone's camera opens: the https link to the
// profile, at a host that is known to be ours.
func (s *Server) qr(r *request) answer {
	if !s.allow(r) {
		return text(http.StatusTooManyRequests, limited, "too many requests")
	}
	form := r.Request().URL.RawQuery
	accounts, a := s.accounts(r, form)
	if a.status != 0 {
		return a
	}
	host := s.publicHost(r)
	if host == "" {
		return text(http.StatusNotFound, impossible, "no host name to link to; the operator sets service_host")
	}
	q := url.Values{}
	for _, acc := range accounts {
		q.Add("email", acc.Address.String())
	}
	if kind, _, _ := query(form, "account"); kind == "exchange" {
		q.Set("account", kind)
	}
	link := url.URL{Scheme: "https", Host: host, Path: "/mobileconfig", RawQuery: q.Encode()}
	body, err := qrSVG(link.String())
	if err != nil { // the longest code holds about 2 kB
		return text(http.StatusUnprocessableEntity, impossible, "too many addresses for one code")
	}
	return answer{status: http.StatusOK, outcome: served, domain: accounts[0].Address.Domain, kind: "image/svg+xml", cache: noStore, body: body,
		header: [][2]string{{"Content-Security-Policy", "default-src 'none'; sandbox"}, {"Referrer-Policy", "no-referrer"}, {"X-Robots-Tag", "noindex"}}}
}

// publicHost is the host of links that leave the page: the one the page was
// asked by when it is the operator's own, else the service host. A Host header
// alone proves nothing. Empty when there is none.
func (s *Server) publicHost(r *request) string {
	host := s.host(r)
	if host != "" && host == r.set.ServiceHost || s.ours(r, host) {
		return host + s.port(r)
	}
	return r.set.ServiceHost
}

// ours reports whether a host is a listed domain, or such a domain's with the
// name that clients put before it.
func (s *Server) ours(r *request, host string) bool {
	if host == "" {
		return false
	}
	names := []string{host}
	for _, prefix := range hostPrefixes {
		if domain, ok := strings.CutPrefix(host, prefix); ok {
			names = append(names, domain)
		}
	}
	for _, domain := range names {
		if _, err := r.set.Listed.Lookup(r.ctx(), provider.Address{Domain: domain}); err == nil {
			return true
		}
	}
	return false
}

// port is the port of an https request, with its colon, when it is not the
// usual one.
func (s *Server) port(r *request) string {
	if !s.https(r) {
		return ""
	}
	name := r.Request().Host
	if fwd := r.Request().Header.Get("X-Forwarded-Host"); fwd != "" && s.trusted(r) {
		name = fwd
	}
	_, port, err := net.SplitHostPort(name)
	if n, nerr := strconv.ParseUint(port, 10, 16); err != nil || nerr != nil || n == 443 {
		return ""
	}
	return ":" + port
}

// quietZone is the free space round a code, in modules (ISO/IEC 18004 §6.3.8).
const quietZone = 4

// qrSVG draws a text as a code of black squares on white, whatever the colour
// scheme: cameras read no other.
func qrSVG(content string) ([]byte, error) {
	code, err := qr.Encode(content, qr.L, qr.Auto)
	if err != nil {
		return nil, err
	}
	size := code.Bounds().Dx()
	side := strconv.Itoa(size + 2*quietZone)
	out := make([]byte, 0, size*size*6)
	out = append(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `+side+" "+side+`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h`+side+"v"+side+`H0z"/><path d="`...)
	dark := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	for y := range size {
		for x := 0; x < size; x++ {
			run := 0
			for x+run < size && dark(x+run, y) {
				run++
			}
			if run == 0 {
				continue
			}
			out = append(out, 'M')
			out = strconv.AppendInt(out, int64(x+quietZone), 10)
			out = append(out, ' ')
			out = strconv.AppendInt(out, int64(y+quietZone), 10)
			out = append(out, 'h')
			out = strconv.AppendInt(out, int64(run), 10)
			out = append(out, "v1h-"...)
			out = strconv.AppendInt(out, int64(run), 10)
			out = append(out, 'z')
			x += run
		}
	}
	return append(out, `"/></svg>`...), nil
}
