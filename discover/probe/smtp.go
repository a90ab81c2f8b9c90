package probe

import (
	"encoding/base64"
	"net"
	"slices"
	"strings"
)

// smtpMeaning reads a reply line of message submission (RFC 5321 §4.2, RFC 6409, RFC 3207, RFC 4954).
func smtpMeaning(_ *dialect, line string) meaning {
	code, _ := cutReply(line)
	switch {
	case code == "":
		return strange
	case strings.HasPrefix(line[3:], "-"):
		return goesOn
	case code[0] == '2':
		return done
	case code[0] == '3':
		return asks
	}
	return refuses
}

// cutReply cuts a reply line; the code is "" for what is not one.
func cutReply(line string) (code, text string) {
	if len(line) < 3 || strings.Trim(line[:3], "0123456789") != "" {
		return "", line
	}
	return line[:3], line[min(4, len(line)):]
}

// literal is our own address as EHLO takes it (RFC 5321 §4.1.3), the name mail programs give too.
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

// smtpOffer reads an EHLO reply, whose first line is the server's name.
func smtpOffer(lines []string) offer {
	o := offer{inline: true}
	for _, line := range lines[1:] {
		_, text := cutReply(line)
		o.add(strings.Join(upperFields(text), " "))
	}
	slices.Sort(o.sasl)
	o.sasl = slices.Compact(o.sasl)
	return o
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
