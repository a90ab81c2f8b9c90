-- The tables of certificates on demand. Replicas that start together take turns: IF NOT EXISTS alone lets two of them
-- collide. Statements that are sent together are one transaction, at whose end the lock is free.

SELECT pg_advisory_xact_lock(hashtext('autoconfig_certificates'));

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
