package provider

import (
	_ "embed"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

// The ids of the built-in providers.
const (
	Outlook      = "outlook.com"
	Microsoft365 = "microsoft365"
)

//go:embed builtin.yaml
var builtinYAML []byte

// builtins are builtin.yaml.
type builtins struct {
	Sources   map[string]string
	Retired   map[string]RetiredHost
	Providers []builtin
}

// builtin is one of the built-in providers.
type builtin struct {
	Provider   Provider
	Unverified []string
	Vendor     *VendorDNS
	Notes      []datedNote
	Facts      map[string][]string
	Changes    []Change
}

// datedNote is a remark that is true on some days only.
type datedNote struct {
	Note        `yaml:",inline"`
	Key         string
	From, Until string // first day and the day after the last, 2006-01-02; "" is no limit
}

// loaded is builtin.yaml. A mistake in it is one of this program.
var loaded = sync.OnceValue(func() builtins {
	var out builtins
	if err := yaml.UnmarshalWithOptions(builtinYAML, &out, yaml.Strict()); err != nil {
		panic("provider: builtin.yaml: " + err.Error())
	}
	return out
})

// Builtins returns copies of the built-in providers, whose lists of names and servers can be changed. What these point
// to is shared.
func Builtins() []*Provider {
	var out []*Provider
	for _, b := range loaded().Providers {
		out = append(out, Builtin(b.Provider.ID))
	}
	return out
}

// Builtin returns a copy, as of [Builtins], of the built-in provider with that id, or nil.
func Builtin(id string) *Provider { return BuiltinAt(id, time.Time{}) }

// BuiltinAt is [Builtin] in the words that are true on a day.
func BuiltinAt(id string, day time.Time) *Provider {
	b := builtinByID(id)
	if b == nil {
		return nil
	}
	p := b.Provider.WithOwnServers()
	today := day.UTC().Format(time.DateOnly)
	p.Domains, p.MX = slices.Clone(p.Domains), slices.Clone(p.MX)
	p.Unverified, p.Vendor = slices.Clone(b.Unverified), b.Vendor
	for _, c := range b.Changes {
		if c.SMTP != nil && c.Date <= today {
			p.PasswordLogin.SMTP = c.SMTP
		}
	}
	for _, n := range b.Notes {
		if n.From <= today && (n.Until == "" || today < n.Until) {
			n.Note.Key = n.Key
			p.Notes = append(p.Notes, n.Note)
		}
	}
	return p
}

func builtinByID(id string) *builtin {
	list := loaded().Providers
	if i := slices.IndexFunc(list, func(b builtin) bool { return b.Provider.ID == id }); i >= 0 {
		return &list[i]
	}
	return nil
}

// VendorOwned returns the built-in provider that owns domain, or "". Nobody else can publish records there.
func VendorOwned(domain string) string { return vendorOwned()[domain] }

var vendorOwned = sync.OnceValue(func() map[string]string {
	owner := map[string]string{}
	for _, b := range loaded().Providers {
		for _, domain := range slices.Concat(b.Provider.Domains, b.Unverified) {
			owner[domain] = b.Provider.ID
		}
	}
	return owner
})

// RetiredHost says why a host name is no longer right and what to use.
type RetiredHost struct{ Why, Use string }

// Retired is what to know of a name that older guides still give for a built-in provider's server.
func Retired(host string) (old RetiredHost, ok bool) {
	old, ok = loaded().Retired[host]
	return old, ok
}

// Known says what a host name or a domain in somebody's text is: vendor is "microsoft" for Microsoft's names and "" for
// all others; use and why are set for a retired host: what replaces it, and why.
func Known(name string) (vendor, use, why string) {
	if old, ok := Retired(name); ok {
		return "microsoft", old.Use, old.Why
	}
	if VendorOwned(name) != "" {
		return "microsoft", "", ""
	}
	return "", "", ""
}
