package acme

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"autoconfig/provider"
)

// zone answers from a table; a name that is not there does not exist, and one
// without a value has no answer.
func zone(asked *atomic.Int32, table map[string]string) func(context.Context, string) ([]netip.Addr, error) {
	return func(_ context.Context, host string) ([]netip.Addr, error) {
		asked.Add(1)
		text, ok := table[host]
		switch {
		case !ok:
			return nil, fmt.Errorf("%s: %w", host, provider.ErrNotFound)
		case text == "":
			return nil, provider.ErrUnavailable
		}
		if host == "service.example" {
			return []netip.Addr{netip.MustParseAddr(text)}, nil
		}
		return []netip.Addr{netip.MustParseAddr("203.0.113.99"), netip.MustParseAddr(text)}, nil
	}
}

func TestLeads(t *testing.T) {
	table := map[string]string{
		"service.example": "198.51.100.1", "by-service.example": "198.51.100.1", "configured.example": "203.0.113.50",
		"six.example":    "2001:db8::5",
		"mapped.example": "::ffff:203.0.113.50", "loop.example": "127.0.0.1", "bound.example": "203.0.113.7",
		"elsewhere.example": "203.0.113.8", "silent.example": "",
	}
	configured := []netip.Addr{netip.MustParseAddr("203.0.113.50"), netip.MustParseAddr("2001:db8::5")}
	for _, test := range []struct {
		host     string
		o        LeadsOptions
		services []string
		here     bool
		unknown  bool
	}{
		{host: "service.example", o: LeadsOptions{}, services: []string{"service.example"}, here: true},
		{host: "by-service.example", o: LeadsOptions{}, services: []string{"service.example"}, here: true},
		{host: "by-service.example", o: LeadsOptions{}},
		{host: "by-service.example", o: LeadsOptions{}, services: []string{"silent.example"}, unknown: true},
		{host: "by-service.example", o: LeadsOptions{}, services: []string{"missing.example"}},
		{host: "by-service.example", services: []string{"silent.example", "service.example"}, here: true},
		{host: "elsewhere.example", services: []string{"silent.example", "service.example"}, unknown: true},
		{host: "configured.example", o: LeadsOptions{Addresses: configured}, here: true},
		{host: "configured.example", o: LeadsOptions{Addresses: configured}, services: []string{"silent.example"},
			here: true},
		{host: "mapped.example", o: LeadsOptions{Addresses: configured}, here: true},
		{host: "six.example", o: LeadsOptions{Addresses: configured}, here: true},
		{host: "elsewhere.example", o: LeadsOptions{Addresses: configured, Listen: ":443"},
			services: []string{"service.example"}},
		{host: "missing.example", o: LeadsOptions{Addresses: configured, Listen: ":443"},
			services: []string{"service.example"}},
		{host: "silent.example", o: LeadsOptions{Addresses: configured}, services: []string{"service.example"},
			unknown: true},
		{host: "bound.example", o: LeadsOptions{Listen: "203.0.113.7:443"}, here: true},
		{host: "elsewhere.example", o: LeadsOptions{Listen: "203.0.113.7:443"}},
		{host: "loop.example", o: LeadsOptions{Listen: "127.0.0.1:443"}, here: true},
		{host: "loop.example", o: LeadsOptions{Listen: ":443"}}, // everybody's own
		{host: "loop.example", o: LeadsOptions{Listen: "[::]:443"}},
	} {
		var asked atomic.Int32
		test.o.Lookup, test.o.Now = zone(&asked, table), time.Now
		l := NewLeads(test.o)
		for range 3 {
			err := l.Check(t.Context(), test.host, test.services...)
			if (err == nil) != test.here || err != nil && errors.Is(err, errUnanswered) != test.unknown {
				t.Errorf("%s with %v: %v", test.host, test.o, err)
			}
		}
		if n := asked.Load(); n > 1+int32(len(test.services)) {
			t.Errorf("%s: %d questions", test.host, n)
		}
	}
}

// An answer is believed for a minute, also when the clock is set back; a name that
// led here is remembered for a day, while DNS does not answer.
func TestLeadsMemory(t *testing.T) {
	var asked atomic.Int32
	table := map[string]string{"n.example": "203.0.113.7"}
	now := time.Unix(1e9, 0)
	l := NewLeads(LeadsOptions{Lookup: zone(&asked, table), Listen: "203.0.113.7:443",
		Now: func() time.Time { return now }})
	check := func(want bool, questions int32) {
		t.Helper()
		if err := l.Check(t.Context(), "n.example"); (err == nil) != want || asked.Load() != questions {
			t.Errorf("%v after %d questions", err, asked.Load())
		}
	}
	check(true, 1)
	table["n.example"] = ""
	now = now.Add(lookupKept - time.Second)
	check(true, 1)
	now = now.Add(time.Second)
	check(false, 2)
	if !l.Lately("n.example") || l.Lately("other.example") {
		t.Error("led here lately?")
	}
	now = now.Add(-time.Hour)
	check(false, 3)
	now = now.Add(lastLead + 2*time.Hour)
	if l.Lately("n.example") {
		t.Error("for ever")
	}
	for i := range leadsKept + 10 {
		now = now.Add(time.Millisecond)
		_ = l.Check(t.Context(), fmt.Sprintf("n%d.example", i))
	}
	if _, known := l.names[fmt.Sprintf("n%d.example", leadsKept+9)]; !known || len(l.names) > leadsKept ||
		len(l.names) < 5 {
		t.Error(len(l.names))
	}
}
