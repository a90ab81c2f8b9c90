package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"autoconfig/apple"
	"autoconfig/tools/load"
)

// pages are the requests of people, which have an aim in milliseconds.
var pages = []struct {
	name   string
	aim    float64
	format format
}{
	{"set-up page", 0.2, format{method: "GET", path: "/setup", query: "?email=user%%40%s", host: "autoconfig.%s"}},
	{"settings page", 0.2, format{method: "GET", path: "/settings/live.co.uk", host: "autoconfig.%s"}},
	{"help page's answer", 0.1, format{method: "GET", path: "/help", host: "autoconfig.%s",
		query: "?q=535+5.7.139+basic+authentication+is+disabled"}},
	{"QR code, one short address", 0.4, format{method: "GET", path: "/qr.svg", query: "?email=user%%40%s", host: "autoconfig.%s"}},
	{"QR code, one of 64 !", 1, format{method: "GET", path: "/qr.svg", host: "autoconfig.%s",
		query: "?email=" + strings.Repeat("%%21", 64) + "%%40%s"}},
	{"QR code, the worst request", 1, format{method: "GET", path: "/qr.svg", host: "autoconfig.%s",
		query: "?" + strings.Repeat("email="+strings.Repeat("%%21", 40)+"%%40customer0.example&", 6)}},
}

// reportAims prints what was measured beside its limit and its aim.
func reportAims(got results, processes []server, mib float64, rounds int, span time.Duration, binary, small, large string) error {
	bare, one, logged, many := processes[0].Name, processes[1].Name, processes[2].Name, processes[3].Name
	fmt.Printf("\n| work | limit | measured, median (spread) | aim |\n|---|---|---:|---:|\n")
	for _, row := range []struct {
		work, of, limit, name string
		aim                   float64
	}{
		{"GET autoconfig", one, bare, "bare echo", 1.12},
		{"PACC", one, bare, "bare echo", 1.12},
		{"v2 JSON", one, bare, "bare echo", 1.12},
		{"GET autoconfig", logged, bare, "bare echo", 1.25},
		{"POST Autodiscover", one, bare, "bare echo", 1.22},
		{"mobileconfig", one, bare, "bare echo", 1.5},
		{"GET autoconfig", many, one, "one domain", 1.05},
	} {
		printAim(row.work+": "+row.of, row.name, "", got.ratios(row.work, row.of, row.limit), row.aim)
	}
	fmt.Printf("| resident memory: %s | – | %.0f MiB | 64 MiB |\n", many, mib)
	for _, p := range pages {
		var ms []float64
		for range rounds {
			s, err := load.Measure(span, load.Connections, p.format.anyOf(1), processes[1].Server)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			ms = append(ms, micro(s.CPU)/1000)
		}
		printAim(p.name, "–", " ms", ms, p.aim)
	}
	if err := reportSignatures(rounds); err != nil {
		return err
	}
	if err := reportSources(binary, filepath.Dir(filepath.Dir(small)), rounds, span); err != nil {
		return err
	}
	for _, start := range []struct {
		work, config string
		aim          float64
	}{{"first answer after start: " + one, small, 0.03}, {"first answer after start: " + many, large, 0.3}} {
		var seconds []float64
		for range rounds {
			took, err := firstAnswer(binary, start.config)
			if err != nil {
				return err
			}
			seconds = append(seconds, took.Seconds())
		}
		printAim(start.work, "–", " s", seconds, start.aim)
	}
	return nil
}

func printAim(work, limit, unit string, list []float64, aim float64) {
	fmt.Printf("| %s | %s | %.3g%s (%.3g–%.3g) | %.3g%s |\n", work, limit, median(list), unit, slices.Min(list), slices.Max(list), aim, unit)
}

// reportSignatures compares a signed profile with the signature alone, of each kind of key.
func reportSignatures(rounds int) error {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	for _, k := range []struct {
		name string
		key  crypto.Signer
		aim  float64
	}{{"RSA-2048", rsaKey, 1.05}, {"P-256", ecKey, 1.5}} {
		signer, err := newSigner(k.key)
		if err != nil {
			return err
		}
		profile := make([]byte, 3<<10) // as large as one for mail is
		sum := sha256.Sum256(profile)
		var ratios []float64
		for range rounds {
			ours := timed(func() error { _, err := signer.Sign(profile); return err })
			bare := timed(func() error { _, err := k.key.Sign(rand.Reader, sum[:], crypto.SHA256); return err })
			ratios = append(ratios, float64(ours)/float64(bare))
		}
		printAim("signed profile, "+k.name, "bare signature", "", ratios, k.aim)
	}
	return nil
}

// timed is the processor time of something, run for a quarter of a second. What else the machine does is not in it.
func timed(do func() error) time.Duration {
	start, before, n := time.Now(), ownCPU(), 0
	for ; time.Since(start) < time.Second/4; n++ {
		if err := do(); err != nil {
			panic(err) // a key that was just made signs, and a database that was just written answers
		}
	}
	return (ownCPU() - before) / time.Duration(n)
}

// ownCPU is the processor time of this process so far.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only wrong arguments are an error
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func newSigner(key crypto.Signer) (*apple.Signer, error) {
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hoster.example"},
		KeyUsage: x509.KeyUsageDigitalSignature, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return apple.NewSigner([]*x509.Certificate{cert}, key)
}

// firstAnswer is the time from the start of the program to its first answer.
func firstAnswer(binary, config string) (time.Duration, error) {
	addr, err := load.FreeAddr()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(binary, "--config", config, "--listen", addr, "--log-level", "warn") //nolint:gosec // the program under measurement
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	for time.Since(start) < 30*time.Second {
		r, err := http.Get("http://" + addr + "/v1.1/" + domain(0)) //nolint:noctx // this machine's
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		_ = r.Body.Close()
		if r.StatusCode == http.StatusOK {
			return time.Since(start), nil
		}
	}
	return 0, fmt.Errorf("no answer from %s", binary)
}
