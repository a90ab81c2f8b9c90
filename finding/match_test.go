package finding

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autoconfig/templates/findings"
)

// replies are real replies and messages with the finding each gives first.
var replies = []struct{ text, id string }{
	{"220 AM0PR02CA0101.outlook.office365.com Microsoft ESMTP MAIL Service ready at Wed, 25 Nov 2026 08:00:00 +0000 [08DE2B7C1A9F0E11]", "smtp-greeting-microsoft"},
	{"Error: connect ETIMEDOUT 204.79.197.212:587", "connect-port-timeout"},
	{"dial tcp 40.97.85.114:587: i/o timeout", "connect-port-timeout"},
	{"dial tcp: lookup smtp.live.com: i/o timeout", "connect-name-unanswered"},
	{"read tcp 10.0.0.2:51234->40.97.85.114:465: i/o timeout", "connect-server-silent"},
	{"Error: Greeting never received", "connect-server-silent"},
	{"tls: first record does not look like a TLS handshake", "tls-mode-implicit"},
	{"SSL routines:ssl3_get_record:wrong version number", "tls-mode-implicit"},
	{"250-XXXXXXXA\r\n250 8BITMIME", "smtp-starttls-stripped"},
	{"smtp: server doesn't support STARTTLS", "smtp-starttls-stripped"},
	{"451 5.7.3 STARTTLS is required to send mail [VI1PR0102CA0083.eurprd01.prod.exchangelabs.com]",
		"smtp-starttls-required"},
	{"530 5.7.0 Must issue a STARTTLS command first", "smtp-starttls-first"},
	{"503 5.5.2 Send hello first [AM0PR02CA0101.eurprd02.prod.outlook.com]", "smtp-ehlo-missing"},
	{"504 5.7.4 Unrecognized authentication type [SA9PR13CA0177.namprd13.prod.outlook.com 2024-05-21T20:15:30.535Z 08DC7957]", "smtp-auth-method-unsupported"},
	{"530 5.7.57 Client not authenticated to send mail. [AS4P189CA0028.EURP189.PROD.OUTLOOK.COM 2024-11-04T09:01:02.331Z 08DCFC5F2C0D9D5F]", "smtp-auth-missing"},
	{"530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM [DB6PR07CA0015.eurprd07.prod.outlook.com]", "smtp-auth-missing"},
	{"The SMTP server requires a secure connection or the client was not authenticated. The server response was: 5.7.57 Client not authenticated to send mail.", "smtp-auth-missing"},
	{"535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [FR4P281CA0159.DEUP281.PROD.OUTLOOK.COM 2024-09-20T07:19:01.003Z 08DCD8D2]", "smtp-auth-basic-retired"},
	{"(535, b'5.7.139 Authentication unsuccessful, basic authentication is disabled.')", "smtp-auth-basic-retired"},
	{"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [MW4PR03CA0275]", "smtp-auth-disabled-tenant"},
	{"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.", "smtp-auth-disabled-mailbox"},
	{"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.", "smtp-auth-credentials-wrong"},
	{"535 5.7.139 Authentication unsuccessful, account locked.", "smtp-auth-account-locked"},
	{"535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.", "smtp-auth-security-defaults"},
	{"535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.", "smtp-auth-conditional-access"},
	{"535 5.7.139 Authentication unsuccessful, the federated STS is unreachable.", "smtp-auth-federation-down"},
	{"535 5.7.139 Authentication unsuccessful, something new.", "smtp-auth-policy-refused"},
	{"535 5.7.3 Authentication unsuccessful [SN4PR0501CA0110.namprd05.prod.outlook.com]", "smtp-auth-unsuccessful"},
	{"535-5.7.3 Authentication unsuccessful", "smtp-auth-unsuccessful"},
	{"501 5.5.124 Invalid XOAUTH2 auth data", "smtp-auth-xoauth2-malformed"},
	{"550 5.7.30 Basic authentication is not supported for Client Submission.", "smtp-auth-basic-removed"},
	{"550 5.7.60 SMTP; Client does not have permissions to send as this sender", "smtp-sender-denied"},
	{"554 5.2.252 SendAsDenied; a@contoso.com not allowed to send as b@contoso.com; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", "smtp-sender-denied"},
	{"554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message",
		"smtp-sender-denied"},
	{"554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message due to a permanent exception with message WASCL UserAction verdict is not None. Actual verdict is HipNotify, ShowTierUpgrade.", "smtp-account-unverified"},
	{"554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
		"smtp-quota-exceeded"},
	{"550 5.1.8 Access denied, bad outbound sender AS(42004)", "smtp-sender-blocked"},
	{"550 5.2.251 Sender throttled due to repeated delivery errors", "smtp-sender-throttled"},
	{"550 5.2.255 Sender throttled", "smtp-sender-throttled"},
	{"432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.",
		"smtp-connections-many"},
	{"421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. Visit https://aka.ms/smtp_auth_tls.", "smtp-tls-old"},
	{"421 4.4.2 Message submission rate for this client has exceeded the configured limit", "smtp-rate-exceeded"},
	{"421 4.3.2 Service not active", "smtp-server-busy"},
	{"451 4.7.0 Temporary server error. Please try again later. PRX4 [AM0PR0502CA0001.eurprd05.prod.outlook.com]",
		"smtp-server-temporary"},
	{"454 4.7.0 Temporary authentication failure: Connection lost to authentication server", "smtp-auth-temporary"},
	{"a1 NO Basic authentication is disabled.\r\n* BYE Connection is closed. 13", "imap-auth-basic-retired"},
	{"-ERR Basic authentication is disabled.", "imap-auth-basic-retired"},
	{"1 NO LOGIN failed.", "imap-login-failed"},
	{"-ERR Logon failure: unknown user name or bad password.", "pop3-login-failed"},
	{"a2 NO AUTHENTICATE failed.", "imap-auth-token-refused"},
	{"a3 BAD User is authenticated but not connected.", "imap-mailbox-unavailable"},
	{"AADSTS50020: User account 'x' from identity provider 'live.com' does not exist in tenant 'Contoso'",
		"oauth2-account-personal"},
	{"You can't sign in with a personal account. Use your work or school account instead.", "oauth2-account-personal"},

	{"AADSTS50126: Error validating credentials due to invalid username or password.", "oauth2-password-wrong"},
	{"invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.", "oauth2-token-expired"},
	{"AADSTS53003: Access has been blocked by Conditional Access policies.", "oauth2-policy-refused"},
	{"AADSTS90015: Requested query string is too long.", "oauth2-sign-in-failed"},
	{"* BYE Disconnected for inactivity.", "imap-connection-ended"},
	{"* BYE [UNAVAILABLE] Temporary problem", "imap-server-unavailable"},
	{"a NO [PRIVACYREQUIRED] Cleartext authentication disallowed on non-secure (SSL/TLS) connections.",
		"imap-tls-required"},
	{"a NO [AUTHENTICATIONFAILED] Authentication failed.", "imap-auth-failed"},
	{"NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)",
		"imap-auth-app-password"},
	{"-ERR [AUTH] Authentication failed.", "pop3-auth-failed"},
	{"-ERR [IN-USE] Mailbox is locked by another POP3 session", "pop3-mailbox-busy"},
	{"535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "smtp-auth-failed"},
	{"534-5.7.9 Application-specific password required.", "smtp-auth-app-password"},
	{"554 5.7.1 <a@b.example>: Relay access denied", "smtp-relay-denied"},
	{"454 4.7.0 TLS not available due to local problem", "smtp-starttls-refused"},
	{"452 4.2.2 Mailbox full", "smtp-mailbox-full"},
	{"dial tcp 127.0.0.1:993: connect: connection refused", "connect-port-refused"},
	{"No connection could be made because the target machine actively refused it", "connect-port-refused"},
	{"lookup smpt.example.org on 127.0.0.53:53: no such host", "connect-name-unknown"},
	{"getaddrinfo ENOTFOUND smtp.exmaple.org", "connect-name-unknown"},
	{"connect: no route to host", "connect-network-unreachable"},
	{"read: connection reset by peer", "connect-peer-closed"},
	{"x509: certificate has expired or is not yet valid: current time 2026-11-25T00:00:00Z is after 2026-11-01T00:00:00Z",
		"tls-certificate-expired"},
	{"x509: certificate is valid for mx.hoster.example, not mail.example.org", "tls-certificate-name"},
	{"The target principal name is incorrect.", "tls-certificate-name"},
	{"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1000)",
		"tls-certificate-selfsigned"},
	{"x509: certificate signed by unknown authority", "tls-certificate-untrusted"},
	{"unable to verify the first certificate", "tls-certificate-untrusted"},
	{"tls: protocol version not supported", "tls-version-old"},
	{"remote error: tls: handshake failure", "tls-handshake-failed"},
	{"Account Not Authenticated", "oauth2-account-unauthenticated"},
	{"The user name or password for “Outlook” is incorrect.", "imap-auth-failed"},
	{"Cannot Verify Server Identity", "tls-certificate-untrusted"},
	{"Thunderbird failed to find the settings for your email account.", "connect-settings-missing"},
	{"The IMAP Server outlook.office365.com does not support the selected authentication method. Please change the 'Authentication method'", "imap-auth-method-unsupported"},
	{"Unable to log in at server. Probably wrong configuration, username or password.", "imap-auth-failed"},
	{"Outlook cannot connect to your outgoing (SMTP) e-mail server. (0x800CCC0E)", "connect-port-timeout"},
	{"Your server does not support the connection encryption type you have specified. (0x800CCC1A)", "tls-mode-implicit"},
	{"0x800CCC0D", "connect-name-unknown"},
}

func TestExplain(t *testing.T) {
	for _, c := range replies {
		for _, text := range []string{c.text, strings.ToUpper(c.text), strings.ReplaceAll(c.text, "ca", "c-\r\n> a"),
			"Error: " + strings.ReplaceAll(c.text, " ", "\n  "),
			c.text + " [AM0PR02CA0001.eurprd02.prod.example.com 2026-11-25T10:11:12.535Z 08DE2B7C1A9F0E11]"} {
			got := Explain(text, nil)
			if len(got) == 0 || got[0].ID != c.id {
				t.Errorf("%q\n gives %v\n want %s", text, ids(got), c.id)
			}
		}
	}
}

// A reply that says one thing gets one answer: general advice beside the particular one would contradict it.
func TestExplainSaysOneThing(t *testing.T) {
	for _, c := range replies {
		if got := Explain(c.text, nil); len(got) != 1 {
			t.Errorf("%q gives %v", c.text, ids(got))
		}
	}
}

func TestExplainMany(t *testing.T) {
	got := ids(Explain("451 5.7.3 STARTTLS is required to send mail\n535 5.7.3 Authentication unsuccessful\na1 NO LOGIN failed.", nil))
	want := []string{"smtp-starttls-required", "smtp-auth-unsuccessful", "imap-login-failed"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestExplainNothing(t *testing.T) {
	for _, text := range []string{"", " ", "hello", "250 2.1.0 Sender OK", "1535 5.7.39 x", "221 2.0.0 Bye", "goodbye",
		"line 4516",
		strings.Repeat("x ", 1<<20) + "535 5.7.3 Authentication unsuccessful"} {
		if got := Explain(text, nil); got != nil {
			t.Errorf("%.40q gives %v", text, ids(got))
		}
	}
}

// Every pattern of the table reaches its finding: none is hidden by a row
// before it or empty by a slip of the pen, and each finding is in the catalogue.
func TestPatterns(t *testing.T) {
	table := messages()
	examples := map[string]string{}
	group := ""
	text := strings.ReplaceAll(findings.Messages, "\n  ", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		head, body, ok := strings.Cut(line, " = ")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			group = line
		case !ok:
		case strings.HasPrefix(head, "{"):
			first, _, _ := strings.Cut(body, " | ")
			examples[head] = strings.Trim(first, "*")
		case group != "" && head != "-":
			for pattern := range strings.SplitSeq(body, " | ") {
				checkPattern(t, head, pattern, strings.HasPrefix(group, "[returned "), examples)
			}
		}
	}
	if len(table.providers) < 20 || len(table.clauses) < 1000 {
		t.Errorf("only %d providers and %d clauses", len(table.providers), len(table.clauses))
	}
}

func checkPattern(t *testing.T, id, pattern string, returned bool, examples map[string]string) {
	t.Helper()
	var say []string
	for part := range strings.SplitSeq(strings.ReplaceAll(pattern, " ++ ", " + "), " + ") {
		part, _, _ = strings.Cut(part, " - ")
		if example, ok := examples[part]; ok {
			part = example
		}
		say = append(say, strings.Trim(part, "*"))
	}
	text := strings.Join(say, " and then ")
	if returned && id == returnedMessage { // a pattern of it may also give the reason
		if r := newReading(messages(), text, nil); !r.matches(r.t.returned) {
			t.Errorf("%s: %q is not recognised", id, text)
		}
		return
	}
	if returned {
		text = "undelivered mail returned to sender. " + text
	}
	rest, anyProtocol := strings.CutPrefix(id, "?")
	for _, got := range ids(Explain(text, nil)) {
		if got == id || anyProtocol && strings.HasSuffix(got, rest) {
			return
		}
	}
	t.Errorf("%s: %q gives %v", id, text, ids(Explain(text, nil)))
}

func ids(list []Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	return out
}

func FuzzExplain(f *testing.F) {
	for _, c := range replies[:20] {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range Explain(text, nil) {
			if got.Cause == "" {
				t.Errorf("%q: %s says nothing", text, got.ID)
			}
		}
		if folded := fold(text); strings.Contains(folded, "  ") || folded[0] != ' ' || folded[len(folded)-1] != ' ' {
			t.Errorf("fold(%q) = %q", text, folded)
		}
	})
}

// hostile texts make a matcher that is not linear slow: the beginnings of many
// fragments, terms of many rules, host names of many labels, many sentences.
func hostile() map[string]string {
	return map[string]string{
		"blanks":     strings.Repeat(" \n", mostExplained/2),
		"one word":   strings.Repeat("a", mostExplained),
		"sentences":  strings.Repeat("login failed. ", mostExplained/14),
		"terms":      strings.Repeat("imap password server connection failed certificate not ", mostExplained/56),
		"labels":     strings.Repeat("a.", mostExplained/2),
		"hosts":      strings.Repeat("x.smtp.live.com ", mostExplained/16),
		"accents":    strings.Repeat("a\u0301\u0301\u0301", mostExplained/7),
		"everyday":   strings.Repeat("since the wedding login failed, ", mostExplained/31),
		"one clause": strings.Repeat("wedding login failed ", mostExplained/21),
		"quotes":     strings.Repeat("b'a'b", mostExplained/5),
		"codes":      strings.Repeat("0x800CCCOE 535 ", mostExplained/15),
		"japanese":   strings.Repeat("サーバーに接続できません", mostExplained/36),
	}
}

func BenchmarkExplain(b *testing.B) {
	b.Run("message", func(b *testing.B) {
		for i := range b.N {
			Explain(replies[i%len(replies)].text, nil)
		}
	})
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				Explain(text, nil)
			}
		})
	}
}

// The work grows with the text and no faster: four times the text may make at most eight times the steps of the search
// and the rules. Steps are counted rather than timed, so a busy machine fails nothing.
func TestExplainIsLinear(t *testing.T) {
	for name, text := range hostile() {
		steps := func(text string) int { return newReading(messages(), text, nil).steps }
		quarter, whole := steps(text[:len(text)/4]), steps(text)
		if whole > 8*quarter+1000 {
			t.Errorf("%s: %d steps for a quarter, %d for the whole", name, quarter, whole)
		}
		if whole > 100*len(text) {
			t.Errorf("%s: %d steps for %d bytes", name, whole, len(text))
		}
	}
}

// Messages in ten languages and returned messages, with Microsoft's domains known as the commands know them, and texts
// that are no messages.
func TestExplainInOwnWords(t *testing.T) {
	known := func(name string) (vendor, use, why string) {
		if strings.HasPrefix(name, "hotmail.") || strings.HasPrefix(name, "live.") {
			return "microsoft", "", ""
		}
		return "", "", ""
	}
	for file, least := range map[string]int{"messages.txt": 550, "returned.txt": 150, "everyday.txt": 280} {
		body, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for line := range strings.Lines(string(body)) {
			want, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			count++
			got := append(ids(Explain(strings.ReplaceAll(text, `\n`, "\n"), known)), "-")
			if got[0] != want {
				t.Errorf("%q gives %v, want %s", text, got, want)
			}
			if file == "returned.txt" && len(got) > 2 {
				t.Errorf("%q gives several reasons: %v", text, got)
			}
		}
		if count < least {
			t.Errorf("%s: only %d messages", file, count)
		}
	}
}

// Where a provider may want something besides the right password, the answer says both.
func TestExplainAtProvider(t *testing.T) {
	for text, want := range map[string]string{
		"Login to server imap.gmx.net with username jo@gmx.net failed.": "imap-auth-failed imap-access-off",
		"imap.web.de: Benutzername oder Passwort falsch":                "imap-auth-failed imap-access-off",
		"smtp.freenet.de: 535 5.7.8 authentication failed":              "smtp-auth-failed imap-access-off",
		"Login to server imap.seznam.cz failed.":                        "imap-auth-failed imap-auth-app-password",
		"secureimap.t-online.de: Anmeldung fehlgeschlagen":              "imap-auth-app-password imap-auth-failed",
		"imap.example.net: Anmeldung fehlgeschlagen":                    "imap-auth-failed",
		"imap.gmx.net: connection refused":                              "connect-port-refused",
		"jo@gmx.net: Anmeldung fehlgeschlagen, WLAN geht":               "imap-auth-failed imap-access-off",
		"jo@gmx.net at imap.gmail.com: Login failed":                    "imap-auth-app-password imap-auth-failed",
	} {
		if got := strings.Join(ids(Explain(text, nil)), " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A retired host is named whatever else is said, and once: before a failed connection, which it explains, and after
// what the server itself said.
func TestExplainRetiredHost(t *testing.T) {
	known := func(name string) (vendor, use, why string) {
		if name == "smtp-mail.old.example" {
			return "", "smtp.new.example, port 587", "it moved"
		}
		return "", "", ""
	}
	got := Explain("Connection to smtp-mail.old.example timed out. SMTP-MAIL.OLD.EXAMPLE: no answer", known)
	if len(got) != 2 || got[1].ID != "connect-port-timeout" || got[0].ID != "have-host-retired" ||
		got[0].Subject != "smtp-mail.old.example" ||
		!strings.Contains(Sentence(got[0].Cause), "smtp-mail.old.example is") ||
		!strings.Contains(got[0].Fix, "smtp.new.example") {
		t.Errorf("%+v", got)
	}
	for text, want := range map[string]string{
		"smtp-mail.old.example: Connection refused":                                                             "have-host-retired connect-port-refused",
		"The server smtp-mail.old.example could not be found: no such host":                                     "have-host-retired connect-name-unknown",
		"smtp-mail.old.example said: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled": "smtp-auth-basic-retired have-host-retired",
		"smtp-mail.old.example": "have-host-retired",
	} {
		var ids []string
		for _, f := range Explain(text, known) {
			ids = append(ids, f.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
