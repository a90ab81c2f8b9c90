// Package discover finds out what every mail client would find for an address:
// it walks the discovery of each one as that client does it, with its order,
// parallelism, time-outs, headers and rules of what it accepts.
//
// A client is data: a plan of steps and a few named rules of reading ([Clients]
// lists them, clients.go holds the table). One engine runs the plan. The
// clients were measured on the real programs (versions in the table); what
// could only be read in vendors' pages is marked there. [Run] gives the
// settings each client would end with, whether it would ask its user, and every
// step with its outcome; [Report.Findings] says what is wrong with what is
// published.
//
// Answers come from strangers. Sizes, times, redirects, nesting and the number
// of requests are bounded, no credential, cookie or proxy is used, and private
// addresses are refused when the connection is made, after DNS, for redirects too.
package discover

import "time"

// client is one mail program.
type client struct {
	name    string        // of --client
	title   string        // for people, with the version that was measured
	checked string        // what the model was last checked against, and when
	wait    time.Duration // for a step that has no timeout of its own
	// Headers of every request; none for an empty one.
	agent, accept, language, coding string
	// absoluteForm sends the whole URL as the request target (RFC 9112 §3.2.2).
	absoluteForm bool
	redirects    int  // HTTP redirects followed in one request
	addrs        int  // RedirectAddr answers followed
	urls         int  // RedirectUrl answers followed
	oldPACC      bool // it reads revision -02 of PACC
	reads        reading
	pox          poxReading
	insecure     string // what it asks when settings came by plain http
	plan         step
	hint         string // for people, when nothing is found
}

// kind is what a step does.
type kind int

const (
	sequence   kind = iota // the steps of then, one after the other until one has settings
	parallel               // the steps of then at once; the first in the list that has settings wins
	autoconfig             // GET a Mozilla autoconfig document
	poxPost                // POST an Autodiscover request of the Outlook schema
	poxGet                 // GET Autodiscover, as Delta Chat does
	poxHop                 // GET by http that should redirect, then POST where it leads
	mobileSync             // POST an Autodiscover request of the MobileSync schema
	autoJSON               // GET Autodiscover v2
	paccFetch              // GET PACC and compare it with its digest in DNS
	mailSRV                // ask for the SRV records of services (RFC 6186)
	askMX                  // ask for the best MX, then do what follows for the domains it is in
	askNS                  // ask for the name servers, then do what follows for their domains
	askSRV                 // ask for an Autodiscover SRV record, then do what follows for its target
	guess                  // try to connect to names of the guess
)

// step is one step of a plan. Templates know {domain}, {x} (a name that a DNS
// answer led to), {ispdb} and the forms of the address in vars.expand.
type step struct {
	kind    kind
	target  string        // template of the URL or the DNS name; default: the domain
	timeout time.Duration // of the step itself, without what follows; default: the client's
	accept  string        // an Accept header of its own
	family  family
	stops   stopRule
	then    []step
	// together runs what follows a DNS answer at once.
	together  bool
	byHost    bool     // askMX: what follows is for the exchanger itself
	andParent bool     // askMX: for the exchanger itself and the domain above it
	services  []string // mailSRV: the services asked for, in order
	bothWays  bool     // mailSRV: nothing is taken without a server for either way
	inOrder   bool     // mailSRV: the first service that is published counts, whatever its priority
	incoming  []string // guess: candidates as service://host
	outgoing  []string
	foreign   foreignRule
	lightest  bool   // askSRV: the lowest weight is taken, whatever the priority
	asks      string // the client asks its user this before it takes the settings
}

// family groups steps: when one ends the way its stopRule says, those after it
// in the family are not used any more.
type family string

const (
	noFamily  family = ""
	ispFamily family = "isp"
	webFamily family = "web"
	poxFamily family = "autodiscover"
)

// stopRule says which answer without settings closes a step's family.
type stopRule int

const (
	stopNever    stopRule = iota
	stopAnswered          // any 2xx that is not broken XML (Thunderbird)
	stopEmpty             // a document without servers (Delta Chat)
	stopReached           // anything but a host that does not resolve (KDE 22.12)
	stopGiven             // any 2xx (KDE 6)
)

// foreignRule says what a client does before it trusts another domain's host.
type foreignRule int

const (
	foreignNever   foreignRule = iota // it goes there
	foreignAlways                     // it asks, were other settings found before (Thunderbird)
	foreignIfTaken                    // it asks when it would take the settings (Outlook, RFC 6186 §6)
)

// Client is a client as people and scripts see it.
type Client struct {
	Name    string // stable
	Title   string // with the version measured
	Checked string // what the model was last checked against, and when
}

// Clients lists the clients in the order of the output.
func Clients() []Client {
	var out []Client
	for _, c := range table {
		out = append(out, Client{c.name, c.title, c.checked})
	}
	return out
}
