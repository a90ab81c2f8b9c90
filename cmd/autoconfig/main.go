// Command autoconfig serves mail-client settings, and plans, checks and publishes the DNS records that lead clients to
// them.
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

// run ends the program's work with the first signal, and the program with the second, whatever it is still doing; now
// says which day it is.
func run(now func() time.Time) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.LookupEnv, now: now}
	code := make(chan int, 1)
	go func() { code <- a.main(ctx, os.Args[1:]) }()
	select {
	case c := <-code:
		return c
	case <-signals:
		cancel()
	}
	var late <-chan time.Time
	if !a.serving.Load() { // serve finishes what it has begun
		late = time.After(lastWords)
	}
	select {
	case c := <-code:
		return c
	case <-signals:
	case <-late:
	}
	return exitProblem
}

// lastWords is how long a command has after a signal, since a file or a terminal may hang.
const lastWords = time.Second
