// Package publish brings zones to their plan: by dynamic update (RFC 2136) signed with TSIG (RFC 8945), by the API of a
// DNS provider, or by a command. One engine compares what a zone has with the plan; where the place can tell, a change
// made meanwhile is refused, elsewhere the zone is read again before anything is written. Only the record sets of the
// plan are touched.
package publish

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// Options configure a [Publisher]; zero values are defaults. Without API and Exec it sends dynamic updates.
type Options struct {
	Key     Key           // signs the updates; not needed to prepare them
	Server  string        // host:port of the primary; default: what the SOA record names
	Zone    string        // the zone of all names; default: found by SOA, or asked of the API
	Timeout time.Duration // for the answer to an update or a request; default 10s
	Wait    time.Duration // for servers to show what was published; default 15s
	Pause   time.Duration // before a request to an API is made again, doubled before each later try; default 500ms
	API     *API          // publish through it
	Exec    string        // publish by this shell command; see [Difference]
	Output  io.Writer     // for what the command says; default: nowhere
}

// Zone is a zone at the place where it is kept.
type Zone struct {
	Name   string // lower case with its trailing dot
	Server string // host:port of its primary, or the host of an API
	id     string // what the API calls it
	ttl    uint32 // of its records that have none of their own, where the API has such
}

// backend is where zones are kept. A *fault as the error: nothing was written; another one of Replace leaves it open.
type backend interface {
	// Zone finds the zone of a name that was planned for a domain.
	Zone(ctx context.Context, domain, name string) (Zone, error)
	// List reads what is at the names of the record sets.
	List(ctx context.Context, z Zone, sets []Change) (zoneState, error)
	// Replace makes the changes of an update.
	Replace(ctx context.Context, u *ZoneUpdate) error
	// Verify returns the changes that the place does not show yet.
	Verify(ctx context.Context, u *ZoneUpdate) ([]Change, error)
}

// Publisher brings zones to their plan. It is for one run, and safe for concurrent use.
type Publisher struct {
	client  *query.Client
	o       Options
	backend backend
	// guards: an update is carried out whole or not at all, and refused when a record is no longer what was seen.
	guards bool
	found  query.Memory[Zone] // by name
}

// New makes a publisher that asks DNS questions through client.
func New(client *query.Client, o Options) *Publisher {
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.Wait = cmp.Or(o.Wait, 15*time.Second)
	o.Pause = cmp.Or(o.Pause, 500*time.Millisecond)
	if o.Zone != "" {
		o.Zone = dns.CanonicalName(o.Zone)
	}
	ns := nameServers{client: client, o: o, primaries: &query.Memory[string]{}}
	switch {
	case o.API != nil:
		return &Publisher{client: client, o: o, backend: newAPIBackend(o)}
	case o.Exec != "":
		return &Publisher{client: client, o: o, backend: &command{ns}}
	}
	return &Publisher{client: client, o: o, backend: &updater{ns}, guards: true}
}

// DomainPlan is a domain and the records of its plan.
type DomainPlan struct {
	Domain  string
	Records []dns.RR
}

// Prepare reads what is published and makes the update of each zone that the plans have names in; nothing is written. A
// domain of which a name's zone is not found takes part in no update; why is among the findings.
func (p *Publisher) Prepare(ctx context.Context, plans []DomainPlan) ([]*ZoneUpdate, []finding.Finding) {
	var found []finding.Finding
	var zones []Zone // in the order met
	want := map[Zone][]dns.RR{}
	for _, plan := range plans {
		places, err := p.zones(ctx, plan)
		if err != nil {
			found = append(found, asFinding(err, plan.Domain))
			continue
		}
		for i, at := range places {
			if want[at] == nil {
				zones = append(zones, at)
			}
			want[at] = append(want[at], plan.Records[i])
		}
	}
	var out []*ZoneUpdate
	for _, at := range zones {
		u, err := p.prepare(ctx, at, want[at])
		if err != nil {
			why := asFinding(err, dnssrv.Plain(at.Name))
			u = &ZoneUpdate{Zone: at.Name, Server: at.Server, Findings: []finding.Finding{why}}
		}
		out = append(out, u)
	}
	return out, found
}

func (p *Publisher) zones(ctx context.Context, plan DomainPlan) (out []Zone, err error) {
	for _, rr := range plan.Records {
		name := dns.CanonicalName(rr.Header().Name)
		at, err := p.found.Get(name, func() (Zone, error) { return p.backend.Zone(ctx, plan.Domain, name) })
		if err != nil {
			return nil, err
		}
		out = append(out, at)
	}
	return out, nil
}

func (p *Publisher) prepare(ctx context.Context, at Zone, want []dns.RR) (*ZoneUpdate, error) {
	state, err := p.backend.List(ctx, at, recordSets(want))
	if err != nil {
		return nil, err
	}
	u, err := compare(at, want, state)
	if p.guards && err == nil {
		u.fit()
	}
	return u, err
}
