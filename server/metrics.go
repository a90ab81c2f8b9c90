package server

import (
	"log/slog"
	"net/http"
	"time"

	prom "autoconfig/server/metrics"
)

// metrics are the counters of one server. Labels come from fixed sets: a stranger cannot make a new series.
type metrics struct {
	registry prom.Registry
	requests map[string]map[outcome]*prom.Counter
	seconds  map[string]*prom.Histogram
	degraded *prom.Gauge
	domains  *prom.Gauge
	reloads  *prom.Vec[*prom.Counter]
	signer   *prom.Gauge
	records  *prom.Vec[*prom.Gauge] // of the record watch, by status
	broken   *prom.Gauge
	checked  *prom.Gauge
	expiry   *prom.Gauge // of certificates
	failing  *prom.Gauge
	orders   *prom.Vec[*prom.Counter]
	refused  *prom.Vec[*prom.Counter] // certificates, by the id of the finding
	panics   *prom.Counter
	badRows  *prom.Vec[*prom.Gauge] // by source
	watched  *prom.Gauge
}

func newMetrics() *metrics {
	m := &metrics{requests: map[string]map[outcome]*prom.Counter{}, seconds: map[string]*prom.Histogram{}}
	requests := m.registry.Counters("autoconfig_requests_total", "Requests by protocol and outcome.", "protocol", "outcome")
	seconds := m.registry.Histograms("autoconfig_request_seconds", "Time to answer.", []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1}, "protocol")
	m.degraded = m.registry.Gauge("autoconfig_degraded", "1 while /readyz says degraded.")
	m.domains = m.registry.Gauge("autoconfig_domains", "Domains listed by the operator's files.")
	m.reloads = m.registry.Counters("autoconfig_reloads_total", "Loads of the configuration by result.", "result")
	m.signer = m.registry.Gauge("autoconfig_signer_expiry_seconds", "Unix time at which the profile signer expires; 0 without one.")
	m.records = m.registry.Gauges("autoconfig_records", "DNS records of the operator's domains by status, as of the last round of the watch.", "status")
	m.broken = m.registry.Gauge("autoconfig_records_broken_domains", "Domains with records to mend, as of the last round of the watch.")
	m.checked = m.registry.Gauge("autoconfig_records_checked_seconds", "Unix time of the last round of the record watch; 0 before the first.")
	m.expiry = m.registry.Gauge("autoconfig_certificate_expiry_seconds", "Unix time at which the first of the certificates in use expires; 0 without one.")
	m.failing = m.registry.Gauge("autoconfig_certificates_failing", "Names whose last order for a certificate failed.")
	m.orders = m.registry.Counters("autoconfig_certificate_orders_total", "Orders for certificates by result.", "result")
	m.refused = m.registry.Counters("autoconfig_certificates_refused_total", "Handshakes and questions of a proxy that got no certificate, by the id of the finding.", "reason")
	m.panics = m.registry.Counter("autoconfig_panics_total", "Requests that met a fault of the program.")
	m.badRows = m.registry.Gauges("autoconfig_source_bad_rows", "Rows of databases and directories that cannot be used, as far as is known.", "source")
	m.watched = m.registry.Gauge("autoconfig_records_watch_seconds", "How often the record watch looks; 0: never.")
	for _, name := range append(routeNames(), "none") {
		m.seconds[name] = seconds.WithLabelValues(name)
		m.requests[name] = map[outcome]*prom.Counter{}
		for _, o := range outcomes {
			m.requests[name][o] = requests.WithLabelValues(name, string(o))
		}
	}
	return m
}

func routeNames() []string {
	var names []string
	for _, r := range routes {
		names = append(names, r.name)
	}
	return names
}

func (m *metrics) handler() http.Handler { return &m.registry }

// done counts and logs a request. Of the address only the domain is written, of the client nothing unless the operator
// asked for it.
func (s *Server) done(name string, r *request, a *answer, took time.Duration) {
	s.metrics.requests[name][a.outcome].Inc()
	s.metrics.seconds[name].Observe(took.Seconds())
	if !s.opts.AccessLog {
		return
	}
	attrs := make([]slog.Attr, 0, 5)
	attrs = append(attrs, slog.String("route", name), slog.String("outcome", string(a.outcome)))
	if a.domain != "" {
		attrs = append(attrs, slog.String("domain", a.domain))
	}
	if s.opts.LogClients && r.limited {
		attrs = append(attrs, slog.String("client", r.client.String()))
	}
	attrs = append(attrs, slog.Float64("ms", float64(took.Microseconds())/1000))
	s.opts.Log.LogAttrs(r.Request().Context(), slog.LevelInfo, "request", attrs...)
}
