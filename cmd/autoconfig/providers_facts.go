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
	out := factsJSON{ID: id, Day: day.Format(time.DateOnly), Facts: []factJSON{}, Changes: []changeJSON{}}
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
	if a.json {
		return a.printJSON(out)
	}
	return a.printFactsText(p.Name, out)
}

func (a *app) printFactsText(name string, out factsJSON) error {
	p := a.printer(textFormat)
	p.printf("%s on %s, reviewed %s\n", name, out.Day, provider.Reviewed)
	for _, f := range out.Facts {
		p.printf("\n%s\n", f.Key)
		for _, v := range f.Values {
			p.lines("    ", v)
		}
		for _, s := range f.Sources {
			p.lines("    ", "Source: "+s)
		}
	}
	p.printf("\nWhat changes\n")
	for _, c := range out.Changes {
		p.printf("\n  %s  %s\n", c.Date, c.State)
		p.lines("    ", c.What)
		p.lines("    ", "Source: "+c.Source)
	}
	return p.err
}

// factValues is a built-in value in words.
func factValues(p *provider.Provider, key string) []string {
	switch key {
	case "incoming":
		return serverLines(p.Incoming)
	case "outgoing":
		return serverLines(p.Outgoing)
	case "oauth2":
		return append([]string{p.OAuth2.AuthorizeURL, p.OAuth2.TokenURL}, p.OAuth2.Scopes...)
	case "password_login":
		return passwordLines(p.PasswordLogin)
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
