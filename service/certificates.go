package service

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"os"
	"strings"

	"autoconfig/acme"
	"autoconfig/apple"
	"autoconfig/config"
	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/server"
)

// ConfigError is a fault in the configuration or in a file that it names.
type ConfigError struct{ error }

func (e ConfigError) Unwrap() error { return e.error }

func configErrorf(format string, args ...any) error { return ConfigError{fmt.Errorf(format, args...)} }

// onDemand tells the https listener where to order certificates, if it orders any. The function returned releases what
// that needs.
func (s *Service) onDemand(l *server.Listen) (done func(), err error) {
	done = func() {}
	from := s.running.TLS.ACME
	if s.running.ListenTLS == "" || from == nil {
		return done, nil
	}
	l.ACME = &acme.Options{Email: from.Email}
	authorities, err := from.Authorities(s.running.Reader)
	if err != nil {
		return done, configErrorf("tls.acme.directories: %w", err)
	}
	for _, d := range authorities {
		l.ACME.Authorities = append(l.ACME.Authorities, acme.Authority{Directory: d.URL, KeyID: d.KeyID, Key: d.Key})
	}
	place, database, err := from.Place(s.running.Reader, s.opts.Env)
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
	l.ACME.Storage, s.replicas = store, store
	return func() { _ = store.Close() }, nil // the process ends
}

// certificate reads the files for the running https listener; nil if there is none, or it orders its certificates.
func (s *Service) certificate(cfg *config.Config) (*tls.Certificate, error) {
	if s.running.ListenTLS == "" || s.running.TLS.ACME != nil {
		return nil, nil //nolint:nilnil // see above
	}
	cert, err := loadCertificate(cfg)
	if err != nil {
		err = configErrorf("tls: %w", err)
	}
	return cert, err
}

// loadCertificate is nil for a configuration without certificate files.
func loadCertificate(cfg *config.Config) (*tls.Certificate, error) {
	if cfg.TLS.CertFile == "" {
		return nil, nil //nolint:nilnil // see above
	}
	chain, err := cfg.Reader.Read(cfg.TLS.CertFile, files.Text)
	key, keyErr := cfg.Reader.Read(cfg.TLS.KeyFile, files.Text)
	cert, pairErr := tls.X509KeyPair(chain, key)
	if err := cmp.Or(err, keyErr, pairErr); err != nil {
		return nil, fmt.Errorf("%s: %w; give the PEM certificate and its own key", cfg.TLS.CertFile, err)
	}
	return &cert, nil
}

// UsablePairs reports certificates that serve needs and cannot use: with a bad one for tls it does not start, with a
// bad one for signing it gives no profile.
func UsablePairs(cfg *config.Config) (out []finding.Finding) {
	bad := func(key string, err error) {
		cause, fix, _ := strings.Cut(err.Error(), "; ")
		out = append(out, cfg.Fault("config-file-unreadable", key, cause, fix))
	}
	if cfg.ListenTLS != "" {
		if _, err := loadCertificate(cfg); err != nil {
			bad("tls", err)
		}
	}
	if samePair := cfg.Signing.Auto && len(out) > 0; cfg.SigningPair().Set() && !samePair {
		pair := cfg.SigningPair()
		if _, err := apple.LoadSigner(cfg.Reader, pair.CertFile, pair.KeyFile); err != nil {
			bad("signing", err)
		}
	}
	return out
}

// usableFolder makes the folder for certificates and writes to it: it is better not to start than to order certificates
// and lose them.
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
