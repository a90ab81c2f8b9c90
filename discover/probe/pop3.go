package probe

import (
	"slices"
	"strings"
)

// pop3 is POP3 (RFC 1939) with CAPA (RFC 2449), STLS (RFC 2595) and AUTH (RFC 5034).
type pop3 struct{}

func (pop3) area() string { return "pop3" }
func (pop3) quit() string { return "QUIT" }

func (d pop3) hello(c *conn) (string, offer, error) {
	greeting, err := d.reply(c)
	if err != nil {
		return "", offer{}, err
	}
	o, err := d.again(c)
	return greeting, o, err
}

func (d pop3) again(c *conn) (offer, error) {
	if err := c.send("CAPA"); err != nil {
		return offer{}, err
	}
	lines, err := c.lines(func(line string) bool {
		return line == "." || !strings.HasPrefix(line, "+OK") && strings.HasPrefix(line, "-ERR")
	})
	if err != nil {
		return offer{}, err
	}
	return popOffer(lines), nil
}

// popOffer reads the answer to CAPA. A server without CAPA has USER (RFC 1939
// §7) and may have STLS all the same.
func popOffer(lines []string) offer {
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "+OK") {
		return offer{native: true, starttls: true, clear: true}
	}
	var o offer
	for _, line := range lines[1:] {
		f := upperFields(line)
		if len(f) == 0 || f[0] == "." {
			continue
		}
		o.words = append(o.words, strings.Join(f, " "))
		switch f[0] {
		case "STLS":
			o.starttls = true
		case "USER":
			o.native = true
		case "SASL":
			o.sasl = append(o.sasl, f[1:]...)
		}
	}
	o.clear = o.takesPassword()
	return o
}

// reply reads a reply of one line; -ERR is a refusal. A request to continue
// is a reply too.
func (pop3) reply(c *conn) (string, error) {
	lines, err := c.lines(func(string) bool { return true })
	if err != nil {
		return "", err
	}
	switch line := lines[0]; {
	case strings.HasPrefix(line, "+OK"), line == "+", strings.HasPrefix(line, "+ "):
		return line, nil
	case strings.HasPrefix(line, "-ERR"):
		return "", refusal{line}
	default:
		return "", unexpected{line}
	}
}

func (d pop3) ask(c *conn, command string) (string, error) {
	if err := c.send(command); err != nil {
		return "", err
	}
	return d.reply(c)
}

func (d pop3) starttls(c *conn) error {
	_, err := d.ask(c, "STLS")
	return err
}

func (d pop3) login(c *conn, m mechanism) (string, bool, error) {
	if m.native {
		if reply, err := d.ask(c, "USER "+m.user); err != nil {
			return verdict(reply, err)
		}
		return verdict(d.ask(c, "PASS "+m.secret))
	}
	if m.initial != "" {
		m.answers = slices.Insert(slices.Clone(m.answers), 0, m.initial) // on a line of its own: RFC 5034 §4 allows 255 octets for the command
	}
	reply, err := d.ask(c, "AUTH "+m.name)
	for err == nil && !strings.HasPrefix(reply, "+OK") {
		if err = c.sendSecret(m.next()); err == nil {
			reply, err = d.reply(c)
		}
	}
	return verdict(reply, err)
}
