//go:build e2e

package source

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

// slapdConf is the whole configuration of the directory of the tests
// (slapd.conf(5)); small pages make paging needed.
const slapdConf = `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile DIR/pid
TLSCertificateFile DIR/cert.pem
TLSCertificateKeyFile DIR/key.pem
security ssf=128
database mdb
suffix "dc=example"
rootdn "cn=reader,dc=example"
rootpw "pass word"
directory DIR/data
maxsize 10485760
index associatedDomain,displayName,objectClass eq
`

func startOpenLDAP(t *testing.T) server {
	t.Helper()
	d := &daemon{t: t, dir: workDir(t), path: component.Need(t, "slapd"), addr: freeport.On(t, "127.0.0.1"),
		stop: syscall.SIGTERM}
	cert, pool := serverCertificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"cert.pem":   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})),
		"key.pem":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"slapd.conf": strings.ReplaceAll(slapdConf, "DIR", d.dir),
		"data.ldif":  ldif(),
	} {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d.run("mkdir", filepath.Join(d.dir, "data"))
	d.run(component.Need(t, "slapadd"), "-q", "-f", filepath.Join(d.dir, "slapd.conf"), "-l",
		filepath.Join(d.dir, "data.ldif"))
	d.args = []string{"-d", "0", "-h", "ldap://" + d.addr + "/", "-f", filepath.Join(d.dir, "slapd.conf")}
	d.start()
	t.Cleanup(d.halt)
	return server{daemon: d, ready: func() {}, open: func(o BackendOptions) *Backend {
		q := ldapQueries("ldap://"+d.addr, &tls.Config{RootCAs: pool, ServerName: "localhost"})
		q.Domain, q.List = "(&(objectClass=domainRelatedObject)(associatedDomain=:domain)(st=1))",
			"(&(objectClass=domainRelatedObject)(st=1))"
		q.User = "(&(objectClass=inetOrgPerson)(displayName=:address))"
		return openTestLDAP(t, o, q)
	}}
}

// ldif is the rows of the tests as entries. The address stands in displayName,
// since mail is ASCII by its schema (RFC 4524 §2.16).
func ldif() string {
	var b strings.Builder
	b.WriteString("dn: dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n\n")
	for i, d := range testDomains {
		fmt.Fprintf(&b,
			"dn: ou=d%d,dc=example\nobjectClass: organizationalUnit\nobjectClass: domainRelatedObject\nou: d%d\nassociatedDomain: %s\nbusinessCategory: %s\nst: %s\n\n", i, i, d[0], d[1], d[2])
	}
	for i, l := range testLogins {
		fmt.Fprintf(&b, "dn: cn=p%d,dc=example\nobjectClass: inetOrgPerson\ncn: p%d\nsn: p%d\ndisplayName: %s\nuid: %s\n\n",
			i, i, i, l[0], l[1])
	}
	return b.String()
}
