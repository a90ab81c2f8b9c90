package server

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"autoconfig/provider"
)

// query is the first value of a query key, matched in any case. It is not ok
// when the query as a whole does not parse (the URL Standard's form decoding,
// but a semicolon is refused as net/url does).
func query(raw, key string) (value string, found, ok bool) {
	all, err := queryAll(raw, key)
	if err != nil {
		return "", false, false
	}
	if len(all) == 0 {
		return "", false, true
	}
	return all[0], true, true
}

var errQuery = errors.New("server: malformed query")

// queryAll lists the values of a query key in their order.
func queryAll(raw, key string) ([]string, error) {
	var out []string
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if strings.Contains(pair, ";") {
			return nil, errQuery
		}
		k, v, _ := strings.Cut(pair, "=")
		k, err := url.QueryUnescape(k)
		if err != nil {
			return nil, errQuery
		}
		v, err = url.QueryUnescape(v)
		if err != nil {
			return nil, errQuery
		}
		if strings.EqualFold(k, key) {
			out = append(out, v)
		}
	}
	return out, nil
}

// plus reads a blank in the local part as the + it was before form decoding:
// several clients send the address raw.
func plus(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || !strings.Contains(s[:at], " ") {
		return s
	}
	return strings.ReplaceAll(s[:at], " ", "+") + s[at:]
}

// addressOf is the first address under a key of a query, if it is sound.
func addressOf(raw, key string) (provider.Address, bool) {
	value, found, ok := query(raw, key)
	if !ok || !found {
		return provider.Address{}, false
	}
	a, err := provider.ParseAddress(plus(value))
	return a, err == nil
}

// form is the fields of a page's request.
func (r *request) form() string {
	if r.Request().Method == http.MethodPost {
		return string(r.body)
	}
	return r.Request().URL.RawQuery
}
