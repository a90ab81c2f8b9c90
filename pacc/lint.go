package pacc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Lint says what a client refuses or misreads in a PACC document, and what to write instead. contentType is the header
// it came with, or empty when that is not known. A finding's Subject is the path of the member, its Got the value found
// there. No released client was measured: the rules are those of draft-ietf-mailmaint-pacc-03 as its implementations
// have them.
func Lint(data []byte, contentType string) []finding.Finding {
	var l linter
	media := provider.MediaType(contentType)
	l.When(media != "" && !strings.EqualFold(media, ContentType), "pacc-content-type", "Content-Type", contentType)
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil || len(data) > MaxSize {
		l.Add("pacc-document-syntax", "", why(data, err))
		return l.Findings
	}
	protocols, ok := doc["protocols"].(map[string]any)
	if !ok {
		l.Add("pacc-protocols-missing", "protocols", shown(doc["protocols"]))
	}
	for _, name := range slices.Sorted(maps.Keys(protocols)) {
		l.protocol(name, protocols[name])
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { _, ok := protocols[n]; return ok })
	}
	l.When(ok && !has("imap", "pop3", "jmap"), "pacc-incoming-missing", "protocols", "")
	l.When(ok && !has("submit", "smtp", "jmap"), "pacc-submit-missing", "protocols", "")
	l.When(has("smtp") && !has("submit"), "pacc-submit-old", "protocols/smtp", "")
	l.authentication(doc["authentication"])
	l.names(doc["info"])
	return l.Findings
}

type linter struct{ finding.Linter }

// why says what is wrong with text that is not a JSON object, with its line.
func why(data []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case len(data) > MaxSize:
		return ErrTooLarge.Error()
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		return fmt.Sprintf("line %d: %s", line, err)
	case errors.As(err, &kind):
		return strings.TrimPrefix(kind.Field+": ", ": ") + kind.Value + " in the wrong place"
	}
	return err.Error()
}

// protocol looks at one member of protocols. Unknown ones are for other readers.
func (l *linter) protocol(name string, v any) {
	path := "protocols/" + name
	switch name {
	case "imap", "pop3", "submit", "smtp":
		host, ok := member(v, "host")
		_, err := provider.ParseHost(host)
		switch {
		case !ok:
			l.Add("pacc-server-invalid", path, shown(v))
		case err != nil || strings.HasSuffix(host, "."):
			l.Add("pacc-host-invalid", path+"/host", host)
		case !strings.Contains(host, "."):
			l.Add("pacc-host-short", path+"/host", host)
		}
		if m, ok := v.(map[string]any); ok && m["port"] != nil {
			l.Add("pacc-port-ignored", path+"/port", shown(m["port"]))
		}
	case "jmap", "caldav", "carddav", "webdav":
		raw, ok := member(v, "url")
		l.When(!ok, "pacc-server-invalid", path, shown(v))
		l.When(ok && stateable(name, raw) == nil, "pacc-url-invalid", path+"/url", raw)
	}
}

func (l *linter) authentication(v any) {
	a, ok := v.(map[string]any)
	if !ok {
		l.Add("pacc-authentication-missing", "authentication", shown(v))
		return
	}
	password, isBool := a["password"].(bool)
	l.When(a["password"] != nil && !isBool, "pacc-authentication-wrong", "authentication/password", shown(a["password"]))
	public, stated := a["oauth-public"]
	if stated {
		url, _ := member(public, "issuer")
		bad := provider.CheckURL(url, provider.URLIssuer) != nil
		l.When(bad, "pacc-issuer-invalid", "authentication/oauth-public/issuer", url)
	}
	l.When(isBool && !password && !stated, "pacc-authentication-none", "authentication", "")
	l.When(a["password"] == nil && !stated, "pacc-authentication-missing", "authentication", "")
}

// names looks at the provider's names.
func (l *linter) names(v any) {
	info, _ := v.(map[string]any)
	name, _ := member(info["provider"], "name")
	short, _ := member(info["provider"], "shortName")
	l.When(name == "", "pacc-name-missing", "info/provider/name", "")
	l.When(utf8.RuneCountInString(name) > provider.MaxName, "pacc-name-long", "info/provider/name", name)
	l.When(utf8.RuneCountInString(short) > provider.MaxShortName, "pacc-name-long", "info/provider/shortName", short)
}

// member is a text in an object.
func member(v any, key string) (string, bool) {
	m, _ := v.(map[string]any)
	s, ok := m[key].(string)
	return s, ok && s != ""
}

// shown is a value as it may be printed, empty for none.
func shown(v any) string {
	if v == nil {
		return ""
	}
	text, _ := json.Marshal(v) // it was JSON before
	return string(text)
}
