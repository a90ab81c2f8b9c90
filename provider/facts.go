package provider

import (
	"maps"
	"slices"
	"time"
)

// Reviewed is the day the built-in values were last checked against their sources.
const Reviewed = "2026-11-28"

// Fact is where a built-in value comes from.
type Fact struct {
	Key      string // as in autoconfig.yaml
	Source   string
	Reviewed string // date, 2006-01-02
}

// Change is a change at a vendor with a known date.
type Change struct {
	Date   string // from this day on, 2006-01-02
	What   string // a sentence
	Source string
	SMTP   *PasswordState // what became of sending with a password, for people
}

// Facts lists the sources of a built-in provider's values, by key.
func Facts(id string) []Fact {
	var out []Fact
	if b := builtinByID(id); b != nil {
		for _, key := range slices.Sorted(maps.Keys(b.Facts)) {
			for _, source := range b.Facts[key] {
				out = append(out, Fact{key, loaded().Sources[source], Reviewed})
			}
		}
	}
	return out
}

// Changes lists what changes at a built-in provider, the earliest first.
func Changes(id string) []Change {
	b := builtinByID(id)
	if b == nil {
		return nil
	}
	list := slices.Clone(b.Changes)
	for i := range list {
		list[i].Source = loaded().Sources[list[i].Source]
	}
	return list
}

// after reports whether a date, 2006-01-02, is still to come on a day.
func after(date string, day time.Time) bool { return date > day.UTC().Format(time.DateOnly) }

// State says how a day is to the change: done, soon (within [Notice]) or planned.
func (c Change) State(day time.Time) string {
	switch {
	case !after(c.Date, day):
		return "done"
	case !after(c.Date, day.Add(Notice)):
		return "soon"
	}
	return "planned"
}

// Notice is how long before a change operators are warned.
const Notice = 60 * 24 * time.Hour

// News lists the changes of a built-in provider that an operator should know of on a day: those within [Notice], and
// those that have come since the values were [Reviewed].
func News(id string, day time.Time) (coming, come []Change) {
	for _, c := range Changes(id) {
		switch state := c.State(day); {
		case state == "soon":
			coming = append(coming, c)
		case state == "done" && c.Date > Reviewed:
			come = append(come, c)
		}
	}
	return coming, come
}

// NextChange is the day of the next change of any built-in provider, or the zero time.
func NextChange(day time.Time) time.Time {
	var next time.Time
	for _, b := range loaded().Providers {
		for _, c := range b.Changes {
			at, err := time.Parse(time.DateOnly, c.Date)
			if err == nil && after(c.Date, day) && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}
