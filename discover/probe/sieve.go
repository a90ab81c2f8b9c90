package probe

import (
	"strings"
)

// sieve is ManageSieve (RFC 5804).
type sieve struct{}

func (sieve) area() string { return "sieve" }
func (sieve) quit() string { return "LOGOUT" }

// hello reads the capabilities, which are the greeting (RFC 5804 §1.7).
func (d sieve) hello(c *conn) (string, offer, error) {
	lines, err := d.reply(c)
	if err != nil {
		return "", offer{}, err
	}
	o := sieveOffer(lines)
	greeting := lines[len(lines)-1]
	for _, line := range lines {
		if name, value := sievePair(line); name == "IMPLEMENTATION" {
			greeting = value
		}
	}
	return greeting, o, nil
}

// again reads the capabilities, which the server sends by itself once TLS is
// on (RFC 5804 §2.2).
func (d sieve) again(c *conn) (offer, error) {
	lines, err := d.reply(c)
	return sieveOffer(lines), err
}

func sieveOffer(lines []string) offer {
	var o offer
	for _, line := range lines {
		name, value := sievePair(line)
		if name == "" {
			continue
		}
		o.words = append(o.words, strings.TrimSpace(name+" "+whole(value)))
		switch name {
		case "STARTTLS":
			o.starttls = true
		case "SASL":
			o.sasl = append(o.sasl, upperFields(value)...)
		}
	}
	o.clear = o.takesPassword()
	return o
}

// sievePair reads a capability line: "NAME" or "NAME" "value".
func sievePair(line string) (name, value string) {
	rest, ok := strings.CutPrefix(line, `"`)
	if !ok {
		return "", ""
	}
	name, rest, ok = strings.Cut(rest, `"`)
	if !ok {
		return "", ""
	}
	value = strings.Trim(strings.TrimSpace(rest), `"`)
	return strings.ToUpper(whole(name)), value
}

// reply reads up to the OK, NO or BYE that ends an answer.
func (sieve) reply(c *conn) ([]string, error) {
	lines, err := c.lines(func(line string) bool { return !strings.HasPrefix(line, `"`) })
	if err != nil {
		return nil, err
	}
	last := lines[len(lines)-1]
	word := ""
	if f := upperFields(last); len(f) > 0 {
		word = f[0]
	}
	switch word {
	case "OK":
		return lines, nil
	case "NO", "BYE":
		return nil, refusal{last}
	}
	return nil, unexpected{last}
}

func (d sieve) starttls(c *conn) error {
	if err := c.send("STARTTLS"); err != nil {
		return err
	}
	_, err := d.reply(c)
	return err
}

func (d sieve) login(c *conn, m mechanism) (string, bool, error) {
	if err := c.send(`AUTHENTICATE "` + m.name + `" "` + m.initial + `"`); err != nil {
		return "", false, err
	}
	lines, err := c.lines(func(string) bool { return true })
	if err != nil {
		return "", false, err
	}
	if strings.HasPrefix(lines[0], `"`) || strings.HasPrefix(lines[0], "{") { // a challenge: XOAUTH2's error report
		if err := c.sendSecret(`""`); err != nil {
			return "", false, err
		}
		if lines, err = d.reply(c); err != nil {
			return verdict("", err)
		}
	}
	last := lines[len(lines)-1]
	return last, strings.HasPrefix(strings.ToUpper(last), "OK"), nil
}
