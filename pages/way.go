package pages

import (
	"html/template"
	"slices"
	"strings"

	"autoconfig/templates"
)

// way is a way with its texts, each remark with the steps that it concerns. There are many on a page, so they are not
// written by a template.
func (g *group) way(device string, w way, number int) wayView {
	v := wayView{ID: w.ID, Name: w.Name}
	if w.Name == "" {
		v.Name = g.text("name." + strings.TrimSuffix(strings.TrimSuffix(w.ID, "-mac"), "-ios"))
	}
	head, end := "", ""
	if number == 1 {
		head = `<p class="other">` + string(g.rich("ways.other")) + "</p>"
	}
	if number > 0 {
		head += `<details class="way"><summary><h3>` + template.HTMLEscapeString(v.Name) + "</h3></summary>\n"
		end = "</details>\n"
	}
	v.Head = template.HTML(head) //nolint:gosec // as below
	values := append([]string{"app", v.Name, "store", w.Store, "entry", w.Entry[g.Account]}, g.pairs...)
	steps := g.set.List(g.Lang, w.Steps, values...)
	var b strings.Builder
	b.WriteString(`<ol class="steps">`)
	if w.Mail {
		if g.Enable != "" {
			b.WriteString("<li><span>" + g.link(g.Enable, "truth.enable"))
			for _, n := range g.EnableSteps {
				b.WriteString("<br>" + n.in("span", ""))
			}
			b.WriteString("</span></li>")
		}
		for _, n := range g.receiving {
			b.WriteString("<li>" + n.in("span", "") + "</li>")
		}
	}
	if w.Addon != "" {
		b.WriteString("<li><span>" + g.link(w.Addon, "thunderbird.addon") + "</span></li>")
	}
	b.WriteString(string(steps) + "</ol>")
	for _, n := range g.after(w, steps) {
		b.WriteString("\n" + n.in("p", ` class="note"`))
	}
	b.WriteString(end)
	v.Steps = template.HTML(b.String()) //nolint:gosec // of texts that are escaped
	if strings.HasPrefix(w.ID, "profile") {
		v.Profile = &profileView{Group: g, Field: device + "-" + w.ID, Mail: g.Mail,
			Exchange: g.Exchange && w.ID == "profile", QR: g.QR}
	}
	return v
}

// after are the remarks below the steps of a way.
func (g *group) after(w way, steps template.HTML) []noteView {
	var out []noteView
	if w.Mail {
		out = slices.Clone(g.sending)
	}
	after := func(condition bool, key string) {
		if condition {
			out = append(out, noteView{Text: g.rich(key)})
		}
	}
	profile := strings.HasPrefix(w.ID, "profile")
	after(templates.Doubtful(steps), "steps.unverified")
	after(slices.Contains(w.Steps, "iphone.1"), "iphone.before")
	after(w.Finds, "hand.find")
	after(w.Cloud, "outlook.cloud")
	after(w.EWS, "mac.ews")
	after(profile && g.Signed, "profile.signed")
	after(profile && !g.Signed, "profile.unsigned")
	after(w.ID == "profile", "profile.note")
	return out
}

// link is a link to another site by the text of a key.
func (g *group) link(to, key string) string {
	return anchor(template.HTMLEscapeString(to), string(g.rich(key)))
}

// anchor is a link to another site, of escaped texts.
func anchor(to, text string) string { return `<a href="` + to + `" rel="noreferrer">` + text + "</a>" }

// in is a remark in an element with attributes, and its language when that is not the page's.
func (n noteView) in(element, attributes string) string {
	if n.Lang != "" {
		attributes += ` lang="` + template.HTMLEscapeString(n.Lang) + `"`
	}
	return "<" + element + attributes + ">" + string(n.Text) + "</" + element + ">"
}
