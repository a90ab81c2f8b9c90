package pages

import (
	"html/template"
	"slices"
	"strings"

	"autoconfig/templates"
)

// wayView is a way in a section, with its texts.
type wayView struct {
	way
	Group    *group
	Number   int           // in its section
	List     template.HTML // the steps
	Doubtful bool          // the words of a step may differ on the device
	Before   template.HTML // what an older device shows; empty: the same
	Profile  *profileView
}

func (g *group) way(device string, w way, number int) wayView {
	if w.Name == "" {
		w.Name = g.text("name." + strings.TrimSuffix(strings.TrimSuffix(w.ID, "-mac"), "-ios"))
	}
	v := wayView{way: w, Group: g, Number: number}
	values := append([]string{"app", w.Name, "store", w.Store, "entry", w.Entry[g.Account]}, g.pairs...)
	v.List = g.set.List(g.Lang, w.Steps, values...)
	v.Doubtful = templates.Doubtful(v.List)
	if slices.Contains(w.Steps, "iphone.1") {
		v.Before = g.rich("iphone.before")
	}
	if strings.HasPrefix(w.ID, "profile") {
		v.Profile = &profileView{Group: g, Field: device + "-" + w.ID, Mail: g.Mail,
			Exchange: g.Exchange && w.ID == "profile", QR: g.QR}
	}
	return v
}

// anchor is a link to another site, of escaped texts.
func anchor(to, text string) string { return `<a href="` + to + `" rel="noreferrer">` + text + "</a>" }
