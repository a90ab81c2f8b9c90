package pages

import (
	"cmp"
	"slices"
	"strings"

	"autoconfig/apple"
	"autoconfig/provider"
	"autoconfig/templates"
)

// ProfileWords are what a device shows of a profile, in the language of a page, or in English where there are no texts
// in lang. Nothing in them was chosen by whoever asked for the profile, and they name domains, never an address.
func ProfileWords(lang string, kind apple.Kind, accounts []Account) apple.Words {
	return apple.Words{
		Description: description(lang, kind, accounts),
		Consent:     map[string]string{"default": templates.Message(lang, "profile.consent")},
		Mail:        templates.Message(lang, "profile.title.mail"),
		Calendars:   templates.Message(lang, "profile.title.calendars"),
		Contacts:    templates.Message(lang, "profile.title.contacts"),
	}
}

// description says what is about to be installed, and what to know before.
func description(lang string, kind apple.Kind, accounts []Account) string {
	domains, states := []string{}, []string{}
	for _, a := range accounts {
		domains = append(domains, a.Address.Domain)
		if state := passwordWords(lang, kind, a); state != "" {
			states = append(states, cmp.Or(a.Provider.Name, a.Address.Domain)+": "+state)
		}
	}
	list := strings.Join(unique(domains), ", ")
	text := templates.Message(lang, "profile.for."+string(cmp.Or(kind, apple.Mail)), "domains", list)
	return strings.Join(append([]string{text}, unique(states)...), " ")
}

// passwordWords is what became of password login, or empty while it works. Of DAV nothing is known.
func passwordWords(lang string, kind apple.Kind, a Account) string {
	login := a.Provider.PasswordLogin
	state := login.For("")
	if kind == apple.Mail && len(a.Provider.Incoming) > 0 {
		state = login.For(a.Provider.Incoming[0].Protocol)
	}
	date := templates.Date(lang, state.Since)
	var text string
	switch since := state.Since != ""; {
	case kind == apple.DAV:
		return ""
	case state.Status == provider.PasswordRetired && since:
		text = templates.Message(lang, "truth.retired.since", "date", date)
	case state.Status == provider.PasswordRetired:
		text = templates.Message(lang, "truth.retired")
	case state.Status == provider.PasswordApp && since:
		text = templates.Message(lang, "truth.app.since", "date", date)
	case state.Status == provider.PasswordApp:
		text = templates.Message(lang, "truth.app")
	default:
		return ""
	}
	if state.Note != "" && (lang == "en" || len(a.Provider.Notes) == 0) { // that of a built-in is in English
		text += " " + state.Note
	}
	return text
}

// unique is list without repetitions.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
