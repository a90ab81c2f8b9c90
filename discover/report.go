package discover

import (
	"time"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Verdict is how a client's discovery ends.
type Verdict string

// The verdicts.
const (
	Found   Verdict = "found"   // it has settings
	Asks    Verdict = "asks"    // it puts a question to its user first
	Nothing Verdict = "nothing" // nothing is published that it looks for
	Refused Verdict = "refused" // something is, and it does not take it
)

// Report is what the clients find for one address. Its JSON keys are stable; absent ones are left out.
type Report struct {
	Address       string         `json:"address"`
	Clients       []Result       `json:"clients"`
	Disagreements []Disagreement `json:"disagreements"`

	domain string
}

// MX are the best mail exchangers of the domain, when a client looked for them.
func (r *Report) MX() []string {
	for _, c := range r.Clients {
		if len(c.mx) > 0 {
			return c.mx
		}
	}
	return nil
}

// Count is how many clients have settings, if only after a question.
func (r *Report) Count() (n int) {
	for _, c := range r.Clients {
		if c.Settings != nil {
			n++
		}
	}
	return n
}

// Found reports whether any client has settings.
func (r *Report) Found() bool { return r.Count() > 0 }

// Result is one client's.
type Result struct {
	Client   string    `json:"client"`
	Title    string    `json:"title"`
	Verdict  Verdict   `json:"verdict"`
	Line     string    `json:"line"` // the verdict for people
	Settings *Settings `json:"settings,omitempty"`
	AsksUser []string  `json:"asks_user,omitempty"`
	Steps    []Step    `json:"steps"`
	Checked  string    `json:"checked"` // what the model of the client was last checked against

	mx []string // the best exchangers, when the client asked
}

// Settings are what a client would set up.
type Settings struct {
	Incoming *Server `json:"incoming,omitempty"`
	Outgoing *Server `json:"outgoing,omitempty"`
	// Verified: every hop was https with a good certificate, which DNS alone, plain http and a guess are not.
	Verified bool   `json:"verified"`
	From     string `json:"from"` // the step they came from
}

// Server is one server of the settings. A client may end with less than it needs: port 0 is one that it did not get.
type Server struct {
	Protocol string            `json:"protocol"` // imap, pop3, smtp; ews, activesync and others for Exchange
	Host     string            `json:"host"`
	Port     uint16            `json:"port"`
	Security provider.Security `json:"security,omitempty"`
	Auth     []provider.Auth   `json:"auth,omitempty"`
	Username string            `json:"username,omitempty"`
	URL      string            `json:"url,omitempty"` // of the servers that have one
}

// Outcome is how a step ended, in one word.
type Outcome string

// The outcomes.
const (
	StepOK      Outcome = "ok"      // settings came of it, or a name to go on with
	StepNone    Outcome = "none"    // nothing is published there
	StepRefused Outcome = "refused" // something is, and the client does not take it
	StepError   Outcome = "error"   // not known: time-out, certificate, server error
)

// Fault says in one stable word why a step did not end well.
type Fault string

// The faults.
const (
	FaultNone        Fault = ""
	FaultUnresolved  Fault = "unresolved"            // the host has no address
	FaultAbsent      Fault = "absent"                // 404, or no such record
	FaultDNS         Fault = "dns"                   // DNS servers failed
	FaultUnreachable Fault = "unreachable"           // no connection
	FaultTimeout     Fault = "timeout"               // no answer in the client's time
	FaultPrivate     Fault = "private"               // a private address, refused by this program
	FaultCertName    Fault = "certificate-name"      // the certificate is another host's
	FaultCertExpired Fault = "certificate-expired"   // or not valid yet
	FaultCertChain   Fault = "certificate-untrusted" // no chain to a trusted authority
	FaultTLS         Fault = "tls"                   // no TLS session
	FaultHTTP        Fault = "http"                  // no valid HTTP answer
	FaultRedirects   Fault = "redirects"             // too many, or to nowhere
	FaultStatus      Fault = "status"                // another 3xx or 4xx
	FaultServer      Fault = "server-error"          // 5xx
	FaultPage        Fault = "page"                  // a web page where a document or 404 belongs
	FaultType        Fault = "content-type"          // a Content-Type the client does not take
	FaultMalformed   Fault = "malformed"             // not the format expected, or too long
	FaultEmpty       Fault = "empty"                 // the format, with no server in it that the client can use
	FaultRejected    Fault = "rejected"              // a detail that this client refuses the document for
	FaultAnswer      Fault = "answer"                // an Autodiscover error or a redirect the client does not follow
	FaultDigest      Fault = "digest"                // no digest in DNS matches the PACC document
	FaultLimit       Fault = "limit"                 // this program's bound on requests
)

func (f Fault) outcome() Outcome {
	switch f {
	case FaultNone:
		return StepOK
	case FaultUnresolved, FaultAbsent:
		return StepNone
	case FaultPage, FaultType, FaultMalformed, FaultEmpty, FaultRejected, FaultAnswer, FaultDigest:
		return StepRefused
	}
	return StepError
}

// Step is one request or question.
type Step struct {
	What   string  `json:"what"`
	Result Outcome `json:"result"`
	Fault  Fault   `json:"fault,omitempty"`
	MS     int64   `json:"ms"`
	Why    string  `json:"why"`
	Used   bool    `json:"used,omitempty"` // the settings are from this step
	Trace  *Trace  `json:"trace,omitempty"`

	kind     kind
	host     string // asked first
	url      string // without the query, which may hold the address
	settings *Settings
	lint     []finding.Finding // of the document
}

// Trace is what came over the wire, for --trace.
type Trace struct {
	Status      int          `json:"status,omitempty"`
	ContentType string       `json:"content_type,omitempty"`
	Bytes       int          `json:"bytes,omitempty"`
	Hops        []string     `json:"hops,omitempty"` // where redirects led
	TLS         string       `json:"tls,omitempty"`
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Certificate is a server's, good or not.
type Certificate struct {
	Names     []string  `json:"names,omitempty"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Problem   string    `json:"problem,omitempty"`
}

// Disagreement is a part of the settings that clients end up with differently.
type Disagreement struct {
	About  string  `json:"about"` // incoming, outgoing, user name
	Values []Value `json:"values"`
}

// Value is one of the answers and who has it; "configuration" is what was meant.
type Value struct {
	Value   string   `json:"value"`
	Clients []string `json:"clients"`
}

// DropTrace leaves out what only a trace shows.
func (r *Report) DropTrace() {
	for _, c := range r.Clients {
		for i := range c.Steps {
			c.Steps[i].Trace = nil
		}
	}
}
