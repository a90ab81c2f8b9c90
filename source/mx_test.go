package source

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"autoconfig/provider"
)

func TestMX(t *testing.T) {
	own := &provider.Provider{ID: "own", MX: []string{"mx.example.org"}}
	inner := &provider.Provider{ID: "inner", MX: []string{"inner.mx.example.org"}}
	exchangers := map[string][]string{
		"live.co.uk":       {"eur.olc.protection.outlook.com"},
		"hotmail.at":       {"hotmail-at.olc.protection.outlook.com"},
		"contoso.example":  {"contoso-example.mail.protection.outlook.com"},
		"new.example":      {"new-example.o-v1.mx.microsoft"},
		"evil.example":     {"x.mail.protection.outlook.com.evil.example"},
		"near.example":     {"xmail.protection.outlook.com"},
		"own.example":      {"a.mx.example.org", "b.mx.example.org"},
		"exact.example":    {"mx.example.org"},
		"inner.example":    {"x.inner.mx.example.org"},
		"split.example":    {"mx.example.org", "x.mail.protection.outlook.com"},
		"half.example":     {"mx.example.org", "mx.elsewhere.example"},
		"elsewhere.test":   {"mx.elsewhere.example"},
		"single.example":   {"microsoft"},
		"vanishes.example": nil,
	}
	cache := NewMXCache(MXCacheOptions(), func(_ context.Context, domain string) ([]string, error) {
		if hosts := exchangers[domain]; hosts != nil {
			return hosts, nil
		}
		return nil, fmt.Errorf("NXDOMAIN: %w", provider.ErrNotFound)
	})
	mx := NewMX(append(provider.Builtins(), own, inner), cache)
	for domain, want := range map[string]string{
		"live.co.uk": provider.Outlook, "hotmail.at": provider.Outlook, "contoso.example": provider.Microsoft365,
		"new.example": provider.Microsoft365, "evil.example": "", "near.example": "", "own.example": "own",
		"exact.example": "own", "inner.example": "inner", "split.example": "", "half.example": "",
		"elsewhere.test": "", "single.example": "", "vanishes.example": "", "unknown.example": "",
	} {
		p, err := mx.Lookup(t.Context(), provider.Address{Domain: domain})
		got := ""
		if err == nil {
			got = p.ID
		} else if !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("%s: %v", domain, err)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
		if !mx.Cached(domain) {
			t.Errorf("%s: not remembered", domain)
		}
	}
	if mx.Down() {
		t.Error("down although every question was answered")
	}
}

// Resolvers that are down are found to be back without a client that asks.
func TestMXCheck(t *testing.T) {
	var asked []string
	broken := errors.New("SERVFAIL")
	cache := NewMXCache(MXCacheOptions(), func(_ context.Context, domain string) ([]string, error) {
		asked = append(asked, domain)
		return nil, broken
	})
	cache.Check(t.Context())
	if len(asked) != 0 {
		t.Error("asked although nothing was wrong")
	}
	mx := NewMX(nil, cache)
	for i := range failuresOfADownBackend {
		_, _ = mx.Lookup(t.Context(), provider.Address{Domain: fmt.Sprintf("d%d.example", i)})
	}
	if cache.Check(t.Context()); !mx.Down() {
		t.Error("up although the check failed")
	}
	broken = provider.ErrNotFound
	if cache.Check(t.Context()); mx.Down() || asked[len(asked)-1] != "." {
		t.Errorf("still down after %v", asked)
	}
}

func TestMXTableFirstClaimCounts(t *testing.T) {
	a, b := &provider.Provider{ID: "a", MX: []string{"mx.example"}},
		&provider.Provider{ID: "b", MX: []string{"mx.example"}}
	if p := NewMXTable([]*provider.Provider{a, b}).ByHost("1.mx.example"); p != a {
		t.Errorf("%+v", p)
	}
	if p := NewMXTable(nil).ByHost("mx.example"); p != nil {
		t.Errorf("%+v", p)
	}
}
