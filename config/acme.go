package config

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"autoconfig/files"
	"autoconfig/provider"
)

// TLS says where the certificates for listen_tls come from: files, or an authority on demand.
type TLS struct {
	KeyPair       `yaml:",inline"`
	ACME          *ACME `yaml:"acme,omitempty" doc:"certificates on demand, for listed domains and service_host"`
	ProxyProtocol bool  `yaml:"proxy_protocol" doc:"https connections from trusted_proxies begin with the PROXY protocol"`
}

// Set reports whether certificates come from somewhere.
func (t TLS) Set() bool { return t.KeyPair.Set() || t.ACME != nil }

// ACME is an authority that issues certificates (RFC 8555). Naming it means agreeing to its terms.
type ACME struct {
	Email     string `yaml:"email,omitempty" doc:"of the account; the authority may write to it"`
	Directory string `yaml:"directory,omitempty" doc:"URL of the authority; default: Let's Encrypt"`

	Storage string `yaml:"storage,omitempty" doc:"folder (default /var/lib/autoconfig/certificates), or for replicas postgres://…, with ${ENV}"`

	StorageFile string `yaml:"storage_file,omitempty" doc:"file with the postgres://… of the storage"`

	Directories []Directory `yaml:"directories,omitempty" doc:"several authorities in place of directory: the next is asked when one is down or limits"`

	Addresses []netip.Addr `yaml:"addresses,omitempty" doc:"public addresses of this server behind NAT or a proxy"`
}

// Directory is one of several authorities, with the external account that it wants, if it does (RFC 8555 §7.3.4).
type Directory struct {
	URL     string `yaml:"url" doc:"URL of the authority's directory"`
	KeyID   string `yaml:"eab_key_id,omitempty" doc:"external account: id of the key"`
	KeyFile string `yaml:"eab_key_file,omitempty" doc:"external account: file with the key in base64url"`
	Key     string `yaml:"-"`
}

const (
	letsEncrypt    = "https://acme-v02.api.letsencrypt.org/directory"
	defaultStorage = "/var/lib/autoconfig/certificates"
)

// Place is where certificates are kept: a folder, or the connection string of a database.
func (a *ACME) Place(r *files.Reader, env Env) (place string, database bool, err error) {
	place = a.Storage
	if a.StorageFile != "" {
		if place, err = readSecret(r, a.StorageFile); err != nil {
			return "", false, err
		}
	}
	if !isDatabase(place) {
		return place, false, nil
	}
	place, err = expand(place, env)
	return place, true, err
}

func isDatabase(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// Authorities are those in the order in which they are asked, with the keys of their external accounts.
func (a *ACME) Authorities(r *files.Reader) ([]Directory, error) {
	if len(a.Directories) == 0 {
		return []Directory{{URL: a.Directory}}, nil
	}
	out := slices.Clone(a.Directories)
	for i := range out {
		d := &out[i]
		if d.KeyFile == "" {
			continue
		}
		key, err := readSecret(r, d.KeyFile)
		if err != nil {
			return nil, err
		}
		d.Key = strings.TrimRight(key, "=")
		if _, err := base64.RawURLEncoding.DecodeString(d.Key); err != nil || d.Key == "" {
			return nil, fmt.Errorf("%s: the key is not in base64url, the form in which authorities show it", d.KeyFile)
		}
	}
	return out, nil
}

// shown is the block with its defaults, and with the password masked.
func (a *ACME) shown() ACME {
	out := *a
	// a ${ENV} in place of a password does not parse, and is not secret
	if u, err := url.Parse(a.Storage); err == nil && isDatabase(a.Storage) {
		query := u.Query()
		if query.Has("password") {
			query.Set("password", "xxxxx")
			u.RawQuery = query.Encode()
		}
		out.Storage = u.Redacted()
	}
	return out
}

func (c *Config) tls(t *TLS) {
	c.pair("tls", &t.KeyPair)
	c.refuse(t.ProxyProtocol && c.ListenTLS == "", "tls.proxy_protocol", "there is no https listener for it",
		`write listen_tls: ":443"`)
	if t.ACME == nil {
		return
	}
	c.refuse(t.CertFile != "", "tls", "certificates both from files and on demand",
		"write cert_file and key_file, or acme")
	c.refuse(c.ListenTLS == "", "tls.acme", "certificates are for https, and there is no https listener",
		`write listen_tls: ":443"`)
	a := t.ACME
	_, err := provider.ParseAddress(a.Email)
	c.refuse(a.Email != "" && err != nil, "tls.acme.email", "the text is not a mail address",
		"write for example hostmaster@hoster.example, or leave it out")
	c.directories(a)
	switch {
	case a.Storage != "" && a.StorageFile != "":
		c.bad("tls.acme.storage_file", "both storage and storage_file are set", "keep one of them")
	case a.StorageFile != "":
		c.file("tls.acme.storage_file", &a.StorageFile)
	case isDatabase(a.Storage):
	case strings.Contains(a.Storage, "://"):
		c.bad("tls.acme.storage", "certificates are kept in a folder or in PostgreSQL",
			"write a path, or postgres://user@host/name")
	default:
		a.Storage = c.resolve(cmp.Or(a.Storage, defaultStorage))
	}
}

// directories checks the URLs of the authorities and their external accounts.
func (c *Config) directories(a *ACME) {
	c.refuse(a.Directory != "" && len(a.Directories) > 0, "tls.acme.directory", "both directory and directories are set",
		"keep one of them")
	https := func(path, text string) {
		u, err := url.Parse(text)
		c.refuse(err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil, path,
			fmt.Sprintf("%q is not an https URL", text), "write the directory URL of the authority, for example "+letsEncrypt)
	}
	if len(a.Directories) == 0 {
		a.Directory = cmp.Or(a.Directory, letsEncrypt)
		https("tls.acme.directory", a.Directory)
	}
	for i := range a.Directories {
		d, path := &a.Directories[i], fmt.Sprintf("tls.acme.directories[%d]", i)
		https(path, d.URL)
		c.refuse(slices.ContainsFunc(a.Directories[:i], func(o Directory) bool { return o.URL == d.URL }), path,
			"the authority is listed twice", "keep one of them")
		c.refuse((d.KeyID == "") != (d.KeyFile == ""), path, "an external account needs both an id and a key",
			"write both eab_key_id and eab_key_file")
		c.file(path+".eab_key_file", &d.KeyFile)
	}
}
