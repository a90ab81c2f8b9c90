package publish

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	text "autoconfig/provider"
)

// The HTTP API of the PowerDNS Authoritative Server (doc.powerdns.com/authoritative/http-api).

const powerDNSZones = "/api/v1/servers/localhost/zones/"

type powerDNSSets struct {
	RRSets []powerDNSSet `json:"rrsets"`
}

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

func powerDNSZone(ctx context.Context, p *apiBackend, name string) (Zone, error) {
	var z struct{ ID, Kind string }
	_, err := p.do(ctx, http.MethodGet, powerDNSZones+name+".?rrsets=false", nil, &z)
	switch z.Kind {
	case "Slave", "Secondary", "Consumer":
		err = p.secondary(name)
	}
	return Zone{id: url.PathEscape(cmp.Or(z.ID, name+"."))}, err
}

func powerDNSList(ctx context.Context, p *apiBackend, z Zone) ([]apiSet, error) {
	return pages(ctx, p, powerDNSZones+z.id, func(a powerDNSSets, _ http.Header) (out []apiSet, next string, ok bool) {
		for _, set := range a.RRSets {
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
		return out, "", a.RRSets != nil
	})
}

// powerDNSReplace sends one PATCH, which is a transaction: one at a time, as SQLite refuses a second writer (500).
func powerDNSReplace(ctx context.Context, p *apiBackend, u *ZoneUpdate) error {
	sets := text.Map(u.Changes, func(c Change) powerDNSSet {
		records := text.Map(data(c.Set), func(d string) powerDNSRecord { return powerDNSRecord{Content: d} })
		return powerDNSSet{c.Name, c.TypeName(), c.Set[0].Header().Ttl, "REPLACE", records}
	})
	p.writing.Lock()
	defer p.writing.Unlock()
	_, err := p.do(ctx, http.MethodPatch, powerDNSZones+u.at.id, powerDNSSets{sets}, nil)
	return err
}
