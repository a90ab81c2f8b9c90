package server

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"autoconfig/apple"
	"autoconfig/pages"
	"autoconfig/provider"
)

// mobileconfig answers an Apple profile for one or several addresses.
func (s *Server) mobileconfig(r *request) answer {
	accounts, a := s.accounts(r)
	if a.status != 0 {
		return a
	}
	name, _, _ := query(r.form(), "name")
	word, _, _ := query(r.form(), "account")
	body, err := r.profile(accounts, name, word, s.visit(r).Lang)
	switch {
	case errors.Is(err, apple.ErrName), errors.Is(err, apple.ErrKind):
		return text(http.StatusBadRequest, badRequest, reasonOf(err))
	case err != nil:
		return text(http.StatusUnprocessableEntity, impossible, reasonOf(err))
	}
	if body, err = r.set.sign(body); err != nil {
		s.opts.Log.Error("a profile cannot be signed", "error", err)
		return text(http.StatusServiceUnavailable, unavailable, "temporarily unavailable")
	}
	domain := accounts[0].Address.Domain
	a = content(domain, apple.ContentType, "no-store", body)
	a.header = attachment(url.PathEscape(apple.Filename(domain)))
	return a
}

// mobileconfigPHP answers links of another server, where a link without an address is a page that asks for one.
func (s *Server) mobileconfigPHP(r *request) answer {
	if emails, err := r.emails(); err == nil && len(emails) == 0 {
		return redirect("/")
	}
	return s.mobileconfig(r)
}

// accounts reads the addresses of a profile. The answer is set when no profile can be made.
func (s *Server) accounts(r *request) ([]match, answer) {
	emails, err := r.emails()
	if err != nil || len(emails) == 0 || len(emails) > pages.MaxAddresses {
		return nil, text(http.StatusBadRequest, badRequest, "one to ten email= addresses are needed")
	}
	var out []match
	for _, email := range emails {
		addr, err := provider.ParseAddress(pasted(email))
		if err != nil {
			return nil, text(http.StatusBadRequest, badRequest, "not a mail address")
		}
		m, err := s.find(r, addr)
		if err != nil {
			return nil, text(refusalOf(err))
		}
		out = append(out, m)
	}
	return out, answer{}
}

func encodeProfile(accounts []match, name, word, lang string) ([]byte, error) {
	kind, err := apple.ParseKind(word)
	if err != nil {
		return nil, err
	}
	return apple.Encode(accounts, apple.Options{Name: name, Kind: kind, Words: pages.ProfileWords(lang, kind, accounts)})
}

// profileKey is all that a profile for one address depends on, apart from the address and the person's name.
type profileKey struct {
	of                          *provider.Provider
	kind                        apple.Kind
	lang                        string
	named                       bool
	nameIsDomain, shortIsDomain bool // the provider is called as the domain is: texts leave one of the two out
}

// The stand-ins of a profile.
const (
	profileLocal = "zz0+local&part0zz"
	profileName  = "zz0name0zz"
)

// profile is the profile of accounts. For one address, it is made of the one that the stand-ins have.
func (r *request) profile(accounts []match, name, word, lang string) ([]byte, error) {
	kind, err := apple.ParseKind(word)
	p, a := accounts[0].Provider, accounts[0].Address
	if err != nil || len(accounts) > 1 || p.Personal || apple.CheckName(name) != nil {
		return encodeProfile(accounts, name, word, lang)
	}
	key := profileKey{of: p, kind: kind, lang: lang, named: strings.TrimSpace(name) != "",
		nameIsDomain: p.Name == a.Domain, shortIsDomain: p.ShortName == a.Domain}
	t := r.set.profiles.of(key, key.standIn)
	if t == nil {
		return encodeProfile(accounts, name, word, lang)
	}
	r.room = t.fill(r.room[:0], apple.Variables(kind, a, name, t.has)...)
	return r.room, nil
}

// standIn is the profile of the stand-ins, and the texts in it that follow from them.
func (k profileKey) standIn() (body []byte, marks []string, err error) {
	p, a, name := *k.of, provider.Address{Local: profileLocal, Domain: standInDomain}, ""
	if k.named {
		name = profileName
	}
	if k.nameIsDomain {
		p.Name = a.Domain
	}
	if k.shortIsDomain {
		p.ShortName = a.Domain
	}
	body, err = encodeProfile([]match{{Provider: &p, Address: a}}, name, string(k.kind), k.lang)
	for _, text := range apple.Variables(k.kind, a, profileName, func(int) bool { return true }) {
		marks = append(marks, string(text))
	}
	return body, marks, err
}

// qr answers the code that a phone's camera opens: the https link to the profile, or with to=setup to the page, at a
// host that is known to lead here.
func (s *Server) qr(r *request) answer {
	accounts, a := s.accounts(r)
	if a.status != 0 {
		return a
	}
	host := s.publicHost(r, accounts[0].Provider)
	if host == "" {
		return text(http.StatusNotFound, impossible, "no host name to link to; the operator sets service_host")
	}
	var emails []string
	for _, acc := range accounts {
		emails = append(emails, acc.Address.String())
	}
	kind, _, _ := query(r.form(), "account")
	visit := s.visit(r)
	link := pages.ProfileLink(host, emails, apple.Kind(kind), visit.Chose())
	if to, _, _ := query(r.form(), "to"); to == "setup" {
		link = pages.PageLink(host, emails)
	}
	body, err := pages.QR(link)
	if err != nil {
		return text(http.StatusUnprocessableEntity, impossible, err.Error())
	}
	a = content(accounts[0].Address.Domain, "image/svg+xml", noStore, body)
	a.header = qrHeaders
	return a
}

var qrHeaders = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; sandbox"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Robots-Tag", "noindex"},
}
