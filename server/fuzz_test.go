package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/apple"
)

// FuzzHandler sends whole requests. Nothing may come of them but what the
// status table allows: no 5xx without the source being down, well-formed
// bodies, no echo, and settings for served domains only.
func FuzzHandler(f *testing.F) {
	for _, glob := range []string{"testdata/requests/*.http", "testdata/hostile/*.http"} {
		files, err := filepath.Glob(glob)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(raw) < 8<<10 {
				f.Add(raw)
			}
		}
	}
	s := newTestServer(f, func(_ *Options, set *Settings) { set.MX = nil })
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		r.RemoteAddr = "127.0.0.1:1" // never limited
		w := &recorder{h: http.Header{}}
		s.ServeHTTP(w, r)
		checkAnswer(t, w)
		if bytes.Contains(raw, []byte("EVIL")) && bytes.Contains(w.body.Bytes(), []byte("<EVIL")) {
			t.Errorf("markup echoed:\n%s", w.body.Bytes())
		}
	})
}

// recorder is a ResponseWriter that keeps everything.
type recorder struct {
	h      http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.h }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
func (w *recorder) WriteHeader(status int)      { w.status = status }

func checkAnswer(t *testing.T, w *recorder) {
	t.Helper()
	if w.status < 200 || w.status >= 500 {
		t.Errorf("status %d", w.status)
	}
	for key, values := range w.h {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") {
				t.Errorf("%s: %q", key, v)
			}
		}
	}
	body := w.body.Bytes()
	if len(body) == 0 {
		return
	}
	switch kind := w.h.Get("Content-Type"); kind {
	case textXML:
		d := xml.NewDecoder(bytes.NewReader(body))
		for {
			if _, err := d.Token(); err == io.EOF { //nolint:errorlint // exactly that
				break
			} else if err != nil {
				t.Fatalf("%v in\n%s", err, body)
			}
		}
	case appJSON, problem, "application/json":
		if !json.Valid(body) {
			t.Errorf("no JSON: %s", body)
		}
	case apple.ContentType:
		if _, err := apple.Decode(body); err != nil {
			t.Errorf("%v in\n%s", err, body)
		}
	}
	if w.status == http.StatusOK && bytes.Contains(body, []byte("<clientConfig")) {
		served := false
		for _, d := range []string{"example.org", "example.net", "hoster.example", "oauth.example", "mx.hoster.example",
			"outlook.com", "microsoft"} {
			served = served || bytes.Contains(body, []byte(d+"</domain>"))
		}
		if !served && !bytes.Contains(body, []byte("smtp-mail.outlook.com")) {
			t.Errorf("settings for a domain that is not served:\n%s", body)
		}
	}
}

// The own reader of queries agrees with net/url's in what is malformed and in
// the first value.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"email=a%40b", "a=%4", "a=%zz", "a;b=1", "EMAIL=x&email=y", "%65mail=+", "email", "=&&=",
		"email=%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		got, found, ok := query(raw, "email")
		if ok != (err == nil) {
			t.Fatalf("%q: ok %v, net/url says %v", raw, ok, err)
		}
		if want := values["email"]; ok && len(values) == 1 && len(want) > 0 && (!found || got != want[0]) {
			t.Fatalf("%q: %q, net/url has %q", raw, got, want)
		}
	})
}
