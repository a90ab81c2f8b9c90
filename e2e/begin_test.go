//go:build e2e

package e2e

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/dnssrv/query"
	"autoconfig/e2e/component"
	"autoconfig/e2e/freeport"
)

var typescript = flag.String("typescript", "", "write what the commands of TestFromNothing print to this file")

// The zone of somebody who begins: mail works, and the server has an address.
const (
	beginZone = `$ORIGIN example.org.
$TTL 60
@ SOA ns root 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
@ MX 10 mail
mail A 192.0.2.10
smtp A 192.0.2.10
setup A 192.0.2.11
`
	beginNamed = `key "update.example.org" { algorithm hmac-sha256; secret "c2VjcmV0LW9mLXRoZS10ZXN0LTEyMzQ1Njc4OTA="; };
zone "example.org" { type primary; file "zone"; allow-update { key "update.example.org"; }; };
zone "net" { type primary; file "net"; };
`
	// where Thunderbird's database is asked for, which nobody reaches here
	beginNet = "$ORIGIN net.\n$TTL 60\n@ SOA ns.example.org. root.example.org. 1 3600 600 86400 60\n@ NS ns.example.org.\n"
)

// beginning is a folder with nothing in it, on a machine that reaches a mail
// server, a DNS server and nothing else.
type beginning struct {
	t      *testing.T
	dir    string
	dns    string
	mail   *mailServers
	serve  string // where autoconfig listens
	https  string // where Caddy does
	http   string
	script strings.Builder
}

// command runs a command line in the folder; with answers it has a terminal of
// 80 columns, and they are typed.
func (b *beginning) command(line, answers string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	if answers != "" {
		cmd = exec.CommandContext(ctx, component.Need(b.t, "script"), "-qec", "stty cols 80 rows 40; "+line, "/dev/null")
		cmd.Stdin = strings.NewReader(answers)
	}
	b.prepare(cmd)
	out, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(out), "\r\n", "\n")
	fmt.Fprintf(&b.script, "$ %s\n%s", line, text)
	if err != nil {
		b.t.Fatalf("$ %s: %v\n%s", line, err, text)
	}
	return text
}

// background starts a command line that goes on.
func (b *beginning) background(line string) *process {
	b.t.Helper()
	fmt.Fprintf(&b.script, "$ %s &\n", line)
	cmd := exec.Command("sh", "-c", "exec "+line)
	b.prepare(cmd)
	return start(b.t, cmd)
}

func (b *beginning) prepare(cmd *exec.Cmd) {
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(b.dir, ".bin")+":"+os.Getenv("PATH"),
		"HOME="+filepath.Join(b.dir, ".home"),
		"XDG_DATA_HOME="+filepath.Join(b.dir, ".home"), "XDG_CONFIG_HOME="+filepath.Join(b.dir, ".home"), "TERM=dumb")
}

// wrap puts the programs into PATH as they are on this machine: with the ports
// that the test has, and its ways to the names.
func (b *beginning) wrap(authority *probetest.Authority) (roots string) {
	b.t.Helper()
	for _, dir := range []string{".bin", ".home"} {
		mkdir(b.t, filepath.Join(b.dir, dir), 0o755)
	}
	closed := freeport.On(b.t, "127.0.0.1")
	to := []string{"setup.example.org:443:" + b.https, "setup.example.org:80:" + b.http}
	for _, name := range []string{"autoconfig", "autodiscover"} { // no PACC without implicit TLS for sending
		to = append(to, name+".example.org:443:"+b.https, name+".example.org:80:"+b.http)
	}
	for _, host := range []string{"mail", "smtp"} {
		to = append(to, host+".example.org:993:"+b.mail.imaps, host+".example.org:587:"+b.mail.submission,
			host+".example.org::"+closed)
	}
	roots = filepath.Join(b.dir, ".roots.pem")
	text, err := os.ReadFile(authority.Root(b.t))
	if err != nil {
		b.t.Fatal(err)
	}
	write(b.t, roots, string(text))
	network := "--resolver " + b.dns + " --ca " + roots + " --connect-to " + strings.Join(to, " --connect-to ")
	b.executable("autoconfig", `case $1 in
init|discover) exec `+program+` "$@" `+network+` ;;
dns) if [ "$2" = publish ]; then set -- "$@" --resolver `+b.dns+` --connect-to ns.example.org:53:`+b.dns+`; fi ;;
serve) exec `+program+` "$@" --listen `+b.serve+` --admin 127.0.0.1:0 ;;
esac
exec `+program+` "$@"
`)
	b.executable("caddy", `{ cat <<END
{
	admin off
	local_certs
	skip_install_trust
	default_bind 127.0.0.1
	http_port `+port(b.http)+`
	https_port `+port(b.https)+`
}
END
sed s/127.0.0.1:8080/`+b.serve+`/ Caddyfile; } >.home/Caddyfile
exec `+component.Need(b.t, "caddy")+` "$@" --adapter caddyfile --config .home/Caddyfile
`)
	return roots
}

func (b *beginning) executable(name, text string) {
	path := filepath.Join(b.dir, ".bin", name)
	write(b.t, path, "#!/bin/sh\n"+text)
	if err := os.Chmod(path, 0o755); err != nil {
		b.t.Fatal(err)
	}
}

// trustCaddy adds the root of Caddy's own authority, which it makes as it starts.
func (b *beginning) trustCaddy(roots string) (der string) {
	b.t.Helper()
	var text []byte
	until(b.t, "Caddy has an authority", func() bool {
		var err error
		text, err = os.ReadFile(filepath.Join(b.dir, ".home/caddy/pki/authorities/local/root.crt"))
		return err == nil && len(text) > 0
	})
	own, err := os.ReadFile(roots)
	if err != nil {
		b.t.Fatal(err)
	}
	write(b.t, roots, string(own)+string(text))
	block, _ := pem.Decode(text)
	if block == nil {
		b.t.Fatalf("no certificate: %s", text)
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		b.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

// reach are the places that Thunderbird reaches by name: those that have an
// address in DNS.
func (b *beginning) reach() map[string]string {
	b.t.Helper()
	at := map[string]map[string]string{
		"192.0.2.10": {"993": b.mail.imaps, "587": b.mail.submission},
		"192.0.2.11": {"443": b.https, "80": b.http},
	}
	client := query.New(query.Options{Resolvers: []string{b.dns}})
	to := map[string]string{}
	for _, name := range []string{"autoconfig", "autodiscover", "ua-auto-config", "setup", "mail", "smtp", "imap"} {
		addrs, err := client.LookupHost(b.t.Context(), name+".example.org")
		if err != nil {
			continue
		}
		for p, addr := range at[addrs[0].String()] {
			to[net.JoinHostPort(name+".example.org", p)] = addr
		}
	}
	return to
}

// readmeCommands are the commands of the README's first screen.
func readmeCommands(t *testing.T) (out []string) {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```sh\n")
	block, _, _ := strings.Cut(rest, "```")
	for line := range strings.Lines(block) {
		command, _, _ := strings.Cut(line, "#")
		out = append(out, strings.TrimSpace(command))
	}
	if len(out) != 5 {
		t.Fatalf("the README has the commands %q", out)
	}
	return out
}

// From an empty folder, by the five commands of the README and an answer to the
// question of the first, to a Thunderbird that has set itself up.
func TestFromNothing(t *testing.T) {
	begin := time.Now()
	authority := probetest.NewAuthority()
	commands := readmeCommands(t)
	b := &beginning{t: t, dir: t.TempDir(), serve: freeport.On(t, "127.0.0.1"), http: freeport.On(t, "127.0.0.1"),
		https: freeport.On(t, "127.0.0.1")}
	b.mail = startMail(t, "example.org", authority.Certificate(90*probetest.Day, "mail.example.org"))
	b.dns = dnstest.StartNamed(t, beginNamed, map[string]string{"zone": beginZone, "net": beginNet})
	roots := b.wrap(authority)
	write(t, filepath.Join(b.dir, ".update.key"), beginNamed[:strings.IndexByte(beginNamed, '\n')+1])
	t.Cleanup(func() {
		if *typescript != "" {
			write(t, *typescript, b.script.String())
		}
	})
	lap := func(what string) { t.Logf("%s after %v", what, time.Since(begin).Round(10*time.Millisecond)) }
	lap("servers up")

	looked := time.Now()
	said := b.command(commands[0], "setup.example.org\n")
	if took := time.Since(looked); took > 15*time.Second {
		t.Errorf("init took %v", took)
	}
	lap("init")
	for _, words := range []string{"Name of this server, as it is reached from outside [autoconfig.example.org]: ",
		"993   imaps        TLS 1.3, login by password", "143, 995, 110, 465, 4190: The connection was refused",
		"left out: The certificate is for another name: mail.example.org", "No address: imap.example.org"} {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), strings.Join(strings.Fields(words), " ")) {
			t.Errorf("init does not say %q:\n%s", words, said)
		}
	}
	for line := range strings.Lines(said) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	b.command(commands[1], "")
	s := &service{dir: b.dir, process: b.background(strings.TrimSuffix(commands[2], " &"))}
	s.await(t)
	b.background(strings.TrimSuffix(commands[3], " &"))
	der := b.trustCaddy(roots)
	b.command("autoconfig dns publish example.org --server "+b.dns+" --tsig-file .update.key --yes", "")
	lap("records published")
	seen := b.command(commands[4], "")
	lap("discover")
	if strings.Contains(seen, "FAIL") || !strings.Contains(seen, "Thunderbird") {
		t.Errorf("discover:\n%s", seen)
	}

	tb := startThunderbirdAt(t, startNames(t), b.dns, authority)
	tb.run(nil, `return trust(args[0])`, der)
	tb.net.use(b.reach())
	t.Cleanup(func() { tb.showFailure(t) })
	t.Log(tb.introduce("jo@example.org", "mail.example.org", "993", "587", "jo@example.org"))
	var account []found
	tb.run(&account, `return finish(args[0])`, "right")
	want := []found{
		{Protocol: "imap", Host: "mail.example.org", Security: "tls", Auth: "password", Username: "jo@example.org",
			Port: 993},
		{Protocol: "smtp", Host: "mail.example.org", Security: "starttls", Auth: "password", Username: "jo@example.org",
			Port: 587},
	}
	if diff := cmp.Diff(want, account); diff != "" {
		t.Errorf("the account made (-want +got):\n%s", diff)
	}
	lap("account made")
	tb.run(nil, `return write(args[0], args[1])`, "jo@example.org", "Sent with the settings found")
	until(t, "the message arrives", func() bool { return len(b.mail.messages()) > 0 })
	lap("message sent")
	if message := b.mail.received(t); !strings.Contains(message, "Sent with the settings found") ||
		!strings.Contains(message, "with ESMTPSA") {
		t.Errorf("Dovecot has:\n%s", message)
	}
	fmt.Fprintf(&b.script, "[Thunderbird: jo@example.org, password; account made: %+v]\n", account)
	if !slices.ContainsFunc(tb.net.log(),
		func(at string) bool { return strings.HasPrefix(at, "autoconfig.example.org:") }) {
		t.Errorf("Thunderbird asked %q", tb.net.log())
	}
}

// A person who has no usual names is asked for what cannot be found out.
func TestInitAsks(t *testing.T) {
	authority := probetest.NewAuthority()
	dns := dnstest.Start(t,
		"$ORIGIN example.org.\n@ 60 IN SOA ns root 1 3600 600 86400 60\n@ IN NS ns\nns IN A 192.0.2.53\n@ IN MX 10 mx\n").Addr()
	cert := authority.TLS(90*probetest.Day, "box.example.net")
	imap := probetest.Play(t, cert,
		"TLS\nS: * OK ready\nC: a1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: a1 OK").Addr
	smtp := probetest.Play(t, cert, "TLS\nS: 220 box ESMTP\nC: EHLO\nS: 250-box\nS: 250 AUTH PLAIN").Addr
	b := &beginning{t: t, dir: t.TempDir()}
	said := b.command(program+" init --resolver "+dns+" --ca "+authority.Root(t)+" --connect-to box.example.net:993:"+
		imap+" --connect-to box.example.net:465:"+smtp+
		" --connect-to box.example.net::"+freeport.On(t, "127.0.0.1"),
		"example.org\nbox.example.net\nsubmissions://box.example.net\nSetup.Example.ORG.\n")
	text, err := os.ReadFile(filepath.Join(b.dir, "autoconfig.yaml"))
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, line := range []string{"service_host: setup.example.org\n", "      - imaps://box.example.net\n",
		"      - submissions://box.example.net\n", "    domains: [example.org]"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("no %q in\n%s\n%s", line, text, said)
		}
	}
	for _, question := range []string{"Domain of the mail addresses: ", "IMAP server (HOST or HOST:PORT): ",
		"SMTP server (HOST or HOST:PORT): "} {
		if !strings.Contains(said, question) {
			t.Errorf("%q is not asked:\n%s", question, said)
		}
	}
}
