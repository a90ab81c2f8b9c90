package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"weak"

	"autoconfig/config"
)

// pageURL is where the log says that the page is.
var pageURL = regexp.MustCompile(`url=(http://127\.0\.0\.1:\d+/)`)

// A service says what it has read, what will disappoint and where its page is, tells the service manager when it is
// ready, when it reads again and when it stops, and leaves when its context ends.
func TestRun(t *testing.T) {
	t.Parallel()
	path, next := manager(t)
	r := newRig(t,
		"listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndns: {watch: 1h}\nproviders:\n  - domains: [own.test]\n    incoming: [imaps://mail.own.test]\n    outgoing: [submissions://mail.own.test]\n")
	r.opts.Env = func(name string) (string, bool) {
		if name == "NOTIFY_SOCKET" {
			return path, true
		}
		return os.LookupEnv(name)
	}
	cfg, found := config.Load(r.running.Path)
	data, more := cfg.Data()
	if config.Failed(append(found, more...)) {
		t.Fatal(found, more)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s := New(cfg, nil, r.opts)
	ended, first := make(chan error, 1), weak.Make(data.Listed)
	go func() { ended <- s.Run(ctx, data) }()
	if got := next(); got != "READY=1" {
		t.Fatalf("%q", got)
	}
	log := r.log.take()
	for _, want := range []string{"msg=configuration", "domains=1", "id=server-service-host-missing",
		"id=server-tls-missing", `discover you@own.test`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in the log:\n%s", want, log)
		}
	}
	m := pageURL.FindStringSubmatch(log)
	if m == nil {
		t.Fatal(log)
	}
	answer, err := http.Get(m[1] + "v1.1/own.test")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != 200 || !strings.Contains(string(body), "mail.own.test") {
		t.Errorf("status %d\n%s", answer.StatusCode, body)
	}
	if _, metrics := ask(s.srv.Admin(), "/metrics"); !strings.Contains(metrics, "autoconfig_records_watch_seconds 3600") {
		t.Error("the watch is not announced")
	}

	r.edit("own.test]\n    inc", "own.test, new.test]\n    inc") // and the files are looked at
	if got := next(); !strings.HasPrefix(got, "RELOADING=1") {
		t.Errorf("%q", got)
	}
	if got := next(); got != "READY=1" {
		t.Errorf("%q", got)
	}
	if status, _ := ask(s.srv, "/v1.1/new.test"); status != 200 {
		t.Errorf("a new domain: %d", status)
	}
	for i := 0; first.Value() != nil; i++ { // a collection may find it in use by a request that has just ended
		if runtime.GC(); i == 100 {
			t.Fatal("what was read at the start stays in memory after a reload")
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	if got := next(); got != "STOPPING=1" {
		t.Errorf("%q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A certificate that is not one, and a folder that cannot be one, keep a service from starting.
func TestRunFails(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{
		"listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nlisten_tls: 127.0.0.1:0\ntls: {cert_file: autoconfig.yaml, key_file: autoconfig.yaml}\n",
		"listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nlisten_tls: 127.0.0.1:0\ntls: {acme: {storage: autoconfig.yaml}}\n",
	} {
		cfg := loaded(t, dir, text)
		data, _ := cfg.Data()
		err := New(cfg, nil, Options{Log: slog.New(slog.DiscardHandler), Env: os.LookupEnv}).Run(t.Context(), data)
		if _, ok := errors.AsType[ConfigError](err); !ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The page's address is one that a browser on this machine can open, and what comes next is what the operator lacks.
func TestGreet(t *testing.T) {
	const own = "providers:\n  - domains: [own.test]\n    incoming: [imaps://mail.own.test]\n    outgoing: [submissions://mail.own.test]\n"
	const https = "listen_tls: 127.0.0.1:0\ntls: {acme: {storage: certs}}\n"
	anywhere := &net.TCPAddr{IP: net.IPv6unspecified, Port: 8080}
	here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	for _, test := range []struct {
		text     string
		addr     net.Addr
		url, log string
	}{
		{"listen: 127.0.0.1:0\n", here, "http://127.0.0.1:8080/", "autoconfig init DOMAIN"},
		{"listen: 127.0.0.1:0\n", anywhere, "http://localhost:8080/", "autoconfig init DOMAIN"},
		{own, anywhere, "http://localhost:8080/", "autoconfig discover you@own.test"},
		{"service_host: autoconfig.hoster.test\n" + own, here, "http://127.0.0.1:8080/", "you@own.test"},
		{https + "service_host: autoconfig.hoster.test\n" + own, here, "https://autoconfig.hoster.test/", "you@own.test"},
		{https + own, here, "http://127.0.0.1:8080/", "you@own.test"},
		{"service_host: autoconfig.hoster.test\n" + own, &net.UnixAddr{Name: "x"}, "https://autoconfig.hoster.test/",
			"you@own.test"},
		{own, &net.UnixAddr{Name: "x"}, "", ""},
		{"sources: [{name: a, sql: sqlite, dsn: a.db, domain: SELECT 1 WHERE :domain}]\n", here, "http://127.0.0.1:8080/",
			"autoconfig sources check"},
	} {
		cfg := loaded(t, t.TempDir(), test.text)
		data, found := cfg.Data()
		if config.Failed(found) {
			t.Fatal(found)
		}
		log := &buffer{}
		s := &Service{running: cfg, log: slog.New(slog.NewTextHandler(log, nil))}
		s.greet(test.addr, nextStep(cfg, data))
		if text := log.take(); test.url == "" && text != "" || test.url != "" &&
			!strings.Contains(text, "url="+test.url+" ") || !strings.Contains(text, test.log) {
			t.Errorf("%s at %s: %s", test.text, test.addr, text)
		}
	}
}

// With providers of one's own, what clients will miss is said at the start.
func TestStartupFindings(t *testing.T) {
	const own = "providers:\n  - domains: [own.test]\n    incoming: [imaps://mail.own.test]\n    outgoing: [submissions://mail.own.test]\n"
	for text, want := range map[string]string{
		"listen: 127.0.0.1:0\n": "",
		own:                     "server-service-host-missing server-tls-missing",
		own + "service_host: autoconfig.hoster.test\n":                   "server-tls-missing",
		own + "listen_tls: 127.0.0.1:0\ntls: {acme: {storage: certs}}\n": "server-service-host-missing",
	} {
		var ids []string
		for _, f := range startupFindings(loaded(t, t.TempDir(), text)) {
			ids = append(ids, f.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A small heap may grow by the headroom, a large one as usual, and an operator's own GOGC counts before both.
func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 3200, 1 << 20: 3200, 4 << 20: 800, 32 << 20: 100, 1 << 30: 100} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d octets: %d %%, want %d", live, got, want)
		}
	}
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	s := &Service{opts: Options{Env: func(name string) (string, bool) { return "77", name == "GOGC" }}}
	if s.tuneGC(); debug.SetGCPercent(77) != 77 {
		t.Error("GOGC does not count")
	}
	s.opts.Env = func(string) (string, bool) { return "", false }
	if s.tuneGC(); debug.SetGCPercent(77) < 100 {
		t.Error("it is left as it was")
	}
}

// A file that changed while everything was read is read next time; one that is new counts as it is.
func TestMerge(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	before := map[string]stamp{"a": {time: at(1)}, "gone": {time: at(1)}}
	got := merge(before, map[string]stamp{"a": {time: at(2)}, "new": {time: at(3)}})
	if len(got) != 2 || got["a"] != before["a"] || got["new"] != (stamp{time: at(3)}) {
		t.Errorf("%v", got)
	}
}
