package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"autoconfig/discover"
	"autoconfig/dnssrv"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/source"
)

// A person is asked once for a host, however many servers are on it.
func TestPermits(t *testing.T) {
	t.Parallel()
	var asked []string
	mx := func(context.Context, string) ([]string, error) { return []string{"mx.hoster.example"}, nil }
	d := &Doctor{Address: provider.Address{Local: "jo", Domain: "example.org"}, Env: &discover.Env{MX: mx},
		Allow: func(host string) bool {
			asked = append(asked, host)
			return host == "mail.friend.example"
		}}
	p := d.permits(t.Context())
	var all sync.WaitGroup
	for range 4 {
		for host, want := range map[string]bool{"mail.example.org": true, "imap.hoster.example": true,
			"mail.friend.example": true, "mail.evil.example": false} {
			all.Go(func() {
				if got := p.allowed(host); got != want {
					t.Errorf("%s: %v", host, got)
				}
			})
		}
	}
	all.Wait()
	if slices.Sort(asked); !slices.Equal(asked, []string{"mail.evil.example", "mail.friend.example"}) {
		t.Errorf("asked for %v", asked)
	}
}

// Why there is no plan to compare the records with is said as it is.
func TestUnplanned(t *testing.T) {
	for _, test := range []struct {
		err   error
		id    string
		level finding.Level
	}{
		{fmt.Errorf("x: %w", dnssrv.ErrServiceHost), "server-service-host-missing", finding.Skipped},
		{fmt.Errorf("x: %w", provider.ErrUnavailable), "config-source-unavailable", finding.Fail},
		{fmt.Errorf("x: %w", provider.ErrDomain), "config-domain-invalid", finding.Fail},
		{&source.RowError{}, "config-source-row", finding.Fail},
		{errors.New("the moon is full"), "dns-plan-failed", finding.Fail},
	} {
		if f := unplanned("example.org", test.err); f.ID != test.id || f.Level != test.level || f.Subject == "" &&
			test.id != "config-source-row" {
			t.Errorf("%v: %+v", test.err, f)
		}
	}
}
