// Package server answers the HTTP requests of mail clients and people.
//
// A request passes three stages. [Server.ServeHTTP] bounds it and puts its path in lower case, a row of the route table
// names the handler, and the handler returns an answer: a value with status, headers and body. One place (reply.go)
// writes answers, so that conditional requests, HEAD, caching, the log and the metrics are the same for every route.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"autoconfig/acme"
	"autoconfig/files"
	"autoconfig/pacc"
	"autoconfig/pages"
	"autoconfig/provider"
	"autoconfig/source"
)

// Options are the settings that need a restart.
type Options struct {
	TrustedProxies []netip.Prefix
	ForwardedHost  bool     // X-Forwarded-Host of a trusted proxy counts
	AdminHosts     []string // that the admin listener answers to, as well as addresses and loopback names
	LogClients     bool
	ServesTLS      bool // https is offered by this process
	PerMinute      int  // of the rate-limited routes, per client
	Burst          int
	AccessLog      bool
	Audit          *files.Audit // nil: none is kept
	Log            *slog.Logger
}

// Settings are what a reload replaces, all at once.
type Settings struct {
	Source            provider.Source // everything but the MX source
	Quick             provider.Source // of Source, what costs nothing to ask; nil: all of it
	Listed            provider.Source // the operator's own domains, for /ask
	Domains           int             // how many of those are listed in files
	MX                *source.MX      // nil: off
	MXTable           source.MXTable  // the providers' mail exchangers, for /v1.1/
	ServiceHost       string
	Hosts             map[string]string // the service hosts of single providers, and the providers' ids
	Leads             *acme.Leads       // which names lead here; nil: not checked
	Branding          pages.Branding
	Resellers         []pages.Reseller      // other looks
	Signer            Signer                // nil: profiles are not signed
	SignAsServiceHost bool                  // with the certificate that ServiceHost gets on demand, in place of Signer
	Degraded          []string              // why /readyz says degraded
	Trouble           func() []string       // why else, now; nil: nothing
	BadRows           func() map[string]int // rows that cannot be used, by source; nil: there are none
	Listings          func() int            // domains that databases list, as of the last count; nil: none

	PublicPages bool          // of the operator's own domains some have public pages of settings too
	Named       *source.Index // those of them that such pages may list; nil: none
	Records     RecordPlan    // for the pages of their owners; nil: there are none

	// Purge forgets what is remembered of a domain, at all replicas as far as they share a database. With an error it is
	// forgotten here alone. Nil: there is nothing to forget.
	Purge func(ctx context.Context, domain string) error

	documents documents
	public    publicPages
	setups    templateCache[setupKey]
	profiles  templateCache[profileKey]
	helps     templateCache[helpKey]
	looks     looks
	brands    *pages.Brands
}

// Server is the public and the admin handler.
type Server struct {
	opts      Options
	echo      *echo.Echo
	settings  atomic.Pointer[Settings]
	metrics   *metrics
	limits    *limiter
	pages     *pages.Pages
	places    places  // of the requests in flight
	costly    places  // of those for pages, profiles and codes
	working   places  // of those that take the processor for them
	looking   places  // of those that ask DNS what is published
	shares    *shares // of the questions to databases
	mxShares  *shares
	requests  sync.Pool // of *request
	stopping  atomic.Bool
	traffic   traffic
	sawHTTPS  atomic.Bool // a trusted proxy has spoken https to a client
	reload    atomic.Pointer[string]
	records   atomic.Pointer[Records]
	unwatched atomic.Pointer[string]       // why the record watch could not end its last round
	acme      atomic.Pointer[acme.Manager] // nil: no certificates on demand
	signer    ownSigner
	refusals  *acme.Refusals // of certificates

	certificate atomic.Pointer[Certificate] // from a file
}

// The bounds of a request.
const (
	maxURL    = 4 << 10
	maxHeader = 16 << 10
	maxBody   = 64 << 10
	inFlight  = 1024
)

// New makes a server that has no settings yet and answers 503 until [Server.Use].
func New(o Options) *Server {
	s := &Server{opts: o, metrics: newMetrics(), places: make(places, inFlight), costly: make(places, inFlight/8),
		looking: make(places, looksMost), working: make(places, max(1, runtime.GOMAXPROCS(0)/2)),
		shares: newShares(64, 192), mxShares: newShares(8, 24)}
	s.requests.New = func() any { return new(request) }
	s.refusals = acme.NewRefusals(o.Log, func(reason string) { s.metrics.refused.WithLabelValues(reason).Inc() }, time.Now)
	s.signer = ownSigner{s: s, have: s.onDemand, wanted: make(chan struct{}, 1)}
	s.limits = newLimiter(o.PerMinute, o.Burst)
	s.pages = pages.New()
	s.echo = echo.New()
	s.echo.HTTPErrorHandler = s.routeError
	for i := range routes {
		s.echo.Any(routes[i].path, s.handle(&routes[i]))
	}
	return s
}

// Use puts new settings in force for the requests that come from now on.
func (s *Server) Use(set *Settings) {
	set.brands = pages.NewBrands(set.Branding, set.Resellers)
	if set.SignAsServiceHost {
		set.Signer = &s.signer
	}
	if s.settings.Swap(set) != nil {
		s.metrics.reloads.WithLabelValues("ok").Inc()
	}
	s.signer.look()
	s.reload.Store(nil)
}

// ReloadFailed says that the settings in force are older than the configuration, which could not be read.
func (s *Server) ReloadFailed(reason string) {
	s.reload.Store(&reason)
	s.metrics.reloads.WithLabelValues("failed").Inc()
}

// routes is every public route. A path ends in * where it holds an address, which may contain a slash.
var routes = []route{
	{"/mail/config-v1.1.xml", "autoconfig", get, false, (*Server).findByAddressOrMX, (*Server).autoconfig},
	{"/.well-known/autoconfig/mail/config-v1.1.xml", "autoconfig", get, false,
		(*Server).findByAddress, (*Server).autoconfig},
	{"/.well-known/mail-v1.xml", "autoconfig", get, false, (*Server).findByAddress, (*Server).autoconfig},
	{"/v1.1/mail/config-v1.1.xml", "autoconfig", get, false, (*Server).findByAddress, (*Server).autoconfig},
	{"/.well-known/autoconfig/mail/oauth2-client.json", "oauth2-client", get, false,
		(*Server).findByHost, (*Server).oauth2Client},
	{pages.AddonPath + ":file", "addon", get, true, (*Server).findByFile, (*Server).addon},
	{"/v1.1/:domain", "ispdb", get, false, (*Server).findByPath, (*Server).autoconfig},
	{"/autodiscover", "autodiscover", getPost, false, nil, (*Server).pox},
	{"/autodiscover/autodiscover.xml", "autodiscover", getPost, false, nil, (*Server).pox},
	{"/autodiscover/autodiscover.json", "autodiscover-json", get, false, nil, (*Server).autodiscoverJSON},
	{jsonPath + "*", "autodiscover-json", get, false, nil, (*Server).autodiscoverJSON},
	{pacc.Path, "pacc", get, false, (*Server).findByHost, (*Server).pacc},
	{"/mobileconfig", "mobileconfig", getPost, true, nil, (*Server).mobileconfig},
	{"/email.mobileconfig", "mobileconfig", get, true, nil, (*Server).mobileconfig}, // other servers' links
	{"/profile.mobileconfig", "mobileconfig", get, true, nil, (*Server).mobileconfig},
	{"/mobileconfig.php", "mobileconfig", get, true, nil, (*Server).mobileconfigPHP},
	{"/.well-known/caldav", "well-known", anyMethod, false, (*Server).findByHost, (*Server).wellKnown},
	{"/.well-known/carddav", "well-known", anyMethod, false, (*Server).findByHost, (*Server).wellKnown},
	{"/.well-known/jmap", "well-known", anyMethod, false, (*Server).findByHost, (*Server).wellKnown},
	{"/api/v1/settings", "api", get, false, nil, (*Server).api},
	{"/", "page", get, true, nil, (*Server).home},
	{"/setup", "page", getPost, true, nil, (*Server).setup},
	{"/help", "page", getPost, true, nil, (*Server).help},
	{"/help/:id", "page", get, true, nil, (*Server).helpTopic},
	{"/settings", "page", get, false, nil, (*Server).settingsIndex},
	{"/settings/:domain", "page", get, false, nil, (*Server).settingsPage},
	{"/records/:domain", "page", get, true, nil, (*Server).recordsPage},
	{"/qr.svg", "qr", get, true, nil, (*Server).qr},
	{"/assets/:file", "asset", get, false, nil, (*Server).asset},
	{"/sitemap.xml", "asset", get, false, nil, (*Server).sitemap},
	{"/robots.txt", "asset", get, false, nil, (*Server).robots},
	{"/favicon.ico", "asset", get, false, nil, (*Server).favicon},
}

const jsonPath = "/autodiscover/autodiscover.json/v1.0/"

type route struct {
	path    string
	name    string // in the log and the metrics
	methods methods
	costly  bool   // it is limited, and has places of its own
	find    finder // whose settings; nil: the handler asks
	handler func(*Server, *request) answer
}

// finder finds the settings that a request is for.
type finder func(*Server, *request) (match, error)

// methods is the Allow header of a route.
type methods string

const (
	get     methods = "GET, HEAD, OPTIONS"
	getPost methods = "GET, HEAD, OPTIONS, POST"

	anyMethod methods = "" // of a redirect: the body, if any, is not read
)

// ServeHTTP answers a public request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(r.RequestURI) > maxURL {
		http.Error(w, "URI too long", http.StatusRequestURITooLong)
		return
	}
	// net/http hides a Content-Length next to a Transfer-Encoding (RFC 9112 §6.1).
	if len(r.TransferEncoding) > 0 {
		w.Header().Set("Connection", "close")
	}
	r.URL.Path, r.URL.RawPath = routePath(r.URL.Path), ""
	s.echo.ServeHTTP(w, r)
}

// routePath is the path routes are matched by: lower case, without a trailing slash. The address at the end of the v2
// JSON path keeps its case.
func routePath(path string) string {
	if path = lowerASCII(path); len(path) > 1 {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// lowerASCII is s in lower case, but for what follows the v2 JSON path.
func lowerASCII(s string) string {
	upper := func(r rune) bool { return 'A' <= r && r <= 'Z' }
	if !strings.ContainsFunc(s, upper) {
		return s
	}
	lower := strings.Map(func(r rune) rune {
		if upper(r) {
			r += 'a' - 'A'
		}
		return r
	}, s)
	if len(lower) == len(s) && strings.HasPrefix(lower, jsonPath) {
		return jsonPath + s[len(jsonPath):]
	}
	return lower
}
