package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"autoconfig/provider"
)

// form fills v if its type has a form of its own in the file.
func (d *decoder) form(path string, n ast.Node, v any) bool {
	switch v := v.(type) {
	case *Provider:
		d.provider(path, n, v)
	case *provider.Server:
		d.server(path, n, v)
	case *provider.Autodiscover:
		d.autodiscover(path, n, v)
	case *provider.PasswordLogin:
		*v = provider.PasswordLogin{}
		return false
	case *provider.PACCMode:
		d.pacc(n, v)
	case *Signing:
		switch n.(type) {
		case *ast.StringNode, *ast.BoolNode:
			d.signing(n, v)
			return true
		}
		return false
	case *DomainsFiles:
		d.domainsFiles(path, n, v)
	case *DomainsCommand:
		if _, ok := n.(ast.MapNode); ok {
			return false
		}
		d.value(path, n, reflect.ValueOf(&v.Command).Elem())
	case *Resolvers:
		if text, ok := n.(*ast.StringNode); ok && text.Value == systemResolver {
			*v = Resolvers{systemResolver}
			return true
		}
		return false
	case *Directory:
		text, ok := n.(*ast.StringNode)
		if ok {
			v.URL = text.Value
		}
		return ok
	case *Duration:
		d.duration(n, v)
	case *netip.Prefix:
		parsed(d, n, v, prefix)
	case *netip.Addr:
		parsed(d, n, v, address)
	default:
		return false
	}
	return true
}

// provider starts from a built-in if the id is that of one. Keys in the entry replace the built-in's; its domains are
// added.
func (d *decoder) provider(path string, n ast.Node, p *Provider) {
	p.PACC, p.PasswordLogin.Status = provider.PACCAuto, provider.PasswordWorks
	if m, ok := n.(ast.MapNode); ok {
		for it := m.MapRange(); it.Next(); {
			if it.Key().GetToken().Value != "id" {
				continue
			}
			if b := provider.BuiltinAt(it.Value().GetToken().Value, d.day); b != nil {
				p.Provider, p.Builtin, p.theirs = *b, true, b.Domains
				p.Domains = nil
			}
		}
	}
	d.mapping(path, n, reflect.ValueOf(p).Elem())
}

// domainsFiles is a path, a mapping, or a list of either.
func (d *decoder) domainsFiles(path string, n ast.Node, v *DomainsFiles) {
	one := func(path string, n ast.Node) (f DomainsFile) {
		if _, ok := n.(ast.MapNode); ok {
			d.mapping(path, n, reflect.ValueOf(&f).Elem())
		} else {
			d.value(path, n, reflect.ValueOf(&f.Path).Elem())
		}
		return f
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		*v = DomainsFiles{one(path, n)}
		return
	}
	for i, e := range list.Values {
		*v = append(*v, one(fmt.Sprintf("%s[%d]", path, i), e))
	}
}

// server is a mapping, or a URL such as imaps://mail.example.org.
func (d *decoder) server(path string, n ast.Node, s *provider.Server) {
	text, ok := n.(*ast.StringNode)
	if !ok {
		d.mapping(path, n, reflect.ValueOf(s).Elem())
		return
	}
	var fix string
	if *s, fix = ParseServer(lastKey(path), text.Value); fix != "" {
		d.fault("config-value-invalid", n, fmt.Sprintf("%q is not a server", text.Value), fix)
	}
}

// autodiscover is settings, redirect, or a mapping with a redirect's target. The target of a built-in remains if no
// other is given.
func (d *decoder) autodiscover(path string, n ast.Node, a *provider.Autodiscover) {
	if text, ok := n.(*ast.StringNode); ok {
		a.Action = provider.AutodiscoverAction(text.Value)
		if text.Value == "redirect" {
			a.Action = provider.ActionRedirectURL
		}
		return
	}
	var given provider.Autodiscover
	d.mapping(path, n, reflect.ValueOf(&given).Elem())
	switch {
	case given.RedirectURL != "" && given.RedirectAddr != "":
		d.fault("config-autodiscover-redirect", n, "two redirects", "write redirect_url or redirect_addr")
	case given.RedirectURL != "":
		a.Action, a.RedirectURL = provider.ActionRedirectURL, given.RedirectURL
	case given.RedirectAddr != "":
		a.Action, a.RedirectAddr = provider.ActionRedirectAddr, given.RedirectAddr
	}
}

func (d *decoder) pacc(n ast.Node, p *provider.PACCMode) {
	switch mode := provider.PACCMode(n.GetToken().Value); mode {
	case provider.PACCAuto, provider.PACCOn, provider.PACCOff:
		*p = mode
	default:
		d.fault("config-value-invalid", n, d.shown(n)+" is not auto, true or false", "write auto, true or false")
	}
}

func (d *decoder) signing(n ast.Node, s *Signing) {
	if s.Auto = n.GetToken().Value == signingAuto; !s.Auto {
		d.fault("config-value-invalid", n, d.shown(n)+" is not auto or the names of two files",
			"write signing: auto, or signing: {cert_file: …, key_file: …}, or leave it out")
	}
}

func (d *decoder) duration(n ast.Node, out *Duration) {
	key := lastKey(d.path)
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode: // quotes, as text advises, would not help: the unit is missing
		number := n.GetToken().Value
		d.fault("config-type", n, number+" has no unit",
			fmt.Sprintf("write for example %s: %ss, %[1]s: %[2]sm or %[1]s: %[2]sh", key, number))
		return
	}
	parsed(d, n, out, func(s string) (_ Duration, what, fix string) {
		v, err := time.ParseDuration(s)
		if err != nil || v < 0 {
			return 0, "is not a duration", durationFix(key, s)
		}
		return Duration(v), "", ""
	})
}

// parsed sets out to what parse makes of the text of n; what says what is wrong with it, or is "".
func parsed[T any](d *decoder, n ast.Node, out *T, parse func(string) (v T, what, fix string)) {
	s, ok := d.text(n)
	if !ok {
		return
	}
	v, what, fix := parse(s)
	if what != "" {
		d.fault("config-value-invalid", n, fmt.Sprintf("%q %s", s, what), fix)
		return
	}
	*out = v
}

func prefix(s string) (p netip.Prefix, what, fix string) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return p, "is an address, not a network", fmt.Sprintf("write %s/%d", addr, addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, "is not a network", "write a network such as 10.0.0.0/8"
	}
	return p.Masked(), "", ""
}

func address(s string) (a netip.Addr, what, fix string) {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil || a.Zone() != "" || a.IsUnspecified() {
		return a, "is not an IP address", "write an address such as 192.0.2.1 or 2001:db8::1, without a port"
	}
	return a.Unmap(), "", ""
}
