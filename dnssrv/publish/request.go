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
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"autoconfig/dnssrv/query"
	text "autoconfig/provider"
)

// requester makes the requests of an API.
type requester struct {
	api     *API
	client  *http.Client
	header  string
	scheme  string
	timeout time.Duration
	limit   *rate.Limiter // nil: none
}

var (
	errNotFound = errors.New("the API does not have it")
	errEndless  = errors.New("the pages of the list do not end")
)

// The bounds of talking to an API.
const (
	mostAnswer  = 64 << 20        // bytes of one answer: a zone of some 100,000 record sets
	mostTries   = 3               // of one request
	mostPause   = 2 * time.Minute // that a provider may ask for before the next try
	mostMessage = 300             // bytes of what an API says about a mistake
)

// host is the API's host, as findings name it.
func (r *requester) host() string {
	u, err := url.Parse(r.api.URL)
	if err != nil {
		return r.api.Name
	}
	return u.Host
}

// do makes one request and reads the answer into out, unless that is nil. A
// request that was certainly not carried out, because there were too many or
// another change was under way, is made again; so is any that only reads.
func (r *requester) do(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	pause := min(500*time.Millisecond, r.timeout/4)
	for try := 1; ; try++ {
		header, again, err := r.once(ctx, method, path, body, out)
		if err == nil || again == nil || try == mostTries || ctx.Err() != nil {
			return header, err
		}
		wait := pause
		if *again >= 0 {
			wait = *again
		}
		if wait > mostPause || !query.Sleep(ctx, wait) {
			return header, err
		}
		pause *= 2
	}
}

// once is one try. again is how long to wait before the next one, below 0 when
// the API does not say, nil when there should be none.
func (r *requester) once(ctx context.Context, method, path string, body []byte, out any) (_ http.Header, again *time.Duration, _ error) {
	if r.limit != nil {
		if err := r.limit.Wait(ctx); err != nil {
			return nil, nil, r.unread(method, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, r.api.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, r.unread(http.MethodGet, err)
	}
	q.Header.Set(r.header, r.scheme+r.api.token)
	q.Header.Set("Accept", "application/json")
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	unsaid := time.Duration(-1)
	retry := &unsaid
	if method != http.MethodGet {
		retry = nil
	}
	a, err := r.client.Do(q)
	if err != nil {
		return nil, retry, r.unread(method, err)
	}
	defer func() { _ = a.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(a.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, retry, r.unread(method, err)
	case len(said) > mostAnswer:
		return nil, nil, r.unread(method, fmt.Errorf("the answer is longer than %d bytes", mostAnswer))
	case a.StatusCode == http.StatusTooManyRequests || a.StatusCode == http.StatusLocked:
		retry = &unsaid
		if s, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil && s >= 0 && s < 1<<30 {
			unsaid = time.Duration(s) * time.Second
		}
	case a.StatusCode/100 == 2:
		if out != nil {
			if err = json.Unmarshal(said, out); err != nil {
				err = r.unread(method, fmt.Errorf("the answer is not what the API is described to give: %w", err))
			}
		}
		return a.Header, nil, err
	case a.StatusCode < 500:
		retry = nil
	}
	return a.Header, retry, r.status(method, a.StatusCode, r.message(said))
}

// status is the error of an answer that is none of success.
func (r *requester) status(method string, code int, message string) error {
	answered := fmt.Sprintf("%s answered %d", r.host(), code)
	if message != "" {
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
		return r.unread(method, errors.New(answered))
	case id == "":
		id = "dns-publish-rejected"
	}
	return newFault(id, r.api.Name).because("%s; nothing was written by this request", answered)
}

// unread is the error of a request without a proper answer: nothing was written
// if it only reads, else that is not known.
func (r *requester) unread(method string, err error) error {
	if method == http.MethodGet {
		return newFault("dns-publish-unreadable", r.api.Name).because("%v; a zone is only changed when it is known what is published, so nothing was written", err)
	}
	return err
}

// message is what an API says about a mistake: the texts in its answer.
func (r *requester) message(said []byte) string {
	var v any
	if json.Unmarshal(said, &v) != nil {
		return ""
	}
	all := strings.Join(texts(v), "; ")
	if r.api.token != "" {
		all = strings.ReplaceAll(all, r.api.token, "…")
	}
	return text.Printable(all, mostMessage)
}

// texts are the strings in a JSON value.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, texts(e)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, texts(v[key])...)
		}
		return out
	}
	return nil
}
