package service

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"autoconfig/dnssrv/dnstest"
	"autoconfig/finding"
)

// Look-ups that fail cost their domains the turn; so many in a row that every one of them may have been a time-out end
// the round.
func TestWatchAndManyLookupsThatFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rows []string // each a number of domains, or one that works
		want string
	}{
		{[]string{"31"}, "31 domains could not be looked at"},
		{[]string{"32"}, "the records could not be watched"},
		{[]string{"20", "works", "20"}, "40 domains could not be looked at"},
	} {
		t.Run(strings.Join(test.rows, " "), func(t *testing.T) {
			t.Parallel()
			r, _, w := watched(t, goodList, rootZone)
			r.edit("SELECT id FROM d WHERE", "SELECT CASE WHEN name LIKE 'bad%' THEN json(name) ELSE id END FROM d WHERE")
			r.reload("the test")
			for i, row := range test.rows {
				n := 0
				if _, err := fmt.Sscan(row, &n); err != nil {
					table(t, filepath.Join(r.dir, "first.db"), fmt.Sprintf("INSERT INTO d VALUES ('%s%d.test', 'hosted')", row, i))
				}
				for k := range n {
					table(t, filepath.Join(r.dir, "first.db"), fmt.Sprintf("INSERT INTO d VALUES ('bad%d-%d.test', 'hosted')", i, k))
				}
			}
			w.round(t.Context())
			if ready := r.ready(); !strings.Contains(ready, test.want) {
				t.Errorf("no %q in %s", test.want, ready)
			}
		})
	}
}

// A round that ends with the service says nothing.
func TestWatchEndsEarly(t *testing.T) {
	r, _, w := watched(t, goodList, rootZone)
	r.log.take()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w.round(ctx)
	if log, ready := r.log.take(), r.ready(); log != "" || !strings.Contains(ready, `"ok"`) ||
		r.metric("autoconfig_records_checked_seconds") != "0" {
		t.Error(log, ready)
	}
}

// Rounds come again and again, the first within a minute.
func TestWatchRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rounds := 0
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		// The round itself asks DNS, for which the clock of this test does not wait: it ends here.
		w := &watch{every: time.Hour, now: func() *change { rounds++; panic(rounds) }}
		takes := func() (ended bool) {
			defer func() { _ = recover() }()
			w.run(ctx)
			return true
		}
		begin := time.Now()
		if takes(); rounds != 1 || time.Since(begin) > time.Minute {
			t.Errorf("%d rounds after %v", rounds, time.Since(begin))
		}
		stop()
		if !takes() || rounds != 1 {
			t.Error("it goes on although the service has ended")
		}
	})
}

// A line of the log for each domain that broke, has other faults or was put right, and none for what is as it was.
func TestWatchLogsChanges(t *testing.T) {
	r := newRig(t, rigConfig)
	w := &watch{log: r.Service.log, broken: map[string]string{"same.test": "a", "other.test": "a", "right.test": "a"}}
	r.log.take()
	w.logChanges(map[string]string{"same.test": "a", "other.test": "b", "new.test": "c"})
	log := r.log.take()
	for _, want := range []string{`"records to fix" domain=other.test faults=b`,
		`"records to fix" domain=new.test faults=c`, `"records are correct again" domain=right.test`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}
	if strings.Count(log, "\n") != 3 {
		t.Error(log)
	}
}

// The records of a round are counted by what was found; of those without an answer it counts by which response code.
func TestWatchCounts(t *testing.T) {
	f := func(id, status, rcode string, level finding.Level) finding.Finding {
		return finding.Finding{ID: id, Subject: "x.test", Status: status, RCode: rcode, Level: level}
	}
	report := finding.Report{Findings: []finding.Finding{
		f("dns-a", "ok", "", finding.OK), f("dns-b", "missing", "", finding.Fail),
		f("dns-c", "error", "REFUSED", finding.Fail),
		f("dns-d", "error", "SERVFAIL", finding.Warn), f("dns-e", "error", "REFUSED", finding.Fail),
		f("note", "", "", finding.OK),
		f("config-source-row", "", "", finding.Fail), f("dns-b", "missing", "", finding.Fail),
	}}
	status := map[string]int{"ok": 1}
	said, unsaid := count(report, status)
	if got := fmt.Sprint(said, unsaid, status); got != "3 map[REFUSED:2 SERVFAIL:1] map[error:3 missing:2 ok:2]" {
		t.Error(got)
	}
	if got := faultsOf(report); got != "dns-b x.test, dns-c x.test, dns-e x.test" {
		t.Error(got)
	}
}

// A row of a source that belongs to a built-in provider is said once, after the source's first check.
func TestBuiltinRowsAreSaid(t *testing.T) {
	t.Parallel()
	dns := dnstest.Start(t, rootZone)
	r := newRig(t, strings.NewReplacer("RESOLVER", dns.Addr(), "LIST", goodList).Replace(truthConfig))
	table(t, filepath.Join(r.dir, "first.db"), "INSERT INTO d VALUES ('live.co.uk', 'hosted')")
	r.log.take()
	go r.sources.watch(t.Context())
	var log string
	for end := time.Now().Add(30 * time.Second); !strings.Contains(log,
		"id=config-builtin-row"); time.Sleep(5 * time.Millisecond) {
		if log += r.log.take(); time.Now().After(end) {
			t.Fatal(log)
		}
	}
	if !strings.Contains(log, "live.co.uk") {
		t.Error(log)
	}
}

// A command's state has the number of the lines that count, and why it failed.
func TestCommandStates(t *testing.T) {
	r := newRig(t, commandConfig)
	for _, script := range []string{"echo a.test; echo b.test", "exit 3"} {
		r.script(script)
		r.sources.commands.Expire()
		r.reload("the test")
		got := r.sources.Commands()
		if len(got) != 1 || got[0].Lines != 2 || (got[0].Err == nil) != strings.HasPrefix(script, "echo") ||
			!strings.Contains(got[0].Title(), "list") {
			t.Errorf("%s: %+v", script, got)
		}
	}
}

// Of very many bad lines of a command some are reported; all of them are counted.
func TestManyBadLines(t *testing.T) {
	r := newRig(t, commandConfig)
	r.script("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do echo _$i; done; echo good.test")
	r.sources.commands.Expire()
	r.log.take()
	r.reload("the test")
	if log := r.log.take(); strings.Count(log, "id=config-domain-invalid") != mostLines ||
		strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
	if ready := r.ready(); !strings.Contains(ready, "lines of the command that cannot be used: 22") {
		t.Error(ready)
	}
	if status, _ := r.get("/v1.1/good.test"); status != 200 {
		t.Error(status)
	}
}
