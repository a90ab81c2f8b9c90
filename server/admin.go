package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"autoconfig/acme"
	"autoconfig/provider"
)

// Admin is the handler of the admin listener, which is never the public one.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /ask", s.ask)
	mux.HandleFunc("POST /purge", s.purge)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		s.readiness() // brings the gauges up to date
		s.expiry()
		s.metrics.registry.ServeHTTP(w, r)
	})
	return s.guard(mux)
}

// guard keeps web pages away from the admin listener: any page can send a browser on its network there, by address or
// by a name that is made to lead there (DNS rebinding).
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.adminHost(r.Host):
			plain(w, http.StatusForbidden, "ask by address, or list this name in admin_hosts")
		case foreign(r):
			plain(w, http.StatusForbidden, "not for web pages")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// adminHost reports whether the admin listener answers to a Host header. Probes that speak HTTP/1.0 send none; browsers
// always do.
func (s *Server) adminHost(host string) bool {
	name := strings.ToLower(host)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	name = strings.TrimSuffix(name, ".")
	if name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || provider.IsIP(name) {
		return true
	}
	set := s.settings.Load()
	return set != nil && set.isServiceHost(name) || slices.Contains(s.opts.AdminHosts, name)
}

// foreign reports whether a web page of another origin sent the request.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
		return true
	}
	origin := r.Header["Origin"]
	return len(origin) > 1 || len(origin) == 1 && !strings.EqualFold(origin[0], "http://"+r.Host)
}

func plain(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", textPlain)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(words + "\n")) // the prober has gone
}

// readiness is the body of /readyz. Degraded still serves.
type readiness struct {
	Status  string   `json:"status"` // ok, degraded, starting, stopping
	Reasons []string `json:"reasons,omitempty"`
	Records *Records `json:"records,omitempty"` // of the last round of the record watch

	Certificates *acme.Status `json:"certificates,omitempty"` // on demand
}

func (s *Server) readiness() readiness {
	set := s.settings.Load()
	switch {
	case s.stopping.Load():
		return readiness{Status: "stopping"}
	case set == nil:
		return readiness{Status: "starting"}
	}
	reasons := slices.Clone(set.Degraded)
	for _, why := range []*string{s.reload.Load(), s.unwatched.Load()} {
		if why != nil {
			reasons = append(reasons, *why)
		}
	}
	if set.MX != nil && set.MX.Down() {
		reasons = append(reasons, "no resolver answers")
	}
	if set.Trouble != nil {
		reasons = append(reasons, set.Trouble()...)
	}
	domains := set.Domains
	if set.Listings != nil {
		domains += set.Listings()
	}
	s.metrics.domains.Set(float64(domains))
	if err := s.opts.Audit.Fault(); err != nil {
		reasons = append(reasons, "the audit log cannot be written: "+err.Error())
	}
	if set.BadRows != nil {
		for source, n := range set.BadRows() {
			s.metrics.badRows.WithLabelValues(source).Set(float64(n))
		}
	}
	reasons = append(reasons, s.signerTrouble(set)...)
	ready := readiness{Status: "ok", Reasons: reasons, Records: s.records.Load()}
	if a := s.acme.Load(); a != nil {
		c, more := a.Status()
		ready.Certificates, ready.Reasons = &c, append(ready.Reasons, more...)
		s.metrics.failing.Set(float64(c.Failing))
	}
	s.metrics.degraded.Set(0)
	if len(ready.Reasons) > 0 {
		ready.Status = "degraded"
		s.metrics.degraded.Set(1)
	}
	return ready
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	ready := s.readiness()
	w.Header().Set("Content-Type", appJSON)
	if ready.Status == "starting" || ready.Status == "stopping" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(ready) // the prober has gone
}

// purge forgets what is remembered of a domain, a miss as well, and looks whether its certificates are still wanted.
func (s *Server) purge(w http.ResponseWriter, r *http.Request) {
	domain, err := provider.ParseDomain(r.URL.Query().Get("domain"))
	set := s.settings.Load()
	switch {
	case err != nil:
		plain(w, http.StatusBadRequest, "give a domain: /purge?domain=customer.example")
		return
	case set != nil && set.Purge != nil:
		err = set.Purge(r.Context(), domain)
	}
	result := "ok"
	if err != nil {
		result = "this replica alone"
	}
	s.opts.Audit.Log("purge",
		slog.String("domain", domain), slog.String("by", r.RemoteAddr), slog.String("result", result))
	if err != nil {
		s.opts.Log.Error("the other replicas do not know of a purge", "domain", domain, "error", err)
		w.Header().Set(retryAfter[0][0], retryAfter[0][1])
		plain(w, http.StatusServiceUnavailable, "forgotten here; the other replicas cannot be reached, try again")
		return
	}
	plain(w, http.StatusOK, "forgotten")
}

// Purged looks again after the certificates of a domain that was purged; of all, where none is named.
func (s *Server) Purged(domain string) {
	if set := s.settings.Load(); set != nil && set.Leads != nil {
		set.Leads.Forget(domain)
	}
	if a := s.acme.Load(); a != nil && domain != "" {
		for _, prefix := range provider.HostPrefixes {
			a.Recheck(prefix + domain)
		}
	}
}

// ask tells a proxy with certificates on demand whether to get one for a host: only for names before the operator's own
// domains, never for one found by MX, and only where the name leads here, or strangers could make the proxy order
// certificates without end.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) {
	host := provider.HostName(r.URL.Query().Get("domain"))
	err := s.vouches(r.Context(), host)
	if err == nil {
		err = s.leads(r.Context(), host)
	}
	if err != nil {
		_ = s.refusals.Refuse(acme.Why(host, err)) // the answer says no more
	}
	switch {
	case err == nil:
		plain(w, http.StatusOK, "yes")
	case errors.Is(err, acme.ErrNotListed), errors.Is(err, acme.ErrElsewhere):
		plain(w, http.StatusNotFound, "no")
	case s.leadLately(host): // the proxy may only want to know whether to serve what it has
		plain(w, http.StatusOK, "yes")
	default: // a source or DNS is down: never a wrong no
		w.Header().Set(retryAfter[0][0], retryAfter[0][1])
		plain(w, http.StatusServiceUnavailable, "temporarily unavailable")
	}
}

// leads is nil for a name that leads to this server, as far as that is checked.
func (s *Server) leads(ctx context.Context, host string) error {
	if set := s.settings.Load(); set != nil && set.Leads != nil {
		return set.Leads.Check(ctx, host, set.servicesOf(ctx, host)...)
	}
	return nil
}

func (s *Server) leadLately(host string) bool {
	set := s.settings.Load()
	return set != nil && set.Leads != nil && set.Leads.Lately(host)
}

// vouches is nil for a name that may have a certificate, acme.ErrNotListed for one that may not, and another error
// while that is unknown.
func (s *Server) vouches(ctx context.Context, host string) error {
	set := s.settings.Load()
	switch {
	case set == nil || host == "":
		return acme.ErrNotListed
	case set.isServiceHost(host):
		return nil
	}
	domain, ok := provider.CutHostPrefix(host)
	if !ok {
		return acme.ErrNotListed
	}
	_, err := set.Listed.Lookup(ctx, provider.Address{Domain: domain})
	if errors.Is(err, provider.ErrNotFound) {
		return acme.ErrNotListed
	}
	return err
}

// expiry brings the metric of certificates up to date.
func (s *Server) expiry() {
	var first time.Time
	if a := s.acme.Load(); a != nil {
		first = a.FirstExpiry()
	} else if c := s.certificate.Load(); c != nil {
		first = c.Load().Leaf.NotAfter
	}
	if !first.IsZero() {
		s.metrics.expiry.Set(float64(first.Unix()))
	}
}
