package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"autoconfig/config"
	"autoconfig/discover"
	"autoconfig/dnssrv/check"
	"autoconfig/files"
)

// mostPolicy bounds an MTA-STS policy, in octets (RFC 8461 §3.3).
const mostPolicy = 64 << 10

// Neighbours are what a check of records covers beyond the plan. Policies are fetched through env, from public
// addresses unless it allows others; redirects are not followed (RFC 8461 §3.3).
func Neighbours(cfg *config.Config, env *discover.Env) *check.Neighbours {
	n := &check.Neighbours{}
	if acme := cfg.TLS.ACME; acme != nil {
		directories, _ := acme.Authorities(&files.Reader{}) // config check reports their faults
		for _, d := range directories {
			if u, err := url.Parse(d.URL); err == nil && check.CAAName(u.Hostname()) != "" {
				n.CAs = append(n.CAs, check.CAAName(u.Hostname()))
			}
		}
	}
	n.Fetch = func(ctx context.Context, address string) ([]byte, error) {
		status, body, err := get(ctx, env, address, mostPolicy)
		if u, parseErr := url.Parse(address); parseErr == nil && errors.Is(err, discover.ErrPrivate) {
			err = fmt.Errorf("%s has no public address", u.Host)
		} else if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		return body, err
	}
	return n
}

// get asks for a URL once, through no proxy, and reads at most most octets of the answer. It follows no redirect.
func get(ctx context.Context, env *discover.Env, url string, most int64) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	transport := &http.Transport{DialContext: env.Connect, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{RootCAs: env.Roots, MinVersion: tls.VersionTLS12}}
	a, err := transport.RoundTrip(q)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = a.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(a.Body, most))
	return a.StatusCode, body, err
}
