package probe

import (
	"fmt"
	"strings"
)

// imapMeaning reads a line of IMAP4rev1 and rev2 (RFC 3501, RFC 9051).
func imapMeaning(d *dialect, line string) meaning {
	words := append(upperFields(line), "", "")
	switch tag := fmt.Sprintf("a%d ", d.tag); {
	case d.verb == "" && words[0] == "*" && words[1] == "BYE":
		return refuses
	case d.verb == "" && (words[0] != "*" || words[1] != "OK" && words[1] != "PREAUTH"):
		return strange
	case d.verb == "":
		return done
	case strings.HasPrefix(line, "* "):
		return goesOn
	case strings.HasPrefix(line, "+"):
		return asks
	case !strings.HasPrefix(line, tag):
		return strange
	case words[1] != "OK":
		return refuses
	}
	return done
}

func imapOffer(lines []string) offer {
	o := offer{native: true}
	for _, line := range lines {
		if words := strings.Fields(whole(line)); len(words) > 1 && words[0] == "*" &&
			strings.EqualFold(words[1], "CAPABILITY") {
			for _, word := range words[2:] {
				o.add(word)
			}
		}
	}
	return o
}
