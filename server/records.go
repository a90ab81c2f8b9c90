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

// RecordsChecked shows a round of the record watch in /readyz and the metrics.
// Broken records do not degrade the service: they are the domains' own.
func (s *Server) RecordsChecked(r Records) {
	s.records.Store(&r)
	for _, status := range recordStatuses {
		s.metrics.records.WithLabelValues(status).Set(float64(r.Status[status]))
	}
	s.metrics.broken.Set(float64(r.Broken))
	s.metrics.checked.Set(float64(r.At.Unix()))
}
