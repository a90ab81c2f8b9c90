package probe

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"autoconfig/provider"
)

// dialect is a mail protocol, as far as a conversation needs it.
type dialect struct {
	area         string // the first word of its finding ids
	meaning      func(d *dialect, line string) meaning
	offer        func(lines []string) offer // of what the server says to the capability command
	capability   string                     // command; "": the server says by itself what it can do
	startTLS     string                     // command
	authenticate string                     // command
	quit         string                     // command
	tagged       bool                       // IMAP: commands begin with a tag
	quoted       bool                       // ManageSieve: arguments are quoted

	verb string // of the command that is being answered, "" at the greeting
	tag  int    // of that command
}

type meaning int

const (
	goesOn  meaning = iota // another line of the reply follows
	done                   // it has done what it was asked for
	asks                   // it asks for more
	refuses                // it does not do it
	strange                // not a reply of the protocol
)

func dialectOf(p provider.Protocol) *dialect {
	switch p {
	case provider.IMAP:
		return &dialect{area: "imap", meaning: imapMeaning, offer: imapOffer, capability: "CAPABILITY", startTLS: "STARTTLS",
			authenticate: "AUTHENTICATE", quit: "z LOGOUT", tagged: true}
	case provider.POP3:
		return &dialect{area: "pop3", meaning: popMeaning, offer: popOffer, capability: "CAPA", startTLS: "STLS",
			authenticate: "AUTH", quit: "QUIT"}
	case provider.ManageSieve:
		return &dialect{area: "sieve", meaning: sieveMeaning, offer: sieveOffer, startTLS: "STARTTLS",
			authenticate: "AUTHENTICATE", quit: "LOGOUT", quoted: true}
	}
	return &dialect{area: "smtp", meaning: smtpMeaning, offer: smtpOffer, capability: "EHLO {address}",
		startTLS: "STARTTLS", authenticate: "AUTH", quit: "QUIT"}
}

// hello reads the greeting and what the server can do.
func (d *dialect) hello(c *conn) (greeting string, o offer, err error) {
	lines, _, err := d.reply(c)
	greeting = strings.Join(lines, "\n")
	if err != nil {
		return greeting, offer{}, err
	}
	if d.capability == "" {
		return implementation(lines), d.offer(lines), nil
	}
	o, err = d.capabilities(c)
	return greeting, o, err
}

// capabilities asks what the server can do, also after STARTTLS.
func (d *dialect) capabilities(c *conn) (offer, error) {
	lines, _, err := d.command(c, strings.Replace(d.capability, "{address}", literal(c.LocalAddr()), 1))
	if err != nil {
		return offer{}, err
	}
	return d.offer(lines), nil
}

// begin asks for TLS, up to the server's go-ahead.
func (d *dialect) begin(c *conn) error {
	_, _, err := d.command(c, d.startTLS)
	return err
}

// command sends a command, if there is one, and reads the reply.
func (d *dialect) command(c *conn, text string) (lines []string, more bool, err error) {
	if text != "" {
		d.verb, _, _ = strings.Cut(text, " ")
		if d.tagged {
			d.tag++
			text = fmt.Sprintf("a%d %s", d.tag, text)
		}
		c.last = d.verb
		if err := c.send(text); err != nil {
			return nil, false, err
		}
	}
	return d.reply(c)
}

// reply reads a reply; more: the server asks for another line.
func (d *dialect) reply(c *conn) (lines []string, more bool, err error) {
	var last meaning
	lines, err = c.lines(func(line string) bool {
		last = d.meaning(d, line)
		return last != goesOn
	})
	switch n := len(lines); {
	case err != nil && n > 0 && strings.HasPrefix(strings.ToUpper(lines[n-1]), "* BYE"), err == nil && last == refuses:
		err = refusal{strings.Join(lines, "\n")} // IMAP says why before it hangs up
	case err == nil && last == strange:
		err = unexpected{lines[n-1]}
	}
	return lines, last == asks, err
}

// login tries to log in once. A refusal is a reply, not an error.
func (d *dialect) login(c *conn, m mechanism) (reply string, ok bool, err error) {
	word := func(s string) string {
		if d.quoted {
			return quote(s)
		}
		return s
	}
	command, answers := d.authenticate+" "+word(m.name), slices.Clone(m.answers)
	switch {
	case m.native && d.tagged:
		command = "LOGIN " + quote(m.user) + " " + quote(m.secret)
	case m.native:
		command, answers = "USER "+m.user, []string{"PASS " + m.secret}
	case m.initial != "" && m.inline:
		command += " " + word(m.initial)
	case m.initial != "":
		answers = slices.Insert(answers, 0, m.initial)
	}
	lines, more, err := d.command(c, command)
	for _, answer := range append(answers, "") { // an empty one ends XOAUTH2's error report
		if err != nil || !more && (d.verb != "USER" || answer == "") {
			break
		}
		if err = c.send(word(answer)); err == nil {
			lines, more, err = d.reply(c)
		}
	}
	if no, refused := errors.AsType[refusal](err); refused {
		return no.text, false, nil
	}
	if err != nil {
		return "", false, err
	}
	last := lines[len(lines)-1]
	if more {
		err = unexpected{last}
	}
	return last, !more, err
}

// quote is a quoted string (RFC 3501 §4.3); it cannot hold line ends, which [Login] refuses.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

type offer struct {
	words    []string // as it said them, cleaned
	starttls bool
	masked   bool     // STARTTLS was overwritten on the way
	sasl     []string // login methods, upper case
	native   bool     // IMAP's LOGIN, POP3's USER
	inline   bool     // the first answer goes with the command that logs in (IMAP: RFC 4959)
}

// add notes one thing that the server can do: a word, and what belongs to it.
func (o *offer) add(text string) {
	fields := upperFields(text)
	if len(fields) == 0 {
		return
	}
	o.words = append(o.words, text)
	switch word, method, joined := strings.Cut(fields[0], "="); {
	case word == "STARTTLS", word == "STLS":
		o.starttls = true
	case word == "LOGINDISABLED", word == "USER":
		o.native = word == "USER"
	case word == "SASL-IR":
		o.inline = true
	case strings.HasPrefix(word, "XXXX"):
		o.masked = true
	case word == "AUTH" && joined: // IMAP's, and SMTP's before RFC 2554
		o.sasl = append(append(o.sasl, method), fields[1:]...)
	case word == "AUTH", word == "SASL":
		o.sasl = append(o.sasl, fields[1:]...)
	}
}

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

func (o offer) has(name string) bool { return slices.Contains(o.sasl, name) }

// methods match the SASL methods of the ways to log in; those without one need no command.
var methods = map[provider.Auth]*regexp.Regexp{
	provider.AuthPassword:          regexp.MustCompile(`^(PLAIN|LOGIN)$`),
	provider.AuthOAuth2:            regexp.MustCompile(`^(XOAUTH2|OAUTHBEARER)$`),
	provider.AuthPasswordEncrypted: regexp.MustCompile(`^(CRAM-MD5|DIGEST-MD5|SCRAM-.*)$`),
	provider.AuthNTLM:              regexp.MustCompile(`^NTLM$`),
	provider.AuthGSSAPI:            regexp.MustCompile(`^(GSSAPI|GSS-SPNEGO)$`),
	provider.AuthClientCertificate: regexp.MustCompile(`^EXTERNAL$`),
}

func (o offer) supports(auth provider.Auth) bool {
	m := methods[auth]
	return m == nil || auth == provider.AuthPassword && o.native || slices.ContainsFunc(o.sasl, m.MatchString)
}

func (o offer) takesPassword() bool { return o.supports(provider.AuthPassword) }

// auths are the ways to log in that the offer has a method for, the simplest for people first.
func (o offer) auths() []provider.Auth {
	return slices.DeleteFunc([]provider.Auth{provider.AuthPassword, provider.AuthOAuth2, provider.AuthPasswordEncrypted,
		provider.AuthGSSAPI, provider.AuthNTLM}, func(a provider.Auth) bool { return !o.supports(a) })
}

func upperFields(line string) []string { return strings.Fields(strings.ToUpper(whole(line))) }
