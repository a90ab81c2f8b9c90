-- Login names that differ from the address. Asked with reveal_logins: true only.
CREATE TABLE autoconfig_login (
  address VARCHAR(254) NOT NULL PRIMARY KEY,
  login   VARCHAR(254) NOT NULL
);
INSERT INTO autoconfig_schema (version) VALUES (2);
