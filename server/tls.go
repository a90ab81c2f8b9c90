package server

import (
	"crypto/tls"
	"sync/atomic"
	"time"
)

// Certificate is the certificate of the https listener. It can be replaced while connections are served.
type Certificate struct {
	current atomic.Pointer[tls.Certificate]
}

// Use puts a certificate in the place of the one before.
func (c *Certificate) Use(cert *tls.Certificate) { c.current.Store(cert) }

// NotAfter is when the certificate expires.
func (c *Certificate) NotAfter() time.Time { return c.current.Load().Leaf.NotAfter }

// Config is the TLS configuration of the listener: HTTP/2 and HTTP/1.1 over TLS 1.2 or newer (RFC 9325 §3.1.1).
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}
