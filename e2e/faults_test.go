//go:build e2e

package e2e

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"autoconfig/discover/probe/probetest"
	"autoconfig/dnssrv/dnstest"
	"autoconfig/e2e/freeport"
)

var full = flag.Bool("full", false, "faults as often as docs/reliability.md says, and judge times")

// often is how many times a fault is made: a few in passing, more with -full.
func often(few, many int) int {
	if *full {
		return many
	}
	return few
}

const faultsConfig = `
listen_tls: 127.0.0.1:0
tls: {cert_file: cert.pem, key_file: key.pem}
branding: {name: Hoster, logo: logo.svg}
providers:
  - domains_file: customers.txt
    incoming: [imaps://mail.hoster.test]
    outgoing: [submissions://mail.hoster.test]
  - domains: [own.test]
    incoming: [imaps://mail.own.test]
    outgoing: [submissions://mail.own.test]
`

// faultsFiles writes what faultsConfig names.
func faultsFiles(t testing.TB, domains int) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		probetest.Files(t, cmd.Dir, probetest.NewAuthority().Certificate(90*probetest.Day, "own.test"))
		customers(t, filepath.Join(cmd.Dir, "customers.txt"), domains)
		write(t, filepath.Join(cmd.Dir, "logo.svg"), `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	}
}

const settingsPath = "/mail/config-v1.1.xml"

// Killed at any moment of a reload, the program starts again and serves all:
// it keeps nothing that could be left half written.
func TestKilledDuringReload(t *testing.T) {
	const domains = 100_000
	s := startService(t, faultsConfig, faultsFiles(t, domains))
	begin := time.Now()
	s.signal(t, syscall.SIGHUP)
	until(t, "a reload", func() bool { return strings.Contains(s.output(), "msg=reloaded") })
	reload := time.Since(begin)
	rounds := often(5, 100)
	for i := range rounds {
		wait := time.Duration(rand.Int64N(int64(reload)))
		s.signal(t, syscall.SIGHUP)
		time.Sleep(wait) // the moment of the fault, not a wait for something
		s.signal(t, syscall.SIGKILL)
		<-s.done
		s.process = start(t, serveCommand(s.dir))
		s.await(t)
		a := newAsker(s.http, false)
		for _, n := range []int{0, domains / 2, domains - 1} {
			host := fmt.Sprintf("autoconfig.customer%d.test", n)
			if body := a.must(t, host, settingsPath); !strings.Contains(body, "mail.hoster.test") {
				t.Fatalf("round %d, killed %v into a reload: %s", i, wait, body)
			}
		}
	}
	t.Logf("killed %d times within a reload of %v and served after each", rounds, reload.Round(time.Millisecond))
}

// A log that cannot be written stops nothing.
func TestFullDiskUnderTheLog(t *testing.T) {
	disk, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	dir, addr := t.TempDir(), freeport.On(t, "127.0.0.1")
	write(t, filepath.Join(dir, "autoconfig.yaml"), "log_clients: true\n")
	p := start(t, serveCommand(dir, func(cmd *exec.Cmd) {
		cmd.Args = []string{program, "serve", "--listen", addr, "--admin", "127.0.0.1:0"}
		cmd.Stderr = disk
	}))
	a := newAsker(addr, true)
	until(t, "the first answer",
		func() bool { status, _, _ := a.get("autoconfig.live.co.uk", settingsPath); return status == 200 })
	n := often(500, 20_000)
	for range n {
		a.must(t, "autoconfig.live.co.uk", settingsPath)
	}
	p.signal(t, syscall.SIGHUP)
	a.must(t, "autoconfig.live.co.uk", settingsPath)
	p.stop()
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	t.Logf("%d requests answered while no log line could be written", n)
}

// A file that vanishes, cannot be read or is cut leaves what was served, and
// the service says so until the file is back. It runs as a user whom file
// modes bind.
func TestVanishingFiles(t *testing.T) {
	s := startService(t, faultsConfig, faultsFiles(t, 1000), func(cmd *exec.Cmd) {
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			own(t, cmd.Dir)
		}
	})
	a, admin := newAsker(s.http, false), newAsker(s.admin, false)
	faults := map[string]func(path string) error{
		"gone":       os.Remove,
		"unreadable": func(path string) error { return os.Chmod(path, 0) },
		"a folder": func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		},
		"cut": func(path string) error { return os.Truncate(path, 7) },
	}
	made := 0
	for _, file := range []string{"autoconfig.yaml", "customers.txt", "cert.pem", "key.pem", "logo.svg"} {
		for name, fault := range faults {
			if name == "cut" && (file == "customers.txt" || file == "logo.svg") {
				continue // half a list of names is a list of names, half a picture is the browser's to judge
			}
			t.Run(file+" "+name, func(t *testing.T) {
				path := filepath.Join(s.dir, file)
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := fault(path); err != nil {
					t.Fatal(err)
				}
				s.signal(t, syscall.SIGHUP)
				until(t, "readyz says degraded",
					func() bool { _, body, _ := admin.get("", "/readyz"); return strings.Contains(body, "degraded") })
				for _, host := range []string{"autoconfig.customer999.test", "autoconfig.own.test", "autoconfig.live.co.uk"} {
					a.must(t, host, settingsPath)
				}
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				write(t, path, string(text))
				own(t, path)
				s.signal(t, syscall.SIGHUP)
				until(t, "readyz says ok",
					func() bool { _, body, _ := admin.get("", "/readyz"); return strings.Contains(body, `"ok"`) })
				a.must(t, "autoconfig.customer999.test", settingsPath)
			})
			made++
		}
	}
	t.Logf("%d faults made and fixed", made)
}

// own gives a file or folder, with what is in it, to the service's user.
func own(t testing.TB, path string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	err := filepath.WalkDir(path, func(p string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(p, 65534, 65534)
		}
		return err
	})
	for d := filepath.Dir(path); err == nil && d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		err = os.Chmod(d, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// With the resolver down, what is configured is served as ever; only domains
// that nothing but DNS could tell of are refused, for the time being.
func TestResolverDown(t *testing.T) {
	dns := dnstest.Start(t,
		". 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\n$ORIGIN test.\n@ 60 IN SOA ns.test. root.test. 1 3600 600 86400 60\nshop 60 IN MX 0 shop-test.mail.protection.outlook.com.\n")
	s := startService(t, "dns: {resolver: [\""+dns.Addr()+"\"]}\n")
	a := newAsker(s.http, true)
	a.must(t, "autoconfig.shop.test", settingsPath)
	n := often(20, 1000)
	for _, fault := range []struct {
		name string
		make func(string)
	}{{"silent", dns.Drop}, {"SERVFAIL", func(name string) { dns.Fail(name, 2) }},
		{"REFUSED", func(name string) { dns.Fail(name, 5) }}} {
		t.Run(fault.name, func(t *testing.T) {
			fault.make("")
			for i := range n {
				a.must(t, "autoconfig.live.co.uk", settingsPath)
				a.must(t, "autoconfig.shop.test", settingsPath) // what was found before
				if i < 3 {                                      // each waits for the resolver
					host := fmt.Sprintf("autoconfig.%s%d.test", strings.ToLower(fault.name), i)
					if status, body, err := a.get(host, settingsPath); status != 503 || err != nil {
						t.Errorf("a domain never seen: status %d, %v: %s", status, err, body)
					}
				}
			}
			dns.Heal("")
			if fault.name == "silent" {
				until(t, "it is ready again, without a client that asks", func() bool {
					_, body, _ := newAsker(s.admin, false).get("localhost", "/readyz")
					return strings.Contains(body, `"status":"ok"`)
				})
			}
			until(t, "an unknown domain is 404 again", func() bool {
				status, _, _ := a.get("autoconfig.healed-"+strings.ToLower(fault.name)+".test", settingsPath)
				return status == 404
			})
		})
	}
	t.Logf("%d requests for configured and for remembered domains, none refused", 3*2*n)
}

// A mount that hangs, and a pipe, in the place of a configured file: config check
// ends, a running service gives up within 5 s, says so, goes on with other
// reloads, and is well when the file is back. The mount is a FUSE one that nobody
// answers for, as a dead network mount.
func TestHangingFiles(t *testing.T) {
	s := startService(t, faultsConfig, faultsFiles(t, 1000))
	a, admin := newAsker(s.http, false), newAsker(s.admin, false)
	ready := func(want string) func() bool {
		return func() bool { _, body, _ := admin.get("", "/readyz"); return strings.Contains(body, want) }
	}
	mount := filepath.Join(t.TempDir(), "mount")
	path := filepath.Join(s.dir, "customers.txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, fault := range map[string]func() (heal func(), err error){
		"a pipe": func() (func(), error) { return func() {}, syscall.Mkfifo(path, 0o600) },
		"a mount that hangs": func() (func(), error) {
			heal, err := hang(mount)
			if err != nil {
				return nil, err
			}
			return heal, os.Symlink(filepath.Join(mount, "customers.txt"), path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			heal, err := fault()
			if err != nil {
				write(t, path, string(text))
				t.Skipf("this machine cannot: %v", err)
			}
			heal = sync.OnceFunc(heal)
			defer heal() // or nothing that waits could be ended
			begin := time.Now()
			s.signal(t, syscall.SIGHUP)
			until(t, "/readyz says so", ready("customers.txt"))
			took := time.Since(begin)
			if took > 6*time.Second {
				t.Errorf("given up after %v", took)
			}
			a.must(t, "autoconfig.customer999.test", settingsPath)
			config := filepath.Join(s.dir, "autoconfig.yaml")
			replace(t, config,
				strings.ReplaceAll(faultsConfig, "domains_file: customers.txt", "domains: [new.test]")) // without the file
			until(t, "a reload that does without it",
				func() bool { status, _, _ := a.get("autoconfig.new.test", settingsPath); return status == 200 })
			replace(t, config, faultsConfig)
			heal()
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, path, string(text))
			until(t, "the file counts again",
				func() bool { status, _, _ := a.get("autoconfig.customer999.test", settingsPath); return status == 200 })
			until(t, "all is well again", ready(`"ok"`))
			t.Logf("%s: given up after %v", name, took.Round(time.Millisecond))
		})
	}
}

// config check ends in time for a pipe and for a mount that hangs. The mount is
// its own: the kernel lets no process go that waits for a name another one waits
// for.
func TestConfigCheckOfHangingFiles(t *testing.T) {
	mount := filepath.Join(t.TempDir(), "mount")
	for name, fault := range map[string]func(path string) error{
		"a pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a mount that hangs": func(path string) error {
			heal, err := hang(mount)
			if err == nil {
				t.Cleanup(heal)
				err = os.Symlink(filepath.Join(mount, "customers.txt"), path)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "autoconfig.yaml"),
				"providers: [{domains_file: customers.txt, incoming: [imaps://mail.own.test], outgoing: [submissions://mail.own.test]}]\n")
			if err := fault(filepath.Join(dir, "customers.txt")); err != nil {
				t.Skipf("this machine cannot: %v", err)
			}
			cmd := exec.CommandContext(t.Context(), program, "config", "check")
			cmd.Dir = dir
			begin := time.Now()
			p := start(t, cmd)
			select {
			case <-p.done:
			case <-time.After(patience):
				t.Fatal("it hangs")
			}
			if took := time.Since(begin); took > 6*time.Second || !strings.Contains(p.output(), "customers.txt") {
				t.Errorf("after %v: %s", took, p.output())
			}
		})
	}
}

// hang mounts a file system whose every question waits for ever.
func hang(dir string) (heal func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Mount("hang", dir, "fuse",
		0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse.Fd())); err != nil {
		return nil, errors.Join(err, fuse.Close())
	}
	return func() {
		_ = fuse.Close() // whoever waits gets an error
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
	}, nil
}
