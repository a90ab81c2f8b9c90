package finding

// The ids of the catalogue by their usual level, sorted. Their texts are in templates/findings, one file a language.
const (
	okIDs = `
		discover-domain-builtin
		dns-caa-allows dns-dane-published dns-dkim-published dns-dmarc-published dns-dnssec-validated
		dns-host-address-ok dns-mta-sts-published dns-mx-provider dns-mx-published dns-pacc-rollover
		dns-publish-done dns-record-ok dns-record-published dns-spf-published dns-tlsrpt-published
		dns-vendor-mx-filter
		have-settings-right
		imap-login-accepted imap-server-ready
		pop3-login-accepted pop3-server-ready
		sieve-login-accepted sieve-server-ready
		smtp-greeting-microsoft smtp-login-accepted smtp-server-ready
`
	skippedIDs = `
		dns-dnssec-unvalidated
		have-provider-unknown
		imap-login-withheld
		pop3-login-withheld
		sieve-login-withheld
		smtp-login-withheld
`
	warnIDs = `
		acme-client-share acme-name-elsewhere acme-name-unanswered acme-name-unlisted acme-orders-busy
		acme-orders-slow acme-orders-spent acme-source-unavailable
		autodiscover-answer-error autodiscover-encryption-missing autodiscover-host-short autodiscover-redirect-url
		autodiscover-security-plain autodiscover-smtp-missing autodiscover-spa-on
		config-builtin-row config-command-failed config-domain-builtin config-domain-typo config-file-empty
		config-host-builtin config-ispdb-file config-oauth2-only config-port-relay config-provider-unused
		config-proxies-all config-security-plain
		config-source-plain config-source-user-unasked config-username-literal config-variable-shadows
		discover-address-private discover-autoconfig-stale discover-autodiscover-error
		discover-autodiscover-microsoft discover-clients-disagree discover-document-refused discover-host-foreign
		discover-path-missing discover-path-status discover-redirect-downgrade discover-settings-guessed
		dns-autoconfig-mx dns-dane-insecure dns-dane-unusable dns-dkim-missing dns-dmarc-missing dns-host-wildcard
		dns-mta-sts-broken dns-mx-missing dns-mx-null dns-mx-provider-differs dns-mx-verification
		dns-negative-missing dns-pacc-cname dns-publish-lags dns-publish-unasked dns-server-serial dns-server-silent
		dns-spf-missing dns-spf-multiple dns-srv-priority dns-srv-provider dns-target-unknown dns-tlsrpt-malformed
		dns-ttl-high dns-ttl-low dns-vendor-spf dns-vendor-srv
		have-host-other have-port-unknown have-username-other
		imap-auth-clear imap-server-unavailable
		import-document-differs import-domain-builtin import-domain-taken import-value-changed import-value-left
		mozilla-auth-attribute mozilla-auth-unknown mozilla-document-doctype mozilla-document-mark
		mozilla-documentation-incomplete mozilla-domain-attribute mozilla-element-misplaced mozilla-element-unknown
		mozilla-hostname-blank mozilla-hostname-short mozilla-issuer-url mozilla-name-long mozilla-name-missing
		mozilla-oauth2-only mozilla-pop3-plain mozilla-pop3-unusable mozilla-root-namespace mozilla-root-version
		mozilla-server-several mozilla-type-unknown mozilla-url-missing mozilla-username-literal
		mozilla-username-not-address mozilla-username-number mozilla-value-several
		oauth2-service-temporary
		pacc-host-short pacc-incoming-missing pacc-name-long pacc-name-missing pacc-port-ignored pacc-submit-missing
		pacc-submit-old
		pop3-auth-clear pop3-mailbox-busy pop3-server-unavailable
		profile-encryption-off profile-host-short profile-number-real profile-uuid-malformed
		provider-changed provider-changes-soon
		server-service-host-missing server-tls-missing
		sieve-auth-clear
		smtp-auth-clear smtp-auth-temporary smtp-server-busy smtp-server-temporary
		tls-certificate-expiring tls-version-legacy
`
	failIDs = `
		acme-authority-garbled acme-authority-limit acme-authority-unreachable acme-caa-forbidden
		acme-challenge-failed acme-name-rejected acme-order-failed acme-storage-failed
		autodiscover-answer-empty autodiscover-content-type autodiscover-document-syntax
		autodiscover-encryption-unknown autodiscover-host-invalid autodiscover-incoming-missing
		autodiscover-login-placeholder autodiscover-namespace-response autodiscover-namespace-root
		autodiscover-port-invalid autodiscover-port-security autodiscover-redirect-invalid autodiscover-ssl-off
		autodiscover-type-unknown autodiscover-url-invalid
		certificate-profile-signature certificate-profile-unsigned certificate-signer-expired
		certificate-signer-untrusted certificate-signer-unusable
		client-data-unusable
		config-auth-missing config-auth-unknown config-autodiscover-redirect config-autodiscover-unknown
		config-document-second config-domain-duplicate config-domain-invalid config-file-unreadable
		config-host-invalid config-host-missing config-host-retired config-host-typo config-key-duplicate
		config-key-unknown config-lang-invalid config-name-invalid config-name-long config-oauth2-incomplete
		config-pacc-impossible config-password-login config-port-invalid config-port-security
		config-protocol-unknown config-provider-duplicate config-security-unknown config-servers-missing
		config-source-duplicate config-source-incomplete config-source-key config-source-kind config-source-provider
		config-source-query config-source-row config-source-secret config-source-unavailable config-syntax
		config-type config-url-invalid config-username-invalid config-value-invalid config-value-missing
		config-variable-conflict config-variable-missing
		connect-address-private connect-answer-oversized connect-name-invalid connect-name-unanswered
		connect-name-unknown connect-network-unreachable connect-peer-closed connect-port-refused
		connect-port-timeout connect-server-hangs connect-server-silent connect-settings-missing
		discover-answer-garbled discover-autoconfig-contradicts-mx discover-autoconfig-hangs
		discover-autodiscover-hangs discover-certificate-expired discover-certificate-name
		discover-certificate-untrusted discover-content-type discover-dns-failed discover-document-empty
		discover-document-malformed discover-host-hangs discover-host-refused discover-https-missing
		discover-model-differs discover-network-failed discover-pacc-digest discover-page-not-404
		discover-redirect-loop discover-server-error discover-settings-broken discover-settings-none
		discover-settings-plain discover-srv-differs discover-tls
		dns-autodiscover-microsoft dns-caa-denies dns-cname-dangling dns-dnssec-bogus dns-domain-missing
		dns-mx-target-address dns-mx-target-cname dns-mx-target-missing dns-name-cname dns-name-cname-apex
		dns-name-cname-beside dns-name-misplaced dns-name-other-data dns-pacc-malformed dns-pacc-previous
		dns-pacc-stale dns-plan-failed dns-publish-clock dns-publish-command dns-publish-conflict
		dns-publish-delegated dns-publish-failed dns-publish-key-unknown dns-publish-key-wrong dns-publish-limited
		dns-publish-not-authoritative dns-publish-not-served dns-publish-partial dns-publish-primary-unknown
		dns-publish-raced dns-publish-refused dns-publish-rejected dns-publish-token dns-publish-too-large
		dns-publish-unknown dns-publish-unreachable dns-publish-unreadable dns-publish-unsupported
		dns-publish-zone-missing dns-publish-zone-unknown dns-publish-zone-wrong dns-question-refused
		dns-question-servfail dns-question-timeout dns-record-differs dns-record-missing dns-server-address
		dns-server-disagree dns-server-lame dns-server-none dns-srv-cpanel dns-srv-denied dns-srv-leftover
		dns-srv-mixed dns-srv-target-address dns-srv-target-cname dns-srv-target-missing dns-target-appended
		dns-target-number dns-vendor-autodiscover dns-vendor-mx dns-vendor-mx-name
		exchange-activesync-old exchange-ews-retired
		have-auth-other have-auth-password have-domain-typo have-host-kind have-host-retired have-host-typo
		have-mode-other have-mode-plain have-port-mode have-port-other have-port-relay have-username-short
		imap-access-off imap-account-blocked imap-answer-unexpected imap-auth-app-password imap-auth-basic-retired
		imap-auth-failed imap-auth-kerberos imap-auth-method-unsupported imap-auth-token-refused
		imap-connection-ended imap-connections-many imap-greeting-refused imap-login-failed imap-mailbox-unavailable
		imap-starttls-refused imap-starttls-stripped imap-tls-required
		import-document-unreadable
		lint-document-empty lint-document-page lint-format-unknown
		mozilla-auth-android mozilla-auth-unusable mozilla-content-type-wrong mozilla-document-encoding
		mozilla-document-large mozilla-document-late mozilla-document-syntax mozilla-domain-missing
		mozilla-element-prefix mozilla-hostname-invalid mozilla-hostname-not-ascii mozilla-hostname-placeholder
		mozilla-id-invalid mozilla-id-missing mozilla-id-placeholder mozilla-imap-missing mozilla-imap-not-first
		mozilla-incoming-missing mozilla-oauth2-host-unknown mozilla-outgoing-missing mozilla-password-present
		mozilla-port-invalid mozilla-port-security mozilla-provider-missing mozilla-provider-several
		mozilla-root-wrong mozilla-server-misplaced mozilla-socket-plain mozilla-socket-unknown mozilla-type-wrong
		mozilla-username-placeholder mozilla-value-attribute mozilla-value-blank mozilla-value-element
		mozilla-value-missing
		oauth2-account-disabled oauth2-account-guest oauth2-account-locked oauth2-account-personal
		oauth2-account-unauthenticated oauth2-account-unknown oauth2-app-blocked oauth2-app-not-public
		oauth2-app-secret oauth2-app-unknown oauth2-code-expired oauth2-consent-missing oauth2-factor-missing
		oauth2-password-expired oauth2-password-wrong oauth2-permission-unregistered oauth2-policy-refused
		oauth2-redirect-mismatch oauth2-request-malformed oauth2-scope-invalid oauth2-security-defaults
		oauth2-session-missing oauth2-sign-in-failed oauth2-tenant-wrong oauth2-token-expired oauth2-user-unassigned
		pacc-authentication-missing pacc-authentication-none pacc-authentication-wrong pacc-content-type
		pacc-document-syntax pacc-host-invalid pacc-issuer-invalid pacc-protocols-missing pacc-server-invalid
		pacc-url-invalid
		pop3-answer-unexpected pop3-auth-failed pop3-auth-method-unsupported pop3-fetch-ended pop3-greeting-refused
		pop3-login-failed pop3-starttls-refused pop3-starttls-stripped pop3-tls-required
		profile-content-empty profile-content-type profile-document-syntax profile-host-invalid profile-id-duplicate
		profile-key-missing profile-key-type profile-login-placeholder profile-password-present profile-port-invalid
		profile-port-security profile-value-unknown profile-version-wrong
		server-answer-other server-certificate-invalid server-https-unreachable server-service-host-unresolved
		sieve-answer-unexpected sieve-auth-failed sieve-auth-method-unsupported sieve-greeting-refused
		sieve-starttls-refused sieve-starttls-stripped
		smtp-account-unverified smtp-answer-unexpected smtp-auth-account-locked smtp-auth-app-password
		smtp-auth-basic-removed smtp-auth-basic-retired smtp-auth-conditional-access smtp-auth-credentials-wrong
		smtp-auth-disabled-mailbox smtp-auth-disabled-tenant smtp-auth-failed smtp-auth-federation-down
		smtp-auth-kerberos smtp-auth-method-unsupported smtp-auth-missing smtp-auth-policy-refused
		smtp-auth-security-defaults smtp-auth-unsuccessful smtp-auth-xoauth2-malformed smtp-connections-many
		smtp-ehlo-missing smtp-ehlo-refused smtp-greeting-refused smtp-host-blocked smtp-mailbox-full
		smtp-message-delayed smtp-message-large smtp-message-refused smtp-message-returned smtp-quota-exceeded
		smtp-rate-exceeded smtp-recipient-misconfigured smtp-recipient-restricted smtp-recipient-unknown
		smtp-relay-denied smtp-sender-blocked smtp-sender-denied smtp-sender-throttled
		smtp-sender-unauthenticated smtp-site-unconfigured
		smtp-starttls-first smtp-starttls-refused smtp-starttls-required smtp-starttls-stripped smtp-tls-old
		tls-certificate-expired tls-certificate-name tls-certificate-revoked tls-certificate-selfsigned
		tls-certificate-untrusted tls-certificate-weak tls-handshake-failed tls-mode-implicit tls-mode-starttls
		tls-version-old
`
)
