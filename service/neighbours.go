package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"autoconfig/config"
	"autoconfig/dnssrv/check"
	"autoconfig/files"
)

// The bounds of reading an MTA-STS policy (RFC 8461 §3.3 has 64 KB and a minute).
const (
	mostPolicy = 64 << 10
	policyTime = 10 * time.Second
)

// Neighbours are what a check of records covers beyond the plan. Policies are fetched through transport, which must
// refuse private addresses; redirects are not followed (RFC 8461 §3.3).
func Neighbours(cfg *config.Config, transport *http.Transport) *check.Neighbours {
	n := &check.Neighbours{}
	if acme := cfg.TLS.ACME; acme != nil {
		directories, _ := acme.Authorities(&files.Reader{}) // config check reports their faults
		for _, d := range directories {
			if u, err := url.Parse(d.URL); err == nil && check.CAAName(u.Hostname()) != "" {
				n.CAs = append(n.CAs, check.CAAName(u.Hostname()))
			}
		}
	}
	client := &http.Client{Transport: transport, Timeout: policyTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	n.Fetch = func(ctx context.Context, address string) ([]byte, error) {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		a, err := client.Do(q)
		if err != nil {
			if cause, ok := errors.AsType[*url.Error](err); ok {
				err = cause.Err
			}
			return nil, err
		}
		defer func() { _ = a.Body.Close() }()
		if a.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("status %d", a.StatusCode)
		}
		return io.ReadAll(io.LimitReader(a.Body, mostPolicy))
	}
	return n
}
