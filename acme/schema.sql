-- The tables of certificates on demand. All times are the database's own.

CREATE TABLE IF NOT EXISTS autoconfig_certificates (
	key      text COLLATE "C" PRIMARY KEY,
	value    bytea NOT NULL,
	modified timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS autoconfig_locks (
	name   text PRIMARY KEY,
	holder text NOT NULL,
	ends   timestamptz NOT NULL
)
