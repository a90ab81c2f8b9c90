package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// The Cloudflare API v4 (developers.cloudflare.com/api/resources/dns/subresources/records).

type cloudflareRecord struct {
	ID       string     `json:"id,omitempty"`
	Name     string     `json:"name,omitempty"`
	Type     string     `json:"type,omitempty"`
	TTL      uint32     `json:"ttl,omitempty"` // 1: automatic
	Content  string     `json:"content,omitempty"`
	Data     *query.SRV `json:"data,omitempty"`
	Proxied  *bool      `json:"proxied,omitempty"`
	Priority *uint16    `json:"priority,omitempty"` // of MX
	Meta     struct {
		ReadOnly bool `json:"read_only"`
	} `json:"meta,omitzero"`
}

type cloudflarePage struct {
	Success bool
	Result  []cloudflareRecord
	Info    struct {
		TotalPages int `json:"total_pages"`
	} `json:"result_info"`
}

func cloudflareZone(ctx context.Context, p *apiBackend, name string) (Zone, error) {
	zones, err := cloudflareSets(ctx, p, "/zones?name="+url.QueryEscape(name))
	if err != nil {
		return Zone{}, err
	}
	same := func(z apiSet) bool { return strings.EqualFold(z.name, name) }
	i := slices.IndexFunc(zones, same) // whatever the filter does
	switch {
	case i < 0:
		return Zone{}, errNotFound
	case zones[i].kind == "secondary":
		return Zone{}, p.secondary(name)
	}
	return Zone{id: url.PathEscape(zones[i].ids[0])}, nil
}

func cloudflareList(ctx context.Context, p *apiBackend, z Zone) ([]apiSet, error) {
	return cloudflareSets(ctx, p, "/zones/"+z.id+"/dns_records?per_page=1000")
}

// cloudflareSets reads a list of zones or of records, both of which have an id, a name and a type.
func cloudflareSets(ctx context.Context, p *apiBackend, path string) ([]apiSet, error) {
	at := 1
	path += "&page="
	return pages(ctx, p, path+"1", func(a cloudflarePage, _ http.Header) (out []apiSet, next string, ok bool) {
		for _, r := range a.Result {
			out = append(out, r.apiSet())
		}
		if at++; at <= a.Info.TotalPages {
			next = path + strconv.Itoa(at)
		}
		return out, next, a.Success && a.Result != nil
	})
}

// apiSet brings a record into zone form: Cloudflare's names have no final dot, and its text may have no quotes.
func (r cloudflareRecord) apiSet() apiSet {
	s := apiSet{name: r.Name, kind: r.Type, ttl: r.TTL, ids: []string{r.ID}}
	if r.Proxied != nil && *r.Proxied {
		s.ttl = 0 // Cloudflare's, whatever is asked for
	}
	if r.Meta.ReadOnly {
		s.held = "another Cloudflare product manages the record"
	}
	content := r.Content
	switch {
	case r.Type == "SRV" && r.Data != nil:
		content = fmt.Sprintf("%d %d %d %s", r.Data.Priority, r.Data.Weight, r.Data.Port, dns.Fqdn(r.Data.Target))
	case r.Type == "MX" && r.Priority != nil:
		content = strconv.Itoa(int(*r.Priority)) + " " + dns.Fqdn(content)
	case r.Type == "CNAME" || r.Type == "NS":
		content = dns.Fqdn(content)
	case r.Type == "TXT" && !strings.HasPrefix(content, `"`):
		content = dnssrv.Data(&dns.TXT{Txt: []string{strings.ReplaceAll(content, `\`, `\\`)}})
	}
	s.data = []string{content}
	return s
}

// cloudflareBatch is carried out in one transaction, in this order.
type cloudflareBatch struct {
	Deletes []cloudflareRecord `json:"deletes,omitempty"`
	Patches []cloudflareRecord `json:"patches,omitempty"`
	Posts   []cloudflareRecord `json:"posts,omitempty"`
}

// mostBatch is how many changes go into one batch: 200 records on a free plan.
const mostBatch = 50

func cloudflareReplace(ctx context.Context, p *apiBackend, u *ZoneUpdate) error {
	for changes := range slices.Chunk(u.Changes, mostBatch) {
		var b cloudflareBatch
		for _, c := range changes {
			b.add(c, u.state.ids)
		}
		var a struct{ Success bool }
		if _, err := p.do(ctx, http.MethodPost, "/zones/"+u.at.id+"/dns_records/batch", b, &a); err != nil {
			return err
		}
		if !a.Success {
			return errors.New(p.host() + " does not say that it made the changes")
		}
	}
	return nil
}

// add adds a change. A record that only gets another TTL keeps its comment.
func (b *cloudflareBatch) add(c Change, ids map[dns.RR]string) {
	added := c.Add
	for _, rr := range c.Remove {
		i := slices.IndexFunc(added, func(other dns.RR) bool { return dns.IsDuplicate(rr, other) })
		if i < 0 {
			b.Deletes = append(b.Deletes, cloudflareRecord{ID: ids[rr]})
			continue
		}
		b.Patches = append(b.Patches, cloudflareRecord{ID: ids[rr], TTL: added[i].Header().Ttl})
		added = slices.Concat(added[:i], added[i+1:])
	}
	for _, rr := range added {
		r := cloudflareRecord{Name: dnssrv.Plain(c.Name), Type: c.TypeName(), TTL: rr.Header().Ttl}
		switch rr := rr.(type) {
		case *dns.SRV:
			r.Data = &query.SRV{Priority: rr.Priority, Weight: rr.Weight, Port: rr.Port, Target: dnssrv.Target(rr)}
		case *dns.CNAME:
			direct := false // the settings are served by the host itself
			r.Content, r.Proxied = dnssrv.Plain(rr.Target), &direct
		default:
			r.Content = dnssrv.Data(rr)
		}
		b.Posts = append(b.Posts, r)
	}
}
