package publish

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	text "autoconfig/provider"
)

// The DNS of the Hetzner Cloud API (docs.hetzner.cloud/reference/cloud#dns).

type hetznerSet struct {
	Name       string          `json:"name,omitempty"`
	Type       string          `json:"type,omitempty"`
	TTL        *uint32         `json:"ttl,omitempty"` // nil: the zone's
	Records    []hetznerRecord `json:"records,omitempty"`
	Protection struct {
		Change bool `json:"change"`
	} `json:"protection,omitzero"`
}

type hetznerRecord struct {
	Value string `json:"value"`
}

type hetznerPage struct {
	RRSets []hetznerSet
	Meta   struct {
		Pagination struct {
			NextPage int `json:"next_page"` // null after the last
		}
	}
}

type hetznerAction struct {
	Action struct {
		ID     int64
		Status string
		Error  struct{ Message string }
	}
}

func hetznerZone(ctx context.Context, p *apiBackend, name string) (Zone, error) {
	var a struct {
		Zone struct {
			Mode string
			TTL  uint32
		}
	}
	_, err := p.do(ctx, http.MethodGet, "/zones/"+name, nil, &a)
	if a.Zone.Mode == "secondary" {
		err = p.secondary(name)
	}
	return Zone{id: name, ttl: a.Zone.TTL}, err
}

func hetznerList(ctx context.Context, p *apiBackend, z Zone) ([]apiSet, error) {
	path := "/zones/" + z.id + "/rrsets?per_page=50&page="
	return pages(ctx, p, path+"1", func(a hetznerPage, _ http.Header) (out []apiSet, next string, ok bool) {
		for _, set := range a.RRSets {
			out = append(out, set.apiSet(z))
		}
		if n := a.Meta.Pagination.NextPage; n > 0 {
			next = path + strconv.Itoa(n)
		}
		return out, next, a.RRSets != nil
	})
}

// apiSet is the set in zone form; one without a TTL of its own has the zone's.
func (set hetznerSet) apiSet(z Zone) apiSet {
	s := apiSet{name: set.Name + "." + z.Name, kind: set.Type, ttl: z.ttl}
	if set.Name == "@" {
		s.name = z.Name
	}
	if set.TTL != nil {
		s.ttl = *set.TTL
	}
	if set.Protection.Change {
		s.held = "the set is protected from changes"
	}
	for _, r := range set.Records {
		s.data = append(s.data, r.Value)
	}
	return s
}

// hetznerReplace makes one request for each set that is new or has other records, and one for each with another TTL.
func hetznerReplace(ctx context.Context, p *apiBackend, u *ZoneUpdate) error {
	for _, c := range u.Changes {
		path, label := "/zones/"+u.at.id+"/rrsets", dnssrv.Relative(c.Name, u.Zone)
		set, ttl, before := hetznerSet{}, c.Set[0].Header().Ttl, u.state.sets[c.Name][c.Type]
		set.Records = text.Map(data(c.Set), func(d string) hetznerRecord { return hetznerRecord{d} })
		var err error
		if actions := path + "/" + label + "/" + c.TypeName() + "/actions/"; len(before) == 0 {
			set.Name, set.Type, set.TTL = label, c.TypeName(), &ttl
			err = hetznerAct(ctx, p, path, set)
		} else {
			if !dnssrv.SameSet(before, c.Set) {
				err = hetznerAct(ctx, p, actions+"set_records", set)
			}
			if err == nil && before[0].Header().Ttl != ttl {
				err = hetznerAct(ctx, p, actions+"change_ttl", hetznerSet{TTL: &ttl})
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hetznerAct makes a change and waits for the end of the action that it starts.
func hetznerAct(ctx context.Context, p *apiBackend, path string, in hetznerSet) error {
	var a hetznerAction
	if _, err := p.do(ctx, http.MethodPost, path, in, &a); err != nil {
		return err
	}
	end := time.Now().Add(p.o.Timeout)
	for pause := 20 * time.Millisecond; a.Action.Status == "running"; pause *= 2 {
		if time.Now().After(end) || !query.Sleep(ctx, min(pause, time.Second)) {
			return fmt.Errorf("%s: the action %d is still running", p.host(), a.Action.ID)
		}
		if _, err := p.do(ctx, http.MethodGet, "/actions/"+strconv.FormatInt(a.Action.ID, 10), nil, &a); err != nil {
			return fmt.Errorf("the action %d: %w", a.Action.ID, err)
		}
	}
	if a.Action.Status == "error" {
		why := cmp.Or(p.message([]byte(strconv.Quote(a.Action.Error.Message))), "the action failed")
		return newFault("dns-publish-rejected", p.o.API.Name, "%s: %s", p.host(), why)
	}
	return nil
}
