package discover

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"time"

	"autoconfig/dnssrv/query"
)

// ISPDB is the base URL of Thunderbird's database of providers; a domain is put after it.
const ISPDB = "https://autoconfig.thunderbird.net/v1.1/"

// Env is the network to work in. Its DNS functions must be set ([NewEnv]); the zero value of the others is the default.
type Env struct {
	SRV  func(ctx context.Context, name string) ([]query.SRV, error)
	MX   func(ctx context.Context, domain string) ([]string, error) // the best ones
	NS   func(ctx context.Context, domain string) ([]string, error)
	TXT  func(ctx context.Context, name string) ([]string, error)
	Host func(ctx context.Context, host string) ([]netip.Addr, error)

	Roots        *x509.CertPool               // default: the system's
	ConnectTo    func(hostPort string) string // another host:port to connect to, which counts as allowed, or the same
	AllowPrivate bool                         // connect to private, loopback and link-local addresses
	ISPDB        string                       // default [ISPDB]
	Limit        time.Duration                // for one client's whole discovery; default 90s
	// Dial connects to a resolved address; default: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Transport answers HTTP requests in place of the network; nil: the network does.
	Transport http.RoundTripper
	// Done is called with each client's result as soon as it is there, from many goroutines; nil: it is not.
	Done func(Result)
	// Document is called likewise with each document that settings come from, and its URL without the query; may be nil.
	Document func(url string, body []byte)
}

// NewEnv is a network whose DNS questions client asks, with the defaults for everything else.
func NewEnv(client *query.Client) *Env {
	return &Env{SRV: client.LookupSRV, MX: client.LookupMX, NS: client.LookupNS, TXT: client.LookupTXT,
		Host: client.LookupHost}
}

// The bounds on what foreign servers can make this program do for one client.
const (
	defaultLimit = 90 * time.Second
	maxRequests  = 32       // HTTP requests, redirects not counted; Thunderbird's usual ones are 13
	maxRaw       = 1 << 20  // octets of a body before its content coding is taken off
	maxDocument  = 64 << 10 // octets of a document
	maxHeader    = 64 << 10 // octets of an answer's header
	maxRecords   = 16       // records of a DNS answer that are read
	maxDomains   = 3        // domains an askMX or askNS step goes on with
	maxAddresses = 6        // addresses of a host that are tried
)
