package provider

import (
	"cmp"
	"slices"
	"time"
)

// Reviewed is the day the built-in values were last checked against their
// sources.
const Reviewed = "2026-11-28"

// The sources named next to the built-in values.
const (
	sourceISPDB      = "thunderbird/autoconfig ispdb/hotmail.com.xml and office365.com.xml, c6ad796 (2026-03-12)"
	sourceMSServers  = "Microsoft, \"POP, IMAP, and SMTP settings for Outlook.com\" (support.microsoft.com d088b986-291d-42b8-9564-9c414e2aa040)"
	sourceMSBasic    = "Microsoft, \"Modern authentication methods now needed\" (support.microsoft.com c5d65390-9676-4763-b41f-d7986499a90d)"
	sourceMSBasic365 = "Exchange team blog 3641943 (2022-09-01)"
	sourceMSTenants  = "Exchange team blog 4489835 (2026-01-27)"
	sourceMSOAuth    = "Microsoft, \"Authenticate an IMAP, POP or SMTP connection using OAuth\" (learn.microsoft.com)"
	sourceMSDNS      = "Microsoft, \"External Domain Name System records for Microsoft 365\" (learn.microsoft.com)"
	sourceEAS        = "Microsoft 365 message center MC1197103"
	sourceEASHost    = "jobisoft/EAS-4-TbSync #160, #259, #706"
	sourceMSSignIn   = "Microsoft, \"How to sign in to or out of Outlook.com\" (support.microsoft.com e08eb8ac-ac27-49f4-a400-a47311e1ee7e)"
	sourceValidator  = "validatorjs/validator.js normalizeEmail.js; served only where the mail exchanger confirms it"
	sourceRedirect   = "ecederstrand/exchangelib #863 (2021-02-12)"
	sourceNone       = "no published page; used with autodiscover: redirect only"
	sourceEWS        = "Microsoft 365 message center MC1227454 (2026-02-06)"
)

// Fact is where a built-in value comes from.
type Fact struct {
	Key      string // as in autoconfig.yaml
	Source   string
	Reviewed string // date, 2006-01-02
}

// Change is a change at a vendor with a known date.
type Change struct {
	Date   string // from this day on, 2006-01-02
	What   string // a sentence
	Source string

	apply func(*Provider) // what other words it means; never a way to log in: documents change by a release alone
}

// facts are the sources of the built-in values that a provider states.
func facts(id string) map[string][]string {
	switch id {
	case Outlook:
		return map[string][]string{
			"domains": {sourceISPDB}, "mx": {sourceISPDB}, "incoming": {sourceISPDB, sourceMSServers}, "outgoing": {sourceISPDB, sourceMSServers},
			"oauth2": {sourceMSOAuth}, "password_login": {sourceMSBasic}, "activesync": {sourceEASHost}, "documentation": {sourceMSServers},
			"webmail": {sourceMSSignIn}, "autodiscover": {sourceRedirect}, "unverified": {sourceValidator},
		}
	case Microsoft365:
		return map[string][]string{
			"incoming": {sourceISPDB, sourceMSBasic365}, "outgoing": {sourceISPDB, sourceMSTenants}, "oauth2": {sourceMSOAuth},
			"password_login": {sourceMSBasic365, sourceMSTenants}, "mx": {sourceMSDNS}, "graph": {sourceISPDB}, "activesync": {"AADInternals, sample output of Microsoft's Autodiscover", sourceEAS},
			"webmail": {sourceMSSignIn}, "autodiscover": {sourceNone}, "records": {sourceMSDNS},
			"documentation": {"Microsoft, \"POP3 and IMAP4 in Exchange Online\" (learn.microsoft.com)"},
		}
	}
	return nil
}

// Facts lists the sources of a built-in provider's values, by key.
func Facts(id string) []Fact {
	var out []Fact
	for key, sources := range facts(id) {
		for _, source := range sources {
			out = append(out, Fact{key, source, Reviewed})
		}
	}
	slices.SortStableFunc(out, func(a, b Fact) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Source, b.Source)) })
	return out
}

// Changes lists what changes at a built-in provider, the earliest first.
func Changes(id string) []Change {
	eas := Change{Date: "2026-03-01", What: "ActiveSync below version 16.1 is refused; update the device, or use another mail program.", Source: sourceEAS}
	if id == Outlook {
		return []Change{{Date: "2024-09-16", What: "Login with a password, app passwords included, ends for most accounts.", Source: sourceMSBasic}, eas}
	}
	if id != Microsoft365 {
		return nil
	}
	return []Change{
		{Date: "2022-10-01", What: "IMAP, POP3, ActiveSync and EWS take no password any more.", Source: sourceMSBasic365},
		eas,
		{Date: "2026-10-01", What: "Exchange Web Services (EWS) are off, but for applications that the organisation lists.", Source: sourceEWS},
		{Date: "2026-12-31", What: "Sending with a password (SMTP AUTH) is off by default; an administrator can switch it on again. " +
			"Microsoft announces the final date in the second half of 2027.", Source: sourceMSTenants, apply: smtpPasswordOff},
		{Date: "2027-04-01", What: "Exchange Web Services (EWS) end for every organisation.", Source: sourceEWS},
	}
}

func smtpPasswordOff(p *Provider) {
	p.PasswordLogin.SMTP = &PasswordState{Status: PasswordRetired, Since: "2026-12-31",
		Note: "Sending with a password is off by default; an administrator of the organisation can switch it on again."}
	p.Notes = microsoft365Notes(smtpOff)
}

// BuiltinAt returns a fresh copy of the built-in provider with that id in the
// words that are true on a day, or nil.
func BuiltinAt(id string, day time.Time) *Provider {
	p := Builtin(id)
	if p == nil {
		return nil
	}
	for _, c := range Changes(id) {
		if c.apply != nil && !c.after(day) {
			c.apply(p)
		}
	}
	return p
}

// after reports whether the change is still to come on a day.
func (c Change) after(day time.Time) bool { return c.Date > day.UTC().Format(time.DateOnly) }

// State says how a day is to the change: done, soon (within [Notice]) or planned.
func (c Change) State(day time.Time) string {
	switch {
	case !c.after(day):
		return "done"
	case !c.after(day.Add(Notice)):
		return "soon"
	}
	return "planned"
}

// Notice is how long before a change operators are warned.
const Notice = 60 * 24 * time.Hour

// News lists the changes of a built-in provider that an operator should know
// of on a day: those within [Notice], and those that have come since the
// values were [Reviewed].
func News(id string, day time.Time) (coming, come []Change) {
	for _, c := range Changes(id) {
		switch {
		case c.after(day) && !c.after(day.Add(Notice)):
			coming = append(coming, c)
		case !c.after(day) && c.Date > Reviewed:
			come = append(come, c)
		}
	}
	return coming, come
}

// NextChange is the day of the next change of any built-in provider, or the
// zero time.
func NextChange(day time.Time) time.Time {
	var next time.Time
	for _, p := range Builtins() {
		for _, c := range Changes(p.ID) {
			if at, err := time.Parse(time.DateOnly, c.Date); err == nil && c.after(day) && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}
