package server

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"autoconfig/pages"
	"autoconfig/provider"
	"autoconfig/templates"
)

// setup shows how to set up one or several addresses. POST is the form's way, so that no address is in a history or a
// log; GET is for links.
func (s *Server) setup(r *request) answer {
	typed, err := r.emails()
	if err != nil || len(typed) > pages.MaxAddresses {
		return s.setupForm(r, "", true)
	}
	if len(typed) == 0 {
		return s.setupForm(r, "", false)
	}
	var found []match
	for _, t := range typed {
		a, err := provider.ParseAddressOrDomain(pasted(t))
		if err != nil {
			return s.setupForm(r, t, true)
		}
		m, err := s.find(r, a)
		if errors.Is(err, provider.ErrNotFound) {
			return s.unknown(r, a)
		} else if err != nil {
			return s.trouble(r, err)
		}
		if !slices.Contains(found, m) {
			found = append(found, m)
		}
	}
	visit := s.visit(r)
	visit.Brand = r.brand(r.serviceHost(), found[0].Provider.ID)
	o := pages.SetupOptions{Signed: r.set.Signer != nil, Host: s.publicHost(r, found[0].Provider)}
	return s.page(s.setupPage(r, visit, found, o)).about(found[0].Address.Domain)
}

func (s *Server) setupForm(r *request, typed string, wrong bool) answer {
	a := s.page(s.pages.Form(s.visit(r), typed, wrong))
	if wrong {
		return a.as(http.StatusOK, badRequest)
	}
	return a
}

func (s *Server) unknown(r *request, a provider.Address) answer {
	return s.page(s.pages.Unknown(s.visit(r), a)).as(http.StatusNotFound, notServed).about(a.Domain)
}

// setupKey is all that a set-up page for one address depends on, apart from the address and the host of links.
type setupKey struct {
	pages.Visit // its Agent is the order of the devices
	of          *provider.Provider
	linked      bool
	quotable    bool // the address can be part of the examples of code
}

// The stand-ins of a set-up page. Every way in which a page escapes or breaks an address makes other bytes of them, so
// a place shows what is to be put there. The second local part is for addresses that the examples of code leave out.
const (
	setupLocal       = "zz0+local&part+of+an+address0zz"
	setupLocalQuoted = `zz0+local"part&of+an+address0zz`
	setupHost        = "zz0host0zz.example"
)

// setupForms are the forms in which a set-up page shows an address and the host of its links. Those that hold others
// come first.
func setupForms(a provider.Address, host string) []string {
	address := a.String()
	escaped := html.EscapeString(address)
	return []string{
		"<h1>" + string(templates.Breakable(address)),
		string(templates.Breaks(address)),
		string(templates.Breaks(a.Local)),
		url.QueryEscape(address),
		strings.ReplaceAll(escaped, "+", "&#43;"), // as html/template has it
		escaped,
		a.Domain,
		host,
	}
}

// setupPage is the set-up page of accounts. For one address, it is made of the page that the stand-ins have.
func (s *Server) setupPage(r *request, v pages.Visit, found []match, o pages.SetupOptions) (pages.Page, error) {
	p, a := found[0].Provider, found[0].Address
	if len(found) > 1 || a.Local == "" || p.Personal || p.For(a.Domain) != p {
		return s.pages.Setup(v, found, o)
	}
	key := setupKey{Visit: v, of: p, linked: o.Host != "", quotable: pages.Quotable(a.Local)}
	key.Agent = pages.DeviceOrder(v.Agent)
	t := r.set.setups.of(key, func() ([]byte, []string, error) {
		standIn, options := provider.Address{Local: setupLocalQuoted, Domain: standInDomain}, o
		if key.quotable {
			standIn.Local = setupLocal
		}
		if key.linked {
			options.Host = setupHost
		}
		page, err := s.pages.Setup(v, []match{{Provider: p, Address: standIn}}, options)
		return page.Body, setupForms(standIn, setupHost), err
	})
	if t == nil {
		return s.pages.Setup(v, found, o)
	}
	var values [][]byte
	for _, form := range setupForms(a, o.Host) {
		values = append(values, []byte(form))
	}
	r.room = t.fill(r.room[:0], values...)
	return pages.Page{Lang: v.Lang, Body: r.room, Private: true}, nil
}
