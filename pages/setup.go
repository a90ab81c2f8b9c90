package pages

import (
	"net/url"
	"slices"

	"autoconfig/provider"
	"autoconfig/source"
)

// Unknown says that a domain is not served without revealing which are: it only suggests well-known domains.
func (p *Pages) Unknown(visit Visit, a provider.Address) (Page, error) {
	v := formView{view: p.view(visit, "/setup")}
	v.Private = true
	if visit.Posted {
		v.Typed = a.String()
		v.Resend = []field{{"email", v.Typed}}
	} else {
		v.Query = emailQuery(a.String()) + "&"
	}
	if domain := source.SuggestDomain(a.Domain); domain != "" {
		v.Suggestion = provider.Address{Local: a.Local, Domain: domain}.String()
	}
	return p.render(&v.view, "unknown", &v)
}

// emailQuery asks for the set-up page of addresses.
func emailQuery(emails ...string) string { return url.Values{"email": emails}.Encode() }

// setupView is the page with the settings.
type setupView struct {
	view
	Domain    string // of a page without an address
	Addresses []string
	Groups    []*group
	Several   bool   // more than one group, and one profile can hold them all
	More      bool   // there is room for one more address
	Share     string // the link to this page; empty: there is none
	ShareCode string // the picture of it
}

// SetupOptions say what the server can do for a set-up page.
type SetupOptions struct {
	Signed bool   // profiles are signed
	Host   string // of the link in a QR code; empty: there is none
}

// Setup shows how to set up one or several accounts.
func (p *Pages) Setup(visit Visit, found []Account, o SetupOptions) (Page, error) {
	v := &setupView{view: p.view(visit, "/setup")}
	v.Private = true
	var all []string
	for _, a := range found {
		all = append(all, a.Address.String())
		if a.Address.Local != "" {
			v.Addresses = append(v.Addresses, a.Address.String())
		} else {
			v.Domain = a.Address.Domain
		}
	}
	if visit.Posted {
		for _, a := range all {
			v.Resend = append(v.Resend, field{"email", a})
		}
	} else {
		v.Query = emailQuery(all...) + "&"
	}
	if o.Host != "" {
		v.Share = PageLink(o.Host, all)
		if len(v.Addresses) == len(all) && len(v.Share) <= maxCode {
			v.ShareCode = "/qr.svg?to=setup&" + emailQuery(all...)
		}
	}
	v.More = len(v.Addresses) > 0 && len(v.Addresses) < MaxAddresses
	parts := groups(found)
	v.Several = len(parts) > 1
	for i, part := range parts {
		g := p.group(v, part, i, o)
		g.Titled = len(parts) > 1
		v.Groups = append(v.Groups, g)
		v.Several = v.Several && g.Mail
	}
	return p.render(&v.view, "setup", v)
}

// groups puts together the addresses that one description holds for.
func groups(found []Account) [][]Account {
	var out [][]Account
	for _, m := range found {
		i := slices.IndexFunc(out, func(g []Account) bool { return alike(g[0], m) })
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], m)
	}
	return out
}

// alike reports whether two addresses have the same servers: those of one provider, unless the domain is a part of the
// host names.
func alike(a, b Account) bool {
	return a.Provider == b.Provider &&
		(a.Address.Domain == b.Address.Domain || a.Provider.For(a.Address.Domain) == a.Provider)
}
