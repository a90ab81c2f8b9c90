package server

import (
	"log/slog"
	"time"

	prom "autoconfig/server/metrics"
)

// metrics are the counters of one server. Labels come from fixed sets: a stranger cannot make a new series.
type metrics struct {
	registry prom.Registry
	requests map[string]map[outcome]*prom.Counter // by route
	seconds  map[string]*prom.Histogram

	degraded, domains, signer, broken, checked, watched, expiry, failing *prom.Gauge

	records, badRows *prom.Vec[*prom.Gauge]
	panics           *prom.Counter

	asked map[string]*prom.Counter // by schema, or protocol of v2

	reloads, orders, refused *prom.Vec[*prom.Counter]
}

func newMetrics() *metrics {
	m := &metrics{requests: map[string]map[outcome]*prom.Counter{}, seconds: map[string]*prom.Histogram{},
		asked: map[string]*prom.Counter{}}
	r := &m.registry
	requests := r.Counters("autoconfig_requests_total", "Requests by protocol and outcome.", "protocol", "outcome")
	seconds := r.Histograms("autoconfig_request_seconds", "Time to answer.",
		[]float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1}, "protocol")
	asked := r.Counters("autoconfig_autodiscover_requests_total",
		"Autodiscover requests by the schema, or v2 protocol, that they ask for.", "schema")
	m.degraded = r.Gauge("autoconfig_degraded", "1 while /readyz says degraded.")
	m.domains = r.Gauge("autoconfig_domains",
		"Domains listed by the operator's files, and by databases and directories as of the last hourly count.")
	m.reloads = r.Counters("autoconfig_reloads_total", "Loads of the configuration by result.", "result")
	m.signer = r.Gauge("autoconfig_signer_expiry_seconds", "Unix time at which the profile signer expires; 0 without one.")
	m.records = r.Gauges("autoconfig_records",
		"DNS records of the operator's domains by status, as of the last round of the watch.", "status")
	m.broken = r.Gauge("autoconfig_records_broken_domains",
		"Domains with records to fix, as of the last round of the watch.")
	m.checked = r.Gauge("autoconfig_records_checked_seconds",
		"Unix time of the last round of the record watch; 0 before the first.")
	m.expiry = r.Gauge("autoconfig_certificate_expiry_seconds",
		"Unix time at which the first of the certificates in use expires; 0 without one.")
	m.failing = r.Gauge("autoconfig_certificates_failing", "Names whose last order for a certificate failed.")
	m.orders = r.Counters("autoconfig_certificate_orders_total", "Orders for certificates by result.", "result")
	m.refused = r.Counters("autoconfig_certificates_refused_total",
		"Handshakes and questions of a proxy that got no certificate, by the id of the finding.", "reason")
	m.panics = r.Counter("autoconfig_panics_total", "Requests that met a fault of the program.")
	m.badRows = r.Gauges("autoconfig_source_bad_rows",
		"Rows of databases and directories that cannot be used, as far as is known.", "source")
	m.watched = r.Gauge("autoconfig_records_watch_seconds", "How often the record watch looks; 0: never.")
	for _, schema := range schemasAsked {
		m.asked[schema] = asked.WithLabelValues(schema)
	}
	names := []string{"none"}
	for _, route := range routes {
		names = append(names, route.name)
	}
	for _, name := range names {
		m.seconds[name] = seconds.WithLabelValues(name)
		m.requests[name] = map[outcome]*prom.Counter{}
		for _, o := range outcomes {
			m.requests[name][o] = requests.WithLabelValues(name, string(o))
		}
	}
	return m
}

// AccessMessage is the message of the log's lines about requests.
const AccessMessage = "request"

// done counts and logs a request. Of the address only the domain is written, of the client nothing unless the operator
// asked for it.
func (s *Server) done(name string, r *request, a *answer, start time.Time) {
	ctx := r.Request().Context()
	if ctx.Value(internal{}) != nil {
		return
	}
	took := time.Since(start)
	s.metrics.requests[name][a.outcome].Inc()
	s.metrics.seconds[name].Observe(took.Seconds())
	if !s.opts.AccessLog {
		return
	}
	// The logger's own methods would ask for the time again and for the caller, a quarter of what the line costs.
	line := slog.NewRecord(start.Add(took), slog.LevelInfo, AccessMessage, 0)
	line.AddAttrs(slog.String("route", name), slog.String("outcome", string(a.outcome)))
	if a.domain != "" {
		line.AddAttrs(slog.String("domain", a.domain))
	}
	if s.opts.LogClients && r.limited {
		line.AddAttrs(slog.String("client", r.client.String()))
	}
	line.AddAttrs(slog.Float64("ms", float64(took.Microseconds())/1000))
	_ = s.opts.Log.Handler().Handle(ctx, line) // as the logger would: that it failed can be reported nowhere
}

// Records is what the record watch found in its last round.
type Records struct {
	Domains int            `json:"domains"` // looked at
	Broken  int            `json:"broken"`  // with something to fix
	Status  map[string]int `json:"status"`  // records by ok, missing, differs, conflict and error
	At      time.Time      `json:"checked"`
}

// RecordsChecked shows a round of the record watch in /readyz and the metrics. Broken records do not degrade the
// service: they are the domains' own.
func (s *Server) RecordsChecked(r Records) {
	s.unwatched.Store(nil)
	s.records.Store(&r)
	for _, status := range []string{"ok", "missing", "differs", "conflict", "error"} { // others cannot occur
		s.metrics.records.WithLabelValues(status).Set(float64(r.Status[status]))
	}
	s.metrics.broken.Set(float64(r.Broken))
	s.metrics.checked.Set(float64(r.At.Unix()))
}

// Watching says how often the record watch looks.
func (s *Server) Watching(every time.Duration) { s.metrics.watched.Set(every.Seconds()) }

// RecordsUnchecked says why a round of the record watch came to nothing; what the last one found stays.
func (s *Server) RecordsUnchecked(reason string) { s.unwatched.Store(&reason) }
