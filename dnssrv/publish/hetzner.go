package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// hetzner speaks the DNS of the Hetzner Cloud API
// (docs.hetzner.cloud/reference/cloud#dns).
type hetzner struct{ *requester }

type hetznerSet struct {
	Name       string          `json:"name,omitempty"`
	Type       string          `json:"type,omitempty"`
	TTL        *uint32         `json:"ttl,omitempty"` // nil: the zone's
	Records    []hetznerRecord `json:"records,omitempty"`
	Protection *struct {
		Change bool `json:"change"`
	} `json:"protection,omitempty"`
}

type hetznerRecord struct {
	Value string `json:"value"`
}

type hetznerAction struct {
	Action struct {
		ID     int64
		Status string
		Error  *struct{ Code, Message string }
	}
}

func (p *hetzner) zone(ctx context.Context, name string) (Zone, error) {
	var a struct {
		Zone struct {
			Mode string
			TTL  uint32
		}
	}
	if _, err := p.do(ctx, http.MethodGet, "/zones/"+name, nil, &a); err != nil {
		return Zone{}, err
	}
	if a.Zone.Mode == "secondary" {
		return Zone{}, secondary(p.requester, name)
	}
	return Zone{id: name, ttl: a.Zone.TTL}, nil
}

// list reads page by page; a set without a TTL of its own has the zone's.
func (p *hetzner) list(ctx context.Context, z Zone) ([]apiSet, error) {
	var out []apiSet
	for page := 1; page > 0; {
		var a struct {
			RRSets *[]hetznerSet
			Meta   struct {
				Pagination struct {
					NextPage *int `json:"next_page"`
				}
			}
		}
		if _, err := p.do(ctx, http.MethodGet, "/zones/"+z.id+"/rrsets?per_page=50&page="+strconv.Itoa(page), nil, &a); err != nil {
			return nil, err
		}
		if a.RRSets == nil {
			return nil, p.unread(http.MethodGet, errors.New("the answer has no rrsets"))
		}
		for _, set := range *a.RRSets {
			out = append(out, set.apiSet(z))
		}
		next := a.Meta.Pagination.NextPage
		switch {
		case next == nil:
			page = 0
		case *next <= page:
			return nil, p.unread(http.MethodGet, errEndless)
		default:
			page = *next
		}
	}
	return out, nil
}

func (set hetznerSet) apiSet(z Zone) apiSet {
	s := apiSet{name: set.Name + "." + z.Name, kind: set.Type, ttl: z.ttl}
	if set.Name == "@" {
		s.name = z.Name
	}
	if set.TTL != nil {
		s.ttl = *set.TTL
	}
	if set.Protection != nil && set.Protection.Change {
		s.held = "the set is protected from changes"
	}
	for _, r := range set.Records {
		s.data = append(s.data, r.Value)
	}
	return s
}

// replace makes one request for each set that is new or has other records, and
// one for each that has another TTL.
func (p *hetzner) replace(ctx context.Context, z Zone, u *ZoneUpdate) error {
	for _, c := range u.Changes {
		set, path := hetznerSet{}, "/zones/"+z.id+"/rrsets"
		for _, d := range data(c.Set) {
			set.Records = append(set.Records, hetznerRecord{d})
		}
		ttl, before := c.Set[0].Header().Ttl, u.state[c.Name].sets[c.Type]
		if len(before) == 0 {
			set.Name, set.Type, set.TTL = dnssrv.Relative(c.Name, z.Name), c.TypeName(), &ttl
			if err := p.act(ctx, path, set); err != nil {
				return err
			}
			continue
		}
		path += "/" + dnssrv.Relative(c.Name, z.Name) + "/" + c.TypeName() + "/actions/"
		if !dnssrv.SameSet(before, c.Set) {
			if err := p.act(ctx, path+"set_records", set); err != nil {
				return err
			}
		}
		if before[0].Header().Ttl != ttl {
			if err := p.act(ctx, path+"change_ttl", hetznerSet{TTL: &ttl}); err != nil {
				return err
			}
		}
	}
	return nil
}

// act makes a change and waits for the end of the action that it starts.
func (p *hetzner) act(ctx context.Context, path string, in hetznerSet) error {
	var a hetznerAction
	if _, err := p.do(ctx, http.MethodPost, path, in, &a); err != nil {
		return err
	}
	end := time.Now().Add(p.timeout)
	for pause := 20 * time.Millisecond; a.Action.Status == "running"; pause *= 2 {
		if time.Now().After(end) || !query.Sleep(ctx, min(pause, time.Second)) {
			return fmt.Errorf("%s: the action %d is still running", p.host(), a.Action.ID)
		}
		if _, err := p.do(ctx, http.MethodGet, "/actions/"+strconv.FormatInt(a.Action.ID, 10), nil, &a); err != nil {
			return fmt.Errorf("the action %d: %w", a.Action.ID, err)
		}
	}
	if a.Action.Status == "error" {
		why := "the action failed"
		if a.Action.Error != nil {
			why = p.message([]byte(strconv.Quote(a.Action.Error.Message)))
		}
		return newFault("dns-publish-rejected", p.api.Name).because("%s: %s", p.host(), why)
	}
	return nil
}
