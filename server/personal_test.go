package server

import (
	"context"
	"errors"
	"strings"
	"testing"

	"autoconfig/provider"
	"autoconfig/source"
)

// people is a source in which one mailbox has a login name of its own.
type people struct {
	provider.Source
	err error
}

func (p people) Lookup(ctx context.Context, a provider.Address) (*provider.Provider, error) {
	if p.err != nil {
		return nil, p.err
	}
	own, err := p.Source.Lookup(ctx, a)
	if err != nil || a.Local != "ann" {
		return own, err
	}
	q := *own
	q.Personal = true
	q.Incoming, q.Outgoing = append([]provider.Server(nil), q.Incoming...), append([]provider.Server(nil), q.Outgoing...)
	for _, list := range [][]provider.Server{q.Incoming, q.Outgoing} {
		for i := range list {
			list[i].Username = "x<&>7"
		}
	}
	return &q, nil
}

// A login of one person is in every document for that person, expanded and not
// to be kept, and in nobody else's.
func TestPersonal(t *testing.T) {
	s := newTestServer(t, func(_ *Options, set *Settings) { set.Source = people{Source: set.Source} })
	for _, test := range []struct{ line, body, login string }{
		{"GET http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=ann@example.org", "",
			"<username>x&lt;&amp;&gt;7</username>"},
		{"GET http://autodiscover.example.org/autodiscover/autodiscover.xml?email=ann@example.org", "",
			"<LoginName>x&lt;&amp;&gt;7</LoginName>"},
		{"POST http://autodiscover.example.org/autodiscover/autodiscover.xml",
			poxBody("outlook/responseschema/2006a", "ann@example.org"), "<LoginName>x&lt;&amp;&gt;7</LoginName>"},
		{"GET http://x.example/api/v1/settings?email=ann@example.org", "", `"username": "x\u003c\u0026\u003e7"`},
		{"GET http://x.example/mobileconfig?email=ann@example.org", "", "<string>x&lt;&amp;&gt;7</string>"},
		{"GET http://x.example/setup?email=ann@example.org", "", "x&lt;&amp;&gt;7"},
	} {
		for range 2 {
			r := ask(t, s, test.line, test.body)
			body := bodyOf(t, r)
			if r.StatusCode != 200 || !strings.Contains(body, test.login) || strings.Contains(body, "%EMAIL") {
				t.Errorf("%s: %d\n%s", test.line, r.StatusCode, body)
			}
			if cache := r.Header.Get("Cache-Control"); !strings.Contains(cache, "no-store") || r.Header.Get("Etag") != "" {
				t.Errorf("%s: Cache-Control %q, ETag %q", test.line, cache, r.Header.Get("Etag"))
			}
			other := strings.ReplaceAll(test.line, "ann@", "bob@")
			if body := bodyOf(t, ask(t, s, other, strings.ReplaceAll(test.body, "ann@", "bob@"))); strings.Contains(body,
				"&amp;") && strings.Contains(body, "x&lt;") {
				t.Errorf("%s has another's login:\n%s", other, body)
			}
		}
	}
	r := ask(t, s, "GET http://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=bob@example.org", "")
	if !strings.HasPrefix(r.Header.Get("Cache-Control"), "public") || !strings.Contains(bodyOf(t, r), "%EMAILADDRESS%") {
		t.Error("the document of a mailbox without a login of its own is not the domain's")
	}
	kept := 0
	s.settings.Load().documents.byProvider.Range(func(p, _ any) bool {
		kept++
		if q, ok := p.(*provider.Provider); !ok || q.Personal {
			t.Error("a person's document is kept")
		}
		return true
	})
	if kept == 0 {
		t.Error("no document is kept at all")
	}
}

// While a source is down, nothing that it may know is "not served".
func TestSourceDown(t *testing.T) {
	s := newTestServer(t, func(_ *Options, set *Settings) {
		down := people{err: errors.Join(provider.ErrUnavailable, errors.New("dial tcp 192.0.2.9:5432: secret words"))}
		set.Quick = set.Source
		set.Source, set.Listed = source.Chain{set.Source, down}, source.Chain{set.Listed, down}
		set.Trouble = func() []string { return []string{`the source "customers" does not answer`} }
	})
	for _, line := range []string{
		"GET http://autoconfig.shop.example/mail/config-v1.1.xml",
		"GET http://autoconfig.shop.example/mail/config-v1.1.xml?emailaddress=a@shop.example",
		"GET http://192.0.2.1/v1.1/shop.example",
		"GET http://ua-auto-config.shop.example/.well-known/user-agent-configuration.json",
		"GET http://x.example/autodiscover/autodiscover.json?Email=a@shop.example&Protocol=AutodiscoverV1",
		"GET http://x.example/api/v1/settings?email=a@shop.example",
		"GET http://x.example/mobileconfig?email=a@shop.example",
		"GET http://x.example/setup?email=a@shop.example",
	} {
		r := ask(t, s, line, "")
		body := bodyOf(t, r)
		if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" || strings.Contains(body, "secret") ||
			strings.Contains(body, "customers") {
			t.Errorf("%s: %d, Retry-After %q\n%s", line, r.StatusCode, r.Header.Get("Retry-After"), body)
		}
	}
	r := ask(t, s, "POST http://x.example/autodiscover/autodiscover.xml",
		poxBody("outlook/responseschema/2006a", "a@shop.example"))
	if body := bodyOf(t, r); r.StatusCode != 200 || !strings.Contains(body, "<ErrorCode>603</ErrorCode>") {
		t.Errorf("POX: %d\n%s", r.StatusCode, body)
	}
	if metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", "")); !strings.Contains(metrics,
		"\nautoconfig_panics_total 0\n") {
		t.Error("a source that is down is taken for a fault of the program")
	}
	if r := ask(t, s, "GET http://192.0.2.1/v1.1/live.co.uk", ""); r.StatusCode != 200 {
		t.Errorf("a built-in domain: %d", r.StatusCode)
	}
	if r := ask(t, s.Admin(), "GET /ask?domain=autoconfig.shop.example", ""); r.StatusCode != 503 {
		t.Errorf("/ask: %d", r.StatusCode)
	}
	r = ask(t, s.Admin(), "GET /readyz", "")
	if body := bodyOf(t, r); r.StatusCode != 200 || !strings.Contains(body, `"degraded"`) ||
		!strings.Contains(body, `the source \"customers\" does not answer`) {
		t.Errorf("/readyz: %d %s", r.StatusCode, body)
	}
}

// fixed is a source that has one provider for every domain.
type fixed struct{ p *provider.Provider }

func (f fixed) Lookup(context.Context, provider.Address) (*provider.Provider, error) { return f.p, nil }
