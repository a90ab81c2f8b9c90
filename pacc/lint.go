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

// MaxFindings is the most findings [Lint] returns for one document.
const MaxFindings = 100

// Lint says what a client refuses or misreads in a PACC document, and what to
// write instead. contentType is the header it came with, or empty when that is
// not known. A finding's Subject is the path of the member, its Got the value
// found there. No released client was measured: the rules are those of
// draft-ietf-mailmaint-pacc-03 as its implementations have them.
func Lint(data []byte, contentType string) []finding.Finding {
	var l linter
	media, _, _ := strings.Cut(contentType, ";")
	if media = strings.TrimSpace(media); media != "" && !strings.EqualFold(media, ContentType) {
		l.add("pacc-content-type", "Content-Type", contentType)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil || len(data) > MaxSize {
		l.add("pacc-document-syntax", "", why(data, err))
		return l.findings
	}
	protocols, ok := doc["protocols"].(map[string]any)
	if !ok {
		l.add("pacc-protocols-missing", "protocols", shown(doc["protocols"]))
	}
	for _, name := range slices.Sorted(maps.Keys(protocols)) {
		l.protocol(name, protocols[name])
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { _, ok := protocols[n]; return ok })
	}
	l.when(ok && !has("imap", "pop3", "jmap"), "pacc-incoming-missing", "protocols", "")
	l.when(ok && !has("submit", "smtp", "jmap"), "pacc-submit-missing", "protocols", "")
	l.when(has("smtp") && !has("submit"), "pacc-submit-old", "protocols/smtp", "")
	l.authentication(doc["authentication"])
	l.names(doc["info"])
	return l.findings
}

type linter struct{ findings []finding.Finding }

func (l *linter) add(id, subject, got string) {
	if len(l.findings) < MaxFindings {
		l.findings = append(l.findings, finding.New(id, subject).Saw(got))
	}
}

// when adds a finding if there is a fault.
func (l *linter) when(fault bool, id, subject, got string) {
	if fault {
		l.add(id, subject, got)
	}
}

// why says what is wrong with text that is not a JSON object, with its line.
func why(data []byte, err error) string {
	var syntax *json.SyntaxError
	switch {
	case len(data) > MaxSize:
		return ErrTooLarge.Error()
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		return fmt.Sprintf("line %d: %s", line, err)
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
			l.add("pacc-server-invalid", path, shown(v))
		case err != nil || strings.HasSuffix(host, "."):
			l.add("pacc-host-invalid", path+"/host", host)
		case !strings.Contains(host, "."):
			l.add("pacc-host-short", path+"/host", host)
		}
		if m, ok := v.(map[string]any); ok && m["port"] != nil {
			l.add("pacc-port-ignored", path+"/port", shown(m["port"]))
		}
	case "jmap", "caldav", "carddav", "webdav":
		raw, ok := member(v, "url")
		stated := https(raw) != nil
		if name != "jmap" {
			stated = dav(raw) != nil
		}
		l.when(!ok, "pacc-server-invalid", path, shown(v))
		l.when(ok && !stated, "pacc-url-invalid", path+"/url", raw)
	}
}

func (l *linter) authentication(v any) {
	a, ok := v.(map[string]any)
	if !ok {
		l.add("pacc-authentication-missing", "authentication", shown(v))
		return
	}
	password, isBool := a["password"].(bool)
	l.when(a["password"] != nil && !isBool, "pacc-authentication-wrong", "authentication/password", shown(a["password"]))
	public, stated := a["oauth-public"]
	if stated {
		url, _ := member(public, "issuer")
		l.when(!issuer(url), "pacc-issuer-invalid", "authentication/oauth-public/issuer", url)
	}
	l.when(isBool && !password && !stated, "pacc-authentication-none", "authentication", "")
	l.when(a["password"] == nil && !stated, "pacc-authentication-missing", "authentication", "")
}

// names looks at the provider's names, of at most 60 and 20 characters.
func (l *linter) names(v any) {
	info, _ := v.(map[string]any)
	name, _ := member(info["provider"], "name")
	short, _ := member(info["provider"], "shortName")
	l.when(name == "", "pacc-name-missing", "info/provider/name", "")
	l.when(utf8.RuneCountInString(name) > 60, "pacc-name-long", "info/provider/name", name)
	l.when(utf8.RuneCountInString(short) > 20, "pacc-name-long", "info/provider/shortName", short)
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
