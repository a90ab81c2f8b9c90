package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strings"
	"sync"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/publish"
)

// doneList is the file of --since: the domains that are done, each with a hash of its plan, so that a plan that has
// changed is published again.
type doneList struct {
	seen sync.Map // the 16 digits of the hash, which covers the domain too
	file *os.File // nil: nothing is added
}

// openDone reads the file, and makes it if it is not there yet; "" is none.
func openDone(path string, readOnly bool) (*doneList, error) {
	l := &doneList{}
	if path == "" {
		return l, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, usagef("--since: %w", err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, usagef("--since %s: %w", path, err)
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 2 && words[0][0] != '#' {
			l.seen.Store(words[1], nil)
		}
	}
	if readOnly {
		return l, f.Close()
	}
	if l.file = f; len(text) > 0 && text[len(text)-1] != '\n' { // a line that a crash cut off ends here
		_, err = f.WriteString("\n")
	}
	return l, err
}

func planHash(plan publish.DomainPlan) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(plan.Domain + "\n" + strings.Join(dnssrv.Lines(plan.Records), "\n")))
	return fmt.Sprintf("%016x", h.Sum64())
}

func (l *doneList) has(plan publish.DomainPlan) bool {
	_, done := l.seen.Load(planHash(plan))
	return done
}

func (l *doneList) add(plans []publish.DomainPlan) error {
	if l.file == nil {
		return nil
	}
	for _, plan := range plans {
		l.seen.Store(planHash(plan), nil)
		if _, err := fmt.Fprintf(l.file, "%s %s\n", plan.Domain, planHash(plan)); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
	}
	return nil
}
