package discover

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"autoconfig/pacc"
	"autoconfig/provider"
)

// pacc takes the document only when its digest is in DNS (draft-ietf-mailmaint-pacc-03), and asks for both at once.
func (w *walk) pacc(ctx context.Context, s step, v vars) result {
	domain := v.addr.Domain
	var digests [][sha256.Size]byte
	var digestRow Step
	var both sync.WaitGroup
	both.Go(func() { digestRow, digests = w.digests(ctx, s, pacc.TXTLabel+"."+domain) })

	line, a := w.request(ctx, s, http.MethodGet, "https://"+pacc.HostLabel+"."+domain+pacc.Path, "")
	if line.Fault == FaultNone && a.status != http.StatusOK {
		line.end(FaultStatus, "only 200 will do")
	}
	both.Wait()
	r := result{}
	if line.Fault == FaultNone {
		c := readPACC(a, digests, v, w.client.OldPACC)
		w.complete(&line, c, a)
		r.settings = c.settings
	}
	r.rows = []Step{digestRow, line}
	return r
}

// digests asks for the TXT records. There may be several while a document is replaced.
func (w *walk) digests(ctx context.Context, s step, name string) (line Step, digests [][sha256.Size]byte) {
	line = s.timed(ctx, "TXT "+name, func(ctx context.Context) (string, error) {
		list, err := w.env.TXT(ctx, name)
		for _, text := range list[:min(len(list), maxRecords)] {
			if d, err := pacc.ParseTXT(text); err == nil {
				digests = append(digests, d)
			}
		}
		return fmt.Sprintf("%d digest(s)", len(digests)), err
	})
	if line.Fault == FaultNone && len(digests) == 0 {
		line.end(FaultMalformed, "no digest that a client can read")
	}
	return line, digests
}

func readPACC(a answer, digests [][sha256.Size]byte, v vars, old bool) config {
	p, err := pacc.Decode(a.body)
	typeTaken := strings.EqualFold(provider.MediaType(a.contentType), pacc.ContentType)
	switch c := unread(a.body, a.contentType, "a PACC document", typeTaken, err); {
	case c.fault != FaultNone:
		return c
	case !slices.Contains(digests, sha256.Sum256(a.body)):
		return config{fault: FaultDigest, why: "no digest in DNS matches these bytes"}
	}
	s := &Settings{Incoming: paccServer(p.Incoming, v), Outgoing: paccServer(p.Outgoing, v)}
	var doc struct {
		Protocols struct{ SMTP json.RawMessage }
	} // the word for sending before -03
	if old && (json.Unmarshal(a.body, &doc) != nil || doc.Protocols.SMTP == nil) {
		s.Outgoing = nil
	}
	if s.Incoming == nil {
		s = urlSettings("jmap", p.JMAP, v)
	}
	return taken(s, "no incoming server in it")
}

// paccServer is the first server of a direction, nil when its host name is invalid.
func paccServer(list []provider.Server, v vars) *Server {
	if len(list) > 0 {
		s := list[0]
		if host, err := provider.ParseHost(s.Host); err == nil {
			s.Host, s.Username = host, v.login.String()
			return serverOf(s)
		}
	}
	return nil
}
