package main

import (
	"context"
	"time"

	"autoconfig/provider"
)

// factsJSON is what `providers ID --facts --json` prints.
type factsJSON struct {
	ID      string       `json:"id"`
	Day     string       `json:"day"`
	Facts   []factJSON   `json:"facts"`
	Changes []changeJSON `json:"changes"`

	Name, Reviewed string `json:"-"`
}

type factJSON struct {
	Key      string   `json:"key"`
	Values   []string `json:"values"`
	Sources  []string `json:"sources"`
	Reviewed string   `json:"reviewed"`
}

type changeJSON struct {
	Date   string `json:"date"`
	State  string `json:"state"`
	What   string `json:"what"`
	Source string `json:"source"`
}

// facts prints where the values of a built-in provider come from, and what changes when, as seen on a day: today, if
// that is zero.
func (a *app) facts(ctx context.Context, who string, day time.Time) error {
	id, err := a.builtinOf(ctx, who)
	if err != nil {
		return err
	}
	if day.IsZero() {
		day = a.today()
	}
	p := provider.BuiltinAt(id, day)
	out := factsJSON{ID: id, Name: p.Name, Day: day.Format(time.DateOnly), Reviewed: provider.Reviewed,
		Facts: []factJSON{}, Changes: []changeJSON{}}
	for _, f := range provider.Facts(id) {
		if n := len(out.Facts); n > 0 && out.Facts[n-1].Key == f.Key {
			out.Facts[n-1].Sources = append(out.Facts[n-1].Sources, f.Source)
			continue
		}
		out.Facts = append(out.Facts, factJSON{f.Key, factValues(p, f.Key), []string{f.Source}, f.Reviewed})
	}
	for _, c := range provider.Changes(id) {
		out.Changes = append(out.Changes, changeJSON{Date: c.Date, State: c.State(day), What: c.What, Source: c.Source})
	}
	return a.output(out, "facts")
}

func factValues(p *provider.Provider, key string) []string {
	switch key {
	case "incoming":
		return serverLines(p.Incoming)
	case "outgoing":
		return serverLines(p.Outgoing)
	case "oauth2":
		return append([]string{p.OAuth2.AuthorizeURL, p.OAuth2.TokenURL}, p.OAuth2.Scopes...)
	case "password_login":
		var out []string
		for _, l := range passwords(p.PasswordLogin) {
			out = append(out, l.String())
		}
		return out
	case "mx":
		return p.MX
	case "domains":
		return []string{plural(len(p.Domains), "domain")}
	case "unverified":
		return []string{plural(len(p.Unverified), "domain")}
	case "documentation":
		return []string{p.Documentation[0].URL}
	case "autodiscover":
		return []string{p.Autodiscover.RedirectURL}
	case "records":
		return []string{"autodiscover CNAME " + p.Vendor.Autodiscover, "SPF include:" + p.Vendor.SPF}
	}
	for name, url := range p.URLs() {
		if name == key {
			return []string{*url}
		}
	}
	return nil
}
