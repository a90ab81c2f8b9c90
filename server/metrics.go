package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the counters of one server. Labels come from fixed sets: a
// stranger cannot make a new series.
type metrics struct {
	registry *prometheus.Registry
	requests map[string]map[outcome]prometheus.Counter
	seconds  map[string]prometheus.Observer
	degraded prometheus.Gauge
	domains  prometheus.Gauge
	reloads  *prometheus.CounterVec
	signer   prometheus.Gauge
	records  *prometheus.GaugeVec // of the record watch, by status
	broken   prometheus.Gauge
	checked  prometheus.Gauge
	expiry   prometheus.Gauge // of certificates
	failing  prometheus.Gauge
	orders   *prometheus.CounterVec
	refused  *prometheus.CounterVec // certificates, by the id of the finding
	panics   prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), requests: map[string]map[outcome]prometheus.Counter{}, seconds: map[string]prometheus.Observer{}}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "autoconfig_requests_total", Help: "Requests by protocol and outcome."}, []string{"protocol", "outcome"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "autoconfig_request_seconds", Help: "Time to answer.",
		Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1}}, []string{"protocol"})
	m.degraded = prometheus.NewGauge(prometheus.GaugeOpts{Name: "autoconfig_degraded", Help: "1 while /readyz says degraded."})
	m.domains = prometheus.NewGauge(prometheus.GaugeOpts{Name: "autoconfig_domains", Help: "Domains listed by the operator's files."})
	m.reloads = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "autoconfig_reloads_total", Help: "Loads of the configuration by result."}, []string{"result"})
	m.signer = prometheus.NewGauge(prometheus.GaugeOpts{Name: "autoconfig_signer_expiry_seconds", Help: "Unix time at which the profile signer expires; 0 without one."})
	m.records = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "autoconfig_records", Help: "DNS records of the operator's domains by status, as of the last round of the watch."}, []string{"status"})
	m.broken = prometheus.NewGauge(prometheus.GaugeOpts{Name: "autoconfig_records_broken_domains", Help: "Domains with records to mend, as of the last round of the watch."})
	m.checked = prometheus.NewGauge(prometheus.GaugeOpts{Name: "autoconfig_records_checked_seconds", Help: "Unix time of the last round of the record watch; 0 before the first."})
	m.expiry = prometheus.NewGauge(prometheus.GaugeOpts{Name: "autoconfig_certificate_expiry_seconds", Help: "Unix time at which the first of the certificates in use expires; 0 without one."})
	m.failing = prometheus.NewGauge(prometheus.GaugeOpts{Name: "autoconfig_certificates_failing", Help: "Names whose last order for a certificate failed."})
	m.orders = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "autoconfig_certificate_orders_total", Help: "Orders for certificates by result."}, []string{"result"})
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "autoconfig_certificates_refused_total",
		Help: "Handshakes and questions of a proxy that got no certificate, by the id of the finding."}, []string{"reason"})
	m.panics = prometheus.NewCounter(prometheus.CounterOpts{Name: "autoconfig_panics_total", Help: "Requests that met a fault of the program."})
	m.registry.MustRegister(requests, seconds, m.degraded, m.domains, m.reloads, m.signer, m.records, m.broken, m.checked, m.expiry, m.failing, m.orders, m.refused, m.panics,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, name := range append(routeNames(), "none") {
		m.seconds[name] = seconds.WithLabelValues(name)
		m.requests[name] = map[outcome]prometheus.Counter{}
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

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// done counts and logs a request. Of the address only the domain is written,
// of the client nothing unless the operator asked for it.
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
