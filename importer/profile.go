package importer

import (
	"regexp"
	"strings"
	"time"

	"autoconfig/apple"
	"autoconfig/provider"
	"autoconfig/templates"
)

func (d *Document) profile(data []byte) ([]*Document, error) {
	if apple.IsSigned(data) {
		signed, err := apple.Verify(data, nil, time.Now()) // any signer will do
		if signed == nil {
			return nil, err
		}
		data = signed.Content
	}
	profile, err := apple.Decode(data)
	if err != nil {
		return nil, err
	}
	accounts := profile.Accounts()
	if len(accounts) == 0 {
		return nil, ErrEmpty
	}
	if len(accounts) == 1 {
		accounts[0].Provider.PasswordLogin = passwordLogin(profile.Description)
	}
	var docs []*Document
	for _, a := range accounts {
		next := *d
		next.Provider = a.Provider
		if a.Address.Domain != "" {
			next.address = a.Address
		}
		docs = append(docs, &next)
	}
	orig := xmlLeaves(data)
	kind := apple.Mail
	if p := accounts[0].Provider; len(p.Incoming) == 0 && p.ActiveSync != "" {
		kind = apple.Exchange
	} else if len(p.Incoming) == 0 {
		kind = apple.DAV
	}
	var again []leaf
	for _, d := range docs {
		a := d.sampleAddress()
		accounts := []apple.Account{{Provider: complete(d.Provider, a), Address: a}}
		text, _ := apple.Encode(accounts, apple.Options{Kind: kind, Name: "x"})
		again = append(again, xmlLeaves(text)...)
	}
	docs[0].lost(orig, again)
	return docs, nil
}

// passwordLogin reads what the description of one of our own profiles says about passwords.
func passwordLogin(description string) provider.PasswordLogin {
	for _, s := range []struct {
		message string
		status  provider.PasswordStatus
	}{{"truth.retired.since", provider.PasswordRetired}, {"truth.app.since", provider.PasswordApp},
		{"truth.retired", provider.PasswordRetired}, {"truth.app", provider.PasswordApp}} {
		text := regexp.QuoteMeta(templates.Message("en", s.message, "date", "DATE"))
		text = strings.Replace(text, "DATE", `(\d+ [A-Z][a-z]+ \d{4})`, 1)
		if !strings.Contains(text, "(") {
			text += "()"
		}
		m := regexp.MustCompile(": " + text + "(?: (.+))?$").FindStringSubmatch(description)
		if m == nil {
			continue
		}
		l := provider.PasswordLogin{PasswordState: provider.PasswordState{Status: s.status, Note: m[2]}}
		if day, err := time.Parse("2 January 2006", m[1]); err == nil {
			l.Since = day.Format(time.DateOnly)
		}
		return l
	}
	return provider.PasswordLogin{}
}
