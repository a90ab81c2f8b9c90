package probe

import "strings"

// sieveMeaning reads a line of ManageSieve (RFC 5804). Capabilities and the questions of a login are quoted strings.
func sieveMeaning(d *dialect, line string) meaning {
	word, _, _ := strings.Cut(strings.ToUpper(whole(line)), " ")
	switch {
	case d.verb == "AUTHENTICATE" && (strings.HasPrefix(line, `"`) || strings.HasPrefix(line, "{")):
		return asks
	case strings.HasPrefix(line, `"`):
		return goesOn
	case word == "OK":
		return done
	case word == "NO", word == "BYE":
		return refuses
	}
	return strange
}

// sieveOffer reads the capabilities: the greeting (RFC 5804 §1.7), and what comes by itself once TLS is on (§2.2).
func sieveOffer(lines []string) offer {
	o := offer{inline: true}
	for _, line := range lines {
		name, value := sievePair(line)
		o.add(strings.TrimSpace(name + " " + whole(value)))
	}
	return o
}

// implementation is what a server calls itself, or its last line.
func implementation(lines []string) string {
	for _, line := range lines {
		if name, value := sievePair(line); name == "IMPLEMENTATION" {
			return value
		}
	}
	return lines[len(lines)-1]
}

// sievePair reads a capability line: "NAME" or "NAME" "value".
func sievePair(line string) (name, value string) {
	parts := strings.Split(line, `"`)
	if len(parts) < 3 || parts[0] != "" {
		return "", ""
	}
	return strings.ToUpper(whole(parts[1])), strings.Trim(strings.TrimSpace(strings.Join(parts[2:], `"`)), `"`)
}
