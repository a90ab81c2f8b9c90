package probe

import "strings"

// popMeaning reads a line of POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034). A server without CAPA has answered too.
func popMeaning(d *dialect, line string) meaning {
	refused := strings.HasPrefix(line, "-ERR")
	switch {
	case d.verb == "CAPA" && (line == "." || refused), strings.HasPrefix(line, "+OK") && d.verb != "CAPA":
		return done
	case d.verb == "CAPA":
		return goesOn
	case line == "+", strings.HasPrefix(line, "+ "):
		return asks
	case refused:
		return refuses
	}
	return strange
}

// popOffer reads the answer to CAPA. A server without CAPA has USER (RFC 1939 §7) and may have STLS all the same.
func popOffer(lines []string) offer {
	if !strings.HasPrefix(lines[0], "+OK") {
		return offer{native: true, starttls: true}
	}
	var o offer
	for _, line := range lines[1 : len(lines)-1] {
		o.add(strings.Join(upperFields(line), " "))
	}
	return o
}
