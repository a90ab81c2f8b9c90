package finding

// certificateEntries: certificates, ours and theirs.
func certificateEntries() []Entry {
	return []Entry{
		{"certificate-profile-unsigned", Fail, "An unsigned profile",
			"the profile is not signed: a device installs it after a warning, and nobody can tell whether it was changed on the way",
			"set signing: {cert_file, key_file} and fetch the profile again"},
		{"certificate-profile-signature", Fail, "A broken signature",
			"the profile does not match its signature, so it was changed or damaged, or the signature is of a form devices refuse",
			"do not install it; fetch it again from its source"},
		{"certificate-signer-untrusted", Fail, "A signer nobody vouches for",
			"no chain leads from the signer's certificate to a trusted authority: devices show the profile as not verified",
			"put the intermediates after the leaf in cert_file; for an authority of your own, give its root with --ca and install it on the devices"},
		{"certificate-signer-expired", Fail, "The signer's certificate has expired",
			"devices show profiles as not verified once the certificate of their signer has expired, and no more are signed with it",
			"renew the certificate; then profiles are signed again"},
		{"certificate-signer-expiring", Warn, "The signer's certificate expires soon",
			"the certificate that profiles are signed with expires soon; from then on no profile is given out",
			"renew it before that day; the files are read again when they change"},
		{"certificate-signer-unusable", Fail, "Signing does not work",
			"signing is configured, but the certificate or the key cannot be used, so no profile is given out",
			"mend what the message names"},
	}
}
