package pages

import (
	"cmp"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"autoconfig/apple"
	"autoconfig/provider"
	"autoconfig/templates"
)

// group is what the set-up page says about addresses of one provider.
type group struct {
	*setupView
	access

	set     *templates.Set
	number  int
	login   provider.PasswordLogin
	notes   []provider.Note
	webmail string
	pairs   []string // values of the messages
	bare    bool     // it is a domain without an address, and a profile could be made for one

	Titled    bool // there are several groups
	Heading   string
	Provider  string
	Addresses []string
	Address   string // the first one, or words for "your address"
	Sign      template.HTML

	Enable                string // where mail programs are let in first
	EnableSteps           []noteView
	Signed                bool
	QR                    string
	Devices               []deviceView
	Programs              programsView
	Common                *loginRow // the login of every server
	Servers, Further      []serverRow
	Services              []serviceRow
	DAV                   bool // calendars or contacts come with the profile
	Receiving, Sending    []noteView
	General, About, Admin []noteView
	Links                 []provider.Documentation // Lang is empty when it is the page's
}

// noteView is a remark; Lang is empty when it is in the page's language.
type noteView struct {
	Lang string
	Text template.HTML
}

type serverRow struct {
	provider.Server
	Name        string        // for a person: IMAP
	Shown       template.HTML // the host
	Alternative bool          // not the best of its kind
	Login       *loginRow     // nil: the common one
	Leave       string        // POP3: whether mail stays on the server, yes or no; empty: nothing is said
}

// loginRow is how one logs in to a server.
type loginRow struct {
	Username string // empty: Template describes it
	Template string
	Auth     []string
}

type serviceRow struct{ Kind, Value string }

// deviceView is a section of the page.
type deviceView struct {
	Group          *group
	ID, Name, Hint string
	Icon           string // of part-icons.html
	Open           bool
	Form           bool // with an address there would be a profile
	Ways           []wayView
}

// profileView is the form by which a profile is downloaded.
type profileView struct {
	Group          *group
	Field          string // the id of its input
	Mail, Exchange bool
	QR             string
}

// ID is an element's id, unique to the group.
func (g *group) ID(name string) string {
	if g.number == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, g.number+1)
}

func (p *Pages) group(v *setupView, part []Account, number int, o SetupOptions) *group {
	var addresses []string
	first := part[0].Address
	for _, a := range part {
		if a.Address.Local != "" {
			if addresses == nil {
				first = a.Address
			}
			addresses = append(addresses, a.Address.String())
		}
	}
	from := part[0].Provider.For(first.Domain)
	g := p.newGroup(v, from, first, addresses)
	g.number, g.Signed = number, o.Signed
	if o.Host != "" && (g.Mail || g.Exchange) {
		g.QR = g.code(o.Host)
	}
	for _, d := range devicesFor(v.Agent) {
		g.Devices = append(g.Devices, g.device(d))
	}
	g.Devices[0].Open = true
	g.Programs = g.programs(from, first)
	return g
}

// newGroup is a group with what it says on any device, also of a domain without addresses.
func (p *Pages) newGroup(v *setupView, from *provider.Provider, first provider.Address, addresses []string) *group {
	g := &group{setupView: v, access: accessOf(from, first.Domain), set: p.templates, login: from.PasswordLogin,
		Provider: cmp.Or(from.Name, first.Domain), Addresses: addresses}
	if g.Address = g.text("address.yours"); len(addresses) > 0 {
		g.Address = addresses[0]
	} else {
		g.bare, g.Mail, g.Exchange = g.Mail && g.Secret != "", false, false
	}
	if g.Heading = strings.Join(addresses, ", "); g.Provider != first.Domain {
		g.Heading = g.Provider + ": " + g.Heading
	}
	secret := ""
	if g.Secret != "" {
		secret = g.text("secret." + g.Secret)
	}
	g.pairs = []string{"address", g.Address, "provider", g.Provider, "secret", secret, "protocol", g.Protocol}
	g.Sign = g.rich("sign." + g.SignIn)
	g.remarks(from)
	g.rows(from, first)
	return g
}

func (g *group) text(key string) string { return templates.Message(g.Lang, key) }

func (g *group) rich(key string, pairs ...string) template.HTML {
	return g.set.Rich(g.Lang, key, append(pairs, g.pairs...)...)
}

// code is the picture with the link to the profile. It is empty when there are too many addresses for one code.
func (g *group) code(host string) string {
	kind := apple.Mail
	if g.Exchange {
		kind = apple.Exchange
	}
	if len(ProfileLink(host, g.Addresses, kind, g.Chose())) > maxCode {
		return ""
	}
	return "/qr.svg?" + profileQuery(g.Addresses, kind, g.Chose())
}

func (g *group) device(d device) deviceView {
	v := deviceView{Group: g, ID: g.ID(d.Kind), Name: d.Name, Icon: d.Icon}
	if v.Name == "" {
		v.Name = g.text("device." + d.Kind)
	}
	v.Form = g.bare && (d.Kind == "iphone" || d.Kind == "mac")
	for i, w := range g.ways(d) {
		v.Ways = append(v.Ways, g.way(v.ID, w, i))
	}
	if len(v.Ways) > 0 {
		if v.Hint = v.Ways[0].Name; strings.HasPrefix(v.Ways[0].ID, "profile") || strings.HasPrefix(v.Ways[0].ID, "hand") {
			v.Hint = "Apple Mail"
		}
	}
	return v
}

// remarks sorts the remarks of a provider by what they concern.
func (g *group) remarks(p *provider.Provider) {
	langOf := func(n *provider.Note) *string { return &n.Lang }
	g.webmail = p.Webmail
	g.notes = inLanguage(p.Notes, g.Lang, langOf)
	g.Receiving, g.Sending = g.about(provider.NoteReceiving), g.about(provider.NoteSending)
	g.General, g.About, g.Admin = g.about(""), g.about(provider.NoteSettings), g.about(provider.NoteAdmin)
	readable := func(n provider.Note) bool { return n.Lang == "" || n.Key != "" }
	if p.PasswordLogin.Note != "" && !slices.ContainsFunc(g.notes, readable) {
		g.General = append(g.General, noteView{Text: g.linked(p.PasswordLogin.Note)})
	}
	if e := p.Enable; e != nil {
		g.Enable = e.URL
		for _, n := range inLanguage(e.Instructions, g.Lang, langOf) {
			g.EnableSteps = append(g.EnableSteps, noteView{n.Lang, g.linked(n.Text)})
		}
	}
}

// about are the remarks on one thing. Those of built-in providers are messages, in every language of the pages.
func (g *group) about(place provider.NotePlace) []noteView {
	var out []noteView
	for _, n := range g.notes {
		switch {
		case n.For != place:
		case n.Key != "":
			out = append(out, noteView{Text: g.webmailed(g.rich("note." + n.Key))})
		default:
			out = append(out, noteView{n.Lang, g.linked(n.Text)})
		}
	}
	return out
}

// webmailed is a text in which the webmail's host, if it is named, can be clicked.
func (g *group) webmailed(text template.HTML) template.HTML {
	u, err := url.Parse(g.webmail)
	if err != nil || u.Host == "" {
		return text
	}
	link := anchor(template.HTMLEscapeString(g.webmail), template.HTMLEscapeString(u.Host))
	return template.HTML(strings.Replace(string(text), u.Host, link, 1)) //nolint:gosec // escaped
}

// linked is somebody's text, with its https links to be clicked.
func (g *group) linked(text string) template.HTML {
	words := strings.Split(template.HTMLEscapeString(text), " ")
	for i, w := range words {
		if strings.HasPrefix(w, "https://") && !strings.Contains(w, "&#34;") {
			link := strings.TrimRight(w, ".,;:)")
			words[i] = anchor(link, link) + w[len(link):]
		}
	}
	return template.HTML(strings.Join(words, " ")) //nolint:gosec // escaped before
}

// inLanguage picks the texts in lang, without its name, else those in English, else in the language of the first.
func inLanguage[T any](list []T, lang string, langOf func(*T) *string) (out []T) {
	if len(list) == 0 {
		return nil
	}
	for _, want := range []string{lang, "en", *langOf(&list[0])} {
		for _, text := range list {
			if of := langOf(&text); *of == want {
				if want == lang {
					*of = ""
				}
				out = append(out, text)
			}
		}
		if out != nil {
			break
		}
	}
	return out
}

// rows are the tables of settings and links.
func (g *group) rows(p *provider.Provider, first provider.Address) {
	seen := map[provider.Protocol]bool{}
	for _, s := range p.AllServers() {
		row := serverRow{Server: s, Name: strings.ToUpper(string(s.Protocol)), Alternative: seen[s.Protocol],
			Login: g.loginRow(s, first), Shown: templates.Breaks(s.Host)}
		seen[s.Protocol] = true
		if s.Protocol == provider.POP3 && s.LeaveOnServer != nil {
			row.Leave = map[bool]string{true: "yes", false: "no"}[*s.LeaveOnServer]
		}
		list := &g.Servers
		secondChoice := s.Protocol == provider.POP3 && g.Protocol == "IMAP"
		if row.Alternative || secondChoice || s.Protocol == provider.ManageSieve {
			list = &g.Further
		}
		*list = append(*list, row)
	}
	g.share()
	for _, kind := range []string{"caldav", "carddav", "jmap", "activesync"} {
		if u := *p.URL(kind); u != "" {
			g.Services = append(g.Services, serviceRow{kind, u})
		}
	}
	g.DAV = p.CalDAV+p.CardDAV != "" && (g.Mail || g.bare)
	if p.Webmail != "" {
		g.Links = append(g.Links, provider.Documentation{URL: p.Webmail})
	}
	for _, d := range inLanguage(p.Documentation, g.Lang, func(d *provider.Documentation) *string { return &d.Lang }) {
		d.Text = cmp.Or(d.Text, d.URL)
		g.Links = append(g.Links, d)
	}
}

// share says once what every server's login has in common with the first.
func (g *group) share() {
	common := *g.Servers[0].Login
	other := func(s serverRow) bool {
		return s.Login.Username != common.Username || s.Login.Template != common.Template ||
			!slices.Equal(s.Login.Auth, common.Auth)
	}
	if slices.ContainsFunc(g.Servers, other) {
		return
	}
	g.Common = &common
	for _, list := range [][]serverRow{g.Servers, g.Further} {
		for i := range list {
			if !other(list[i]) {
				list[i].Login = nil
			}
		}
	}
}

func (g *group) loginRow(s provider.Server, first provider.Address) *loginRow {
	if len(g.Addresses) == 1 || len(g.Addresses) > 0 && !strings.Contains(s.Username, "%") {
		return &loginRow{Username: provider.Expand(s.Username, first), Auth: g.auth(s)}
	}
	words := map[string]string{provider.EmailAddress: "address", provider.EmailLocalPart: "local"}
	return &loginRow{Template: cmp.Or(words[s.Username], "other"), Auth: g.auth(s)}
}

// auth names a server's ways to log in, as far as they are known to work.
func (g *group) auth(s provider.Server) []string {
	var out []string
	for _, a := range s.Auth {
		word, state := string(a), g.login.For(s.Protocol).Status
		switch {
		case a == provider.AuthOAuth2 && g.SignIn == signMicrosoft:
			word += "-microsoft"
		case a == provider.AuthPassword && state == provider.PasswordRetired:
			word += "-retired"
		case a == provider.AuthPassword && state == provider.PasswordApp:
			word += "-app"
		}
		out = append(out, word)
	}
	return out
}
