package finding

import "slices"

// mozillaEntries: what a mail client rejects or misreads in an autoconfig
// document. Fail: some client refuses the document or loses a server. Warn: a
// client misreads something, or it is odd.
func mozillaEntries() []Entry {
	return slices.Concat(mozillaDocumentEntries(), mozillaProviderEntries(), mozillaServerEntries(), mozillaUsernameEntries(), mozillaAuthEntries())
}

// mozillaDocumentEntries: the document as it is sent, and its root.
func mozillaDocumentEntries() []Entry {
	return []Entry{
		{"mozilla-content-type-wrong", Fail, "Wrong Content-Type",
			"Thunderbird takes text/xml or application/xml, in lower case, and refuses the document with any other type",
			"send Content-Type: text/xml; charset=utf-8"},
		{"mozilla-document-large", Fail, "A document too large",
			"the document is larger than 64 KiB, many times the longest in use, and was not read",
			"leave out what is no setting; a document needs one or two KiB"},
		{"mozilla-document-encoding", Fail, "Not UTF-8",
			"the document is not UTF-8, the only encoding that every client reads; aerc and other programs without tables of old encodings refuse it",
			`write the document in UTF-8 and declare <?xml version="1.0" encoding="UTF-8"?>`},
		{"mozilla-document-syntax", Fail, "Not XML",
			"the document is not well-formed XML; every client refuses it, and with status 200 Thunderbird and Delta Chat do not even ask the next place",
			"mend it where xmllint --noout shows; where there are no settings, answer 404 instead of a page"},
		{"mozilla-document-mark", Warn, "A byte order mark",
			"the document begins with a byte order mark, which UTF-8 does not need; Thunderbird reads past it, a simpler client need not",
			"save the document without a mark"},
		{"mozilla-document-late", Fail, "Something before the XML declaration",
			"the XML declaration is not the very first thing, a line break before it is enough; Thunderbird, Evolution and others refuse the document",
			"begin the document with <?xml, without a blank or line break before it"},
		{"mozilla-document-doctype", Warn, "A DOCTYPE",
			"no client needs a DOCTYPE: Thunderbird reads past it, programs that guard against entities, such as this one, refuse the document",
			"remove the DOCTYPE"},
		{"mozilla-root-wrong", Fail, "Another document",
			"the root element is not clientConfig, so this is no autoconfig document; every client refuses it, and with status 200 Thunderbird and Delta Chat do not ask the next place",
			"answer with the document, or with 404 where there is none"},
		{"mozilla-element-prefix", Fail, "A namespace prefix",
			"the element has a prefix; Thunderbird compares names with their prefix and refuses the document",
			"write the element without prefix, and without xmlns"},
		{"mozilla-root-namespace", Warn, "A namespace",
			"the format has no namespace; Thunderbird does not mind, the grammar of draft-ietf-mailmaint-autoconfig refuses the document",
			"remove xmlns"},
		{"mozilla-root-version", Warn, "An odd version",
			"the version is neither 1.1, the deployed format, nor 1.2, the draft; no known client looks, the draft's grammar wants one",
			`write version="1.1"`},
		{"mozilla-provider-missing", Fail, "No emailProvider",
			"clientConfig has no emailProvider, and nothing outside it is read by Thunderbird, on Android either",
			"put domain, names and servers into one emailProvider"},
		{"mozilla-provider-several", Fail, "Several emailProviders",
			"Thunderbird and KDE read the first emailProvider only; servers of the others are lost",
			"write one emailProvider, one document for each provider"},
	}
}

// mozillaProviderEntries: what stands in emailProvider and beside it.
func mozillaProviderEntries() []Entry {
	return []Entry{
		{"mozilla-id-missing", Fail, "No id",
			"emailProvider has no id; Thunderbird, on Android too, refuses the document",
			`write <emailProvider id="example.org">, with the domain`},
		{"mozilla-id-invalid", Fail, "An id that is no host name",
			"the id of emailProvider has to look like a host name; Thunderbird, on Android too, refuses the document",
			`write <emailProvider id="example.org">, with the domain`},
		{"mozilla-domain-missing", Fail, "No domain",
			"emailProvider has no domain element that holds a domain name and no attribute; Thunderbird, on Android too, refuses the document",
			"write <domain>example.org</domain>"},
		{"mozilla-domain-attribute", Warn, "A domain with an attribute",
			"Thunderbird does not see a domain element that has an attribute, were it the draft's purpose",
			"write the element without attributes"},
		{"mozilla-name-missing", Warn, "No displayName",
			`Thunderbird shows "undefined" for the provider's name`,
			"write <displayName>Example Mail</displayName>"},
		{"mozilla-name-long", Warn, "A name too long",
			"displayName must not exceed 60 characters, displayShortName 20 (draft-ietf-mailmaint-autoconfig); clients cut longer ones",
			"shorten it; 30 and 12 characters fit everywhere"},
		{"mozilla-element-misplaced", Warn, "An element inside emailProvider",
			"the element belongs beside emailProvider, into clientConfig; readers that keep to the draft look there, and its grammar refuses the document",
			"move the element behind </emailProvider>"},
		{"mozilla-server-misplaced", Fail, "A server outside emailProvider",
			"no client looks for mail servers outside emailProvider: the server is lost",
			"move the element into emailProvider"},
		{"mozilla-incoming-missing", Fail, "No incoming server",
			"there is no incomingServer of a type Thunderbird knows (jmap is none); Thunderbird refuses the document, on Android too, and Delta Chat stops its search and guesses",
			`add <incomingServer type="imap">`},
		{"mozilla-outgoing-missing", Fail, "No outgoing server",
			"there is no outgoingServer of type smtp; Thunderbird refuses the document, on Android too, were it for Exchange alone",
			`add <outgoingServer type="smtp">`},
		{"mozilla-imap-missing", Warn, "No IMAP",
			"there is no IMAP server; Thunderbird for Android, Geary, Delta Chat and aerc speak nothing else and cannot use the account",
			"offer IMAP if the service has it; without it the document cannot be better"},
		{"mozilla-imap-not-first", Fail, "IMAP is not first",
			"another incoming server stands before IMAP: Geary looks at the first only and fails, Thunderbird recommends POP3 when that is first",
			`put <incomingServer type="imap"> before all others`},
		{"mozilla-server-several", Warn, "Several servers of one kind",
			"Geary takes the first server of a kind, Evolution the last, aerc the first imap and the last smtp: people on one account get different servers",
			"keep the best server of each kind"},
		{"mozilla-documentation-incomplete", Warn, "Documentation without URL or language",
			"a documentation element needs a url, and each descr in it a lang, for a client to show one",
			`write <documentation url="https://…"><descr lang="en">…</descr></documentation>`},
		{"mozilla-issuer-url", Warn, "An issuer that is no host name",
			"the issuer of oAuth2 is a bare host name in all published documents; a client that compares it does not recognise this one",
			"write <issuer>login.example.org</issuer>"},
	}
}

// mozillaServerEntries: type, host name, port and security of a server.
func mozillaServerEntries() []Entry {
	return []Entry{
		{"mozilla-type-wrong", Fail, "A server type missing or in the wrong case",
			"clients compare the type letter by letter; Thunderbird, on Android too, skips the server",
			"write imap, pop3 or smtp, in lower case"},
		{"mozilla-type-unknown", Warn, "An unknown server type",
			"Thunderbird, on Android too, skips a server of a type it does not know",
			"write imap, pop3 or smtp if it is one of these"},
		{"mozilla-url-missing", Warn, "No url",
			"a server of this type is told by its url (draft-ietf-mailmaint-autoconfig); without one it cannot be used",
			"add <url>https://…</url>"},
		{"mozilla-value-missing", Fail, "A value missing",
			"the server lacks this element, or it is empty: Thunderbird for Android refuses the whole document, Thunderbird loses the server or leaves the setting empty",
			"add the element with its value"},
		{"mozilla-value-several", Warn, "An element twice",
			"the element may stand once; clients differ in which one counts",
			"keep one of them"},
		{"mozilla-value-attribute", Fail, "An attribute where none belongs",
			"Thunderbird cannot read the value of an element with an attribute and skips the server",
			"remove the attribute"},
		{"mozilla-value-blank", Fail, "White space around a value",
			"white space is part of the value: Thunderbird does not recognise socketType and authentication then and takes the user name with it, Thunderbird for Android refuses the whole document for a port",
			"write start tag, value and end tag without blanks and line breaks between"},
		{"mozilla-hostname-blank", Warn, "White space around a host name",
			"Thunderbird takes it away, another client need not",
			"write start tag, value and end tag without blanks and line breaks between"},
		{"mozilla-hostname-invalid", Fail, "Not a host name",
			"the text is no host name of letters, digits, hyphens and dots (an underscore is none): Thunderbird skips the server, Thunderbird for Android refuses the whole document",
			"write the server's full host name"},
		{"mozilla-hostname-not-ascii", Fail, "A host name in another script",
			"Thunderbird takes letters of ASCII only and skips the server",
			"write the A-label form, xn--…"},
		{"mozilla-hostname-placeholder", Fail, "A placeholder in a host name",
			"Evolution makes nothing of it, Geary and aerc take it literally, so they look for a server that does not exist",
			"write the host name in full, another document for each domain"},
		{"mozilla-port-invalid", Fail, "Not a port",
			"the port is not a decimal number from 1 to 65535: Thunderbird skips the server, Thunderbird for Android refuses the whole document",
			"write the number, for example <port>993</port>"},
		{"mozilla-socket-unknown", Fail, "An unknown socketType",
			"clients know SSL, STARTTLS and plain, in exactly these letters: Thunderbird skips the server, Thunderbird for Android refuses the whole document",
			"write SSL for implicit TLS (993, 995, 465), STARTTLS for the other ports"},
		{"mozilla-socket-plain", Fail, "No encryption",
			"Thunderbird for Android refuses the whole document for one server with plain; everywhere else the password travels in clear",
			"offer TLS and write SSL or STARTTLS, or leave this server out"},
	}
}

// mozillaUsernameEntries: the name to log in with.
func mozillaUsernameEntries() []Entry {
	return []Entry{
		{"mozilla-username-number", Warn, "A user name like a number",
			"Thunderbird reads a number or true and false as such: 00123 becomes 123",
			"write %EMAILADDRESS% or %EMAILLOCALPART%"},
		{"mozilla-username-literal", Warn, "One user name for all",
			"the user name holds no placeholder; one made from the query is wrong for Evolution, which never sends the real address, and for caches",
			"write %EMAILADDRESS%"},
		{"mozilla-username-placeholder", Warn, "An unknown placeholder",
			"clients know %EMAILADDRESS%, %EMAILLOCALPART% and %EMAILDOMAIN%; Thunderbird leaves any other as it stands",
			"write %EMAILADDRESS%"},
		{"mozilla-username-not-address", Warn, "The user name is not the address",
			"aerc logs in with the full address whatever the document says",
			"let the server take the full address too, and write %EMAILADDRESS%"},
	}
}

// mozillaAuthEntries: the ways to log in.
func mozillaAuthEntries() []Entry {
	return []Entry{
		{"mozilla-auth-unknown", Warn, "An unknown way to log in",
			"no client knows the word; it is skipped, and the next authentication element counts",
			"write password-cleartext, password-encrypted or OAuth2"},
		{"mozilla-auth-attribute", Warn, "Authentication with an attribute",
			"Thunderbird skips an authentication element with an attribute, were it the draft's system",
			"let a generic one without attributes follow, for example password-encrypted"},
		{"mozilla-auth-unusable", Fail, "No way to log in for Thunderbird",
			"Thunderbird knows password-cleartext, password-encrypted, GSSAPI, NTLM and OAuth2, for sending also none and client-IP-address; it skips a server with none of these",
			"add <authentication>password-cleartext</authentication>"},
		{"mozilla-auth-android", Fail, "No way to log in for Android",
			"Thunderbird for Android knows OAuth2, password-cleartext and password-encrypted, and refuses the whole document for one server with none of these",
			"add <authentication>password-cleartext</authentication> if the server takes a password"},
		{"mozilla-oauth2-only", Warn, "OAuth2 only",
			"OAuth2 is the only way to log in; Evolution does not know it here and sets none, Delta Chat tries the password",
			"add password-cleartext behind OAuth2 if the server takes a password, were it an app password"},
		{"mozilla-oauth2-host-unknown", Fail, "OAuth2 for a host Thunderbird does not know",
			"Thunderbird has OAuth2 for the hosts of its own table only, does not read the oAuth2 element, and skips a server that offers nothing else",
			"add <authentication>password-cleartext</authentication> behind OAuth2"},
	}
}
