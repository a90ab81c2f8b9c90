package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"autoconfig/tools/load"
)

// server is one under measurement, with how many customers it has.
type server struct {
	*load.Server
	domains int
}

// writeConfig writes a configuration that serves n domains from a file.
func writeConfig(dir string, n int) (string, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	f, err := os.Create(filepath.Join(dir, "customers.txt"))
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	for i := range n {
		_, _ = w.WriteString(domain(i) + "\n") // Flush tells
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "autoconfig.yaml")
	return path, os.WriteFile(path, []byte(`service_host: autoconfig.hoster.example
admin: ""
providers:
  - domains_file: customers.txt
    name: Hoster Mail
    incoming: [imaps://mail.hoster.example, pop3s://mail.hoster.example]
    outgoing: [submissions://mail.hoster.example]
`), 0o600)
}

// startServer starts `autoconfig serve`, without the access log by way of
// --log-level warn.
func startServer(binary, config string, domains int, logged bool) (server, error) {
	name := fmt.Sprintf("ours, %d domain", domains)
	if domains > 1 {
		name += "s"
	}
	level := "warn"
	if logged {
		name, level = name+", access log", "info"
	}
	s, err := load.Start(name, func(ctx context.Context, addr string) *exec.Cmd {
		return exec.CommandContext(ctx, binary, "--config", config, "--listen", addr, "--log-level", level) //nolint:gosec // the program under measurement
	})
	return server{s, domains}, err
}

// startBare starts this program again as the bare handler, with the answers
// that the server gives.
func startBare(ours server, dir string) (server, error) {
	file := filepath.Join(dir, "answers.json")
	if err := record(ours.Server, file); err != nil {
		return server{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return server{}, err
	}
	s, err := load.Start("bare echo", func(ctx context.Context, addr string) *exec.Cmd {
		return exec.CommandContext(ctx, self, "-bare", file, "-listen", addr) //nolint:gosec // this program
	})
	return server{s, 1}, err
}
