package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"autoconfig/finding"
	"autoconfig/provider"
)

// fake is a store whose answers a test sets.
type fake struct {
	mu     sync.Mutex
	ids    map[string]string // by domain; absent: not found
	errs   map[string]error  // by domain; "*": of every domain but nobody
	rows   []row
	broken error // at the end of the list
}

func (f *fake) domain(_ context.Context, domain string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.errs[domain]
	if err == nil && domain != nobody {
		err = f.errs["*"]
	}
	if err == http.ErrAbortHandler { //nolint:errorlint // a sign of this test
		panic("a fault")
	}
	id, ok := f.ids[domain]
	if err == nil && !ok {
		err = provider.ErrNotFound
	}
	return id, err
}

func (f *fake) login(ctx context.Context, a provider.Address) (string, error) {
	return f.domain(ctx, a.Domain)
}

func (f *fake) list(context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for _, r := range f.rows {
			if !yield(r, nil) {
				return
			}
		}
		if f.broken != nil {
			yield(row{}, f.broken)
		}
	}
}

func (f *fake) close() error { return nil }

func (f *fake) set(domain string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = map[string]error{domain: err}
}

func fakeRows(f *fake) *Rows {
	o := options()
	o.Rest, o.Entries, o.Waiting = true, 1000, 1000
	return backendOf(BackendOptions{Name: "customers", Cache: o, Log: slog.New(slog.DiscardHandler)}, f).
		With([]*provider.Provider{{ID: "hosted"}})
}

func (r *Rows) try(domain string) error {
	_, err := r.Lookup(context.Background(), provider.Address{Domain: domain})
	return err
}

// A source is down from the first question that fails, stays down however often
// a check of nobody works, and is up when that question has an answer.
func TestUpWhenQuestionsWork(t *testing.T) {
	for name, fault := range map[string]error{"the server refuses": statementError{errors.New("no such table")},
		"no connection": errors.New("refused")} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{ids: map[string]string{"a.example": "hosted", "b.example": "hosted"}}
			r := fakeRows(f)
			if err := r.try("a.example"); err != nil || r.Down() {
				t.Fatal(err)
			}
			f.set("*", fault)
			if err := r.try("b.example"); !errors.Is(err, provider.ErrUnavailable) || !r.Down() {
				t.Errorf("%s: not down after the first failure: %v", name, err)
			}
			for range 20 {
				time.Sleep(5 * time.Second)
				if err := r.Check(t.Context()); err == nil || !r.Down() {
					t.Fatalf("%s: up although every question of a client fails: %v", name, err)
				}
			}
			f.set("", nil) // at once: a check does not take the failure of a moment ago for an answer
			if err := r.Check(t.Context()); err != nil || r.Down() {
				t.Errorf("%s: down although it is back: %v", name, err)
			}
		})
	}
}

// A question about a person that failed keeps the source down until a check has had its answer.
func TestUpWhenLoginsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ids: map[string]string{"a.example": "hosted"}}
		o := options()
		o.Entries = 1000
		r := backendOf(BackendOptions{Name: "customers", Logins: true, Cache: o, Log: slog.New(slog.DiscardHandler)}, f).
			With([]*provider.Provider{{ID: "hosted"}})
		if err := r.try("a.example"); err != nil {
			t.Fatal(err)
		}
		f.set("*", errors.New("refused"))
		if _, err := r.Lookup(t.Context(), provider.Address{Local: "jo", Domain: "a.example"}); err == nil || !r.Down() {
			t.Errorf("not down: %v", err)
		}
		if err := r.Check(t.Context()); err == nil || !r.Down() {
			t.Errorf("up although the question still fails: %v", err)
		}
		f.set("", nil)
		if err := r.Check(t.Context()); err != nil || r.Down() {
			t.Errorf("down although it is back: %v", err)
		}
	})
}

// A statement that the server refuses for some values gives nobody else a rest.
func TestRefusalsCostOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ids: map[string]string{}}
		r := fakeRows(f)
		for i := range 100 {
			good := fmt.Sprintf("good%d.example", i)
			f.set("bad.example", statementError{errors.New("refused")})
			f.ids[good] = "hosted"
			_ = r.try("bad.example")
			if err := r.try(good); err != nil {
				t.Fatalf("%s: %v", good, err)
			}
			time.Sleep(6 * time.Second)
		}
		f.set("bad.example", fmt.Errorf("%w: too long", errValue))
		if err := r.try("bad.example"); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("a value that no row can have: %v", err)
		}
		if err := r.Check(t.Context()); err != nil || r.Down() {
			t.Errorf("down for a value: %v", err)
		}
		f.set(nobody, fmt.Errorf("%w: collations", errValue))
		if err := r.Check(t.Context()); err == nil || !r.Down() {
			t.Error("up although it refuses a plain name")
		}
		time.Sleep(time.Minute)
		f.set(nobody, statementError{errors.New("refused")})
		if err := r.Check(t.Context()); err == nil || !r.Down() {
			t.Error("up although a check is refused")
		}
		f.ids["after.example"] = "hosted"
		if err := r.try("after.example"); err != nil {
			t.Errorf("given a rest although it answers: %v", err)
		}
	})
}

// A panic below a question is an error of that question, and costs no place.
func TestPanicInAStore(t *testing.T) {
	f := &fake{ids: map[string]string{"a.example": "hosted"}}
	r := fakeRows(f)
	for i := range 3 * r.o.Cache.InFlight {
		f.set("*", http.ErrAbortHandler)
		if _, err := r.domains.question(t.Context(), fmt.Sprint(i)); errors.Is(err, errBusy) {
			t.Fatal("not asked")
		}
	}
	if err := r.try("panic.example"); !errors.Is(err, provider.ErrUnavailable) || !errors.Is(err, errPanic) {
		t.Error(err)
	}
	f.set("", nil)
	if err := r.try("a.example"); err != nil {
		t.Errorf("the places are lost: %v", err)
	}
}

// A bad row is its own fault: the list and the look-ups of all others go on, and
// it is known until it is right.
func TestBadRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ids: map[string]string{"null.example": "", "lost.example": "nope"}}
		for i := range 200 {
			d := fmt.Sprintf("d%03d.example", i)
			f.ids[d] = "hosted"
			f.rows = append(f.rows, row{d, "hosted"})
			if i == 100 {
				f.rows = append(f.rows, row{"not a domain\x1b[2J", ""}, row{"", ""}, row{"lost.example", "nope"},
					row{"null.example", ""}, row{"localhost", "hosted"})
			}
		}
		r := fakeRows(f)
		good, bad := 0, []string{}
		for l, err := range (Chain{r}).Listings(t.Context()) {
			if err == nil && l.Provider == nil {
				err = r.try(l.Domain)
			}
			wrong, isRow := errors.AsType[*RowError](err)
			switch {
			case isRow:
				bad = append(bad, wrong.Domain)
				if wrong.Finding().ID != "config-source-row" || strings.ContainsRune(wrong.Error(), '\x1b') {
					t.Errorf("%q", wrong.Error())
				}
				level := finding.Fail // somebody's domain is not served
				if strings.HasPrefix(wrong.Domain, `"`) {
					level = finding.Warn // nobody's is
				}
				if got := wrong.Finding().Level; got != level {
					t.Errorf("%s is at level %q", wrong.Domain, got)
				}
			case err != nil:
				t.Fatal(err)
			default:
				good++
			}
		}
		want := []string{`"not a domain\x1b[2J"`, `""`, "lost.example", "null.example", `"localhost"`}
		if good != 200 || !slices.Equal(bad, want) {
			t.Errorf("%d good, bad: %q", good, bad)
		}
		if got := r.BadRows(); len(got) != 5 {
			t.Errorf("%q", got)
		}
		if err := r.try("lost.example"); !errors.Is(err, provider.ErrUnavailable) || r.Down() {
			t.Errorf("%v, down %v", err, r.Down())
		}
		f.ids["lost.example"], f.ids["null.example"] = "hosted", "hosted"
		time.Sleep(time.Minute)
		if err := r.Check(t.Context()); err != nil || len(r.BadRows()) != 3 {
			t.Errorf("after two were put right: %v %q", err, r.BadRows())
		}
		if err := r.try("lost.example"); err != nil {
			t.Error(err)
		}
		f.rows = f.rows[:50]
		for range r.Domains(t.Context()) {
		}
		if got := r.BadRows(); len(got) != 0 {
			t.Errorf("after a list without them: %q", got)
		}
	})
}

// A list that breaks off ends with an error, and what it had is not taken for
// the whole.
func TestListBreaksOff(t *testing.T) {
	f := &fake{rows: []row{{"a.example", "hosted"}, {"bad", ""}, {"b.example", "hosted"}},
		broken: errors.New("connection lost")}
	r := fakeRows(f)
	var last error
	n := 0
	for _, err := range (Chain{NewIndex(0, 0), r}).Domains(t.Context()) {
		n++
		last = err
	}
	if n != 4 || !errors.Is(last, provider.ErrUnavailable) || IsRowError(last) || len(r.BadRows()) != 0 {
		t.Errorf("%d, %v, %q", n, last, r.BadRows())
	}
}

// Questions that find no free place in time say nothing about the backend.
func TestNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.delay = 900 * time.Millisecond
		o := options() // two places, a second for each question
		o.Rest = true
		c := newCache(o, b.fetch)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() { _, _ = c.get(t.Context(), fmt.Sprint(i)) })
		}
		wg.Wait()
		if c.resting() || c.Down() {
			t.Error("given a rest for being asked too much")
		}
	})
}

// What is remembered of bad rows is bounded, and news is told once.
func TestBadRowsBound(t *testing.T) {
	var b badRows
	for i := range mostBadRows {
		if !b.met(fmt.Sprint(i), "no such provider") {
			t.Fatalf("row %d is not news", i)
		}
	}
	if b.met("0", "no such provider") || b.met("0", "another problem") || b.met("one more", "no such provider") ||
		len(b.asked) != mostBadRows {
		t.Errorf("%d remembered", len(b.asked))
	}
	b.good("0")
	if !b.met("0", "another problem") || b.met("0", "another problem") {
		t.Error("a row that went bad again is news once")
	}
}

// A list with more bad rows than are remembered goes on, and is remembered in part.
func TestBadRowsOfAList(t *testing.T) {
	f := &fake{ids: map[string]string{}}
	for i := range mostBadRows + 1 {
		f.rows = append(f.rows, row{fmt.Sprintf("d%d.example", i), "nope"})
	}
	r := fakeRows(f)
	n := 0
	for _, err := range r.Domains(t.Context()) {
		if n++; !IsRowError(err) {
			t.Fatal(err)
		}
	}
	if got := len(r.BadRows()); n != mostBadRows+1 || got != mostBadRows {
		t.Errorf("%d rows listed, %d remembered", n, got)
	}
}

// A provider's id that is renamed in the configuration and in the database counts as soon as a new question may be
// asked, not only when what is remembered is too old.
func TestRenamedProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ids: map[string]string{"a.example": "before"}}
		r := fakeRows(f)
		expect := func(why string, served bool) {
			t.Helper()
			if err := r.try("a.example"); (err == nil) != served || !served && !IsRowError(err) {
				t.Errorf("%s: %v", why, err)
			}
		}
		expect("not yet renamed", false)
		f.ids["a.example"] = "hosted"
		time.Sleep(r.o.Cache.Retry - 1)
		expect("asked a moment ago", false)
		time.Sleep(time.Nanosecond)
		expect("renamed", true)
	})
}

// A backend that a check finds down is not asked by clients until it has had its rest.
func TestRestAfterACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ids: map[string]string{"a.example": "hosted", "b.example": "hosted"}}
		r := fakeRows(f)
		if err := r.try("a.example"); err != nil {
			t.Fatal(err)
		}
		f.set(nobody, errors.New("connection refused"))
		oldest := r.o.Cache.TTL + r.o.Cache.Stale
		for _, test := range []struct {
			wait   time.Duration
			domain string
			served bool
		}{{0, "b.example", false}, {oldest - 1, "a.example", true}, {1, "a.example", false}} {
			time.Sleep(test.wait)
			if err := r.Check(t.Context()); err == nil {
				t.Fatal("the check works")
			}
			if err := r.try(test.domain); (err == nil) != test.served {
				t.Errorf("%s after %v more: %v", test.domain, test.wait, err)
			}
		}
		f.set("", nil)
		if err := r.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.try("b.example"); err != nil {
			t.Errorf("the check is over and works, but clients wait: %v", err)
		}
	})
}
