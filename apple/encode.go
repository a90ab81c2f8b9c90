package apple

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"autoconfig/provider"
)

// Encode writes the profile that sets up the accounts. The bytes depend on the arguments alone. An address given twice
// counts once. Errors wrap [ErrKind], [ErrAddresses], [ErrName], [ErrNoPassword], [ErrNoAccount] or [ErrNoDAV]; the
// last three begin with the domain in question.
func Encode(accounts []Account, o Options) ([]byte, error) {
	kind, err := ParseKind(string(o.Kind))
	if err != nil {
		return nil, err
	}
	if accounts, err = distinct(accounts); err != nil {
		return nil, err
	}
	name, err := strings.TrimSpace(o.Name), CheckName(o.Name)
	if err != nil {
		return nil, err
	}
	id := identifier(kind, accounts)
	var payloads []dict
	for _, a := range accounts {
		prefix := id
		if len(accounts) > 1 {
			prefix += "." + digest(mailbox(a.Address))
		}
		more, err := a.payloads(kind, prefix, name, &o.Words)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Address.Domain, err)
		}
		payloads = append(payloads, more...)
	}
	provided := strings.Join(each(accounts, Account.providerName), ", ")
	profile := payload(TypeConfiguration, id, title(provided, kind, accounts, &o.Words))
	profile["PayloadContent"], profile["PayloadOrganization"] = payloads, provided
	profile["PayloadScope"] = "User" // macOS: this user's account, not the machine's
	profile.setText("PayloadDescription", o.Words.Description)
	if len(o.Words.Consent) > 0 {
		profile["ConsentText"] = o.Words.Consent
	}
	return profile.document()
}

// distinct drops repeated addresses and checks that there are any.
func distinct(accounts []Account) ([]Account, error) {
	var out []Account
	seen := map[string]bool{}
	for _, a := range accounts {
		if a.Address.Local == "" {
			return nil, ErrAddresses
		}
		if key := mailbox(a.Address); !seen[key] {
			seen[key] = true
			out = append(out, a)
		}
	}
	if len(out) == 0 || len(out) > MaxAccounts {
		return nil, ErrAddresses
	}
	return out, nil
}

// CheckName is [ErrName] for what cannot be a person's name.
func CheckName(name string) error {
	if utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, provider.Unprintable) {
		return ErrName
	}
	return nil
}

// each is what f says of every account, without repetitions and blanks.
func each(accounts []Account, f func(Account) string) []string {
	var out []string
	for _, a := range accounts {
		if s := f(a); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (a Account) providerName() string { return cmp.Or(a.Provider.Name, a.Address.Domain) }

// title tells profiles apart in a device's list: by provider, by what is set up unless that is mail, and by address.
func title(provided string, kind Kind, accounts []Account, w *Words) string {
	switch kind {
	case Exchange:
		provided += ": " + exchangeTitle
	case DAV:
		provided += ": " + w.calendars() + ", " + w.contacts()
	}
	addresses := strings.Join(each(accounts, func(a Account) string { return a.Address.String() }), ", ")
	return fmt.Sprintf("%s (%s)", provided, addresses)
}

// label tells accounts apart in a program's list.
func (a Account) label() string {
	name := cmp.Or(a.Provider.ShortName, a.Provider.Name, a.Address.Domain)
	if name == a.Address.Domain {
		return a.Address.String()
	}
	return fmt.Sprintf("%s (%s)", name, a.Address)
}
