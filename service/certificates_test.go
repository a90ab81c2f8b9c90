package service

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"autoconfig/acme"
	"autoconfig/config"
	"autoconfig/discover/probe/probetest"
	"autoconfig/server"
)

// loaded is a configuration in a folder of its own, whatever is wrong with it.
func loaded(t *testing.T, dir, text string) *config.Config {
	t.Helper()
	path := filepath.Join(dir, "autoconfig.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _ := config.Load(path)
	return cfg
}

// What the configuration says about certificates on demand is what the listener gets; a place where none can be kept,
// and a key that cannot be read, are faults of the configuration at the start, not when the first order is lost.
func TestCertificatesOnDemand(t *testing.T) {
	const onDemand = "listen_tls: 127.0.0.1:0\ntls:\n  acme:\n    email: jo@hoster.test\n"
	for name, test := range map[string]struct{ text, want string }{
		"no https":       {"listen: 127.0.0.1:0\n", ""},
		"a folder":       {onDemand + "    storage: certs\n", "folder"},
		"below a file":   {onDemand + "    storage: key.txt/certs\n", "tls.acme.storage: "},
		"a database":     {onDemand + "    storage: postgres://auto:x@127.0.0.1:1/certs\n", "database"},
		"a bad database": {onDemand + "    storage: postgres://auto:x@127.0.0.1:port/certs\n", "tls.acme.storage: "},
		"no such variable": {onDemand + "    storage: postgres://auto:${NO_SUCH_VARIABLE}@127.0.0.1/certs\n",
			"tls.acme.storage: "},
		"two authorities":   {onDemand + "    storage: certs\n    directories: [{url: https://a.test/}, {url: https://b.test/, eab_key_id: k1, eab_key_file: key.txt}]\n", "folder"},
		"no key":            {onDemand + "    storage: certs\n    directories: [{url: https://b.test/, eab_key_id: k1, eab_key_file: none.txt}]\n", "tls.acme.directories: "},
		"certificate files": {"listen_tls: 127.0.0.1:0\ntls: {cert_file: cert.pem, key_file: key.pem}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "key.txt"), []byte("c2VjcmV0\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := &Service{running: loaded(t, dir, test.text),
				opts: Options{Env: func(string) (string, bool) { return "", false }}}
			var l server.Listen
			done, err := s.onDemand(&l)
			if strings.HasPrefix(test.want, "tls.") {
				if _, ok := errors.AsType[ConfigError](err); !ok || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, want a fault of %s", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			done()
			if test.want == "" {
				if l.ACME != nil {
					t.Error("certificates on demand for nobody")
				}
				return
			}
			if l.ACME.Email != "jo@hoster.test" || l.ACME.Authorities[0].Directory == "" {
				t.Errorf("%+v", l.ACME)
			}
			if name == "two authorities" {
				if a := l.ACME.Authorities; len(a) != 2 || a[1].Directory != "https://b.test/" || a[1].KeyID != "k1" ||
					a[1].Key != "c2VjcmV0" {
					t.Errorf("%+v", a)
				}
			}
			isFolder := reflect.DeepEqual(l.ACME.Storage, acme.Folder(filepath.Join(dir, "certs")))
			if isFolder != (test.want == "folder") || isFolder == (s.replicas != nil) {
				t.Fatalf("kept in %T, replicas %v", l.ACME.Storage, s.replicas)
			}
			if isFolder {
				if left, err := os.ReadDir(filepath.Join(dir, "certs")); err != nil || len(left) > 0 {
					t.Errorf("in the folder: %v %v", left, err)
				}
			}
		})
	}
}

// config check refuses what serve would: a pair for https where there is https, and one for signing.
func TestUsablePairs(t *testing.T) {
	dir := t.TempDir()
	cert, key := probetest.Files(t, dir, probetest.NewAuthority().Certificate(90*probetest.Day, "own.test"))
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	pair := "cert_file: " + cert + ", key_file: " + key
	swapped := "cert_file: " + cert + ", key_file: " + cert
	for text, want := range map[string]string{
		"listen: 127.0.0.1:0\n":                                                   "",
		"listen_tls: 127.0.0.1:0\ntls: {" + pair + "}\n":                          "",
		"listen_tls: 127.0.0.1:0\ntls: {" + swapped + "}\n":                       "tls: " + cert,
		"tls: {" + swapped + "}\n":                                                "",
		"signing: {" + pair + "}\n":                                               "",
		"signing: {" + swapped + "}\n":                                            "signing: ",
		"listen_tls: 127.0.0.1:0\ntls: {" + pair + "}\nsigning: {auto: true}\n":   "",
		"listen_tls: 127.0.0.1:0\ntls: {acme: {email: jo@hoster.test}}\n":         "",
		"listen_tls: 127.0.0.1:0\ntls: {cert_file: none.pem, key_file: none.k}\n": "none.pem",
	} {
		var said []string
		for _, f := range UsablePairs(loaded(t, dir, text)) {
			said = append(said, f.Key+": "+f.Cause)
		}
		if got := strings.Join(said, "\n"); (got != "") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	both := "listen_tls: 127.0.0.1:0\ntls: {" + swapped + "}\nsigning: "
	if found := UsablePairs(loaded(t, dir, both+"{"+swapped+"}\n")); len(found) != 2 {
		t.Errorf("two bad pairs: %v", found)
	}
	if found := UsablePairs(loaded(t, dir, both+"auto\n")); len(found) != 1 {
		t.Errorf("one bad pair for both: %v", found)
	}
}

// A pair for signing that cannot be used gives no profile, rather than one that is not signed, and is said.
func TestBrokenSigner(t *testing.T) {
	r := newRig(t, rigConfig)
	r.write("signer.pem", "nothing")
	set := Settings(r.running, r.served.Load().data, nil)
	if len(set.Degraded) != 1 || !strings.Contains(set.Degraded[0], "signer.pem") {
		t.Errorf("%q", set.Degraded)
	}
	r.srv.Use(set)
	if status, body := r.get("/mobileconfig?email=jo@own.test"); status != 503 ||
		strings.Contains(body, "PayloadContent") {
		t.Errorf("status %d\n%s", status, body)
	}
	if ready := r.ready(); !strings.Contains(ready, "profiles cannot be signed") {
		t.Error(ready)
	}
}

// What is wrong with one source keeps nothing of what is wrong with the sources after it from being reported.
func TestEverySourceIsReported(t *testing.T) {
	r := newRig(t,
		rigConfig+
			`  - {name: fourth, ldap: "ldap://127.0.0.1:1", starttls: false, base: "dc=test", provider: hosted, domain: (o=:domain), ca_file: root.pem}`+"\n")
	r.edit("dsn: "+filepath.Join(r.dir, "second.db"), `dsn: "${NO_SUCH_VARIABLE}"`)
	r.write("root.pem", "nothing")
	r.log.take()
	r.reload("the test")
	log := r.log.take()
	for _, want := range []string{"NO_SUCH_VARIABLE", `third: the source cannot be opened`,
		`fourth: the source cannot be opened`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}
}
