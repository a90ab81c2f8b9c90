// Package service is what runs: it loads a configuration with all it names,
// serves it, and puts a changed one in force as a whole or not at all.
package service

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"autoconfig/config"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/server"
)

// Options are what the program gives the service.
type Options struct {
	Log    *slog.Logger
	Getenv func(string) string
	// Resolve makes the client that the record watch asks DNS with.
	Resolve func(cfg *config.Config, perSecond float64) (*query.Client, error)
}

// Service is a running server and what a reload works on.
type Service struct {
	opts Options
	cfg  *config.Config
	log  *slog.Logger
	srv  *server.Server
	cert server.Certificate
	mx   *mxSource

	sources   *Sources
	gcPercent int

	served atomic.Pointer[served]
}

// served is the configuration in force, for what runs beside the requests.
type served struct {
	cfg  *config.Config
	data *config.Data
}

// New makes the service of a configuration whose sources are open.
func New(cfg *config.Config, sources *Sources, o Options) *Service {
	if sources == nil {
		sources = NewSources(o.Log, o.Getenv)
	}
	return &Service{opts: o, cfg: cfg, log: o.Log, mx: newMXSource(cfg), sources: sources, srv: server.New(server.Options{
		TrustedProxies: cfg.TrustedProxies, ForwardedHost: cfg.ForwardedHost, AdminHosts: cfg.AdminHosts, LogClients: cfg.LogClients, ServesTLS: cfg.ListenTLS != "",
		PerMinute: cfg.Limits.PerMinute, Burst: cfg.Limits.Burst, AccessLog: o.Log.Enabled(context.Background(), slog.LevelInfo), Log: o.Log,
	})}
}

// Run serves until ctx ends. A [ConfigError] means that it could not begin.
func (s *Service) Run(ctx context.Context, data *config.Data) error {
	s.log.Info("configuration", "file", s.cfg.Name(), "providers", len(data.Providers), "domains", data.Listed.Len(), "built_in", data.Builtin.Len())
	for _, f := range startupFindings(s.cfg) {
		s.log.Warn(f.Cause, "id", f.ID, "fix", f.Fix)
	}
	listen := server.Listen{HTTP: s.cfg.Listen, HTTPS: s.cfg.ListenTLS, Admin: s.cfg.Admin, Drain: time.Duration(s.cfg.Drain),
		ProxyProtocol: s.cfg.TLS.ProxyProtocol, Ready: func() { s.notify(stateReady) }}
	done, err := s.certificates(&listen)
	if err != nil {
		return err
	}
	defer done()
	s.use(s.cfg, data)
	beside, stop := context.WithCancel(ctx)
	defer stop()
	if every := time.Duration(s.cfg.DNS.Watch); every > 0 {
		w := &watch{resolve: s.opts.Resolve, every: every, log: s.log, now: s.inForce, tell: s.srv.RecordsChecked}
		go w.run(beside)
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // from here on: at first it would end the program
	defer signal.Stop(hup)
	go s.reloads(beside, hup)
	go s.sources.watch(beside)
	go s.mx.watch(beside)
	defer context.AfterFunc(ctx, func() { s.notify(stateStopping) })()
	return s.srv.Run(ctx, listen)
}

// inForce is what is served now.
func (s *Service) inForce() (*config.Config, *config.Data) {
	now := s.served.Load()
	return now.cfg, now.data
}

// use puts a configuration and its data in force.
func (s *Service) use(cfg *config.Config, data *config.Data) {
	set := Settings(cfg, data, s.mx.with(data.Providers))
	set.Trouble = s.sources.trouble
	s.srv.Use(set)
	s.served.Store(&served{cfg, data})
	debug.FreeOSMemory() // the data from before, and what reading left, may be large
	s.tuneGC()
}

// tuneGC sets how much the heap may grow, by what is live in it now. Caches
// fill up after the start, so it is done again and again.
func (s *Service) tuneGC() {
	if s.opts.Getenv("GOGC") != "" {
		return
	}
	if percent := gcPercent(); percent != s.gcPercent {
		debug.SetGCPercent(percent)
		s.gcPercent = percent
	}
}

// headroom is how much the heap may grow before it is collected, in octets:
// with little live data, as a few domains are, the collector's default would
// have it run hundreds of times a second under load.
const headroom = 32 << 20

// gcPercent is what lets a small heap grow by the headroom (runtime/debug,
// SetGCPercent), and a large one as usual.
func gcPercent() int {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return int(max(100, 100*headroom/max(live[0].Value.Uint64(), 1<<20)))
}

// startupFindings are what will disappoint, said before it does.
func startupFindings(cfg *config.Config) []finding.Finding {
	var out []finding.Finding
	own := len(cfg.Providers) > 0
	if own && cfg.ServiceHost == "" {
		out = append(out, finding.New("server-service-host-missing", ""))
	}
	if own && cfg.ListenTLS == "" {
		out = append(out, finding.New("server-tls-missing", ""))
	}
	return out
}

// pollEvery is how often the files are looked at for a change.
const pollEvery = 2 * time.Second

// reloads reads everything again on SIGHUP and when a file's time or size
// has changed.
func (s *Service) reloads(ctx context.Context, hup <-chan os.Signal) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	seen := stamps(s.cfg.Files())
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		case <-poll.C:
			s.tuneGC()
			if slices.Equal(seen, stamps(s.cfg.Files())) {
				continue
			}
		}
		seen = stamps(s.cfg.Files()) // before reading: what changes meanwhile is read next time
		s.notify(reloading())
		s.reload()
		s.notify(stateReady)
		if now := stamps(s.cfg.Files()); len(now) != len(seen) {
			seen = now // the new configuration names other files
		}
	}
}

// stamp tells whether a file has changed.
type stamp struct {
	path string
	size int64
	time time.Time
}

func stamps(files []string) []stamp {
	out := make([]stamp, len(files))
	for i, path := range files {
		out[i].path = path
		if info, err := os.Stat(path); err == nil {
			out[i].size, out[i].time = info.Size(), info.ModTime()
		}
	}
	return out
}

// reload puts new settings in force, or keeps the old ones and says why.
func (s *Service) reload() {
	cfg, found := config.Load(s.cfg.Path)
	var data *config.Data
	if !config.Failed(found) {
		var more []finding.Finding
		data, more = cfg.Data()
		found = append(found, more...)
	}
	if !config.Failed(found) {
		found = append(found, s.sources.Open(cfg, data)...)
	}
	for _, f := range found {
		level := slog.LevelWarn
		if f.Level == finding.Fail {
			level = slog.LevelError
		}
		s.log.Log(context.Background(), level, f.String(), "id", f.ID)
	}
	if config.Failed(found) {
		s.fail(fmt.Sprintf("the configuration could not be read again, the one from before is served: %s", found[0]))
		return
	}
	if err := s.reloadCertificate(cfg); err != nil {
		s.fail(err.Error())
		return
	}
	if keys := s.cfg.NeedsRestart(cfg); len(keys) > 0 {
		s.log.Warn("changed settings that count after a restart only", "keys", keys)
	}
	cfg.Listen, cfg.Admin, cfg.ListenTLS = s.cfg.Listen, s.cfg.Admin, s.cfg.ListenTLS
	s.cfg = cfg
	s.use(cfg, data)
	s.srv.Reloaded(true)
	s.log.Info("reloaded", "providers", len(data.Providers), "domains", data.Listed.Len())
}

func (s *Service) fail(reason string) {
	s.log.Error(reason)
	s.srv.ReloadFailed(reason)
	s.srv.Reloaded(false)
}
