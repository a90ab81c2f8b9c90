package publish

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"autoconfig/dnssrv"
)

// desec speaks the API of deSEC (desec.readthedocs.io/en/latest/dns/rrsets.html).
type desec struct{ *requester }

type desecSet struct {
	Subname string   `json:"subname"`
	Type    string   `json:"type"`
	TTL     uint32   `json:"ttl"`
	Records []string `json:"records"`
}

func (p *desec) zone(ctx context.Context, name string) (Zone, error) {
	_, err := p.do(ctx, http.MethodGet, "/domains/"+name+"/", nil, nil)
	return Zone{id: name}, err
}

// nextPage is the cursor of the page that follows, in a Link header.
var nextPage = regexp.MustCompile(`[?&]cursor=([^&>]*)[^>]*>;\s*rel="next"`)

// list reads page by page: up to 500 sets each.
func (p *desec) list(ctx context.Context, z Zone) ([]apiSet, error) {
	var out []apiSet
	for cursor, more := "", true; more; {
		var page *[]desecSet
		header, err := p.do(ctx, http.MethodGet, "/domains/"+z.id+"/rrsets/?cursor="+cursor, nil, &page)
		if err != nil {
			return nil, err
		}
		if page == nil {
			return nil, p.unread(http.MethodGet, errors.New("the answer is not a list"))
		}
		for _, set := range *page {
			out = append(out, apiSet{name: strings.TrimPrefix(set.Subname+"."+z.Name, "."), kind: set.Type, ttl: set.TTL, data: set.Records})
		}
		next := nextPage.FindStringSubmatch(strings.Join(header.Values("Link"), ", "))
		if more = next != nil; more {
			if next[1] == cursor || len(*page) == 0 {
				return nil, p.unread(http.MethodGet, errEndless)
			}
			cursor = next[1]
		}
	}
	return out, nil
}

// replace sends one bulk request, which is carried out whole or not at all.
func (p *desec) replace(ctx context.Context, z Zone, u *ZoneUpdate) error {
	var sets []desecSet
	for _, c := range u.Changes {
		sets = append(sets, desecSet{strings.TrimPrefix(dnssrv.Relative(c.Name, z.Name), "@"), c.TypeName(), c.Set[0].Header().Ttl, data(c.Set)})
	}
	_, err := p.do(ctx, http.MethodPatch, "/domains/"+z.id+"/rrsets/", sets, nil)
	return err
}
