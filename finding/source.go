package finding

// sourceEntries: mistakes under sources: in autoconfig.yaml.
func sourceEntries() []Entry {
	return []Entry{
		{"config-source-kind", Fail, "A source of no kind",
			"a source is a database or a directory, and exactly one of the two", "write sql: or ldap:"},
		{"config-source-key", Fail, "A key of another kind of source",
			"the key is for the other kind of source and would not count", "remove it"},
		{"config-source-duplicate", Fail, "A source's name twice",
			"two sources have one name, and the log could not tell them apart", "rename one of them"},
		{"config-source-incomplete", Fail, "A source that lacks something",
			"the source cannot be asked without this key", "write the key shown"},
		{"config-source-query", Fail, "A query that cannot be asked",
			"the query or filter has a parameter that is none, or would mean something else than it looks like; parameters are bound by the database, so they stand without quotes", "write the form shown"},
		{"config-source-provider", Fail, "A source without a provider",
			"the source names a provider that is not configured, so that none of its domains could be served", "write the id of a provider"},
		{"config-source-user-unasked", Warn, "A login query that is not asked",
			"user has no effect without reveal_logins: true. An answer that differs between a mailbox that exists and one that does not tells strangers who exists", "add reveal_logins: true if that may be known, or remove user"},
		{"config-source-plain", Warn, "A directory without encryption",
			"the connection is not encrypted: the bind password and the answers are readable by anyone on the way, who can also change them", "write ldaps://, or leave starttls on"},
		{"config-source-secret", Fail, "A secret that cannot be had",
			"the DSN or the password cannot be read, or names an environment variable that is not set", "check the file, or set the variable"},
	}
}
