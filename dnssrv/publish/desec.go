package publish

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"autoconfig/dnssrv"
	text "autoconfig/provider"
)

// The API of deSEC (desec.readthedocs.io/en/latest/dns/rrsets.html).

type desecSet struct {
	Subname string   `json:"subname"`
	Type    string   `json:"type"`
	TTL     uint32   `json:"ttl"`
	Records []string `json:"records"`
}

func desecZone(ctx context.Context, p *apiBackend, name string) (Zone, error) {
	_, err := p.do(ctx, http.MethodGet, "/domains/"+name+"/", nil, nil)
	return Zone{id: name}, err
}

// nextPage is the cursor of the page that follows, in a Link header.
var nextPage = regexp.MustCompile(`[?&]cursor=([^&>]*)[^>]*>;\s*rel="next"`)

// desecList reads page by page: up to 500 sets each.
func desecList(ctx context.Context, p *apiBackend, z Zone) ([]apiSet, error) {
	path := "/domains/" + z.id + "/rrsets/?cursor="
	return pages(ctx, p, path, func(page []desecSet, h http.Header) (out []apiSet, next string, ok bool) {
		for _, set := range page {
			name := strings.TrimPrefix(set.Subname+"."+z.Name, ".")
			out = append(out, apiSet{name: name, kind: set.Type, ttl: set.TTL, data: set.Records})
		}
		if cursor := nextPage.FindStringSubmatch(strings.Join(h.Values("Link"), ", ")); cursor != nil {
			next = path + cursor[1]
		}
		return out, next, page != nil
	})
}

// desecReplace sends one bulk request, which is carried out whole or not at all.
func desecReplace(ctx context.Context, p *apiBackend, u *ZoneUpdate) error {
	sets := text.Map(u.Changes, func(c Change) desecSet {
		label := strings.TrimPrefix(dnssrv.Relative(c.Name, u.Zone), "@")
		return desecSet{label, c.TypeName(), c.Set[0].Header().Ttl, data(c.Set)}
	})
	_, err := p.do(ctx, http.MethodPatch, "/domains/"+u.at.id+"/rrsets/", sets, nil)
	return err
}
