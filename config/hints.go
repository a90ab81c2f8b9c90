package config

import (
	"cmp"
	_ "embed"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"autoconfig/provider"
)

// secretKeys are the keys with values that no message shows.
var secretKeys = map[string]bool{"dsn": true, "password": true, "storage": true}

//go:embed hints.yaml
var hintsYAML []byte

// hints is hints.yaml, which says what each table is for. A mistake in it is one of this program.
var hints = sync.OnceValue(func() (h struct {
	Examples          map[string]string
	Meanings, Schemes map[string]map[string][]string
	Builtins          map[string][]string
}) {
	if err := yaml.UnmarshalWithOptions(hintsYAML, &h, yaml.Strict()); err != nil {
		panic("config: hints.yaml: " + err.Error())
	}
	return h
})

// listedUnder is the word of a table that lists text as another name for it, or "".
func listedUnder(table map[string][]string, text string) string {
	for word, others := range table {
		if slices.Contains(others, text) {
			return word
		}
	}
	return ""
}

// wordsOf lists the words of a type that has only some, what they are, and the finding about another one.
func wordsOf(t reflect.Type) (words []string, what, id string) {
	switch t {
	case reflect.TypeFor[provider.Security]():
		return []string{"tls", "starttls", "plain"}, "a security mode", "config-security-unknown"
	case reflect.TypeFor[provider.Protocol]():
		return []string{"imap", "pop3", "smtp", "managesieve"}, "a protocol", "config-protocol-unknown"
	case reflect.TypeFor[provider.Auth]():
		return provider.Texts(provider.Auths()), "a way to log in", "config-auth-unknown"
	case reflect.TypeFor[DomainsFormat]():
		return []string{string(FormatLines), string(FormatAddresses)}, "a format of domains", "config-value-invalid"
	case reflect.TypeFor[provider.PasswordStatus]():
		return []string{"works", "app-password", "retired"}, "a status of password login", "config-password-login"
	}
	return nil, "", ""
}

// word sets a string, and refuses one that is not a word of its type.
func (d *decoder) word(n ast.Node, s string, v reflect.Value) {
	words, what, id := wordsOf(v.Type())
	if words == nil || slices.Contains(words, s) {
		v.SetString(s)
		return
	}
	fix := "write " + provider.OrList(words)
	if near := meant(s, v.Type(), words); near != "" {
		fix = fmt.Sprintf("did you mean %s?", near)
	}
	d.fault(id, n, fmt.Sprintf("%q is not %s", s, what), fix)
}

// meant is the word of type t that text was probably meant to be, or "".
func meant(text string, t reflect.Type, words []string) string {
	key := strings.ToLower(strings.TrimSpace(text))
	if word := listedUnder(hints().Meanings[t.Name()], key); word != "" {
		return word
	}
	return nearest(key, words)
}

func nearest(text string, words []string) string {
	best, most := "", 1+len(text)/4
	for _, k := range words {
		if n := levenshtein.ComputeDistance(strings.ToLower(text), k); n <= most {
			best, most = k, n-1
		}
	}
	return best
}

// unknown reports an unknown key, and says which was meant.
func (d *decoder) unknown(n ast.Node, key string, value ast.Node, v reflect.Value) {
	keys := keysOf(v.Type())
	fix := "write one of " + strings.Join(keys, ", ")
	list := serverKey(key)
	switch near := meant(strings.ReplaceAll(key, "-", "_"), v.Type(), keys); {
	case key == "<<":
		fix = "write the keys out: merging mappings is not supported"
	case v.Type() == reflect.TypeFor[Provider]() && list != "":
		fix = fmt.Sprintf("write %s: [%s]", list, serverProposal(list, cmp.Or(textOf(value), key)))
	case v.Type() == reflect.TypeFor[Provider]() && slices.Contains(keysOf(reflect.TypeFor[DomainsCommand]()), key):
		fix = "write domains_command: {command: [/usr/local/bin/list-domains], " + key + ": " + hints().Examples[key] + "}"
	case near != "":
		fix = fmt.Sprintf("did you mean %q?", near)
	case v.Type() == reflect.TypeFor[Config]() && slices.Contains(keysOf(reflect.TypeFor[Provider]()), key):
		fix = fmt.Sprintf(`%s belongs to an entry of providers: begin the entry with "- " and indent its keys`, key)
	case v.Type() != reflect.TypeFor[Config]() && slices.Contains(keysOf(reflect.TypeFor[Config]()), key):
		fix = key + " belongs at the top level: begin the line in column 1"
	}
	d.fault("config-key-unknown", n, "unknown key", fix)
}

// serverKey is the list to which a server under a protocol's name belongs.
func serverKey(key string) string {
	key = strings.ToLower(key)
	for _, p := range []struct{ prefix, list string }{{"imap", "incoming"}, {"pop", "incoming"}, {"incoming", "incoming"},
		{"smtp", "outgoing"}, {"submission", "outgoing"}, {"outgoing", "outgoing"}} {
		if strings.HasPrefix(key, p.prefix) && key != p.list {
			return p.list
		}
	}
	return ""
}

func textOf(n ast.Node) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return ""
}

// listFix is what to write instead of n where a list is needed.
func (d *decoder) listFix(n ast.Node, elem reflect.Type) string {
	key := lastKey(d.path)
	if m, ok := n.(ast.MapNode); ok {
		if it := m.MapRange(); elem.Kind() == reflect.Struct && it.Next() {
			return fmt.Sprintf(`begin each entry with "- ", here "- %s:", and indent its other keys`, it.Key().GetToken().Value)
		}
	}
	if key == "resolver" && nearest(textOf(n), []string{systemResolver}) != "" {
		return "did you mean system?"
	}
	var items []string
	if text := textOf(n); elem.Kind() != reflect.Struct || elem.NumField() > 0 && keysOf(elem) == nil ||
		elem == reflect.TypeFor[provider.Server]() {
		for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(", \t[]\"'", r) }) {
			items = append(items, d.listItem(key, item, elem))
		}
	}
	if len(items) == 0 || len(items) > 4 || slices.Contains(items, "") {
		items = []string{hints().Examples[key]}
	}
	return fmt.Sprintf("write [%s]", strings.Join(items, ", "))
}

// mappingFix is what to write instead of n where keys are needed.
func (d *decoder) mappingFix(n ast.Node, t reflect.Type) string {
	keys, key := keysOf(t), lastKey(d.path)
	text := textOf(n)
	if word, rest, _ := strings.Cut(text, " "); slices.Contains(keys, word) {
		return strings.TrimRight(fmt.Sprintf("write %s: %s, with a colon", word, rest), " ")
	}
	if key == "" {
		return "begin with a key, for example providers:"
	}
	if example := hints().Examples[key]; strings.HasSuffix(d.path, "]") && strings.HasPrefix(example, "{") {
		return "write for example " + example
	}
	return fmt.Sprintf("write %s: {%s: …}, or one key a line below %[1]s:", key, keys[0])
}

// listItem is item as an entry of a list, or "" if it cannot be one.
func (d *decoder) listItem(key, item string, elem reflect.Type) string {
	switch words, _, _ := wordsOf(elem); {
	case key == "incoming" || key == "outgoing":
		if _, fix := ParseServer(key, item); fix == "" {
			return item
		}
		return serverProposal(key, item)
	case words != nil && !slices.Contains(words, item):
		return meant(item, elem, words)
	case strings.ContainsAny(item, ":#{}&*!|>%@`") && !strings.Contains(item, "://"):
		return fmt.Sprintf("%q", item)
	}
	return item
}

// textFix is what to write instead of value where text is needed.
func textFix(key, value string) string {
	text := strings.Trim(value, `"`)
	number := strings.Trim(text, "0123456789") == ""
	switch {
	case key == "listen" || key == "listen_tls" || key == "admin":
		if number {
			return fmt.Sprintf(`write "127.0.0.1:%s" for this machine only, or ":%[1]s" for every address`, text)
		}
		return fmt.Sprintf(`write %s: "" to switch it off`, key)
	case key == "accent" && number && (len(text) == 3 || len(text) == 6):
		return fmt.Sprintf("write \"#%s\"", text)
	case key == "accent":
		return `write the colour with a # in quotes, for example "#00aa77"`
	case key == "host" || key == "service_host":
		return "write a host name, for example mail.example.org"
	case strings.HasPrefix(value, `"`):
		return "write it in quotes: " + value
	}
	return "write it in quotes"
}

// numberFix is what to write instead of n where a number is needed.
func numberFix(key string, n ast.Node) string {
	text := textOf(n)
	svc, known := provider.ServiceByName(strings.ToLower(text))
	switch {
	case text != "" && strings.Trim(text, "0123456789") == "":
		return fmt.Sprintf("write %s: %s, without quotes", key, text)
	case key == "port" && known:
		return fmt.Sprintf("write port: %d", svc.Port)
	case key == "port":
		return "write a number such as port: 993, or leave it out"
	}
	return fmt.Sprintf("write a number, for example %s: %s", key, cmp.Or(hints().Examples[key], "1"))
}

// durationFix is what to write instead of text where a duration is needed.
func durationFix(key, text string) string {
	number := strings.TrimRight(text, " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := strings.ToLower(strings.TrimSpace(text[len(number):]))
	var days int
	if _, err := fmt.Sscanf(number, "%d", &days); err == nil && days > 0 && strings.HasPrefix(unit, "d") {
		return fmt.Sprintf("write it in hours: %s: %dh", key, 24*days)
	}
	for _, u := range []string{"s", "m", "h"} {
		if days > 0 && strings.HasPrefix(unit, u) && !strings.HasPrefix(unit, "mo") {
			return fmt.Sprintf("write %s: %d%s", key, days, u)
		}
	}
	return fmt.Sprintf("write a number and a unit (s, m or h), for example %s: %s", key,
		cmp.Or(hints().Examples[key], "5m"))
}
