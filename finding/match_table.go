package finding

// group is a set of rows that exclude one another: the first that matches
// counts. Rows stand from the particular to the general.
type group struct {
	fallback bool
	rows     [][2]string // id, pattern
}

// Patterns: alternatives stand between " | ", the parts of one between " + ". A
// part is one or more whole words; "*" at its end lets the last word go on. The
// id "" recognises what means nothing.

// groups is the table that [Explain] reads, in the order of its answers.
func groups() []group {
	return []group{
		{rows: smtpTLSRows()}, {rows: smtpAuthRows()}, {rows: smtpSendRows()},
		{rows: imapRows()}, {rows: popRows()}, {rows: oauth2Rows()},
		{rows: certificateRows()}, {rows: tlsRows()}, {rows: connectRows()},
		{true, generalRows()},
	}
}

func smtpTLSRows() [][2]string {
	return [][2]string{
		{"smtp-starttls-required", "451 5.7.3 | 5.7.3 starttls is required | starttls is required to send mail"},
		{"smtp-starttls-first", "must issue a starttls command first | must issue starttls first | 538 5.7.11 | encryption required for requested authentication mechanism"},
		{"smtp-ehlo-missing", "503 5.5.2 | send hello first | 503 + ehlo + first | 503 + helo + first"},
		{"smtp-tls-old", "421 4.7.66 | tls 1.0 and 1.1 are not supported | aka.ms/smtp_auth_tls"},
		{"smtp-starttls-refused", "454 4.7.0 tls | 454 tls | tls not available due to"},
		{"smtp-starttls-stripped", "xxxxxxxa | server does not support starttls | starttls not supported | " +
			"starttls is not supported | doesn't support starttls | does not advertise starttls | starttls extension not supported | starttls not offered | " +
			"doesn't offer starttls"},
	}
}

func smtpAuthRows() [][2]string {
	return [][2]string{
		{"smtp-auth-disabled-tenant", "smtpclientauthentication is disabled for the tenant"},
		{"smtp-auth-disabled-mailbox", "smtpclientauthentication is disabled | smtp client authentication is disabled | aka.ms/smtp_auth_disabled"},
		{"smtp-auth-basic-removed", "550 5.7.30 | basic authentication is not supported for client submission"},
		{"smtp-auth-basic-retired", "535 5.7.139 + basic authentication is disabled | authentication unsuccessful basic authentication is disabled"},
		{"smtp-auth-credentials-wrong", "535 5.7.139 + credentials were incorrect | the user credentials were incorrect"},
		{"smtp-auth-account-locked", "535 5.7.139 + account is locked | 535 5.7.139 + account locked | authentication unsuccessful + account is locked | authentication unsuccessful account locked"},
		{"smtp-auth-security-defaults", "security defaults policy"},
		{"smtp-auth-conditional-access", "did not meet the criteria to be authenticated | 535 5.7.139 + conditional access"},
		{"smtp-auth-federation-down", "535 5.7.139 + federated | federated sts | 535 5.7.139 + sts"},
		{"smtp-auth-policy-refused", "5.7.139"},
		{"smtp-auth-xoauth2-malformed", "501 5.5.124 | invalid xoauth2 auth data"},
		{"smtp-auth-unsuccessful", "535 5.7.3 | 5.7.3 authentication unsuccessful"},
		{"smtp-auth-app-password", "534 5.7.9 | 534 5.7.14"},
		{"smtp-auth-method-unsupported", "504 5.7.4 | unrecognized authentication type | unrecognised authentication type | 504 + authentication + mechanism | " +
			"outgoing server + does not support the selected authentication method | no supported authentication method | no compatible authentication mechanism"},
		{"smtp-auth-missing", "530 5.7.57 | client not authenticated to send | client was not authenticated to send | 530 5.7.1 + authenticat* | " +
			"530 authentication required | 5.7.0 authentication required"},
		{"smtp-auth-temporary", "temporary authentication failure | 454 4.7.0 + authentication | 454 authentication"},
		{"smtp-auth-failed", "535 5.7.8 | 535 authentication | 535 incorrect authentication | 5.7.8 username and password not accepted | " +
			"unable to authenticate to outgoing server"},
	}
}

func smtpSendRows() [][2]string {
	return [][2]string{
		{"smtp-account-unverified", "wascl | hipnotify | refusequota | showtierupgrade | outboundspamexception"},
		{"smtp-sender-denied", "550 5.7.60 | 5.7.60 + permissions to send as | does not have permissions to send as this sender | 554 5.2.252 | sendasdenied* | " +
			"sender address rejected not owned by user | 553 5.7.1 sender address rejected"},
		{"smtp-quota-exceeded", "submissionquotaexceededexception | submissionquotaexceeded | 550 5.4.5"},
		{"smtp-sender-blocked", "550 5.1.8 | bad outbound sender"},
		{"smtp-sender-throttled", "550 5.2.251 | 550 5.2.252 | 550 5.2.253 | 550 5.2.254 | 550 5.2.255 | sender throttled"},
		{"smtp-connections-many", "432 4.3.2 | concurrent connections limit exceeded | aka.ms/concurrent_sending"},
		{"smtp-rate-exceeded", "421 4.4.2 + rate | message submission rate"},
		{"smtp-server-busy", "421 4.3.2 | service not active + 421 | 421 + too busy | 421 service not available"},
		{"smtp-server-temporary", "451 4.7.0 | temporary server error"},
		{"smtp-recipient-unknown", "550 5.1.1 | 550 5.1.10 | user unknown | recipient not found + 550"},
		{"smtp-message-large", "552 5.3.4 | 552 5.2.3 | message size exceeds"},
		{"smtp-mailbox-full", "552 5.2.2 | 452 4.2.2 | mailbox is full | mailbox full | overquota"},
		{"smtp-relay-denied", "relay access denied | relaying denied | relay not permitted | unable to relay | 550 5.7.54"},
		{"smtp-greeting-microsoft", "microsoft esmtp mail service ready"},
	}
}

func imapRows() [][2]string {
	return [][2]string{
		{"imap-auth-basic-retired", "no basic authentication is disabled | err basic authentication is disabled"},
		{"imap-mailbox-unavailable", "user is authenticated but not connected"},
		{"imap-auth-app-password", "no alert application specific password required | no application specific password required | web login required | please log in via your web browser"},
		{"imap-tls-required", "privacyrequired | logindisabled | cleartext authentication disallowed | plaintext authentication disallowed | " +
			"disallowed on non secure"},
		{"imap-connections-many", "maximum number of connections from user | too many simultaneous connections | too many connections + imap"},
		{"imap-auth-token-refused", "no authenticate failed"},
		{"imap-auth-method-unsupported", "imap server + does not support the selected authentication method | no unsupported authentication mechanism | authentication mechanism not supported + imap"},
		{"imap-auth-failed", "authenticationfailed | no authentication failed | authorizationfailed | invalid credentials + imap | no invalid credentials"},
		{"imap-login-failed", "no login failed"},
		{"imap-server-unavailable", "no unavailable | bye unavailable | no inuse | no serverbug | unavailable + imap"},
		{"", "221 bye | 221 2.0.0 bye"}, // SMTP's polite end
		{"imap-connection-ended", "bye"},
	}
}

func popRows() [][2]string {
	return [][2]string{
		{"pop3-login-failed", "err logon failure | logon failure unknown user name or bad password"},
		{"pop3-mailbox-busy", "err in use | err login delay | err mailbox is locked | err mailbox in use | err unable to lock"},
		{"pop3-server-unavailable", "err sys temp | err sys perm"},
		{"pop3-auth-failed", "err auth | err authentication failed | err invalid login | err login failed | err invalid password | err bad login | 0x800ccc92"},
	}
}

func oauth2Rows() [][2]string {
	return [][2]string{
		{"oauth2-account-personal", "aadsts50020 | aadsts500200 | can't sign in here with a personal account | sign in with a personal account"},
		{"oauth2-password-wrong", "aadsts50126"},
		{"oauth2-factor-missing", "aadsts50072 | aadsts50074 | aadsts50076 | aadsts50079 | aadsts50158"},
		{"oauth2-account-locked", "aadsts50053"},
		{"oauth2-account-unknown", "aadsts50034"},
		{"oauth2-account-disabled", "aadsts50057"},
		{"oauth2-password-expired", "aadsts50055"},
		{"oauth2-consent-missing", "aadsts65001 | aadsts65004 | aadsts90094"},
		{"oauth2-token-expired", "aadsts50078 | aadsts50132 | aadsts50133 | aadsts50173 | aadsts70008 | aadsts70043 | aadsts700082 | aadsts700084"},
		{"oauth2-app-unknown", "aadsts700016"},
		{"oauth2-app-secret", "aadsts7000215 | aadsts7000222"},
		{"oauth2-policy-refused", "aadsts50097 | aadsts53000 | aadsts53001 | aadsts53002 | aadsts53003 | aadsts530003"},
		{"oauth2-redirect-mismatch", "aadsts50011"},
		{"oauth2-user-unassigned", "aadsts50105"},
		{"oauth2-tenant-wrong", "aadsts50194 | aadsts90002"},
		{"oauth2-scope-invalid", "aadsts70011 | aadsts500011 | invalid_scope"},
		{"oauth2-account-unauthenticated", "account not authenticated | enter the password for the outlook account"},
	}
}

func certificateRows() [][2]string {
	return [][2]string{
		{"tls-certificate-expired", "certificate has expired | certificate is expired | certificate expired | cert_has_expired | sec_error_expired_certificate | certificate is not yet valid"},
		{"tls-certificate-name", "certificate is valid for + not | certificate is not valid for + name | hostname mismatch | certificate name mismatch | err_tls_cert_altname_invalid | " +
			"ssl_error_bad_cert_domain | hostname/ip does not match certificate's | hostname/ip doesn't match certificate's | target principal name is incorrect | not standards compliant + certificate | " +
			"no alternative certificate subject name matches | certificate subject name + does not match | certificate is not valid for any names"},
		{"tls-certificate-selfsigned", "self signed certificate | depth_zero_self_signed_cert | self_signed_cert_in_chain | certificate is self signed | mozilla_pkix_error_self_signed_cert"},
		{"tls-certificate-untrusted", "certificate signed by unknown authority | unable to get local issuer certificate | unable_to_get_issuer_cert_locally | unable to verify the first certificate | " +
			"unable_to_verify_leaf_signature | sec_error_unknown_issuer | pkix path building failed | certificate verify failed | issuer is unknown | cannot verify server identity | " +
			"certificate chain was issued by an authority that is not trusted | certificate is not trusted"},
	}
}

func tlsRows() [][2]string {
	return [][2]string{
		{"tls-version-old", "protocol version not supported | unsupported protocol | alert protocol version | unsupported tls version | no supported versions satisfy | " +
			"client offered only unsupported versions | ssl_error_unsupported_version | ssl_error_protocol_version_alert | " +
			"no appropriate protocol"},
		{"tls-mode-implicit", "first record does not look like a tls handshake | wrong version number | ssl_error_rx_record_too_long | record too long | packet length too long | " +
			"unrecognized ssl message + plaintext connection | unsupported or unrecognized ssl message | unexpected tls packet was received | ssl23_get_server_hello unknown protocol | 0x800ccc1a | " +
			"err_ssl_wrong_version_number"},
		{"tls-handshake-failed", "handshake failure | handshake failed | tls handshake + eof | ssl handshake + failed | tls negotiation failed"},
	}
}

func connectRows() [][2]string {
	return [][2]string{
		{"connect-name-unanswered", "lookup + i/o timeout | temporary failure in name resolution | server misbehaving + lookup | eai_again | lookup + connection refused"},
		{"connect-name-unknown", "no such host | enotfound | name or service not known | nodename nor servname | unknownhostexception | unknown host | 0x800ccc0d | " +
			"getaddrinfo failed | could not resolve host | could not be found + server name"},
		{"connect-server-silent", "greeting never received | no greeting | read tcp + i/o timeout | no banner"},
		{"connect-port-timeout", "i/o timeout | etimedout | timed out | connection timeout | context deadline exceeded | " +
			"did not properly respond after a period of time | 10060 | 0x800ccc19 | 0x8004210a"},
		{"connect-port-refused", "connection refused | econnrefused | actively refused it | connection was refused | 10061"},
		{"connect-network-unreachable", "network is unreachable | no route to host | enetunreach | ehostunreach"},
		{"connect-peer-closed", "connection reset | econnreset | broken pipe | closed by the remote host | 0x800ccc0f | unexpected eof | connection closed unexpectedly | lost connection"},
		{"connect-settings-missing", "failed to find the settings for your | could not find settings for your | unable to find your account settings"},
	}
}

// generalRows are messages of mail programs that say little more than that it
// did not work.
func generalRows() [][2]string {
	return [][2]string{
		{"oauth2-sign-in-failed", "aadsts*"},
		{"smtp-auth-app-password", "application specific password required | app password required"},
		{"smtp-auth-failed", "535 | authentication unsuccessful | invalid login + smtp | smtp + authentication failed | sending of password + did not succeed"},
		{"imap-auth-failed", "authentication failed | username or password is incorrect | user name or password is incorrect | user name or password for + is incorrect | login to server + failed | " +
			"wrong configuration username or password | 0x800ccc18 | invalid credentials | incorrect username or password | logon failed | login failed"},
		{"connect-port-timeout", "0x800ccc0e | 0x80042108 | 0x80042109 | cannot connect to the server | unable to connect to the server | connection to the server failed | could not connect to mail server | " +
			"could not connect to the server | cannot connect using ssl"},
		{"smtp-relay-denied", "0x800ccc79"},
		{"smtp-sender-denied", "0x800ccc78"},
	}
}
