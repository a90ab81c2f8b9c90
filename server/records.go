package server

import "time"

// Records is what the record watch found in its last round.
type Records struct {
	Domains int            `json:"domains"` // looked at
	Broken  int            `json:"broken"`  // with something to mend
	Status  map[string]int `json:"status"`  // records by ok, missing, differs, conflict and error
	At      time.Time      `json:"checked"`
}

// recordStatuses are the metric labels; others cannot occur.
var recordStatuses = []string{"ok", "missing", "differs", "conflict", "error"}

// RecordsChecked shows a round of the record watch in /readyz and the metrics. Broken records do not degrade the
// service: they are the domains' own.
func (s *Server) RecordsChecked(r Records) {
	s.unwatched.Store(nil)
	s.records.Store(&r)
	for _, status := range recordStatuses {
		s.metrics.records.WithLabelValues(status).Set(float64(r.Status[status]))
	}
	s.metrics.broken.Set(float64(r.Broken))
	s.metrics.checked.Set(float64(r.At.Unix()))
}

// Watching says how often the record watch looks.
func (s *Server) Watching(every time.Duration) { s.metrics.watched.Set(every.Seconds()) }

// RecordsUnchecked says why a round of the record watch came to nothing; what the last one found stays.
func (s *Server) RecordsUnchecked(reason string) { s.unwatched.Store(&reason) }
