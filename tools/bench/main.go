// Command bench measures the server beside a bare echo handler that sends the
// same status, headers and bytes: seven interleaved rounds in one run, so that
// what else the machine does touches both alike. It prints the tables of
// docs/performance.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	bareFile := flag.String("bare", "", "internal: serve the recorded answers in this file")
	listen := flag.String("listen", "", "internal: where to serve them")
	binary := flag.String("binary", "", "the autoconfig program to measure")
	domains := flag.Int("domains", 1_000_000, "domains of the large configuration")
	rounds := flag.Int("rounds", 7, "rounds")
	span := flag.Duration("span", time.Second, "how long one measurement takes")
	replicas := flag.Bool("replicas", false, "only what a request costs at two processes")
	flag.Parse()
	var err error
	switch {
	case *bareFile != "":
		err = serveBare(*bareFile, *listen)
	case *replicas:
		err = runReplicas(*binary, *rounds, *span)
	default:
		err = run(*binary, *domains, *rounds, *span)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run starts the programs, takes the rounds and prints the tables.
func run(binary string, domains, rounds int, span time.Duration) error {
	dir, err := os.MkdirTemp("", "autoconfig-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	large, err := writeConfig(filepath.Join(dir, "large"), domains)
	if err != nil {
		return err
	}
	small, err := writeConfig(filepath.Join(dir, "small"), 1)
	if err != nil {
		return err
	}
	if err := reportLoading(large, domains); err != nil {
		return err
	}
	one, err := startServer(binary, small, 1, false)
	if err != nil {
		return err
	}
	defer one.Stop()
	logged, err := startServer(binary, small, 1, true)
	if err != nil {
		return err
	}
	defer logged.Stop()
	many, err := startServer(binary, large, domains, false)
	if err != nil {
		return err
	}
	defer many.Stop()
	mib, err := reportMemory(many)
	if err != nil {
		return err
	}
	bare, err := startBare(one, dir)
	if err != nil {
		return err
	}
	defer bare.Stop()
	processes := []server{bare, one, logged, many}
	got, err := reportRequests(processes, rounds, span)
	if err != nil {
		return err
	}
	if err := reportAims(got, processes, mib, rounds, span, binary, small, large); err != nil {
		return err
	}
	return reportReplicas(binary, dir, small, rounds, span)
}

// runReplicas takes the last table alone.
func runReplicas(binary string, rounds int, span time.Duration) error {
	dir, err := os.MkdirTemp("", "autoconfig-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	small, err := writeConfig(dir, 1)
	if err != nil {
		return err
	}
	return reportReplicas(binary, dir, small, rounds, span)
}
