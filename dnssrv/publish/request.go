package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"autoconfig/dnssrv/query"
	text "autoconfig/provider"
)

var errNotFound = errors.New("the API does not have it")

// The bounds of talking to an API.
const (
	mostAnswer  = 64 << 20        // bytes of one answer: a zone of some 100,000 record sets
	mostTries   = 3               // of one request
	mostPause   = 2 * time.Minute // that a provider may ask for before the next try
	mostMessage = 300             // bytes of what an API says about a mistake
	noRetry     = time.Duration(-1)
)

func (p *apiBackend) host() string {
	host, _ := p.o.API.Clear()
	return host
}

// pages reads a list. read gives a page's sets and the path of the next page, or false for an answer without a list.
func pages[T any](ctx context.Context, p *apiBackend, path string,
	read func(page T, h http.Header) (sets []apiSet, next string, ok bool),
) ([]apiSet, error) {
	var all []apiSet
	for seen := map[string]bool{}; path != ""; {
		seen[path] = true
		var page T
		h, err := p.do(ctx, http.MethodGet, path, nil, &page)
		if err != nil {
			return nil, err
		}
		sets, next, ok := read(page, h)
		switch {
		case !ok:
			return nil, p.unread(http.MethodGet, errors.New("the answer has no list of records"))
		case seen[next], next != "" && len(sets) == 0:
			return nil, p.unread(http.MethodGet, errors.New("the pages of the list do not end"))
		}
		all, path = append(all, sets...), next
	}
	return all, nil
}

// do makes one request and reads the answer into out, unless that is nil. A request that was certainly not carried out,
// because there were too many or another change was under way, is made again; so is any that only reads.
func (p *apiBackend) do(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	var body []byte
	if in != nil {
		body, _ = json.Marshal(in) // it is of plain fields
	}
	for try, pause := 1, p.o.Pause; ; try, pause = try+1, 2*pause {
		header, wait, err := p.once(ctx, method, path, body, out, pause)
		if err == nil || wait == noRetry || wait > mostPause || try == mostTries || !query.Sleep(ctx, wait) {
			return header, err
		}
	}
}

// once is one try. wait is how long to wait before the next one: the pause, unless the API asks for another.
func (p *apiBackend) once(ctx context.Context, method, path string, body []byte, out any, pause time.Duration) (
	_ http.Header, wait time.Duration, _ error,
) {
	if err := p.limit.Wait(ctx); err != nil {
		return nil, noRetry, p.unread(method, err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, p.o.API.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, noRetry, p.unread(http.MethodGet, err)
	}
	q.Header.Set(p.header, p.scheme+p.o.API.token)
	q.Header.Set("Accept", "application/json")
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if wait = pause; method != http.MethodGet {
		wait = noRetry
	}
	a, err := p.client.Do(q)
	if err != nil {
		return nil, wait, p.unread(method, err)
	}
	defer func() { _ = a.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(a.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, wait, p.unread(method, err)
	case len(said) > mostAnswer:
		return nil, noRetry, p.unread(method, fmt.Errorf("the answer is longer than %d bytes", mostAnswer))
	case a.StatusCode/100 == 2:
		if out != nil {
			err = json.Unmarshal(said, out)
		}
		if err != nil {
			err = p.unread(method, fmt.Errorf("the answer is not of the form that the API's documentation describes: %w", err))
		}
		return a.Header, noRetry, err
	case a.StatusCode == http.StatusTooManyRequests || a.StatusCode == http.StatusLocked:
		wait = pause
		if s, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil && s >= 0 && s < 1<<30 {
			wait = time.Duration(s) * time.Second
		}
	case a.StatusCode < 500:
		wait = noRetry
	}
	return nil, wait, p.status(method, a.StatusCode, said)
}

func (p *apiBackend) status(method string, code int, said []byte) error {
	answered := fmt.Sprintf("%s answered %d", p.host(), code)
	if message := p.message(said); message != "" {
		answered += ": " + message
	}
	id := map[int]string{
		http.StatusUnauthorized: "dns-publish-token", http.StatusForbidden: "dns-publish-token",
		http.StatusConflict: "dns-publish-raced", http.StatusPreconditionFailed: "dns-publish-raced",
		http.StatusTooManyRequests: "dns-publish-limited", http.StatusLocked: "dns-publish-limited",
	}[code]
	switch {
	case code == http.StatusNotFound:
		return fmt.Errorf("%s: %w", answered, errNotFound)
	case id == "" && (code >= 500 || code < 400):
		return p.unread(method, errors.New(answered))
	case id == "":
		id = "dns-publish-rejected"
	}
	return newFault(id, p.o.API.Name, "%s; nothing was written by this request", answered)
}

// unread is the error of a request without a proper answer: it is not known what was written, unless it only reads.
func (p *apiBackend) unread(method string, err error) error {
	if method == http.MethodGet {
		return newFault("dns-publish-unreadable", p.o.API.Name,
			"%v; a zone is only changed when it is known what is published, so nothing was written", err)
	}
	return err
}

// message is what an API says about a mistake: the texts in its answer, without the token.
func (p *apiBackend) message(said []byte) string {
	var v any
	if json.Unmarshal(said, &v) != nil {
		return ""
	}
	all := strings.Join(texts(v), "; ")
	if p.o.API.token != "" {
		all = strings.ReplaceAll(all, p.o.API.token, "…")
	}
	return text.Printable(all, mostMessage)
}

func texts(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, texts(v[key])...)
		}
	}
	return out
}
