// Command autoconfig serves mail-client settings, and plans, checks and
// publishes the DNS records that lead clients to them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "golang.org/x/crypto/x509roots/fallback" // where the system trusts nobody, as in an empty container
)

func main() { os.Exit(run(time.Now)) }

// run is the program on the day that now says.
func run(now func() time.Time) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: now}
	return a.main(ctx, os.Args[1:])
}
