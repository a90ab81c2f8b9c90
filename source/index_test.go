package source

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"autoconfig/provider"
)

func TestIndex(t *testing.T) {
	a, b := &provider.Provider{ID: "a"}, &provider.Provider{ID: "b"}
	x := NewIndex(0, 0)
	const n = 5000
	for i := range n {
		p := a
		if i%3 == 0 {
			p = b
		}
		if other, ok := x.Add(fmt.Sprintf("d%d.example", i), p); !ok {
			t.Fatalf("%d: taken by %v", i, other)
		}
	}
	for i := range n {
		p, err := x.Lookup(t.Context(), provider.Address{Domain: fmt.Sprintf("d%d.example", i)})
		if err != nil || (p == b) != (i%3 == 0) {
			t.Fatalf("%d: %v %v", i, p, err)
		}
	}
	if other, ok := x.Add("d3.example", a); ok || other != b {
		t.Errorf("a second d3.example: %v %v", other, ok)
	}
	for _, d := range []string{"d5000.example", "", "d1.exampl", "1.example"} {
		if _, err := x.Lookup(t.Context(), provider.Address{Domain: d}); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("%q: %v", d, err)
		}
	}
	var got []string
	for d, err := range x.Domains(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d)
	}
	if len(got) != n || x.Len() != n || got[0] != "d0.example" || got[n-1] != "d4999.example" {
		t.Errorf("%d domains listed, %d counted", len(got), x.Len())
	}
	for range x.Domains(t.Context()) {
		break
	}
}

// An index that was made for a number of domains has room for them, and one made for none grows.
func TestIndexRoom(t *testing.T) {
	for _, n := range []int{0, 3, 100, 1000} {
		x := NewIndex(n, 0)
		before := len(x.slots)
		for i := range 1000 {
			if i == n && n > 0 && len(x.slots) != before {
				t.Errorf("made for %d, grown from %d to %d slots", n, before, len(x.slots))
			}
			x.Add(fmt.Sprintf("d%d.example", i), &provider.Provider{})
		}
		if len(x.slots) > 4096 || x.Len() != 1000 {
			t.Errorf("%d slots for %d domains", len(x.slots), x.Len())
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	x := NewIndex(1, 16)
	x.Add("example.org", &provider.Provider{})
	got := testing.AllocsPerRun(100, func() {
		_, _ = x.Lookup(t.Context(), provider.Address{Domain: "example.org"})
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

type fixed struct {
	p   *provider.Provider
	err error
}

func (f fixed) Lookup(context.Context, provider.Address) (*provider.Provider, error) {
	return f.p, f.err
}

func TestChain(t *testing.T) {
	p := &provider.Provider{}
	none, down, has := fixed{nil, provider.ErrNotFound}, fixed{nil, provider.ErrUnavailable}, fixed{p, nil}
	for _, test := range []struct {
		chain []fixed
		want  error
	}{
		{nil, provider.ErrNotFound},
		{[]fixed{none, has}, nil},
		{[]fixed{down, has}, nil},
		{[]fixed{down, none}, provider.ErrUnavailable},
		{[]fixed{none, none}, provider.ErrNotFound},
	} {
		var c Chain
		for _, f := range test.chain {
			c = append(c, f)
		}
		got, err := c.Lookup(t.Context(), provider.Address{})
		if !errors.Is(err, test.want) || (err == nil) != (got == p) {
			t.Errorf("%v: %v %v", test.chain, got, err)
		}
	}
}
