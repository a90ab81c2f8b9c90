package service

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"

	"autoconfig/config"
	"autoconfig/finding"
	"autoconfig/server"
	"autoconfig/source"
)

// change is a configuration with everything that it names, opened and checked. It changes nothing until it is
// committed.
type change struct {
	cfg     *config.Config
	data    *config.Data
	set     *server.Settings
	cert    *tls.Certificate // of the https listener; nil: none from files
	sources *opened          // nil: those that are open
}

// prepare reads everything again. All that is wrong or doubtful is logged; the error is the first failure.
func (s *Service) prepare() (*change, error) {
	c := &change{}
	var found, more []finding.Finding
	if c.cfg, found = s.running.Again(s.opts.Now()); !config.Failed(found) {
		c.data, more = c.cfg.Data()
		found = s.emptied(append(found, more...))
	}
	if !config.Failed(found) {
		c.sources, more = s.sources.prepare(c.cfg, c.data)
		found = append(found, more...)
	}
	err := s.logFindings(found)
	if err == nil {
		err = s.prepareFiles(c)
	}
	if err != nil {
		c.sources.discard()
		return nil, err
	}
	return c, nil
}

// emptied makes a failure of a file that has become empty since it was loaded: a program that writes it again has begun
// with that, or the disk is full, and nobody empties it by hand.
func (s *Service) emptied(found []finding.Finding) []finding.Finding {
	before := s.served.Load()
	if before == nil {
		return found
	}
	for i, f := range found {
		if f.ID == "config-file-empty" && slices.Contains(before.cfg.Files(), f.Subject) &&
			!slices.Contains(before.data.Empty, f.Subject) {
			found[i] = f.Do("write it again; if it is meant to be empty, remove the key that names it, " +
				"or restart the server")
			found[i].Level = finding.Fail
		}
	}
	return found
}

// prepareFiles reads the certificates and the logo, and makes the settings.
func (s *Service) prepareFiles(c *change) (err error) {
	if s.opts.Listen != nil {
		s.opts.Listen(c.cfg)
	}
	if c.cert, err = s.certificate(c.cfg); err != nil {
		return err
	}
	c.set = Settings(c.cfg, c.data, source.NewMX(c.data.ByMX(), s.mx))
	if len(c.set.Degraded) > 0 {
		return errors.New(c.set.Degraded[0])
	}
	return nil
}

func (s *Service) logFindings(found []finding.Finding) (first error) {
	for _, f := range found {
		level := slog.LevelWarn
		if f.Level == finding.Fail {
			level = slog.LevelError
			if first == nil {
				first = errors.New(f.String())
			}
		}
		s.log.Log(context.Background(), level, f.String(), "id", f.ID)
	}
	return first
}

// commit puts a change in force. It cannot fail.
func (s *Service) commit(c *change) {
	if c.cert != nil {
		s.cert.Store(c.cert)
	}
	if c.sources != nil {
		s.sources.commit(c.sources)
	}
	c.set.Trouble, c.set.BadRows = s.sources.trouble, s.sources.badRows
	c.set.Purge, c.set.Listings = s.purge, func() int { return int(s.listings.domains.Load()) }
	c.set.Leads = leads(c.cfg, s.running.ListenTLS)
	s.srv.Use(c.set)
	s.served.Store(&change{cfg: c.cfg, data: c.data})
	debug.FreeOSMemory() // the previous data may be large
	s.tuneGC()
}

// reload puts new settings in force, or keeps all of the old ones; by is what asked for it.
func (s *Service) reload(by string) {
	c, err := s.prepare()
	if err != nil {
		reason := "the configuration could not be read again; the previous one stays in force: " + err.Error()
		s.log.Error(reason)
		s.srv.ReloadFailed(reason)
		s.audit.Log("reload", slog.String("by", by), slog.String("result", "failed"))
		return
	}
	if keys := s.running.NeedsRestart(c.cfg); len(keys) > 0 {
		s.log.Warn("changed settings take effect only after a restart", "keys", keys)
	}
	s.commit(c)
	s.audit.Log("reload", slog.String("by", by), slog.String("result", "ok"))
	s.log.Info("reloaded", "providers", len(c.data.Providers), "domains", c.data.Listed.Len())
}
