package discover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"autoconfig/pacc"
	"autoconfig/provider"
)

// pacc fetches the document and its digest at once, and takes the document
// only when DNS vouches for its bytes (draft-ietf-mailmaint-pacc-03).
func (w *walk) pacc(ctx context.Context, s step, v vars) result {
	domain := v.addr.Domain
	var digests [][sha256.Size]byte
	var digestRow Step
	var both sync.WaitGroup
	both.Go(func() { digestRow, digests = w.digests(ctx, s, pacc.TXTLabel+"."+domain) })

	start := time.Now()
	target := "https://" + pacc.HostLabel + "." + domain + pacc.Path
	a := w.fetch(ctx, s, http.MethodGet, target, "")
	f, why := faultOf(a.err)
	if f == FaultNone && a.status != http.StatusOK {
		if f, why = faultOfStatus(a.status); f == FaultNone {
			f, why = FaultStatus, "only 200 will do"
		}
	}
	line := row(s, "GET "+target, start, f, why)
	line.host, line.url, line.Trace = pacc.HostLabel+"."+domain, target, traceOf(a)
	both.Wait()
	r := result{}
	if f == FaultNone {
		c := readPACC(a, digests, v, w.client.OldPACC)
		w.judge(&line, c, a)
		r.settings = c.settings
	}
	r.rows = []Step{digestRow, line}
	return r
}

// digests asks for the TXT records. There may be several while a document
// is replaced.
func (w *walk) digests(ctx context.Context, s step, name string) (Step, [][sha256.Size]byte) {
	ctx, cancel := context.WithTimeout(ctx, s.time())
	defer cancel()
	start := time.Now()
	list, err := w.env.TXT(ctx, name)
	f, why := faultOf(err)
	if f != FaultNone {
		return row(s, "TXT "+name, start, f, why), nil
	}
	var out [][sha256.Size]byte
	for _, text := range list[:min(len(list), maxRecords)] {
		if d, err := pacc.ParseTXT(text); err == nil {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return row(s, "TXT "+name, start, FaultMalformed, "no digest that a client can read"), nil
	}
	return row(s, "TXT "+name, start, FaultNone, fmt.Sprintf("%d digest(s)", len(out))), out
}

func readPACC(a answer, digests [][sha256.Size]byte, v vars, old bool) config {
	p, err := pacc.Decode(bytes.NewReader(a.body))
	switch {
	case isPage(a.body, a.contentType):
		return isWebPage("a PACC document")
	case !strings.EqualFold(provider.MediaType(a.contentType), pacc.ContentType):
		return typeRefused(a.contentType)
	case err != nil:
		return config{fault: FaultMalformed, why: "not a PACC document"}
	case !vouched(a.body, digests):
		return config{fault: FaultDigest, why: "no digest in DNS fits these bytes"}
	}
	s := &Settings{Incoming: paccServer(p.Incoming, v), Outgoing: paccServer(p.Outgoing, v)}
	var doc struct {
		Protocols struct{ SMTP json.RawMessage }
	} // the word for sending before -03
	if old && (json.Unmarshal(a.body, &doc) != nil || doc.Protocols.SMTP == nil) {
		s.Outgoing = nil
	}
	if s.Incoming == nil && p.JMAP != "" {
		if jmap := urlSettings("jmap", p.JMAP, v); jmap != nil {
			s = jmap
		}
	}
	if s.Incoming == nil {
		return config{fault: FaultEmpty, why: "no incoming server in it"}
	}
	return config{settings: s, why: s.words()}
}

func vouched(body []byte, digests [][sha256.Size]byte) bool {
	return slices.Contains(digests, sha256.Sum256(body))
}

// paccServer is the first server of a direction, nil when its host name is invalid.
func paccServer(list []provider.Server, v vars) *Server {
	if len(list) == 0 {
		return nil
	}
	s := list[0]
	host, err := provider.ParseHost(s.Host)
	if err != nil {
		return nil
	}
	s.Host, s.Username = host, v.login.String()
	return serverOf(s)
}
