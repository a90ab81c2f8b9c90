//go:build e2e

package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// smuggled is a request that nobody sent, and that no proxy may see as one.
const smuggled = "GET /v1.1/smuggled.example HTTP/1.1\r\nHost: x.example\r\n\r\n"

// post begins a request whose body is not what it seems.
const post = "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: autodiscover.victim.example\r\nContent-Type: text/xml\r\n"

// attacks are requests on whose end a proxy and a server may disagree (RFC 9112
// §6.3, §11.2).
func attacks() map[string]string {
	chunked := "0\r\n\r\n" + smuggled
	size := func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }
	list := map[string]string{
		"length, server by chunks": post + "Transfer-Encoding: chunked\r\n" + size(chunked),
		"chunks, server by length": post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		"two lengths": post + "Content-Length: 0\r\n" + size(smuggled),
		"two lengths, reversed": post + fmt.Sprintf("Content-Length: %d\r\nContent-Length: 0\r\n\r\n%s", len(smuggled),
			smuggled),
		"a list of lengths":    post + fmt.Sprintf("Content-Length: 0, %d\r\n\r\n%s", len(smuggled), smuggled),
		"a length with a sign": post + fmt.Sprintf("Content-Length: +%d\r\n\r\n%s", len(smuggled), smuggled),
		"a length in hex":      post + "Content-Length: 0x0\r\n\r\n" + smuggled,
		"GET with a body": "GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\n" +
			size(smuggled),
		"GET with chunks": "GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled),
		"HEAD with a body": "HEAD /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\n" +
			size(smuggled),
		"OPTIONS with a body": "OPTIONS /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\n" +
			size(smuggled),
		"405 before the body is read": "POST /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\n" +
			size(smuggled),
		"404 before the body is read": "POST /nothing HTTP/1.1\r\nHost: autoconfig.victim.example\r\n" + size(smuggled),
		"307 before the body is read": "PROPFIND /.well-known/caldav HTTP/1.1\r\nHost: victim.example\r\n" + size(smuggled),
		"413 in the middle of a body": post + size(strings.Repeat("a", 64<<10)+smuggled),
		"413 in the middle of chunks": post + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s%s\r\n0\r\n\r\n",
			64<<10+len(smuggled), strings.Repeat("a", 64<<10), smuggled),
		"100-continue":        post + "Expect: 100-continue\r\n" + size(smuggled),
		"a chunk's extension": post + "Transfer-Encoding: chunked\r\n\r\n0;a=\"\r\n\r\n" + smuggled + "\"\r\n\r\n",
		"a chunk's extension, bare LF": post + "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n" +
			fmt.Sprintf("%x", len(smuggled)) + "\r\n0\r\n\r\n" + smuggled,
		"a chunk's size overflows": post + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + smuggled,
		"a negative chunk":         post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + smuggled,
		"trailers": post +
			"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 50\r\nHost: smuggled.example\r\n\r\n",
		"HTTP/1.0 with chunks": strings.Replace(post, "1.1\r", "1.0\r", 1) +
			"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n" + size(chunked),
		"an upgrade to h2c":           "GET / HTTP/1.1\r\nHost: victim.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"an upgrade to a web socket":  "GET / HTTP/1.1\r\nHost: victim.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + smuggled,
		"the length is a hop's":       post + "Connection: Content-Length\r\n" + size(smuggled),
		"the host is a hop's":         post + "Connection: Host, X-Forwarded-For\r\n" + size(smuggled),
		"a request line with a blank": "GET /mail/config-v1.1.xml HTTP/1.1 HTTP/1.1\r\nHost: autoconfig.victim.example\r\n\r\n",
		"two hosts":                   "GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\nHost: autoconfig.smuggled.example\r\n\r\n",
		"NUL in a header":             "GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\nX: a\x00b\r\n\r\n",
		"a lone CR":                   "GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.victim.example\r\nX: a\rTransfer-Encoding: chunked\r\n" + size(chunked),
	}
	for i, te := range []string{"Transfer-Encoding : chunked", "Transfer-Encoding: xchunked",
		"Transfer-Encoding:\tchunked", "Transfer-Encoding: chunked, identity",
		"Transfer-Encoding: identity, chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
		"X: y\nTransfer-Encoding: chunked", "Transfer-Encoding\r\n : chunked",
		" Transfer-Encoding: chunked", `Transfer-Encoding: "chunked"`, "Transfer-Encoding: \x0bchunked",
		"Transfer_Encoding: chunked", "Transfer-Encoding: CHUNKED", "Transfer-Encoding: chunked;a=b"} {
		list["a coding in other letters "+strconv.Itoa(i)] = post + te + "\r\n" + size(chunked)
	}
	return list
}

var ispdbServed = regexp.MustCompile(`autoconfig_requests_total\{outcome="served",protocol="ispdb"\} (\d+)`)

// ispdb counts the requests for /v1.1/ that both replicas have answered.
func (f *fleet) ispdb(t *testing.T) (n int) {
	t.Helper()
	for _, r := range []*replica{f.first, f.second} {
		m := ispdbServed.FindStringSubmatch(r.adminBody("/metrics"))
		if m == nil {
			t.Fatal("the metrics have no such counter")
		}
		i, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		n += i
	}
	return n
}

// Through each proxy of deploy/, no request hides in another: what the server
// answered is what its sender got, and the next client gets its own.
func TestSmuggling(t *testing.T) {
	for _, proxy := range []front{nginx, haproxy, caddy} {
		t.Run(proxy.file, func(t *testing.T) {
			f := newFleet(t)
			f.start(t, fmt.Sprintf(twoDomains, false))
			proxy.start(t, f)
			victims := newAsker(f.http, true)
			var check func(name string, patience time.Duration, send func(time.Duration) string)
			check = func(name string, patience time.Duration, send func(time.Duration) string) {
				before := f.ispdb(t)
				answer := send(patience)
				for range 4 { // as many as a proxy may hold connections to the replicas
					if status, body, err := victims.get("autoconfig.victim.example", settingsPath); status != http.StatusOK ||
						!strings.Contains(body, "<domain>victim.example</domain>") {
						t.Errorf("%s: the next client got %d %v\n%s", name, status, err, body)
					}
				}
				own := strings.Count(answer, "<domain>smuggled.example</domain>")
				if got := f.ispdb(t) - before; got != own && patience == quick {
					check(name, 3*time.Second, send) // the answer may have come late
				} else if got != own {
					t.Errorf("%s: the server answered %d hidden requests, their sender saw %d of them:\n%s", name, got, own, answer)
				}
			}
			if control := sendRaw(t, f.http, smuggled, 3*time.Second); !strings.Contains(control, "smuggled.example") {
				t.Fatalf("sent openly it is answered:\n%s", control)
			}
			for name, raw := range attacks() {
				check(name, quick, func(d time.Duration) string { return sendRaw(t, f.http, raw, d) })
			}
			for name, fields := range hiddenFields {
				check("HTTP/2: "+name, quick, func(d time.Duration) string { return sendH2(t, f.https, fields, d) })
			}
		})
	}
}

// quick is how long silence ends an answer, at first.
const quick = 150 * time.Millisecond

// sendRaw sends octets and reads what comes until nothing more does.
func sendRaw(t *testing.T, addr, raw string, silence time.Duration) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, raw) // it may be refused before its end
	return readQuiet(c, silence)
}

func readQuiet(c net.Conn, silence time.Duration) string {
	var out bytes.Buffer
	room := make([]byte, 64<<10)
	for {
		_ = c.SetReadDeadline(time.Now().Add(silence))
		n, err := c.Read(room)
		out.Write(room[:n])
		if err != nil {
			return out.String()
		}
	}
}

// hiddenFields become lines of HTTP/1.1 where a proxy writes HTTP/2 fields as
// they are (RFC 9113 §8.2.1, §10.3).
var hiddenFields = map[string][][2]string{
	"a line in a value":    {{":path", "/mail/config-v1.1.xml"}, {"x", "y\r\n\r\n" + smuggled}},
	"a line in a name":     {{":path", "/mail/config-v1.1.xml"}, {"x: y\r\n\r\n" + smuggled + "z", "1"}},
	"a line in the path":   {{":path", "/ HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled}},
	"a blank in the path":  {{":path", "/v1.1/smuggled.example HTTP/1.1"}},
	"a line in the method": {{":method", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"}, {":path", "/v1.1/smuggled.example"}},
	"a coding":             {{":method", "POST"}, {":path", "/nothing"}, {"transfer-encoding", "chunked"}},
	"a wrong length":       {{":method", "POST"}, {":path", "/nothing"}, {"content-length", "0"}},
	"a line in the host": {{":authority", "autoconfig.victim.example\r\n\r\n" + smuggled},
		{":path", "/mail/config-v1.1.xml"}},
}

// sendH2 sends one HTTP/2 request with a body that is a hidden request.
func sendH2(t *testing.T, addr string, fields [][2]string, silence time.Duration) string {
	t.Helper()
	c, err := tls.Dial("tcp", addr,
		&tls.Config{ServerName: "autoconfig.victim.example", InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		return err.Error() // Caddy has no certificate for others' names
	}
	defer func() { _ = c.Close() }()
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	pseudo := map[string]string{":method": "GET", ":scheme": "https", ":authority": "autoconfig.victim.example",
		":path": "/"}
	for _, f := range fields {
		if _, ok := pseudo[f[0]]; ok {
			pseudo[f[0]] = f[1]
		}
	}
	for _, name := range []string{":method", ":scheme", ":authority", ":path"} {
		_ = enc.WriteField(hpack.HeaderField{Name: name, Value: pseudo[name]}) // a buffer takes everything
	}
	for _, f := range fields {
		if _, ok := pseudo[f[0]]; !ok {
			_ = enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
		}
	}
	_, _ = io.WriteString(c, http2.ClientPreface)
	framer := http2.NewFramer(c, c)
	body := pseudo[":method"] == "POST"
	_ = framer.WriteSettings()
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true,
		EndStream: !body})
	if body {
		_ = framer.WriteData(1, true, []byte(smuggled))
	}
	return readQuiet(c, silence)
}
