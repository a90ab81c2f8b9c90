package finding

// serverEntries: what an operator of the server itself should know.
func serverEntries() []Entry {
	return []Entry{
		{"server-service-host-missing", Warn, "No service_host",
			"no service_host is configured, so `dns plan` cannot say where customers' records should point",
			"write service_host: autoconfig.example.org, the name this server is reached by"},
		{"server-service-host-unresolved", Fail, "The service host has no address",
			"service_host does not resolve, so the records of every customer point to nowhere",
			"publish A and AAAA records for it, with the addresses of this server or of the proxy in front"},
		{"server-https-unreachable", Fail, "No https at the service host",
			"nothing answers https at the service host; most clients ask https only",
			"open port 443, and set listen_tls and tls or put a proxy in front"},
		{"server-certificate-invalid", Fail, "A certificate that clients refuse",
			"the certificate of the service host is not valid for it, so clients hang up without a word",
			"get a certificate for this name from a public authority, and put the intermediates after the leaf"},
		{"server-answer-other", Fail, "Another server answers",
			"the service host answers something else than this configuration serves",
			"reload the server, or point service_host and its records to this one"},
		{"server-tls-missing", Warn, "No https seen",
			"no listen_tls is configured; most clients ask https only",
			"set listen_tls and tls, or put a proxy in front and list it in trusted_proxies"},
		{"server-reload-failed", Warn, "The last reload failed",
			"the configuration or a file it names could not be read again, so the settings from before are still served",
			"run autoconfig config check, mend what it shows, and send SIGHUP"},
		{"server-resolver-down", Warn, "The resolver does not answer",
			"domains that are found by their MX cannot be looked up now; those seen lately are still served",
			"check the servers under dns: resolver"},
		{"server-source-down", Warn, "A source does not answer",
			"a database or directory cannot be asked now; domains seen lately are still served",
			"check the backend that the log names"},
	}
}
