package main

import (
	"fmt"
	"os"

	"autoconfig/certstore"
	"autoconfig/config"
	"autoconfig/server"
)

// certificates says where the https listener gets its certificates. The
// function returned gives back what that took.
func (s *service) certificates(l *server.Listen) (done func(), err error) {
	done = func() {}
	from := s.cfg.TLS
	switch {
	case s.cfg.ListenTLS == "":
		return done, nil
	case from.ACME == nil:
		if err := s.cert.Load(from.CertFile, from.KeyFile); err != nil {
			return done, usagef("tls: %s: %w; give the PEM certificate and its own key", from.CertFile, err)
		}
		l.Certificate = &s.cert
		return done, nil
	}
	l.ACME = &server.ACMEOptions{Email: from.ACME.Email, Directory: from.ACME.Directory}
	place, database, err := from.ACME.Place(s.app.getenv)
	if err != nil {
		return done, usagef("tls.acme.storage: %w", err)
	}
	if !database {
		l.ACME.Storage = server.FolderStorage(place)
		return done, usableFolder(place)
	}
	store, err := certstore.Open(place)
	if err != nil {
		return done, usagef("tls.acme.storage: %w", err)
	}
	l.ACME.Storage = store
	return func() { _ = store.Close() }, nil // the process ends
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
		return usagef("tls.acme.storage: %w; name a folder this user may write to", err)
	}
	return nil
}

// reloadCertificate reads the certificate files again, when there are any.
func (s *service) reloadCertificate(cfg *config.Config) error {
	if s.cfg.ListenTLS == "" || s.cfg.TLS.ACME != nil || cfg.TLS.CertFile == "" {
		return nil
	}
	if err := s.cert.Load(cfg.TLS.CertFile, cfg.TLS.KeyFile); err != nil {
		return fmt.Errorf("the certificate could not be read again, the one from before is served: %w", err)
	}
	return nil
}
