package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"autoconfig/provider"
)

// query is the first value of a query key, matched in any case. It is not ok when the query as a whole does not parse
// (the URL Standard's form decoding, but a semicolon is refused as net/url does).
func query(raw, key string) (value string, found, ok bool) {
	var room [2]string // enough for what is sent but to attack
	all, err := appendQuery(room[:0], raw, key)
	if err != nil {
		return "", false, false
	}
	if len(all) == 0 {
		return "", false, true
	}
	return all[0], true, true
}

var errQuery = errors.New("server: malformed query")

// appendQuery appends the values of a query key in their order.
func appendQuery(out []string, raw, key string) ([]string, error) {
	if strings.Contains(raw, ";") || !escaped(raw) {
		return nil, errQuery
	}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		k, v, _ := strings.Cut(pair, "=")
		if k, _ = url.QueryUnescape(k); strings.EqualFold(k, key) { // escaped has found no fault
			v, _ = url.QueryUnescape(v)
			out = append(out, v)
		}
	}
	return out, nil
}

// escaped reports whether every % begins an escape.
func escaped(s string) bool {
	for i := strings.IndexByte(s, '%'); i >= 0; i = strings.IndexByte(s, '%') {
		if len(s) < i+3 || !hex(s[i+1]) || !hex(s[i+2]) {
			return false
		}
		s = s[i+3:]
	}
	return true
}

func hex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// trimmed is an address as a protocol's client sends it. Blanks at both ends are dropped; one inside the local part is
// the + that it was before form decoding, since several clients send the address raw.
func trimmed(s string) string {
	s = strings.TrimSpace(strings.TrimRight(s, "+ ")) // no address ends in a +
	at := strings.LastIndexByte(s, '@')
	if at < 0 || !strings.Contains(s[:at], " ") {
		return s
	}
	return strings.ReplaceAll(s[:at], " ", "+") + s[at:]
}

// pasted is an address as a person pastes it.
func pasted(s string) string { return trimmed(provider.Unwrap(s)) }

// rawPlus keeps a + of a query's address as it is, which form decoding would make a blank: only a percent-encoded blank
// is one.
func rawPlus(query string) string { return strings.ReplaceAll(query, "+", "%2B") }

// addressOf is the first address under a key of a query, if it is sound.
func addressOf(raw, key string) (provider.Address, bool) {
	value, found, ok := query(rawPlus(raw), key)
	if !ok || !found {
		return provider.Address{}, false
	}
	a, err := provider.ParseAddress(trimmed(value))
	return a, err == nil
}

// emailKeys are what pages and profiles, here and on other servers, call an address; addresses is a list with commas.
var emailKeys = []string{"email", "emailaddress", "addresses"}

// emails are the addresses of a page's or a profile's request, as they were typed. Fields that are empty are left out.
func (r *request) emails() ([]string, error) {
	form := r.form()
	if r.Request().Method != http.MethodPost {
		form = rawPlus(form) // a browser's form has a + for a blank
	}
	for _, key := range emailKeys {
		values, err := appendQuery(nil, form, key)
		if err != nil {
			return nil, err
		}
		if key == "addresses" {
			values = strings.Split(strings.Join(values, ","), ",")
		}
		values = slices.DeleteFunc(values, func(v string) bool { return strings.TrimSpace(v) == "" })
		if len(values) > 0 {
			return values, nil
		}
	}
	return nil, nil
}

// form is the fields of a page's request.
func (r *request) form() string {
	if r.Request().Method == http.MethodPost {
		return string(r.body)
	}
	return r.Request().URL.RawQuery
}
