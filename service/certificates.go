package service

import (
	"fmt"
	"os"

	"autoconfig/acme"
	"autoconfig/apple"
	"autoconfig/config"
	"autoconfig/server"
)

// ConfigError is a fault of the configuration, or of what it names.
type ConfigError struct{ error }

func (e ConfigError) Unwrap() error { return e.error }

func configErrorf(format string, args ...any) error { return ConfigError{fmt.Errorf(format, args...)} }

// certificates says where the https listener gets its certificates. The
// function returned gives back what that took.
func (s *Service) certificates(l *server.Listen) (done func(), err error) {
	done = func() {}
	from := s.cfg.TLS
	switch {
	case s.cfg.ListenTLS == "":
		return done, nil
	case from.ACME == nil:
		if err := loadCertificate(&s.cert, from); err != nil {
			return done, err
		}
		l.Certificate = &s.cert
		return done, nil
	}
	l.ACME = &acme.Options{Email: from.ACME.Email, Directory: from.ACME.Directory}
	place, database, err := from.ACME.Place(s.opts.Getenv)
	if err != nil {
		return done, configErrorf("tls.acme.storage: %w", err)
	}
	if !database {
		l.ACME.Storage = acme.Folder(place)
		return done, usableFolder(place)
	}
	store, err := acme.OpenPostgres(place)
	if err != nil {
		return done, configErrorf("tls.acme.storage: %w", err)
	}
	l.ACME.Storage = store
	return func() { _ = store.Close() }, nil // the process ends
}

func loadCertificate(cert *server.Certificate, from config.TLS) error {
	if err := cert.Load(from.CertFile, from.KeyFile); err != nil {
		return configErrorf("tls: %s: %w; give the PEM certificate and its own key", from.CertFile, err)
	}
	return nil
}

// UsablePairs loads the certificates that serve would: with a bad one for tls
// it does not start, with a bad one for signing it gives no profile.
func UsablePairs(cfg *config.Config) error {
	if cfg.ListenTLS != "" && cfg.TLS.ACME == nil {
		if err := loadCertificate(new(server.Certificate), cfg.TLS); err != nil {
			return err
		}
	}
	if cfg.Signing.Set() {
		if _, err := apple.LoadSigner(cfg.Signing.CertFile, cfg.Signing.KeyFile); err != nil {
			return configErrorf("signing: %w", err)
		}
	}
	return nil
}

// usableFolder makes the folder for certificates and tries it: better no start
// than certificates that are ordered and lost.
func usableFolder(path string) error {
	err := os.MkdirAll(path, 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(path, "probe"); err == nil {
			_ = probe.Close() // nothing was written
			err = os.Remove(probe.Name())
		}
	}
	if err != nil {
		return configErrorf("tls.acme.storage: %w; name a folder this user may write to", err)
	}
	return nil
}

// reloadCertificate reads the certificate files again, when there are any.
func (s *Service) reloadCertificate(cfg *config.Config) error {
	if s.cfg.ListenTLS == "" || s.cfg.TLS.ACME != nil || cfg.TLS.CertFile == "" {
		return nil
	}
	if err := s.cert.Load(cfg.TLS.CertFile, cfg.TLS.KeyFile); err != nil {
		return fmt.Errorf("the certificate could not be read again, the one from before is served: %w", err)
	}
	return nil
}
