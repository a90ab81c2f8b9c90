-- The tables as the first release made them: the program must go on taking them.
CREATE TABLE autoconfig_certificates (
	key      text COLLATE "C" PRIMARY KEY,
	value    bytea NOT NULL,
	modified timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE autoconfig_locks (
	name   text PRIMARY KEY,
	holder text NOT NULL,
	ends   timestamptz NOT NULL
);
