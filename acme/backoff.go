package acme

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"autoconfig/finding"
)

// backoff remembers what went wrong with certificates: to report it, and to wait before an authority is asked again.
// Let's Encrypt, for one, allows five failures of a name an hour.
type backoff struct {
	o   Options
	now func() time.Time

	mu       sync.Mutex
	names    map[string]failure
	store    failure               // with the storage: it concerns every name
	at       []authorityState      // by authority
	spent    map[class][]time.Time // orders of the last hour that failed or may still
	storage  map[bool]error        // of the last write and the last read
	accepted bool                  // an authority took the last order
}

// authorityState says which orders an authority does not get now.
type authorityState struct {
	orders, renewals failure
	retry            time.Time // Retry-After of the last refusal
}

// of is what holds up the orders of a class.
func (at *authorityState) of(c class) *failure {
	if c == renewal {
		return &at.renewals
	}
	return &at.orders
}

// failure is a name without a new certificate.
type failure struct {
	finding finding.Finding
	since   time.Time // the authority's first refusal of it; zero: none yet
	wait    time.Duration
	until   time.Time // not asked for before
}

// runs reports whether the wait goes on. After a clock that was set back it begins again: it is neither cut short nor
// longer than it was.
func (t *failure) runs(now time.Time) bool {
	if t.until.Sub(now) > t.wait {
		t.until = now.Add(t.wait)
	}
	return now.Before(t.until)
}

// class is why a certificate is ordered. Each has a budget of its own, so that names that fail again and again do not
// starve those that are new, nor the certificates in use.
type class int

const (
	fresh class = iota
	again       // the name failed before
	renewal
)

// budgets are how many orders of a class may fail within an hour, or be under way. An order that fails may count twice
// at the authority: once for each challenge.
var budgets = map[class]int{fresh: 20, again: 10, renewal: 10}

// A name that fails waits as long again as it has been failing, so that the waits at least double from the first to the
// last. What concerns every name holds up all of them.
const (
	firstWait     = 2 * time.Minute
	lastWait      = 24 * time.Hour
	authorityWait = 30 * time.Second
	storageWait   = 10 * time.Second
	limitWait     = time.Hour      // the authority's limit, when it does not say until when
	longestLimit  = 24 * time.Hour // however long it says
	failuresKept  = 10_000
)

func newBackoff(o Options) *backoff {
	return &backoff{o: o, now: o.Now, at: make([]authorityState, len(o.Authorities)),
		names: map[string]failure{}, spent: map[class][]time.Time{}, storage: map[bool]error{}}
}

// wait says why it is too early to ask for a name again.
func (b *backoff) wait(name string, c class) (why finding.Finding, early bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.early(name, c)
}

func (b *backoff) early(name string, c class) (finding.Finding, bool) {
	now := b.now()
	if t, ok := b.names[name]; ok && t.runs(now) {
		b.names[name] = t
		return t.finding, true
	}
	if b.store.runs(now) {
		return b.store.finding, true
	}
	for i := range b.at {
		if !b.at[i].of(c).runs(now) {
			return finding.Finding{}, false
		}
	}
	return b.at[0].of(c).finding, true
}

// held reports whether an authority is not to be asked now.
func (b *backoff) held(i int, c class) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at[i].of(c).runs(b.now())
}

// next notes why an authority gave no certificate, and reports whether another one may.
func (b *backoff) next(o *order, err error) bool {
	f := classify(o.name, err)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold(o, f)
	return forAll(f.ID) || f.ID == "acme-caa-forbidden" || f.ID == "acme-name-rejected"
}

// hold has orders wait for an authority that is down or limits: it may take renewals while it limits new orders, which
// it counts apart.
func (b *backoff) hold(o *order, f finding.Finding) {
	at, now := &b.at[o.by], b.now()
	wait := min(at.retry.Sub(now), longestLimit) // as it asked for
	switch f.ID {
	case "acme-authority-unreachable", "acme-authority-garbled":
		wait = max(wait, authorityWait)
		at.orders = failure{finding: f, wait: wait, until: now.Add(wait)}
		at.renewals = at.orders
	case "acme-authority-limit":
		if wait <= 0 {
			wait = limitWait
		}
		*at.of(o.class) = failure{finding: f, wait: wait, until: now.Add(wait)}
	}
}

// soonest is when the first authority takes orders again.
func (b *backoff) soonest(c class) time.Time {
	until := func(at authorityState) time.Time { return at.of(c).until }
	return until(slices.MinFunc(b.at, func(x, y authorityState) int { return until(x).Compare(until(y)) }))
}

// reserve takes an order out of the budget, or says why it must wait. giveBack ends the reservation.
func (b *backoff) reserve(o *order) (why finding.Finding, early bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if why, early = b.early(o.name, o.class); early {
		return why, true
	}
	t, known := b.names[o.name]
	if !known && len(b.names) >= failuresKept && !b.forgetOldest() {
		return finding.New("acme-orders-busy", o.name), true
	}
	if known && !t.since.IsZero() && o.class == fresh {
		o.class = again
	}
	now := b.now()
	spent := slices.DeleteFunc(b.spent[o.class], func(at time.Time) bool { return now.Sub(at).Abs() >= time.Hour })
	if b.spent[o.class] = spent; len(spent) >= budgets[o.class] {
		return finding.New("acme-orders-spent", o.name), true
	}
	o.reserved, b.spent[o.class] = now, append(spent, now)
	return finding.Finding{}, false
}

// giveBack ends the reservation of an order that did not fail at the authority.
func (b *backoff) giveBack(o *order) {
	if i := slices.Index(b.spent[o.class], o.reserved); i >= 0 {
		b.spent[o.class] = slices.Delete(b.spent[o.class], i, i+1)
	}
}

// forgetOldest makes room: of the names that may be asked for again, the one that has been for the longest time goes.
func (b *backoff) forgetOldest() bool {
	oldest, now := "", b.now()
	for name, t := range b.names {
		if !t.runs(now) && (oldest == "" || t.until.Before(b.names[oldest].until)) {
			oldest = name
		}
	}
	delete(b.names, oldest)
	return oldest != ""
}

// failed notes and logs that an order ended without a certificate.
func (b *backoff) failed(o *order, err error) {
	f := classify(o.name, err)
	b.mu.Lock()
	now := b.now()
	t := b.names[o.name]
	if failed := b.storageError(); failed != nil && f.ID == "acme-order-failed" {
		f = finding.New("acme-storage-failed", o.name).Because("%s", failed)
	}
	t.finding = f
	switch f.ID {
	case "acme-storage-failed":
		t.wait = storageWait
	case "acme-authority-unreachable", "acme-authority-garbled", "acme-authority-limit":
		b.hold(o, f)
		t.wait = b.soonest(o.class).Sub(now)
	default:
		if t.since.IsZero() {
			t.since = now
		}
		t.wait = min(firstWait+max(0, now.Sub(t.since)), lastWait)
	}
	t.until = now.Add(t.wait)
	if b.accepted = !forAll(f.ID); !b.accepted {
		b.giveBack(o)
	}
	if f.ID == "acme-storage-failed" {
		b.store = t
	}
	b.names[o.name] = t
	b.mu.Unlock()
	b.o.Count("failed", o.name, f.ID)
	if forAll(f.ID) { // tried again soon, and by the next name
		if _, due := b.o.Refusals.due("order " + f.ID); !due {
			return
		}
	}
	b.o.Log.Error("no certificate", "name", o.name, "id", f.ID, "cause", f.Cause, "fix", f.Fix,
		"again", t.until.UTC().Format(time.RFC3339))
}

// forAll reports whether a finding concerns every name.
func forAll(id string) bool {
	return id == "acme-storage-failed" || strings.HasPrefix(id, "acme-authority-")
}

// refused notes how the authority i refuses: Retry-After is a number of seconds or a date (RFC 9110 §10.2.3, RFC 8555
// §6.6).
func (b *backoff) refused(i, status int, header http.Header) {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return
	}
	text, now := header.Get("Retry-After"), b.now()
	until, err := http.ParseTime(text) // zero with an error
	if seconds, serr := strconv.Atoi(text); serr == nil {
		until = now.Add(time.Duration(min(seconds, int(longestLimit/time.Second))) * time.Second)
	} else if sent, derr := http.ParseTime(header.Get("Date")); err == nil && derr == nil {
		until = now.Add(until.Sub(sent)) // by the authority's own clock
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at[i].retry = until // zero when the header is neither
}

func (b *backoff) ordered(o *order) {
	b.mu.Lock()
	b.accepted = true
	b.giveBack(o)
	delete(b.names, o.name)
	b.mu.Unlock()
}

// open reports whether the authority took the last order; until then one order goes ahead of the others.
func (b *backoff) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accepted
}

func (b *backoff) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.names, name)
}

// stored notes how the last use of the storage went; it is logged when that changes. A full disk can still be read, so
// the two are apart.
func (b *backoff) stored(write bool, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	b.mu.Lock()
	before := b.storageError()
	b.storage[write] = err
	after := b.storageError()
	b.mu.Unlock()
	switch {
	case after != nil && before == nil:
		f := finding.New("acme-storage-failed", "").Because("%s", after)
		b.o.Log.Error("the certificate storage fails", "id", f.ID, "cause", f.Cause, "fix", f.Fix)
	case after == nil && before != nil:
		b.o.Log.Info("the certificate storage works again")
	}
}

// unreadable reports whether the last read from the storage failed.
func (b *backoff) unreadable() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.storage[false] != nil
}

func (b *backoff) storageError() error { return cmp.Or(b.storage[true], b.storage[false]) }

// Status is what /readyz says of certificates on demand.
type Status struct {
	InUse   int               `json:"in_use"` // names served in the last day
	Failing int               `json:"failing"`
	Faults  []finding.Finding `json:"faults,omitempty"` // the first of them, by name
}

// faultsShown is how many faults /readyz lists.
const faultsShown = 20

// report is the state, and the reasons that concern every name: what is wrong with one name alone does not degrade the
// service.
func (b *backoff) report() (c Status, reasons []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.storageError(); err != nil {
		reasons = append(reasons, "the certificate storage fails: "+err.Error())
	}
	seen := map[string]bool{}
	reason := func(f finding.Finding) {
		if !seen[f.ID] {
			seen[f.ID] = true
			reasons = append(reasons, "certificates: "+f.Cause)
		}
	}
	for i := range b.at {
		for _, c := range []class{fresh, renewal} {
			if held := b.at[i].of(c); held.runs(b.now()) {
				reason(held.finding)
			}
		}
	}
	c.Failing = len(b.names)
	for _, name := range slices.Sorted(maps.Keys(b.names)) {
		f := b.names[name].finding
		if len(c.Faults) < faultsShown {
			c.Faults = append(c.Faults, f)
		}
		if strings.HasPrefix(f.ID, "acme-authority-") {
			reason(f)
		}
	}
	return c, reasons
}
