package discover

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"autoconfig/apple"
	"autoconfig/autodiscover"
	"autoconfig/finding"
	"autoconfig/mozilla"
	"autoconfig/pacc"
)

// Format is a format of documents that clients fetch.
type Format string

// The formats.
const (
	Autoconfig    Format = "autoconfig"
	Autodiscovery Format = "autodiscover"
	Profile       Format = "profile"
	PACC          Format = "pacc"
	NoFormat      Format = ""
)

var linters = map[Format]func(data []byte, contentType string) []finding.Finding{
	Autoconfig: mozilla.Lint, Autodiscovery: autodiscover.Lint, Profile: apple.Lint, PACC: pacc.Lint}

// Lint says which client refuses or misreads a document of the four formats. contentType is empty when it is not known.
func Lint(data []byte, contentType string) (Format, []finding.Finding) {
	if format := FormatOf(data); format != NoFormat {
		return format, linters[format](data, contentType)
	}
	id := "lint-format-unknown"
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		id = "lint-document-empty"
	case isPage(data, contentType):
		id = "lint-document-page"
	}
	return NoFormat, []finding.Finding{finding.New(id, "")}
}

// rootTag matches the first start tag: a declaration, comments and a DOCTYPE may come before it.
var rootTag = regexp.MustCompile(`<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)`)

// comment matches what may hold a tag that is not one.
var comment = regexp.MustCompile(`(?s)<!--.*?-->`)

// FormatOf tells the formats apart by how a document begins, broken ones too.
func FormatOf(data []byte) Format {
	head := bytes.ReplaceAll(data[:min(len(data), 4096)], []byte{0}, nil) // UTF-16 becomes readable
	head = bytes.TrimLeft(head, "\xef\xbb\xbf\xff\xfe \t\r\n")
	isJSON := bytes.HasPrefix(head, []byte("{")) || bytes.HasPrefix(head, []byte("["))
	root := ""
	if tag := rootTag.FindSubmatch(comment.ReplaceAll(head, nil)); tag != nil && !isJSON {
		root = strings.ToLower(string(tag[1]))
	}
	switch {
	case apple.IsSigned(data), bytes.HasPrefix(head, []byte("bplist")), root == "plist":
		return Profile
	case isJSON && head[0] == '{' && (bytes.Contains(head, []byte(`"Protocol"`)) ||
		bytes.Contains(head, []byte(`"ErrorCode"`))), root == "autodiscover":
		return Autodiscovery
	case isJSON:
		return PACC
	case root == "clientconfig", root == "emailprovider":
		return Autoconfig
	case root != "" && !slices.Contains([]string{"html", "body", "head"}, root) && bytes.HasPrefix(head, []byte("<?xml")):
		return Autoconfig // XML of another kind is read as what is looked for most
	}
	return NoFormat
}

// Fetch gets a document by its URL as a program does, redirects included, with its Content-Type.
func Fetch(ctx context.Context, env *Env, url string) (data []byte, contentType string, err error) {
	return load(ctx, env, request{method: http.MethodGet, url: url})
}

// FetchAutodiscover asks an Autodiscover server about an address.
func FetchAutodiscover(ctx context.Context, env *Env, url, addr string, schema autodiscover.Schema) ([]byte, error) {
	data, _, err := load(ctx, env, request{method: http.MethodPost, url: url, body: poxReading{}.body(addr, schema)})
	return data, err
}

func load(ctx context.Context, env *Env, r request) (data []byte, contentType string, err error) {
	transport := env.newTransport()
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r.redirects, r.header = 10, map[string]string{"Accept-Encoding": "gzip, deflate"}
	a := fetch(ctx, transport, r)
	if f, why := faultOf(a.err); f != FaultNone {
		return nil, "", fmt.Errorf("%s: %s", stripQuery(r.url), why)
	}
	if f, why := faultOfStatus(a.status); f != FaultNone {
		return nil, "", fmt.Errorf("%s answers %d %s", stripQuery(r.url), a.status, why)
	}
	return a.body, a.contentType, nil
}
