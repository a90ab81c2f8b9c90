package probe

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// imap is IMAP4rev1 and rev2 (RFC 3501, RFC 9051).
type imap struct{ tag int }

func (*imap) area() string { return "imap" }
func (*imap) quit() string { return "z LOGOUT" }

func (d *imap) hello(c *conn) (string, offer, error) {
	lines, err := c.lines(func(string) bool { return true })
	if err != nil {
		return "", offer{}, err
	}
	switch kind := upperFields(lines[0]); {
	case len(kind) > 1 && kind[0] == "*" && kind[1] == "BYE":
		return "", offer{}, refusal{lines[0]}
	case len(kind) < 2 || kind[0] != "*" || kind[1] != "OK" && kind[1] != "PREAUTH":
		return "", offer{}, unexpected{lines[0]}
	}
	o, err := d.again(c)
	return lines[0], o, err
}

func (d *imap) again(c *conn) (offer, error) {
	untagged, _, err := d.command(c, "CAPABILITY")
	if err != nil {
		return offer{}, err
	}
	return imapOffer(untagged), nil
}

// imapOffer reads the untagged answers to CAPABILITY.
func imapOffer(lines []string) offer {
	o := offer{native: true}
	for _, line := range lines {
		f := upperFields(line)
		if len(f) < 2 || f[0] != "*" || f[1] != "CAPABILITY" {
			continue
		}
		o.words = append(o.words, strings.Fields(whole(line))[2:]...)
	}
	for _, word := range o.words {
		switch word = strings.ToUpper(word); {
		case word == "STARTTLS":
			o.starttls = true
		case word == "LOGINDISABLED":
			o.native = false
		case word == "SASL-IR":
			o.inline = true
		case strings.HasPrefix(word, "AUTH="):
			o.sasl = append(o.sasl, word[len("AUTH="):])
		}
	}
	o.clear = o.takesPassword()
	return o
}

// command sends a command and reads its untagged answers and its tagged reply
// or the request to continue.
func (d *imap) command(c *conn, text string) (untagged []string, reply string, err error) {
	d.tag++
	tag := "a" + strconv.Itoa(d.tag)
	if err := c.send(tag + " " + text); err != nil {
		return nil, "", err
	}
	return d.reply(c, tag)
}

func (d *imap) reply(c *conn, tag string) (untagged []string, reply string, err error) {
	lines, err := c.lines(func(line string) bool {
		return strings.HasPrefix(line, tag+" ") || strings.HasPrefix(line, "+") || !strings.HasPrefix(line, "* ")
	})
	if err != nil {
		if n := len(lines); n > 0 && strings.HasPrefix(strings.ToUpper(lines[n-1]), "* BYE") {
			err = refusal{strings.Join(lines, "\n")} // it said why before it hung up
		}
		return nil, "", err
	}
	last := lines[len(lines)-1]
	if strings.HasPrefix(last, "+") {
		return lines[:len(lines)-1], last, nil
	}
	if !strings.HasPrefix(last, tag+" ") {
		return nil, "", unexpected{last}
	}
	if !imapOK(last) {
		return nil, strings.Join(lines, "\n"), refusal{strings.Join(lines, "\n")}
	}
	return lines[:len(lines)-1], last, nil
}

func imapOK(reply string) bool {
	f := upperFields(reply)
	return len(f) > 1 && f[1] == "OK"
}

func (d *imap) starttls(c *conn) error {
	_, _, err := d.command(c, "STARTTLS")
	return err
}

func (d *imap) login(c *conn, m mechanism) (string, bool, error) {
	command := "AUTHENTICATE " + m.name
	switch {
	case m.native:
		command = "LOGIN " + quote(m.user) + " " + quote(m.secret)
		m.answers = nil
	case m.initial != "" && m.inline:
		command += " " + m.initial
	case m.initial != "":
		m.answers = slices.Insert(slices.Clone(m.answers), 0, m.initial)
	}
	_, reply, err := d.command(c, command)
	for err == nil && strings.HasPrefix(reply, "+") {
		if err := c.sendSecret(m.next()); err != nil {
			return "", false, err
		}
		_, reply, err = d.reply(c, "a"+strconv.Itoa(d.tag))
	}
	return verdict(reply, err)
}

// verdict turns a refusal, which is an answer here, into one.
func verdict(reply string, err error) (string, bool, error) {
	if no, ok := errors.AsType[refusal](err); ok {
		return no.text, false, nil
	}
	return reply, err == nil, err
}

// quote is a quoted string (RFC 3501 §4.3); it cannot hold line ends, which
// [Login] refuses.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
