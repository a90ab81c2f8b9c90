// Command compare asks any autoconfig server by its URL and this one the same
// requests, prints where the answers differ, then loads both in turn and
// prints the ratios. The other server must be running and must serve the domain
// given; this one is started, with the settings that the other one answers:
//
//	compare -binary ./autoconfig -url http://127.0.0.1:4243 -domain example.org
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"

	"autoconfig/mozilla"
	"autoconfig/provider"
)

func main() {
	other := flag.String("url", "", "the other server, http or https")
	domain := flag.String("domain", "example.org", "a domain that it serves")
	binary := flag.String("binary", "./autoconfig", "this server's program")
	span := flag.Duration("span", 2*time.Second, "how long one measurement takes")
	rounds := flag.Int("rounds", 3, "measurements of each, in turn")
	flag.Parse()
	if err := run(*other, *domain, *binary, *span, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(other, domain, binary string, span time.Duration, rounds int) error {
	u, err := url.Parse(other)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("-url %q: give a running server, such as http://127.0.0.1:4243", other)
	}
	theirs := newTarget(u)
	got, err := theirs.send(formats(domain)[0])
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", other, err)
	}
	var p *provider.Provider // nil: the table will say so
	if d, err := mozilla.Decode(got.body); err == nil {
		p = d.Provider
	}
	dir, err := os.MkdirTemp("", "autoconfig-compare")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ours, err := startOurs(binary, dir, configure(domain, p))
	if err != nil {
		return err
	}
	defer ours.Stop()
	printAnswers(theirs, ours, domain)
	return printLoad(theirs, ours, domain, span, rounds)
}
