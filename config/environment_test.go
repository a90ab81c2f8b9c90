package config

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"autoconfig/files"
)

// An environment is a configuration; each mistake is named after its variable.
func TestLoadEnv(t *testing.T) {
	t.Parallel()
	const domains, in, out = "AUTOCONFIG_DOMAINS=example.org", "AUTOCONFIG_INCOMING=imaps://mail.example.org",
		"AUTOCONFIG_OUTGOING=submissions://mail.example.org"
	for _, test := range []struct {
		env  []string
		want string // the findings; or what is served, in brackets; "-": nothing is set
	}{
		{nil, "-"},
		{[]string{"AUTOCONFIG_DOMAINS=", "AUTOCONFIG_CONFIG= \n", "AUTOCONFIG_PORT=8080"}, "-"},
		{[]string{domains, in, out}, "[example.org | example.org | imap mail.example.org 993, smtp mail.example.org 465 | ]"},
		{[]string{"AUTOCONFIG_DOMAINS= example.org,Example.NET; bücher.example\n",
			"AUTOCONFIG_INCOMING=imap://a.example.org pop3s://b.example.org:1995", out,
			"AUTOCONFIG_SERVICE_HOST=setup.example.org", `AUTOCONFIG_NAME=Example "Mail": #1`},
			`[example.org example.net xn--bcher-kva.example | Example "Mail": #1 | imap a.example.org 143, pop3 b.example.org 1995, smtp mail.example.org 465 | setup.example.org]`},
		{[]string{"AUTOCONFIG_SERVICE_HOST=setup.example.org"}, "[ |  |  | setup.example.org]"},
		{[]string{"AUTOCONFIG_CONFIG=" +
			"service_host: setup.example.org\nproviders:\n- {domains: [example.org], incoming: [imaps://m.example.org], outgoing: [submission://m.example.org]}\n"},
			"[example.org | example.org | imap m.example.org 993, smtp m.example.org 587 | setup.example.org]"},
		{[]string{domains},
			"AUTOCONFIG_INCOMING: it is not set, and AUTOCONFIG_DOMAINS is; set AUTOCONFIG_INCOMING=imaps://mail.example.org\n" +
				"AUTOCONFIG_OUTGOING: it is not set, and AUTOCONFIG_DOMAINS is; set AUTOCONFIG_OUTGOING=submissions://mail.example.org,submission://mail.example.org"},
		{[]string{in, out, "AUTOCONFIG_NAME=x"},
			"AUTOCONFIG_DOMAINS: it is not set, and AUTOCONFIG_INCOMING is; set AUTOCONFIG_DOMAINS=example.org,example.net"},
		{[]string{"AUTOCONFIG_DOMAINS=example.org,*.example.net", in, out},
			`AUTOCONFIG_DOMAINS: "*.example.net" is not a domain name; list the domains one by one, or name their mail exchanger under mx:; wildcards are not served`},
		{[]string{domains, "AUTOCONFIG_INCOMING=mail.example.org", out},
			`AUTOCONFIG_INCOMING: "mail.example.org" is not a server; did you mean imaps://mail.example.org?`},
		{[]string{domains, in, "AUTOCONFIG_OUTGOING=smtp://mail.example.org:587"},
			`AUTOCONFIG_OUTGOING: "smtp://mail.example.org:587" is not a server; did you mean submission://mail.example.org?`},
		{[]string{domains, in, "AUTOCONFIG_OUTGOING=submissions://mail.example.org:587"},
			"AUTOCONFIG_OUTGOING: port 587 is for starttls, not for tls; write submission://mail.example.org"},
		{[]string{domains, in, out, "AUTOCONFIG_SERVICE_HOST=https://setup.example.org/"},
			`AUTOCONFIG_SERVICE_HOST: "https://setup.example.org/" is not a host name; write the host name alone: setup.example.org`},
		{[]string{domains, in, out, "AUTOCONFIG_NAME=" + strings.Repeat("x", 61)}, "AUTOCONFIG_NAME: "},
		{[]string{"AUTOCONFIG_DOMAINS=example.org example.org", in, out},
			"AUTOCONFIG_DOMAINS: example.org is already listed at AUTOCONFIG_DOMAINS"},
		{[]string{domains, "AUTOCONFIG_CONFIG=providers: []"},
			"AUTOCONFIG_DOMAINS: AUTOCONFIG_CONFIG is a whole configuration, so AUTOCONFIG_DOMAINS is ignored; unset one of them"},
		{[]string{"AUTOCONFIG_CONFIG=/etc/autoconfig/other.yaml"},
			"AUTOCONFIG_CONFIG: the value is not a document; put the text of an autoconfig.yaml into it, or name a file with --config /etc/autoconfig/other.yaml"},
		{[]string{"AUTOCONFIG_CONFIG=providers:\n- domain: [example.org]"},
			`AUTOCONFIG_CONFIG:2:3: providers[0].domain: unknown key; did you mean "domains"?`},
	} {
		env := func(name string) (string, bool) {
			for _, v := range test.env {
				if value, ok := strings.CutPrefix(v, name+"="); ok {
					return value, true
				}
			}
			return "", false
		}
		c, found, ok := LoadEnv(new(files.Reader), env, time.Now())
		got := "-"
		if ok {
			got = shown(c)
			var lines []string
			for _, f := range found {
				lines = append(lines, f.String())
			}
			if len(lines) > 0 {
				got = strings.Join(lines, "\n")
			}
		}
		if got != test.want && (len(found) == 0 || !strings.HasPrefix(got, test.want)) {
			t.Errorf("%q:\n got %s\nwant %s", test.env, got, test.want)
		}
		if ok && len(c.Files()) > 0 {
			t.Errorf("%q: watches %v", test.env, c.Files())
		}
		if ok && !Failed(found) && test.env[0] == domains {
			for path := range c.Servers() {
				if f := c.Fault("config-value-invalid", path, "", ""); !strings.HasPrefix(f.Subject, "AUTOCONFIG_") ||
					strings.Contains(f.Subject, ":") {
					t.Errorf("a later finding about %s is at %s", path, f.Subject)
				}
			}
		}
		if ok && !Failed(found) {
			if again, _ := c.Again(time.Now()); shown(again) != shown(c) {
				t.Errorf("read again it is %s, was %s", shown(again), shown(c))
			}
		}
	}
}

func shown(c *Config) string {
	var servers []string
	if len(c.Providers) == 0 {
		return "[ |  |  | " + c.ServiceHost + "]"
	}
	for _, s := range c.Model()[0].AllServers() {
		servers = append(servers, strings.Join([]string{string(s.Protocol), s.Host, strconv.Itoa(int(s.Port))}, " "))
	}
	return "[" + strings.Join(c.Providers[0].Domains, " ") + " | " + c.Providers[0].Name + " | " +
		strings.Join(servers, ", ") + " | " + c.ServiceHost + "]"
}

// A path in the document of AUTOCONFIG_CONFIG starts at the current folder.
func TestLoadEnvPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("customers.txt", []byte("example.net\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) {
		if name != VarConfig {
			return "", false
		}
		return "providers:\n- {domains_file: customers.txt, incoming: [imaps://m.example.org], outgoing: [submission://m.example.org]}\n", true
	}
	c, found, _ := LoadEnv(new(files.Reader), env, time.Now())
	data, more := c.Data()
	if Failed(append(found, more...)) || data.Listed.Len() != 1 || len(c.Files()) != 1 ||
		filepath.Base(c.Files()[0]) != "customers.txt" {
		t.Errorf("%v %v %v", found, more, c.Files())
	}
}
