// Package discover finds out what every mail client would find for an address: it walks the discovery of each one as
// that client does it, with its order, parallelism, time-outs, headers and rules of what it accepts.
//
// A client is data: a plan of steps and a few named rules of reading (clients.json). One engine runs the plan. The
// clients were measured on the real programs (versions in the file); what could only be read in vendors' pages is
// marked there. [Run] gives the settings each client would end with, whether it would ask its user, and every step with
// its outcome; [Report.Findings] says what is wrong with what is published.
//
// No answer is trusted. Sizes, times, redirects, nesting and the number of requests are bounded, no credential, cookie
// or proxy is used, and private addresses are refused when the connection is made, after DNS, for redirects too.
package discover

import (
	"bytes"
	_ "embed" // clients.json
	"encoding/json"
	"sync"

	"autoconfig/provider"
)

// client is one mail program, an entry of clients.json.
type client struct {
	Client
	About   string            // what is special about it
	Timeout int               // seconds, for a step that has none of its own
	Headers map[string]string // of every request
	// AbsoluteForm sends the whole URL as the request target (RFC 9112 §3.2.2).
	AbsoluteForm bool       `json:"absolute_form"`
	Redirects    int        // HTTP redirects followed in one request
	Addrs        int        `json:"redirect_addrs"` // RedirectAddr answers followed
	URLs         int        `json:"redirect_urls"`  // RedirectUrl answers followed
	OldPACC      bool       `json:"old_pacc"`       // it reads revision -02 of PACC
	Reads        reading    // autoconfig documents
	POX          poxReading `json:"autodiscover"`
	Insecure     string     // what it asks when settings came by plain http
	Plan         step
	Hint         string // for people, when nothing is found
}

// Client is a client as people and scripts see it.
type Client struct {
	Name    string // stable
	Title   string // with the version measured
	Checked string // what the model was last checked against, and when
}

// Clients lists the clients in the order of the output.
func Clients() []Client {
	return provider.Map(clients(), func(c client) Client { return c.Client })
}

type kind string

const (
	sequence   kind = "in order"             // the steps one after the other until one has settings
	parallel   kind = "at once"              // the steps together; the first in the list that has settings wins
	autoconfig kind = "autoconfig"           // GET a Mozilla autoconfig document
	poxPost    kind = "autodiscover"         // POST an Autodiscover request of the Outlook schema
	poxGet     kind = "autodiscover by GET"  // as Delta Chat does
	poxHop     kind = "autodiscover by http" // GET by http that should redirect, then POST where it leads
	mobileSync kind = "MobileSync"           // POST an Autodiscover request of the MobileSync schema
	autoJSON   kind = "autodiscover JSON"    // GET Autodiscover v2
	paccFetch  kind = "PACC"                 // GET PACC and compare it with its digest in DNS
	mailSRV    kind = "mail SRV"             // ask for the SRV records of services (RFC 6186)
	askMX      kind = "MX"                   // ask for the best MX, then do the steps for the domains it is in
	askNS      kind = "NS"                   // ask for the name servers, then do the steps for their domains
	askSRV     kind = "autodiscover SRV"     // ask for an SRV record, then do the steps for its target
	guess      kind = "guess"                // try to connect to names of the guess
)

type step struct {
	Do      kind
	At      []string // templates of URLs, a step for each, or of the SRV record's name
	Timeout int      // seconds, of the step itself, without what follows; default: the client's
	Accept  string   // an Accept header of its own
	// Family groups steps: when one ends as Closes says, those after it in the family are not used any more.
	Family    string
	Closes    closing
	Steps     []step
	Together  bool     // the steps that follow an answer are done at once
	ByHost    bool     `json:"by_host"`    // MX: the steps are for the exchanger itself
	AndParent bool     `json:"and_parent"` // MX: and for the domain above it
	Services  []string // mail SRV: the services asked for, in order
	BothWays  bool     `json:"both_ways"` // mail SRV: nothing is taken without a server for either way
	InOrder   bool     `json:"in_order"`  // mail SRV: the first service that is published counts, whatever its priority
	Incoming  []string // guess: candidates as service://host
	Outgoing  []string
	Foreign   foreignRule
	Lightest  bool   // autodiscover SRV: the lowest weight is taken, whatever the priority
	Asks      string // the client asks its user this before it takes the settings
	x         string // {x} in what follows
}

// closing says which answer without settings closes a step's family.
type closing string

const (
	closeAnswered closing = "answered" // any 2xx that is not broken XML (Thunderbird)
	closeEmpty    closing = "empty"    // a document without servers (Delta Chat)
	closeReached  closing = "reached"  // anything but a host that does not resolve (KDE 22.12)
	closeGiven    closing = "given"    // any 2xx (KDE 6)
)

// foreignRule says what a client does before it trusts another domain's host; without one it goes there.
type foreignRule string

const (
	foreignAlways  foreignRule = "always"   // it asks, even if other settings were found before (Thunderbird)
	foreignIfTaken foreignRule = "if taken" // it asks when it would take the settings (Outlook, RFC 6186 §6)
)

//go:embed clients.json
var clientsFile []byte

// clients are those of clients.json. A test finds every fault in the file.
var clients = sync.OnceValue(func() []client {
	var list []client
	d := json.NewDecoder(bytes.NewReader(clientsFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		panic("clients.json: " + err.Error())
	}
	for i := range list {
		list[i].Plan.Steps = oneEach(list[i].Plan.Steps)
	}
	return list
})

// oneEach makes a step for each template of steps that have several.
func oneEach(steps []step) []step {
	var out []step
	for _, s := range steps {
		s.Steps = oneEach(s.Steps)
		for i := range max(len(s.At), 1) {
			one := s
			one.At = s.At[min(i, len(s.At)):min(i+1, len(s.At))]
			out = append(out, one)
		}
	}
	return out
}
