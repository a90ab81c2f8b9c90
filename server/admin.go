package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"autoconfig/provider"
)

// Admin is the handler of the admin listener, which is never the public one.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /ask", s.ask)
	mux.Handle("GET /metrics", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.readiness() // brings the gauges up to date
		s.metrics.handler().ServeHTTP(w, r)
	}))
	return mux
}

func plain(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", textPlain)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(words + "\n")) // the prober has gone
}

// signerWarning is how long before its end a signer is reported.
const signerWarning = 14 * 24 * time.Hour

// readiness is the body of /readyz. Degraded still serves.
type readiness struct {
	Status  string   `json:"status"` // ok, degraded, starting, stopping
	Reasons []string `json:"reasons,omitempty"`
	Records *Records `json:"records,omitempty"` // of the last round of the record watch
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
	if why := s.reload.Load(); why != nil {
		reasons = append(reasons, *why)
	}
	if set.MX != nil && set.MX.Down() {
		reasons = append(reasons, "no resolver answers")
	}
	if set.Signer != nil {
		if end := set.Signer.NotAfter(); !end.IsZero() && time.Until(end) < signerWarning {
			reasons = append(reasons, "the profile signer expires on "+end.UTC().Format(time.DateOnly))
		}
	}
	s.metrics.degraded.Set(0)
	if len(reasons) > 0 {
		s.metrics.degraded.Set(1)
		return readiness{"degraded", reasons, s.records.Load()}
	}
	return readiness{Status: "ok", Records: s.records.Load()}
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	ready := s.readiness()
	w.Header().Set("Content-Type", appJSON)
	if ready.Status == "starting" || ready.Status == "stopping" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(ready) // the prober has gone
}

// ask tells a proxy with certificates on demand whether to get one for a host:
// only for names before the operator's own domains, never for one found by MX,
// or strangers could make the proxy order certificates without end.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) {
	host := hostName(r.URL.Query().Get("domain"))
	if set := s.settings.Load(); set != nil && host != "" {
		if host == set.ServiceHost {
			plain(w, http.StatusOK, "yes")
			return
		}
		for _, prefix := range hostPrefixes {
			domain, ok := strings.CutPrefix(host, prefix)
			if !ok {
				continue
			}
			if _, err := set.Listed.Lookup(r.Context(), provider.Address{Domain: domain}); err == nil {
				plain(w, http.StatusOK, "yes")
				return
			}
		}
	}
	plain(w, http.StatusNotFound, "no")
}
