-- Domains and the id of the provider of each, as in autoconfig.yaml.
CREATE TABLE autoconfig_schema (version INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE autoconfig_domain (
  domain   VARCHAR(253) NOT NULL PRIMARY KEY, -- lower case, A-labels (xn--…)
  provider VARCHAR(60)  NOT NULL,
  active   SMALLINT     NOT NULL DEFAULT 1
);
INSERT INTO autoconfig_schema (version) VALUES (1);
