package probe

import (
	"slices"
	"strings"

	"autoconfig/provider"
)

// dialect is what differs between the mail protocols.
type dialect interface {
	area() string                                                  // the first word of its finding ids
	hello(c *conn) (greeting string, o offer, err error)           // greeting and capabilities, at the beginning
	starttls(c *conn) error                                        // up to the go-ahead
	again(c *conn) (offer, error)                                  // capabilities after STARTTLS
	login(c *conn, m mechanism) (reply string, ok bool, err error) // one attempt
	quit() string
}

func dialectOf(p provider.Protocol) dialect {
	switch p {
	case provider.IMAP:
		return &imap{}
	case provider.POP3:
		return pop3{}
	case provider.ManageSieve:
		return sieve{}
	}
	return smtp{}
}

// offer is what a server says it can do.
type offer struct {
	words    []string // as it said them, cleaned
	starttls bool
	masked   bool     // STARTTLS was overwritten on the way
	sasl     []string // login methods, upper case
	native   bool     // IMAP's LOGIN, POP3's USER
	inline   bool     // IMAP's SASL-IR (RFC 4959): the first answer goes with the command
	clear    bool     // a password is taken as things stand
}

// methods lists the login methods for a person.
func (o offer) methods() string {
	list := slices.Clone(o.sasl)
	if o.native {
		list = append(list, "plain password command")
	}
	if len(list) == 0 {
		return "no method"
	}
	return strings.Join(list, ", ")
}

// takesPassword reports whether the offer has a method that sends a password.
func (o offer) takesPassword() bool {
	return o.native || slices.Contains(o.sasl, "PLAIN") || slices.Contains(o.sasl, "LOGIN")
}

// supports reports whether the offer has a method for auth. Methods that need
// no command count as offered.
func (o offer) supports(auth provider.Auth) bool {
	any := func(match func(m string) bool) bool { return slices.ContainsFunc(o.sasl, match) }
	switch auth {
	case provider.AuthPassword:
		return o.takesPassword()
	case provider.AuthOAuth2:
		return any(func(m string) bool { return m == "XOAUTH2" || m == "OAUTHBEARER" })
	case provider.AuthPasswordEncrypted:
		return any(func(m string) bool { return m == "CRAM-MD5" || m == "DIGEST-MD5" || strings.HasPrefix(m, "SCRAM-") })
	case provider.AuthNTLM:
		return slices.Contains(o.sasl, "NTLM")
	case provider.AuthGSSAPI:
		return any(func(m string) bool { return m == "GSSAPI" || m == "GSS-SPNEGO" })
	case provider.AuthClientCertificate:
		return slices.Contains(o.sasl, "EXTERNAL")
	}
	return true
}

// auths are the ways to log in that the offer has a method for, the simplest for
// people first.
func (o offer) auths() []provider.Auth {
	return slices.DeleteFunc([]provider.Auth{provider.AuthPassword, provider.AuthOAuth2, provider.AuthPasswordEncrypted,
		provider.AuthGSSAPI, provider.AuthNTLM}, func(a provider.Auth) bool { return !o.supports(a) })
}

// upperFields are the words of a line in upper case.
func upperFields(line string) []string { return strings.Fields(strings.ToUpper(whole(line))) }
