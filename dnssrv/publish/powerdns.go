package publish

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"autoconfig/dnssrv"
)

// powerDNS speaks the HTTP API of the PowerDNS Authoritative Server
// (doc.powerdns.com/authoritative/http-api).
type powerDNS struct {
	*requester
	writing sync.Mutex // one change at a time: SQLite refuses a second writer (500)
}

const powerDNSZones = "/api/v1/servers/localhost/zones/"

type powerDNSSet struct {
	Name    string           `json:"name"`
	Type    string           `json:"type"`
	TTL     uint32           `json:"ttl"`
	Change  string           `json:"changetype,omitempty"`
	Records []powerDNSRecord `json:"records"`
}

type powerDNSRecord struct {
	Content  string `json:"content"`
	Disabled bool   `json:"disabled"`
}

func (p *powerDNS) zone(ctx context.Context, name string) (Zone, error) {
	var z struct{ ID, Kind string }
	if _, err := p.do(ctx, http.MethodGet, powerDNSZones+name+".?rrsets=false", nil, &z); err != nil {
		return Zone{}, err
	}
	switch z.Kind {
	case "Slave", "Secondary", "Consumer":
		return Zone{}, secondary(p.requester, name)
	}
	return Zone{id: url.PathEscape(cmp.Or(z.ID, name+"."))}, nil
}

// secondary: what is written into such a zone is lost at its next transfer.
func secondary(r *requester, name string) error {
	return newFault("dns-publish-not-authoritative", name).
		because("%s has %s as a secondary zone, which is a copy; nothing was written", r.host(), name).
		do("publish at the server that it is copied from")
}

func (p *powerDNS) list(ctx context.Context, z Zone) ([]apiSet, error) {
	var a struct{ RRSets *[]powerDNSSet }
	if _, err := p.do(ctx, http.MethodGet, powerDNSZones+z.id, nil, &a); err != nil {
		return nil, err
	}
	if a.RRSets == nil {
		return nil, p.unread(http.MethodGet, errors.New("the answer has no rrsets"))
	}
	var out []apiSet
	for _, set := range *a.RRSets {
		s := apiSet{name: set.Name, kind: set.Type, ttl: set.TTL}
		for _, r := range set.Records {
			if r.Disabled {
				s.held = "the set has a disabled record, which would be lost"
				continue
			}
			s.data = append(s.data, r.Content)
		}
		out = append(out, s)
	}
	return out, nil
}

// replace sends one PATCH, which the server carries out in a transaction.
func (p *powerDNS) replace(ctx context.Context, z Zone, u *ZoneUpdate) error {
	var sets []powerDNSSet
	for _, c := range u.Changes {
		set := powerDNSSet{Name: c.Name, Type: c.TypeName(), TTL: c.Set[0].Header().Ttl, Change: "REPLACE"}
		for _, rr := range c.Set {
			set.Records = append(set.Records, powerDNSRecord{Content: dnssrv.Data(rr)})
		}
		sets = append(sets, set)
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	_, err := p.do(ctx, http.MethodPatch, powerDNSZones+z.id, map[string]any{"rrsets": sets}, nil)
	return err
}
