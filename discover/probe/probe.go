// Package probe connects to mail servers (IMAP, POP3, SMTP submission, ManageSieve), says what they offer and, when
// asked, logs in once. What it meets is reported as findings; it also compares settings that a person has typed into a
// mail program with the model ([Have]).
//
// It expects hostile servers: time, line length and bytes are bounded, private and loopback addresses are refused at
// dial time unless allowed, and a password leaves only after verified TLS, to a host that may have it, once.
package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"time"

	"autoconfig/discover"
	"autoconfig/finding"
	"autoconfig/provider"
)

// Options configure a [Prober]; the zero value of a field is its default.
type Options struct {
	Env   *discover.Env // the network, and whose certificates are good in it
	Step  time.Duration // for a connection, a handshake or a reply; default 8s
	Total time.Duration // for one server; default 40s
	Now   func() time.Time
	Login *Login // nil: do not log in
	Once  bool   // one connection to each server: whether it takes old TLS too is not asked
}

// Key identifies a server that is probed once.
func Key(s provider.Server) string { return Subject(s) + "/" + string(s.Security) }

// Target is a server to probe, as the settings have it.
type Target struct {
	Server provider.Server
	// Trusted: the settings came from the configuration or over verified https. Else the host is given no password.
	Trusted bool
	// Allowed: the host may have the password, as the domain's own or its exchangers' ([Foreign]), or as a person says.
	Allowed bool
}

// Result is what was seen of one server.
type Result struct {
	Server   provider.Server
	Findings []finding.Finding

	Answered bool            // a connection was made
	Greeting string          // its text, cleaned
	TLS      string          // "TLS 1.3, TLS_AES_128_GCM_SHA256"
	Cert     string          // name, issuer and last day
	Before   []string        // capabilities before STARTTLS
	After    []string        // capabilities under TLS
	Auth     []provider.Auth // ways to log in that it offers, once encrypted
}

// Usable reports whether the server spoke its protocol under TLS with a good certificate, and lets people log in.
func (r Result) Usable() bool {
	return r.TLS != "" && len(r.Auth) > 0 && finding.Summarize(r.Findings).Fail == 0
}

// Prober probes servers. It is safe for concurrent use.
type Prober struct {
	o     Options
	tried sync.Map // servers a login was tried at
}

// New makes a prober.
func New(o Options) *Prober {
	o.Step, o.Total = cmp.Or(o.Step, 8*time.Second), cmp.Or(o.Total, 40*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Prober{o: o}
}

// Subject is how findings name a server: protocol, host and port.
func Subject(s provider.Server) string {
	return string(s.Protocol) + " " + hostPort(s)
}

func hostPort(s provider.Server) string {
	return net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port)))
}

// Run probes one server: connection, TLS, certificate, greeting, capabilities before and after TLS, login.
func (p *Prober) Run(ctx context.Context, t Target) Result {
	ctx, cancel := context.WithTimeout(ctx, p.o.Total)
	defer cancel()
	legacy := make(chan bool, 1)
	if p.o.Once || t.Server.Security == provider.Plain {
		legacy <- false
	} else {
		go func() { // at the same time, so that it costs none
			legacy <- p.speaksTLS(ctx, t.Server, t.Server.Security, tls.VersionTLS11)
		}()
	}
	s := &session{p: p, t: t, d: dialectOf(t.Server.Protocol), out: Result{Server: t.Server}}
	ok := s.run(ctx)
	if !s.secure {
		cancel() // whether it takes old TLS too is not the question now
	}
	if old := <-legacy; old && ok && !s.has("tls-version-old") {
		s.add(s.about("tls-version-legacy"))
	}
	if ok {
		s.summary()
	}
	return s.out
}
