package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"sync"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/publish"
)

// doneList is the file of --since: the domains that are done, each with a hash of
// its plan, so that a plan that has changed is published again. It may be nil.
type doneList struct {
	mu   sync.Mutex
	seen map[string]struct{} // the 16 digits of the hash, which covers the domain too
	file *os.File            // nil: nothing is added
}

// openDone reads the file, and makes it if it is not there yet.
func openDone(path string, readOnly bool) (*doneList, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // nothing is remembered
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, usagef("--since: %w", err)
	}
	l := &doneList{seen: map[string]struct{}{}, file: f}
	lines, last := bufio.NewScanner(f), ""
	for lines.Scan() {
		if last = lines.Text(); len(strings.Fields(last)) == 2 && !strings.HasPrefix(last, "#") {
			l.seen[strings.Fields(last)[1]] = struct{}{}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Join(usagef("--since %s: %w", path, err), f.Close())
	}
	if readOnly {
		return l, l.close()
	}
	if info, err := f.Stat(); err == nil && info.Size() > 0 { // a line that a crash cut off ends here
		end := make([]byte, 1)
		if _, err := f.ReadAt(end, info.Size()-1); err == nil && end[0] != '\n' {
			_, _ = f.WriteString("\n")
		}
	}
	return l, nil
}

func planHash(plan publish.DomainPlan) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(plan.Domain + "\n" + strings.Join(dnssrv.Lines(plan.Records), "\n")))
	return fmt.Sprintf("%016x", h.Sum64())
}

// has reports whether this very plan is done.
func (l *doneList) has(plan publish.DomainPlan) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, done := l.seen[planHash(plan)]
	return done
}

// add remembers plans that are done.
func (l *doneList) add(plans []publish.DomainPlan) error {
	if l == nil || l.file == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, plan := range plans {
		hash := planHash(plan)
		l.seen[hash] = struct{}{}
		if _, err := fmt.Fprintf(l.file, "%s %s\n", plan.Domain, hash); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
	}
	return nil
}

func (l *doneList) close() error {
	if l == nil || l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
