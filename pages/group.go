package pages

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"autoconfig/apple"
	"autoconfig/provider"
	"autoconfig/templates"
)

// group is what the set-up page says about addresses of one provider.
type group struct {
	*setupView
	number int

	Titled    bool // there are several groups
	Provider  string
	Addresses []string
	Address   string // the first one, or words for "your address"
	Full      bool   // Address is one
	Mode      string // how a person signs in: microsoft, web or password
	Account   string // which of Microsoft's accounts: personal or work

	Truth    bool // there is something to know before
	Password provider.PasswordStatus
	Since    string
	login    provider.PasswordLogin
	Note     string // of the password login; its language is not known
	Notes    []provider.Note

	Enable      string // where mail programs are let in first
	EnableSteps []provider.Note

	Profile, Mail, Exchange bool // which profiles can be made
	Signed                  bool
	QR                      string

	Devices  []device
	Servers  []serverRow
	Services []serviceRow
	Links    []provider.Documentation // Lang is empty when it is the page's
}

// device is a section of the page.
type device struct {
	*group
	Kind string
	Open bool
}

type serverRow struct {
	provider.Server
	Alternative bool   // not the best of its kind
	Username    string // empty: Template describes it
	Template    string
	Auth        []string
	Leave       string // POP3: whether mail stays on the server, yes or no; empty: nothing is said
}

type serviceRow struct{ Kind, Value string }

// ID is an element's id, unique to the group.
func (g *group) ID(name string) string {
	if g.number == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, g.number+1)
}

func (p *Pages) group(v *setupView, part []Account, o SetupOptions) *group {
	first := part[0].Address
	if i := slices.IndexFunc(part, func(a Account) bool { return a.Address.Local != "" }); i >= 0 {
		first = part[i].Address
	}
	from := part[0].Provider.For(first.Domain)
	g := &group{setupView: v, Provider: cmp.Or(from.Name, first.Domain), Signed: o.Signed,
		Password: from.PasswordLogin.Status, Since: from.PasswordLogin.Since, login: from.PasswordLogin}
	for _, a := range part {
		if a.Address.Local != "" {
			g.Addresses = append(g.Addresses, a.Address.String())
		}
	}
	g.Full = len(g.Addresses) > 0
	if g.Address = templates.Message(v.Lang, "address.yours"); g.Full {
		g.Address = g.Addresses[0]
	}
	g.Mode, g.Account = signIn(from)
	g.truth(from)
	g.Mail, g.Exchange = g.Full && mailProfile(from), g.Full && from.ActiveSync != "" && g.Mode == modeMicrosoft
	g.Profile = g.Mail || g.Exchange
	if o.Host != "" && g.Profile {
		g.QR = g.code(o.Host)
	}
	g.rows(from, first)
	for _, kind := range deviceOrder(v.Agent) {
		g.Devices = append(g.Devices, device{group: g, Kind: kind, Open: len(g.Devices) == 0})
	}
	return g
}

// code is the picture with the link to the profile that has the best chance: where passwords are retired that is the
// Exchange one, which can sign in otherwise. It is empty when there are too many addresses for one code.
func (g *group) code(host string) string {
	kind := apple.Mail
	if g.Exchange && (g.Password == provider.PasswordRetired || !g.Mail) {
		kind = apple.Exchange
	}
	if len(ProfileLink(host, g.Addresses, kind, g.Chose())) > maxCode {
		return ""
	}
	return "/qr.svg?" + profileQuery(g.Addresses, kind, g.Chose())
}

// The ways to sign in.
const (
	modeMicrosoft = "microsoft"
	modeWeb       = "web"
	modePassword  = "password"
)

// signIn is how a person signs in, judged by the first incoming server: the programs know Microsoft's hosts and have a
// menu entry for its accounts.
func signIn(p *provider.Provider) (mode, account string) {
	account = "work"
	if out, ok := provider.First(p.Outgoing, provider.SMTP); ok && provider.Below(out.Host, "outlook.com") {
		account = "personal"
	}
	in := p.Incoming[0] // validation refuses providers without one
	switch {
	case in.Auth[0] != provider.AuthOAuth2:
		return modePassword, account
	case provider.Below(in.Host, "office365.com"), provider.Below(in.Host, "outlook.com"):
		return modeMicrosoft, account
	}
	return modeWeb, account
}

// mailProfile reports whether Apple's mail payload can say how to log in.
func mailProfile(p *provider.Provider) bool {
	can := func(s provider.Server) bool { return s.PasswordMethod() }
	return slices.ContainsFunc(p.Incoming, can) && slices.ContainsFunc(p.Outgoing, can)
}

// truth is what a person must know of the provider before anything works.
func (g *group) truth(p *provider.Provider) {
	langOf := func(n *provider.Note) *string { return &n.Lang }
	g.Notes = inLanguage(p.Notes, g.Lang, langOf)
	if !slices.ContainsFunc(g.Notes, func(n provider.Note) bool { return n.Lang == "" }) {
		g.Note = p.PasswordLogin.Note
	}
	if e := p.Enable; e != nil {
		g.Enable, g.EnableSteps = e.URL, inLanguage(e.Instructions, g.Lang, langOf)
	}
	g.Truth = g.Enable != "" || len(g.Notes) > 0 || g.Note != "" ||
		g.Password == provider.PasswordRetired || g.Password == provider.PasswordApp
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
	servers := slices.Concat(p.Incoming, p.Outgoing)
	if p.ManageSieve != nil {
		servers = append(servers, *p.ManageSieve)
	}
	seen := map[provider.Protocol]bool{}
	for _, s := range servers {
		row := serverRow{Server: s, Alternative: seen[s.Protocol], Auth: g.auth(s)}
		seen[s.Protocol] = true
		if s.Protocol == provider.POP3 && s.LeaveOnServer != nil {
			row.Leave = map[bool]string{true: "yes", false: "no"}[*s.LeaveOnServer]
		}
		switch {
		case len(g.Addresses) == 1 || g.Full && !strings.Contains(s.Username, "%"):
			row.Username = provider.Expand(s.Username, first)
		case s.Username == provider.EmailAddress:
			row.Template = "address"
		case s.Username == provider.EmailLocalPart:
			row.Template = "local"
		default:
			row.Template = "other"
		}
		g.Servers = append(g.Servers, row)
	}
	for _, row := range []serviceRow{
		{"caldav", p.CalDAV}, {"carddav", p.CardDAV}, {"jmap", p.JMAP}, {"activesync", p.ActiveSync},
	} {
		if row.Value != "" {
			g.Services = append(g.Services, row)
		}
	}
	if p.Webmail != "" {
		g.Links = append(g.Links, provider.Documentation{URL: p.Webmail})
	}
	for _, d := range inLanguage(p.Documentation, g.Lang, func(d *provider.Documentation) *string { return &d.Lang }) {
		d.Text = cmp.Or(d.Text, d.URL)
		g.Links = append(g.Links, d)
	}
}

// auth names a server's ways to log in, as far as they are known to work.
func (g *group) auth(s provider.Server) []string {
	var out []string
	for _, a := range s.Auth {
		word, state := string(a), g.login.For(s.Protocol).Status
		switch {
		case a == provider.AuthOAuth2 && g.Mode == modeMicrosoft:
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

// deviceOrders are the sections by a word of the User-Agent: the visitor's device first, the related ones next.
var deviceOrders = []struct{ word, kinds string }{
	{"iPhone", appleOrder},
	{"iPad", appleOrder},
	{"Android", "android outlook-new thunderbird outlook iphone mac others"},
	{"Macintosh", "mac iphone thunderbird outlook-new android outlook others"},
	{"Windows", "outlook outlook-new thunderbird iphone android mac others"},
	{"Linux", "thunderbird others iphone android outlook outlook-new mac"},
	{"", appleOrder},
}

const appleOrder = "iphone android outlook outlook-new thunderbird mac others"

func deviceOrder(agent string) []string {
	for _, d := range deviceOrders {
		if strings.Contains(agent, d.word) {
			return strings.Fields(d.kinds)
		}
	}
	return nil // the last one is for all
}
