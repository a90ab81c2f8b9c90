package source

import (
	"strings"
	"testing"
)

func TestSuggestDomain(t *testing.T) {
	for in, want := range map[string]string{
		// a slip in the name
		"liv.co.uk": "live.co.uk", "hotmial.com": "hotmail.com", "hotmial.co.uk": "hotmail.co.uk", "htomail.fr": "hotmail.fr",
		"outlok.de":    "outlook.de",
		"outloook.com": "outlook.com", "hotmaill.it": "hotmail.it", "mns.com": "msn.com", "LVIE.co.uk": "live.co.uk",
		// in the ending
		"msn.cmo": "msn.com", "hotmail.co": "hotmail.com", "hotmail.con": "hotmail.com", "live.co.ku": "live.co.uk",
		"live.cou.k": "live.co.uk", "hotmail.ocm": "hotmail.com",
		"live.c.uk": "live.co.uk", "outlook.co.ku": "", "outlook.co.kq": "", "hotmail.rf": "hotmail.fr",
		"live.co.ik": "live.co.uk", "hotmail.ku": "hotmail.co.uk", "outlook.co.kz": "", "hotmail.d": "", "live.co.u": "live.co.uk", "hotmail.xd": "", "msn.com.": "", "outlook.pl": "", "hotmail.fi": "", "live.vom": "live.com",
		// the country's other form
		"live.uk": "live.co.uk", "liv.uk": "live.co.uk", "lvie.uk": "live.co.uk", "hotmail.uk": "hotmail.co.uk",
		"hotmail.jp": "", "hotmail.kr": "", "live.jp": "", "outlook.au": "outlook.com.au",
		"live.kr": "live.co.kr", "outlook.uk": "", "live.za": "live.co.za", "hotmail.com.fr": "",
		// dots
		"livecouk": "live.co.uk", "live,co.uk": "live.co.uk", "live.couk": "live.co.uk", "live co uk": "live.co.uk",
		"live..co.uk": "live.co.uk", "hotmailcom": "hotmail.com",
		"live;co,uk": "live.co.uk", "outlook.comau": "outlook.com.au",
		// names that exist
		"outlook.co.il": "", "windowslive.com": "", "live.co.uk": "", "hotmail.ie": "", "mail.com": "", "email.com": "",
		"ymail.com": "", "gmail.com": "", "gmx.se": "", "gmx.ie": "",
		"love.com": "", "mail.de": "", "googlemail.com": "",
		// not ours to suggest
		"gmial.com": "", "gmali.com": "", "yaho.com": "", "example.org": "", "exampel.org": "", "": "", ".": "", "uk": "",
		"com": "", strings.Repeat("x", 1000): "",
		"line.de": "live.de", "lice.uk": "",
	} {
		if got := SuggestDomain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSuggestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"jo@livecouk": "jo@live.co.uk", "<Jo@live,co.uk>": "Jo@live.co.uk", "mailto:jo@live.uk": "jo@live.co.uk",
		"livecouk":      "live.co.uk",
		"jo@live.co.uk": "", "jo@gmial.com": "", "jo l@livecouk": "", "@livecouk": "", "": "", "@": "",
	} {
		if got := SuggestAddress(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// At most two letters are wrong, and of several names the nearest one is meant.
func TestNearest(t *testing.T) {
	known := []string{"incoming", "outgoing", "mx"}
	for in, want := range map[string]string{
		"incomming": "incoming", "incmng": "incoming", "inncomming": "incoming", "outgonig": "outgoing", "m": "mx",
		"incoming": "", "incmg": "", "xyzzy": "", "mxmx": "mx", "mxmxm": "",
	} {
		if got := Nearest(in, known); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSuggestHost(t *testing.T) {
	for in, want := range map[string]string{
		"smpt.example.org": "smtp.example.org", "smpt-mail.outlook.com": "smtp-mail.outlook.com",
		"smtp-mail.outlok.com": "smtp-mail.outlook.com", "outlook.ofice365.com": "outlook.office365.com",
		"smtp.example.org": "", "email.example.org": "", "map.example.org": "", "smtp2.example.org": "",
		"iamp.example.org":        "imap.example.org",
		"smtp-mail.outlook.co.uk": "smtp-mail.outlook.com", "smtp-mail.outlook.co": "smtp-mail.outlook.com",
		"smtp-mail.outlook.com.uk": "smtp-mail.outlook.com",
		"smtp-mail.outlok.co.uk":   "smtp-mail.outlook.com", "outlook.office365.co.uk": "outlook.office365.com",
		"smtp.office365.de":    "smtp.office365.com",
		"outlook.office365.us": "", "smtp.office365.us": "", "outlook.office365.com.office.example.net": "",
		"smtp.partner.outlook.cn": "", "smtp-mail.outlook.com": "",
	} {
		if got := SuggestHost(in); got != want {
			t.Errorf("host %s: %q, want %q", in, got, want)
		}
	}
}
