package provider

import "cmp"

// PasswordLogin is what became of logging in with a password, for every protocol but those with a state of their own.
type PasswordLogin struct {
	PasswordState `yaml:",inline"`

	IMAP *PasswordState `yaml:"imap,omitempty" json:"imap,omitempty" doc:"what is different over IMAP"`
	POP3 *PasswordState `yaml:"pop3,omitempty" json:"pop3,omitempty" doc:"what is different over POP3"`
	SMTP *PasswordState `yaml:"smtp,omitempty" json:"smtp,omitempty" doc:"what is different for sending"`
}

// PasswordState is what became of password login over one protocol.
type PasswordState struct {
	Status PasswordStatus `yaml:"status,omitempty" json:"status" doc:"works, app-password or retired"` // zero: works
	Since  string         `yaml:"since,omitempty" json:"since,omitempty" doc:"date, 2024-09-16"`
	Note   string         `yaml:"note,omitempty" json:"note,omitempty" doc:"one sentence for people"`
}

// Own is the state of a protocol that has one of its own, or nil.
func (l PasswordLogin) Own(proto Protocol) *PasswordState {
	return map[Protocol]*PasswordState{IMAP: l.IMAP, POP3: l.POP3, SMTP: l.SMTP}[proto]
}

// For is what became of it for one protocol.
func (l PasswordLogin) For(proto Protocol) PasswordState {
	if own := l.Own(proto); own != nil {
		return *own
	}
	return l.PasswordState
}

// PasswordStatus is the state of password login at a provider.
type PasswordStatus string

// The states of password login.
const (
	PasswordWorks   PasswordStatus = "works"
	PasswordApp     PasswordStatus = "app-password"
	PasswordRetired PasswordStatus = "retired"
)

// MarshalText writes the zero value as what it means.
func (s PasswordStatus) MarshalText() ([]byte, error) { return []byte(cmp.Or(s, PasswordWorks)), nil }
