package pages

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"rsc.io/qr"

	"autoconfig/apple"
)

// maxCode is how long a link in a code may be, in bytes: 109 modules a side, the most that a camera reads from the 148
// pixels that the page has for a code.
const maxCode = 1000

// ErrCode is returned for a link that is too long for a code.
var ErrCode = errors.New("too many addresses for one code")

// ProfileLink is the https link to the profile of addresses, at a host that may have a port. A language is part of it
// when it was chosen on the page.
func ProfileLink(host string, emails []string, kind apple.Kind, lang string) string {
	link := url.URL{Scheme: "https", Host: host, Path: "/mobileconfig", RawQuery: profileQuery(emails, kind, lang)}
	return link.String()
}

// PageLink is the https link to the set-up page of addresses, at a host that may have a port.
func PageLink(host string, emails []string) string {
	return "https://" + host + "/setup?" + emailQuery(emails...)
}

// profileQuery asks for the profile of addresses; the mail profile is the one that needs no word.
func profileQuery(emails []string, kind apple.Kind, lang string) string {
	q := url.Values{"email": emails}
	if kind == apple.Exchange || kind == apple.DAV {
		q.Set("account", string(kind))
	}
	if lang != "" {
		q.Set("lang", lang)
	}
	return q.Encode()
}

// quietZone is the free space round a code, in modules (ISO/IEC 18004 §6.3.8).
const quietZone = 4

// QR draws a link as a code of black squares on white, whatever the colour scheme: cameras read no other. [ErrCode]
// means that it is too long.
func QR(link string) ([]byte, error) {
	if len(link) > maxCode {
		return nil, ErrCode
	}
	code, err := qr.Encode(link, qr.L)
	if err != nil {
		return nil, err
	}
	out := fmt.Appendf(make([]byte, 0, code.Size*code.Size*3),
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%[1]dv%[1]dH0z"/><path d="`, code.Size+2*quietZone)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) { // white beyond the edge
				run++
			}
			if run > 0 {
				out = strconv.AppendInt(append(out, 'M'), int64(x+quietZone), 10) // fmt would take most of the time
				out = strconv.AppendInt(append(out, ' '), int64(y+quietZone), 10)
				out = strconv.AppendInt(append(out, 'h'), int64(run), 10)
				out = strconv.AppendInt(append(out, "v1h-"...), int64(run), 10)
				out = append(out, 'z')
				x += run
			}
		}
	}
	return append(out, `"/></svg>`...), nil
}
