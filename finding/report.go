package finding

import "regexp"

// returnedMessage is the finding of a returned message that gives no reason, or none that is known. Its rule decides
// whether a text is a returned message.
const returnedMessage = "smtp-message-returned"

// originalMessage is where a returned message repeats the message that came back, or its header.
var originalMessage = regexp.MustCompile(`(?i)content-type: *(message/rfc822|text/rfc822-headers|message/global)|` +
	`copy of the message|original message headers|original message follows|-+ *original message *-+`)

// headerField is a field of a mail header, with the lines that continue it, that names servers and checks and gives no
// reason.
var headerField = regexp.MustCompile(`(?mi)^[ >]*(received|authentication-results|arc-[a-z-]+|dkim-signature|` +
	`received-spf|x-[a-z0-9-]+|return-path|message-id|references|in-reply-to|content-type|` +
	`final-recipient|original-recipient|reporting-mta|remote-mta|arrival-date|last-attempt-date):.*(\r?\n[ >]*[\t ].*)*`)

// softBreak is a line broken by quoted-printable (RFC 2045, section 6.7).
var softBreak = regexp.MustCompile(`=\r?\n`)

// readReport reads what servers say in a returned message: without the fields of headers that give no reason, and
// without the message that came back, unless what is before that is no report, as where a report was forwarded.
func readReport(text string) *reading {
	text = softBreak.ReplaceAllString(text, "")
	if at := originalMessage.FindStringIndex(text); at != nil {
		r := newReading(messages(), headerField.ReplaceAllString(text[:at[0]], ""), nil)
		if r.returned = r.matches(r.t.returned); r.returned {
			return r
		}
	}
	r := newReading(messages(), headerField.ReplaceAllString(text, ""), nil)
	r.returned = true
	return r
}
