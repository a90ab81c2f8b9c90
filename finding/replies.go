package finding

import "slices"

// replyEntries: what a mail server's reply or a mail program's message means.
// The replies of Microsoft's servers are those that Microsoft documents
// ("Fix issues with printers, scanners, and LOB applications that send email")
// and that users have reported; others are those of RFC 4954, RFC 5530 and the
// common servers.
func replyEntries() []Entry {
	return slices.Concat(smtpTLSEntries(), smtpAuthEntries(), smtpSendEntries(), imapEntries(), popEntries(), connectEntries(), tlsEntries(), oauth2Entries())
}

// smtpTLSEntries: the greeting and the way to TLS.
func smtpTLSEntries() []Entry {
	return []Entry{
		{"smtp-greeting-microsoft", OK, "Microsoft's mail service answers",
			"this is the greeting of Microsoft's servers: name, port and network are right", ""},
		{"smtp-starttls-required", Fail, "The server wants encryption first",
			"the program sent mail or a password before it had switched encryption on; the server, rightly, takes neither in clear",
			"set the connection security of the outgoing server to STARTTLS with port 587 (some programs call it TLS or Auto); the password is not the fault"},
		{"smtp-starttls-first", Fail, "The server wants STARTTLS first",
			"the program did not switch encryption on. Microsoft's servers say 451 5.7.3 for this today, so this one is another provider's, or the guide followed is from before 2017",
			"set the connection security to STARTTLS with port 587, and check that the server name is the provider's present one"},
		{"smtp-starttls-stripped", Fail, "STARTTLS is missing",
			"the server did not offer STARTTLS, or something on the way wiped the word out: a firewall with mail inspection, or the mail shield of a virus scanner. Without it the password would travel readable by anyone",
			"switch mail scanning off in the security software and mail inspection (Cisco: fixup or inspect smtp/esmtp) in the firewall, or try another network; never go on without encryption"},
		{"smtp-starttls-refused", Fail, "The server refuses STARTTLS",
			"the server offers encryption and cannot start it; mostly its certificate or key is missing or unreadable",
			"try again later; whoever runs the server finds the reason in its log"},
		{"smtp-ehlo-missing", Fail, "The program did not say hello",
			"after STARTTLS a program must send EHLO again (RFC 3207), and this one did not; it is a mistake in the program",
			"update the program; a script must send EHLO a second time after STARTTLS"},
		{"smtp-tls-old", Fail, "TLS too old",
			"the program or device speaks TLS 1.0 or 1.1, and the server takes TLS 1.2 or newer only",
			"update the program or the device's system; an old printer or scanner can send through a relay of your own. Microsoft 365 tenants may opt in to smtp-legacy.office365.com"},
	}
}

// smtpSendEntries: what an SMTP server says about the mail and its sender.
func smtpSendEntries() []Entry {
	return []Entry{
		{"smtp-sender-denied", Fail, "Not your sender address",
			"the From address is not the mailbox that logged in, nor an address it may send as",
			"set From to the account's own address, or add the address as an alias; in Microsoft 365 the administrator can grant Send As"},
		{"smtp-account-unverified", Fail, "Microsoft wants the account verified",
			"Microsoft has stopped sending for this account because it is new or behaves unusually; the reply names the check (WASCL, HipNotify, RefuseQuota or ShowTierUpgrade)",
			"sign in at outlook.live.com with a browser, follow what it asks (often a telephone number), confirm \"This was me\" at account.live.com/activity, and send again later"},
		{"smtp-quota-exceeded", Fail, "Too much mail sent",
			"the account has reached the number of messages or recipients it may send in a day",
			"wait a day; send less at once; for newsletters use a service made for them"},
		{"smtp-sender-blocked", Fail, "The account is blocked from sending",
			"the service takes the account for a source of spam, often because somebody else has its password",
			"change the password, look for forwarding rules you did not make, and ask the administrator to remove the account from Restricted entities in the Microsoft Defender portal; elsewhere ask the provider"},
		{"smtp-sender-throttled", Fail, "The account sends too much",
			"the service slows this sender down after too many messages, recipients or errors",
			"wait, then send more slowly; remove addresses that bounce from your lists"},
		{"smtp-connections-many", Fail, "Too many connections at once",
			"Microsoft takes three submissions of one mailbox at a time, and there were more",
			"send through fewer connections, one after another; a script or device should use one and keep it open"},
		{"smtp-rate-exceeded", Fail, "Sent too fast",
			"messages came faster than the service takes them (Microsoft 365: 30 a minute)",
			"wait a minute and send more slowly"},
		{"smtp-server-busy", Warn, "The server is busy",
			"the server cannot take mail just now; nothing is wrong with the settings",
			"try again in some minutes"},
		{"smtp-server-temporary", Warn, "A fault on the server's side",
			"the server has a temporary fault; a program that sends a broken sign-in token to Microsoft can get this reply too",
			"try again later; if it stays, remove the account from the program and add it again"},
		{"smtp-relay-denied", Fail, "The server does not know who you are",
			"the server takes mail for other domains only from senders that have logged in, and the program did not",
			"switch on \"my outgoing server requires authentication\" with the same user name and password as for receiving"},
		{"smtp-recipient-unknown", Fail, "No such recipient",
			"the recipient's mail system does not know the address; the settings are right, since the mail got that far",
			"check the address for typing errors"},
		{"smtp-message-large", Fail, "The message is too large",
			"the message exceeds what the server takes",
			"send fewer or smaller attachments, or a link to them"},
		{"smtp-mailbox-full", Fail, "The mailbox is full",
			"the recipient's mailbox, or the sender's, has no space left",
			"delete mail, empty the trash, and send again"},
	}
}

// imapEntries: what an IMAP server's reply means.
func imapEntries() []Entry {
	return []Entry{
		{"imap-auth-basic-retired", Fail, "Password login is switched off",
			"the program sent a password, and Microsoft takes none over IMAP or POP any more: since 2024-09-16 for Outlook.com, Hotmail and Live accounts, since October 2022 for Microsoft 365. The right password and an app password make no difference",
			"remove the account from the program and add it again so that it opens Microsoft's sign-in page (OAuth2); a program that cannot do that must be updated or replaced"},
		{"imap-login-failed", Fail, "The IMAP login was refused",
			"the server refused the user name or the password. At Microsoft this is also what it says when a password is used where only OAuth2 works, and when IMAP is off for the mailbox, as it is for new ones",
			"at Microsoft: sign in with OAuth2, and switch IMAP on at outlook.live.com (Settings, Mail, Forwarding and IMAP); elsewhere check that the user name is the full address, then the password"},
		{"imap-auth-failed", Fail, "Wrong user name or password",
			"the server refused the login",
			"check that the user name is what the provider says, mostly the full address, then the password in the provider's web mail; do not try many times, accounts lock"},
		{"imap-auth-token-refused", Fail, "The sign-in token was refused",
			"the program signed in with OAuth2, but the token is not good for this mailbox: it lacks the IMAP permission (a graph.microsoft.com token is not one), is of another tenant or account, or the user name is not the mailbox's primary address",
			"sign in again with the account that owns the mailbox, and set its primary address as the user name"},
		{"imap-mailbox-unavailable", Fail, "Signed in, but no mailbox behind it",
			"the login worked and the mailbox cannot be opened: IMAP is off for it, the token lacks the IMAP permission, the user name names another mailbox, or the mailbox has no licence",
			"switch IMAP on (Outlook.com: Settings, Mail, Forwarding and IMAP; Microsoft 365, the administrator: Set-CASMailbox ADDRESS -ImapEnabled $true), and use the mailbox's own address as the user name"},
		{"imap-tls-required", Fail, "The server wants encryption first",
			"the server takes no password over an unencrypted connection",
			"set the connection security to SSL/TLS with port 993, or STARTTLS with port 143"},
		{"imap-auth-app-password", Fail, "The provider wants an app password or a web sign-in",
			"the account's own password is not taken from mail programs",
			"let the program sign in through the provider's page (OAuth2), or make an app password in the account's security settings and use that"},
		{"imap-connections-many", Fail, "Too many IMAP connections",
			"the account has more connections open than the server allows",
			"close the program on other devices, or lower the number of cached connections in its settings"},
		{"imap-server-unavailable", Warn, "The mail server is not available",
			"the server says it cannot serve the account just now; nothing is wrong with the settings",
			"try again in some minutes"},
		{"imap-connection-ended", Fail, "The server ended the connection",
			"BYE is how an IMAP server closes a connection: after a refused login, after a long silence, or for a restart",
			"look at the reply before the BYE; if there is none, try again"},
	}
}

// popEntries: what a POP3 server's reply means.
func popEntries() []Entry {
	return []Entry{
		{"pop3-login-failed", Fail, "The POP login was refused",
			"this is how Microsoft refuses a POP login: a password is used where only OAuth2 works, POP is off for the mailbox, or the password is wrong",
			"sign in with OAuth2 (remove the account and add it again), and switch POP on: Outlook.com: Settings, Mail, Forwarding and IMAP; Microsoft 365, the administrator: Set-CASMailbox ADDRESS -PopEnabled $true"},
		{"pop3-auth-failed", Fail, "Wrong user name or password",
			"the server refused the login",
			"check that the user name is what the provider says, mostly the full address, then the password in the provider's web mail; do not try many times, accounts lock"},
		{"pop3-mailbox-busy", Warn, "The mailbox is in use",
			"another program has the mailbox open, or fetches mail more often than the server allows",
			"wait some minutes; let only one program fetch by POP, at most every ten minutes"},
		{"pop3-server-unavailable", Warn, "The mail server is not available",
			"the server cannot serve the account just now; nothing is wrong with the settings",
			"try again in some minutes"},
	}
}
