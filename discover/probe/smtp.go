package probe

import (
	"encoding/base64"
	"net"
	"slices"
	"strings"
)

// smtp is message submission (RFC 6409, RFC 3207, RFC 4954).
type smtp struct{}

func (smtp) area() string { return "smtp" }
func (smtp) quit() string { return "QUIT" }

func (d smtp) hello(c *conn) (string, offer, error) {
	code, greeting, err := d.reply(c)
	if err != nil {
		return greeting, offer{}, err
	}
	if code != "220" {
		return "", offer{}, refusal{greeting}
	}
	o, err := d.again(c)
	return greeting, o, err
}

func (d smtp) again(c *conn) (offer, error) {
	text, err := d.ask(c, "EHLO "+literal(c.LocalAddr()), "250")
	if err != nil {
		return offer{}, err
	}
	return ehlo(text), nil
}

// ask sends a command; a reply with another code than the wanted is a refusal.
func (d smtp) ask(c *conn, command, want string) (string, error) {
	if err := c.send(command); err != nil {
		return "", err
	}
	code, text, err := d.reply(c)
	if err == nil && code != want {
		err = refusal{text}
	}
	return text, err
}

// literal is our own address as EHLO takes it (RFC 5321 §4.1.3), the name mail
// programs give too.
func literal(addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "[127.0.0.1]"
	}
	host, _, _ = strings.Cut(host, "%")
	if strings.Contains(host, ":") {
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}

// ehlo reads the text of an EHLO reply, whose first line is the server's name.
func ehlo(text string) offer {
	var o offer
	lines := strings.Split(text, "\n")
	for _, line := range lines[1:] {
		_, word, _ := cutReply(line)
		f := upperFields(word)
		if len(f) == 0 {
			continue
		}
		o.words = append(o.words, strings.Join(f, " "))
		switch {
		case f[0] == "STARTTLS":
			o.starttls = true
		case strings.HasPrefix(f[0], "XXXX"):
			o.masked = true
		case f[0] == "AUTH":
			o.sasl = append(o.sasl, f[1:]...)
		case strings.HasPrefix(f[0], "AUTH="): // of servers before RFC 2554
			o.sasl = append(append(o.sasl, f[0][len("AUTH="):]), f[1:]...)
		}
	}
	slices.Sort(o.sasl)
	o.sasl = slices.Compact(o.sasl)
	o.clear = o.takesPassword()
	return o
}

// reply reads one reply: its code, and its lines joined by line feeds.
func (smtp) reply(c *conn) (code, text string, err error) {
	lines, err := c.lines(func(line string) bool {
		_, _, last := cutReply(line)
		return last
	})
	text = strings.Join(lines, "\n")
	if err != nil {
		return "", text, err
	}
	code, _, _ = cutReply(lines[0])
	if code == "" || !strings.HasPrefix(lines[len(lines)-1], code) {
		return "", "", unexpected{text}
	}
	return code, text, nil
}

// cutReply cuts a reply line (RFC 5321 §4.2); last also for what is not a reply
// line, so that reading ends there.
func cutReply(line string) (code, text string, last bool) {
	if len(line) < 3 || strings.Trim(line[:3], "0123456789") != "" {
		return "", line, true
	}
	if len(line) == 3 {
		return line, "", true
	}
	return line[:3], line[4:], line[3] != '-'
}

func (d smtp) starttls(c *conn) error {
	_, err := d.ask(c, "STARTTLS", "220")
	return err
}

func (d smtp) login(c *conn, m mechanism) (string, bool, error) {
	command := "AUTH " + m.name
	if m.initial != "" {
		command += " " + m.initial
	}
	if err := c.send(command); err != nil {
		return "", false, err
	}
	for {
		code, text, err := d.reply(c)
		if err != nil || code != "334" {
			return text, code == "235", err
		}
		if len(m.answers) == 0 && m.initial == "" {
			return text, false, unexpected{text}
		}
		m.initial = ""
		if err := c.sendSecret(m.next()); err != nil {
			return "", false, err
		}
	}
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
