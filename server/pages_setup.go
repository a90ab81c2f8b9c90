package server

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"autoconfig/provider"
	"autoconfig/source"
)

// setup shows how to set up one or several addresses. POST is the form's way,
// so that no address stands in a history or a log; GET is for links.
func (s *Server) setup(r *request) answer {
	if !s.allow(r) {
		return s.tooMany(r)
	}
	form := r.form()
	typed, err := queryAll(form, "email")
	typed = slices.DeleteFunc(typed, func(t string) bool { return strings.TrimSpace(t) == "" })
	if err != nil || len(typed) > maxAddresses {
		return s.setupForm(r, "", true)
	}
	if len(typed) == 0 {
		return s.setupForm(r, "", false)
	}
	var found []match
	for _, t := range typed {
		a, err := provider.ParseAddressOrDomain(plus(strings.TrimSpace(t)))
		if err != nil {
			return s.setupForm(r, t, true)
		}
		m, err := s.lookup(r, a)
		switch {
		case errors.Is(err, provider.ErrNotFound):
			return s.unknown(r, a)
		case errors.Is(err, errLimited):
			return s.tooMany(r)
		case err != nil:
			return s.trouble(r, http.StatusServiceUnavailable, unavailable, "unavailable")
		}
		if !slices.Contains(found, m) {
			found = append(found, m)
		}
	}
	return s.setupPage(r, found)
}

// setupForm asks for the address. What was typed comes back only into the
// form that it was typed into: a link cannot put words on the page.
func (s *Server) setupForm(r *request, typed string, wrong bool) answer {
	v := homeView{view: s.view(r, "/setup"), Wrong: wrong}
	o := served
	if wrong {
		o, v.Private = badRequest, true
	}
	if r.Request().Method == http.MethodPost && len(typed) <= 254 {
		v.Typed = typed
	}
	return s.render(&v.view, http.StatusOK, o, "home", &v)
}

// unknownView is the page for a domain that is not served.
type unknownView struct {
	homeView
	Suggestion string
}

// unknown says so without telling what is served: a suggestion is always of a
// domain that everybody knows.
func (s *Server) unknown(r *request, a provider.Address) answer {
	v := unknownView{homeView: homeView{view: s.view(r, "/setup")}}
	v.Private = true
	if r.Request().Method == http.MethodPost {
		v.Typed = a.String()
		v.Resend = []field{{"email", v.Typed}}
	} else {
		v.relink(setupLink(a.String()))
	}
	if domain := source.SuggestDomain(a.Domain); domain != "" {
		v.Suggestion = provider.Address{Local: a.Local, Domain: domain}.String()
	}
	out := s.render(&v.view, http.StatusNotFound, notServed, "unknown", &v)
	out.domain = a.Domain
	return out
}

// setupView is the page with the settings.
type setupView struct {
	view
	Domain    string // of a page without an address
	Addresses []string
	Groups    []*group
	Several   bool // more than one group, and one profile can hold them all
	More      bool // there is room for one more address
}

func (s *Server) setupPage(r *request, found []match) answer {
	v := &setupView{view: s.view(r, "/setup")}
	v.Private = true
	var all []string
	for _, m := range found {
		all = append(all, m.address.String())
		if m.address.Local != "" {
			v.Addresses = append(v.Addresses, m.address.String())
		} else {
			v.Domain = m.address.Domain
		}
	}
	if r.Request().Method == http.MethodPost {
		for _, a := range all {
			v.Resend = append(v.Resend, field{"email", a})
		}
	} else {
		v.relink(setupLink(all...))
	}
	v.More = len(v.Addresses) > 0 && len(v.Addresses) < maxAddresses
	device := deviceOf(r.Request().UserAgent())
	parts := groups(found)
	v.Several = len(parts) > 1
	for i, part := range parts {
		g := s.group(r, v, part, device)
		g.number, g.Titled = i, len(parts) > 1
		v.Groups = append(v.Groups, g)
		v.Several = v.Several && g.Mail
	}
	a := s.render(&v.view, http.StatusOK, served, "setup", v)
	a.domain = found[0].address.Domain
	return a
}

// groups puts together the addresses that one description holds for.
func groups(found []match) [][]match {
	var out [][]match
	for _, m := range found {
		i := slices.IndexFunc(out, func(g []match) bool { return alike(g[0], m) })
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], m)
	}
	return out
}

// alike reports whether two addresses have the same servers: those of one
// provider, unless the domain is a part of the host names.
func alike(a, b match) bool {
	return a.provider == b.provider && (a.address.Domain == b.address.Domain || a.provider.For(a.address.Domain) == a.provider)
}
