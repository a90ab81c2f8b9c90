// Package apple writes, reads, signs and verifies Apple configuration profiles,
// the files named .mobileconfig that set up an account on iPhone, iPad and Mac.
//
// A profile is an XML property list: a top level of type Configuration with an array of payloads, one for each account.
// com.apple.mail.managed is a mail account: one incoming server (IMAP or POP), one outgoing, and a password the device
// asks for; the payload has no way to say OAuth2. com.apple.eas.account is Exchange ActiveSync, which does, but not on
// a Mac. com.apple.caldav.account and com.apple.carddav.account are calendars and address books. The identifier of the
// top level decides whether a download replaces an installed profile, so it is derived from the address, never random.
// A signed profile is the same file inside CMS SignedData (RFC 5652).
//
// The keys are those of https://github.com/apple/device-management, mdm/profiles.
package apple

import (
	"errors"

	"autoconfig/provider"
)

// ContentType is the media type of a profile, signed or not.
const ContentType = "application/x-apple-aspen-config"

// The bounds of what is written and read.
const (
	MaxAccounts = 10      // accounts in one profile
	maxName     = 64      // characters of a person's name
	MaxSize     = 1 << 20 // bytes of a profile that is read
)

// Kind is which sort of account a profile sets up.
type Kind string

// The kinds: mail is IMAP or POP with SMTP, and calendars and address books where the provider has them; exchange is
// Exchange ActiveSync; dav is calendars and address books alone.
const (
	Mail     Kind = "mail"
	Exchange Kind = "exchange"
	DAV      Kind = "dav"
)

// ParseKind reads a kind; the empty word is mail. Other words are [ErrKind].
func ParseKind(word string) (Kind, error) {
	switch k := Kind(word); k {
	case "":
		return Mail, nil
	case Mail, Exchange, DAV:
		return k, nil
	}
	return "", ErrKind
}

// Account is one address with the provider that serves it.
type Account struct {
	Provider *provider.Provider
	Address  provider.Address
}

// Options say how a profile is written. The zero value is a mail profile without a name.
type Options struct {
	Kind  Kind   // empty: mail
	Name  string // the person's own name, shown as the sender; may be empty
	Words Words
}

// Words are what a device shows of a profile, in one language.
type Words struct {
	Description               string            // what is installed; it names no address; empty: nothing
	Mail, Calendars, Contacts string            // titles; empty: English
	Consent                   map[string]string // to agree to before installing, by language, "default" for all others
}

// Why a profile cannot be written. The first three are mistakes of whoever
// asked, the others limits of the format for this provider.
var (
	ErrKind       = errors.New("the kind of account is mail, exchange or dav")
	ErrAddresses  = errors.New("a profile is for one to ten full addresses")
	ErrName       = errors.New("the name has more than 64 characters, or one that cannot be shown")
	ErrNoPassword = errors.New("a mail profile knows logging in with a password only, and this provider does not offer " +
		"it; sign in through the device's own account settings, or ask for account=exchange where the provider has it")
	ErrNoAccount = errors.New("this provider has no Exchange account")
	ErrNoDAV     = errors.New("no calendars and contacts of this provider are known")
)

// Filename is the name a profile for domain is downloaded under.
func Filename(domain string) string { return domain + ".mobileconfig" }
