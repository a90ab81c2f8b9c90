// Package service is the running server: it loads a configuration with all that it names, serves it, and puts a changed
// one in force as a whole or not at all.
package service

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"autoconfig/config"
	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/server"
	"autoconfig/source"
)

// Options are what the program gives the service.
type Options struct {
	Log    *slog.Logger
	Env    config.Env
	Now    func() time.Time     // the day of the built-in providers' facts; nil: the machine's clock
	Listen func(*config.Config) // sets the addresses of the command line; nil: there are none
}

// Service is a running server and what a reload works on.
type Service struct {
	opts    Options
	running *config.Config // at the start: changes of some keys need a restart
	log     *slog.Logger
	srv     *server.Server
	cert    server.Certificate
	mx      *source.MXCache // nil: nothing is found by MX

	sources   *Sources
	listings  listings
	audit     *files.Audit
	replicas  replicas // for purges; nil: there is none, or it is not known
	gcPercent int

	served atomic.Pointer[change] // what is in force
}

// New makes the service of a configuration after its sources have been opened.
func New(cfg *config.Config, sources *Sources, o Options) *Service {
	if o.Listen != nil {
		o.Listen(cfg)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if sources == nil {
		sources = NewSources(o.Log, o.Env)
	}
	audit := files.OpenAudit(cfg.AuditLog)
	srv := server.New(server.Options{
		TrustedProxies: cfg.TrustedProxies, ForwardedHost: cfg.ForwardedHost, AdminHosts: cfg.AdminHosts,
		LogClients: cfg.LogClients, ServesTLS: cfg.ListenTLS != "",
		PerMinute: cfg.Limits.PerMinute, Burst: cfg.Limits.Burst,
		AccessLog: o.Log.Enabled(context.Background(), slog.LevelInfo), Log: o.Log, Audit: audit,
	})
	return &Service{opts: o, running: cfg, log: o.Log, mx: newMXCache(cfg), sources: sources, srv: srv, audit: audit}
}

// Run serves until ctx ends. A [ConfigError] means that it could not start.
func (s *Service) Run(ctx context.Context, data *config.Data) error {
	cfg := s.running
	s.log.Info("configuration", "file", cfg.Name(), "providers", len(data.Providers), "domains", data.Listed.Len(),
		"built_in", data.Builtin.Len())
	for _, others := range data.ISPDB {
		s.log.Info("folder of other providers", "source", others.String())
	}
	for _, f := range append(startupFindings(cfg), cfg.News()...) {
		s.log.Warn(f.Cause, "id", f.ID, "fix", f.Fix)
	}
	listen := server.Listen{HTTP: cfg.Listen, HTTPS: cfg.ListenTLS, Admin: cfg.Admin, Drain: time.Duration(cfg.Drain),
		ProxyProtocol: cfg.TLS.ProxyProtocol, Stopping: func() { s.notify(stateStopping) }}
	next := nextStep(cfg, data) // Ready would keep data in memory after a reload
	listen.Ready = func(plain net.Addr) {
		s.greet(plain, next)
		s.notify(stateReady)
	}
	done, err := s.start(data, &listen)
	if err != nil {
		return err
	}
	defer s.audit.Close()
	defer done()
	background, stop := context.WithCancel(ctx)
	defer stop()
	if every := time.Duration(cfg.DNS.Watch); every > 0 {
		w := &watch{every: every, log: s.log, now: s.served.Load, srv: s.srv}
		s.srv.Watching(every)
		go w.run(background)
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // before this it ends the program
	defer signal.Stop(hup)
	s.reloads(background, hup)
	go s.sources.watch(background)
	if s.mx != nil {
		go repeat(background, checkEvery, func() time.Duration {
			s.mx.Check(background)
			return checkEvery
		})
	}
	go s.listings.run(background, s.log, s.served.Load)
	if s.replicas != nil {
		go s.listen(background)
	}
	return s.srv.Run(ctx, listen)
}

// start puts the first configuration in force. The function returned releases what that needs.
func (s *Service) start(data *config.Data, l *server.Listen) (done func(), err error) {
	c := &change{cfg: s.running, data: data, set: Settings(s.running, data, source.NewMX(data.ByMX(), s.mx))}
	if c.cert, err = s.certificate(c.cfg); err != nil {
		return nil, err
	}
	if done, err = s.onDemand(l); err != nil {
		return nil, err
	}
	if c.cert != nil {
		l.Certificate = &s.cert
	}
	s.commit(c)
	return done, nil
}

// greet logs where the page for people is, and what to do next.
func (s *Service) greet(plain net.Addr, next string) {
	url := "https://" + s.running.ServiceHost + "/"
	if tcp, ok := plain.(*net.TCPAddr); ok && (s.running.ListenTLS == "" || s.running.ServiceHost == "") {
		host := tcp.IP.String()
		if tcp.IP.IsUnspecified() {
			host = "localhost"
		}
		url = "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)) + "/"
	} else if s.running.ServiceHost == "" {
		return // only the certificates have the name
	}
	s.log.Info("the page for people is ready", "url", url, "next", next)
}

// nextStep is what an operator can do next.
func nextStep(cfg *config.Config, data *config.Data) string {
	for domain, err := range data.Listed.Domains(context.Background()) { // the first will do
		if err != nil {
			break
		}
		return "autoconfig discover you@" + domain + " says what mail programs find"
	}
	if len(cfg.Sources) == 0 {
		return "autoconfig init DOMAIN writes the configuration of a domain of your own"
	}
	return "autoconfig sources check says what the databases and directories hold"
}

// startupFindings are what is likely to be missed later.
func startupFindings(cfg *config.Config) []finding.Finding {
	if len(cfg.Providers) == 0 {
		return nil
	}
	var out []finding.Finding
	if cfg.HostMissing() {
		out = append(out, finding.New("server-service-host-missing", ""))
	}
	if cfg.ListenTLS == "" {
		out = append(out, finding.New("server-tls-missing", ""))
	}
	return out
}
