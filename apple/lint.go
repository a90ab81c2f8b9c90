package apple

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Lint says what a device refuses or misreads in a profile, signed or not, and what to write instead. contentType is
// the header it came with, or empty when that is not known. A finding's Subject is the path of the key, its Got the
// value found there. Rules are those of device-management, mdm/profiles; whether the signer is trusted is for [Verify].
func Lint(data []byte, contentType string) []finding.Finding {
	l := linter{seen: map[string]bool{}}
	media := provider.MediaType(contentType)
	l.When(media != "" && !strings.EqualFold(media, ContentType), "profile-content-type", "Content-Type", contentType)
	if IsSigned(data) {
		signed, err := checkSignature(data)
		if err != nil {
			l.Add("certificate-profile-signature", "", err.Error())
			return l.Findings
		}
		data = signed.Content
	}
	top, err := parse(data)
	if err != nil {
		l.Add("profile-document-syntax", "", strings.TrimPrefix(err.Error(), ErrProfile.Error()+": "))
		return l.Findings
	}
	l.payload("", top, nil)
	content, _ := top["PayloadContent"].([]any)
	l.When(len(content) == 0, "profile-content-empty", "PayloadContent", "")
	for i, v := range content {
		if d, ok := v.(map[string]any); ok {
			l.payload(fmt.Sprintf("PayloadContent[%d]/", i+1), d, ownKeys(dict(d).text("PayloadType")))
		}
	}
	return l.Findings
}

type linter struct {
	finding.Linter
	seen map[string]bool // identifiers and UUIDs
}

// key is one key of a payload.
type key struct {
	name     string
	kind     kind
	required bool
	values   []string // those of a word
}

// kind is what a key holds.
type kind int

const (
	isText kind = iota
	isWord      // one of values
	isHost
	isPort
	isFlag
	isLogin  // a text of the person, not a template
	isSecret // must not be there
)

// common are the keys of every payload (CommonPayloadKeys.yaml, TopLevel.yaml).
var common = []key{
	{name: "PayloadType", required: true},
	{name: "PayloadIdentifier", required: true},
	{name: "PayloadUUID", required: true},
}

// ownKeys are a payload's own keys, nil for a type that has none of interest here.
func ownKeys(typ string) []key {
	var keys []key
	switch typ {
	case TypeMail:
		keys = []key{{name: "EmailAccountType", kind: isWord, required: true,
			values: []string{"EmailTypeIMAP", "EmailTypePOP"}}, {name: "EmailAddress", kind: isLogin}}
	case TypeExchange:
		keys = []key{{name: "EmailAddress", kind: isLogin}}
	}
	var words []string
	for _, row := range auths {
		words = append(words, row.word)
	}
	for _, k := range serversOf[typ] {
		keys = append(keys,
			key{name: k.auth, kind: isWord, required: k.auth != "", values: words},
			key{name: k.host, kind: isHost, required: k.required},
			key{name: k.port, kind: isPort}, key{name: k.ssl, kind: isFlag},
			key{name: k.username, kind: isLogin}, key{name: k.secret, kind: isSecret})
	}
	return keys
}

func (l *linter) payload(path string, d dict, own []key) {
	for _, k := range slices.Concat(common, own) {
		if v, ok := d[k.name]; ok {
			l.value(path+k.name, k, v)
		} else if k.required {
			l.Add("profile-key-missing", path+k.name, "")
		}
	}
	if version, ok := number(d["PayloadVersion"]); !ok || version != 1 {
		l.Add("profile-version-wrong", path+"PayloadVersion", shown(d["PayloadVersion"]))
	}
	l.unique(path, d)
	for _, k := range serversOf[d.text("PayloadType")] {
		if k.path == "" && !d.flag(k.ssl, false) {
			l.unencrypted(path+k.ssl, d, k)
		}
	}
}

func (l *linter) value(path string, k key, v any) {
	s, isString := v.(string)
	switch k.kind {
	case isSecret:
		l.Add("profile-password-present", path, "")
	case isFlag:
		if _, ok := v.(bool); !ok {
			l.Add("profile-key-type", path, shown(v))
		}
	case isPort:
		n, ok := number(v)
		switch _, integer := v.(uint64); {
		case !ok:
			l.Add("profile-key-type", path, shown(v))
		case n < 1 || n > 65535 || n != float64(int(n)):
			l.Add("profile-port-invalid", path, shown(v))
		case !integer:
			l.Add("profile-number-real", path, shown(v))
		}
	default:
		if !isString {
			l.Add("profile-key-type", path, shown(v))
			return
		}
		l.text(path, k, s)
	}
}

func (l *linter) text(path string, k key, s string) {
	_, err := provider.ParseHost(s)
	switch {
	case k.required && s == "":
		l.Add("profile-key-missing", path, "")
	case k.kind == isWord && !slices.Contains(k.values, s):
		l.Add("profile-value-unknown", path, s)
	case k.kind == isHost && err != nil && !provider.IsIP(s):
		l.Add("profile-host-invalid", path, s)
	case k.kind == isHost && !strings.ContainsAny(s, ".:"):
		l.Add("profile-host-short", path, s)
	case k.kind == isLogin && provider.HasPlaceholder(s):
		l.Add("profile-login-placeholder", path, s)
	case strings.HasSuffix(path, "PayloadUUID") && !uuidForm.MatchString(s):
		l.Add("profile-uuid-malformed", path, s)
	}
}

var uuidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// unique reports an identifier or a UUID that another payload has.
func (l *linter) unique(path string, d dict) {
	for _, name := range []string{"PayloadIdentifier", "PayloadUUID"} {
		id := strings.ToUpper(name + " " + d.text(name))
		if d.text(name) != "" && l.seen[id] {
			l.Add("profile-id-duplicate", path+name, d.text(name))
		}
		l.seen[id] = true
	}
}

// unencrypted reports a server without UseSSL, whose default is off. The port says which kind of TLS is spoken.
func (l *linter) unencrypted(path string, d dict, k serverKeys) {
	proto := provider.IMAP
	switch {
	case k.role == "outgoing":
		proto = provider.SMTP
	case d.text("EmailAccountType") == "EmailTypePOP":
		proto = provider.POP3
	}
	s := provider.Server{Protocol: proto, Port: d.port(k.port), Security: provider.Plain}
	if want, _ := s.PortSecurity(); want == provider.TLS {
		l.Add("profile-port-security", path, fmt.Sprintf("port %d", s.Port))
		return
	}
	l.Add("profile-encryption-off", path, shown(d[k.ssl]))
}

// shown is a value as it may be printed, empty for none.
func shown(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
