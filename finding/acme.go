package finding

// acmeEntries: certificates on demand (RFC 8555), by whose fault it is.
func acmeEntries() []Entry {
	return []Entry{
		{"acme-challenge-failed", Fail, "The authority could not verify a name",
			"the authority asked the name for its proof and got none, so there is no certificate for it; most often its records do not point to this server yet",
			"point the name to this server (autoconfig dns check tells), and open ports 80 and 443 to the world"},
		{"acme-caa-forbidden", Fail, "A CAA record forbids the certificate",
			"the domain's CAA record (RFC 8659) names other authorities than the one asked",
			"have the domain's owner add the authority to the CAA record, or remove it"},
		{"acme-name-rejected", Fail, "The authority refuses a name",
			"the authority issues no certificate for this name by its policy",
			"ask the authority why, or take another one with tls: acme: directory"},
		{"acme-order-failed", Fail, "A certificate could not be ordered",
			"the order for a certificate failed",
			"see what the message names; it is tried again by itself, later each time"},
		{"acme-authority-limit", Fail, "The authority's limit is reached",
			"the authority gives out no more certificates for now; those in use go on to be served",
			"wait, and ask the authority for a higher limit if customers come faster than it allows"},
		{"acme-authority-unreachable", Fail, "The authority does not answer",
			"no certificate can be ordered or renewed now; those in use go on to be served",
			"check the connection to the authority, and the URL in tls: acme: directory"},
		{"acme-authority-garbled", Fail, "The authority answers something else",
			"what answers at the directory URL does not speak ACME (RFC 8555)",
			"check the URL in tls: acme: directory; a proxy on the way may have answered"},
		{"acme-storage-failed", Fail, "The certificate storage does not work",
			"certificates can be neither read nor kept, so none is ordered; those in memory go on to be served",
			"check the folder or the database in tls: acme: storage"},
	}
}
