package finding

import "slices"

// probeEntries: what the doctor meets at mail servers, beside the replies that
// [Explain] knows, and in the settings a person has typed in.
func probeEntries() []Entry {
	out := slices.Clone(haveEntries())
	for _, p := range []struct{ area, name string }{
		{"imap", "IMAP"}, {"pop3", "POP3"}, {"smtp", "SMTP"}, {"sieve", "ManageSieve"},
	} {
		out = append(out, serverStateEntries(p.area, p.name)...)
		if p.area != "smtp" { // replyEntries has SMTP's, for they are also replies
			out = append(out, methodEntries(p.area, p.name)...)
		}
	}
	return append(out, Entry{"sieve-auth-failed", Fail, "Wrong user name or password",
		"the ManageSieve server refused the login",
		"check user name and password; if mail itself works with them, the server's operator looks at its log"})
}

// serverStateEntries are the ends that a visit to a server can have.
func serverStateEntries(area, name string) []Entry {
	return []Entry{
		{area + "-server-ready", OK, "The " + name + " server answers as it should",
			"the " + name + " server answers on this port as the settings say", ""},
		{area + "-login-accepted", OK, "The login works",
			"the " + name + " server took user name and password or token", ""},
		{area + "-login-withheld", Skipped, "No login was tried",
			"the password or token was not sent to the " + name + " server, because it goes only over verified TLS, once, to a host that may have it",
			"mend what the reason names and try again"},
		{area + "-greeting-refused", Fail, "The server turns the connection away",
			"the " + name + " server answered, and refused to serve this connection: it is overloaded, or it does not want this address",
			"read what it says; try again later or from another network"},
		{area + "-answer-unexpected", Fail, "Not a " + name + " server",
			"something answers on this port, and it does not speak " + name,
			"check server name and port; if they are right, a firewall or proxy answers in the server's place"},
		{area + "-auth-clear", Warn, "Passwords are taken without encryption",
			"the " + name + " server takes a password before STARTTLS, so a program with a wrong setting sends it readable by anyone",
			"let the server offer logins after STARTTLS only (Postfix: smtpd_tls_auth_only = yes, Dovecot: ssl = required)"},
	}
}

// methodEntries are a server's login methods and STARTTLS.
func methodEntries(area, name string) []Entry {
	return []Entry{
		{area + "-auth-method-unsupported", Fail, "The " + name + " server has no such login method",
			"the settings name a login method that the server does not offer",
			"use a method that the server offers: a normal password over encryption is the usual one, OAuth2 at Microsoft and Google"},
		{area + "-starttls-stripped", Fail, "STARTTLS is missing",
			"the server did not offer STARTTLS, or something on the way wiped it out: a firewall with mail inspection, or the mail shield of a virus scanner. Without it the password would travel readable by anyone",
			"use the SSL/TLS port instead; switch mail scanning off in the security software and mail inspection in the firewall, or try another network; never go on without encryption"},
		{area + "-starttls-refused", Fail, "The server refuses STARTTLS",
			"the server offers encryption and cannot start it; mostly its certificate or key is missing or unreadable",
			"try again later; whoever runs the server finds the reason in its log"},
	}
}

// haveEntries: settings typed into a mail program, against what is right.
func haveEntries() []Entry {
	return []Entry{
		{"have-settings-right", OK, "These settings are right",
			"server name, port and encryption are those of the provider", ""},
		{"have-host-retired", Fail, "An old server name",
			"the provider has given this server name up; it is still in many guides",
			"use the present name"},
		{"have-host-typo", Fail, "A server name that looks mistyped",
			"the server name is a typing error away from the right one",
			"write the right name"},
		{"have-host-other", Warn, "Another server name",
			"the server name is not one of the provider's",
			"use the provider's names, unless its own pages give this one"},
		{"have-host-kind", Fail, "The server of another kind",
			"this server is for fetching mail where sending is meant, or the other way round",
			"use the name that belongs to the port"},
		{"have-domain-typo", Fail, "A mail address that looks mistyped",
			"the domain of the address is a typing error away from a well-known one",
			"write the well-known one if it was meant"},
		{"have-port-mode", Fail, "Port and encryption do not belong together",
			"each mail port stands for one kind of encryption: 993, 995 and 465 for SSL/TLS from the first byte, 143, 110 and 587 for STARTTLS. The other kind ends in a time-out or in \"wrong version number\"",
			"change one of the two"},
		{"have-port-other", Fail, "A port the provider does not use",
			"the provider has no service on this port, so the connection ends in a time-out",
			"use the provider's port"},
		{"have-port-unknown", Warn, "Not a usual mail port",
			"no mail program's protocol is registered for this port",
			"use 993 (IMAP) or 995 (POP3) with SSL/TLS to receive, and 465 with SSL/TLS or 587 with STARTTLS to send, if the provider does not say otherwise"},
		{"have-port-relay", Fail, "The port between servers",
			"port 25 is for mail between servers; most networks block it, and many servers take no login there",
			"use 587 with STARTTLS or 465 with SSL/TLS"},
		{"have-mode-plain", Fail, "No encryption",
			"without encryption the password travels readable by anyone on the way; most servers refuse it",
			"switch encryption on"},
		{"have-mode-other", Fail, "The other kind of encryption",
			"the provider's server uses another kind of encryption on this port",
			"change the encryption"},
		{"have-username-short", Fail, "The user name is not the full address",
			"the provider wants the whole address, with @ and domain, as the user name",
			"write the whole address as the user name"},
		{"have-username-other", Warn, "Another user name than the address",
			"the user name is not the one that the provider builds from the address; at Microsoft it is the account's primary alias, which can differ",
			"use the provider's form, unless the account is known to log in by this name"},
		{"have-provider-unknown", Skipped, "No settings to compare with",
			"the domain's settings are not known here, so only general mistakes were looked for",
			"compare them with the provider's own page, or run autoconfig discover ADDRESS"},
	}
}
