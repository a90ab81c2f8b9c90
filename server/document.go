package server

import (
	"bytes"
	"strconv"
	"strings"
	"sync"

	"autoconfig/autodiscover"
	"autoconfig/mozilla"
	"autoconfig/pacc"
	"autoconfig/provider"
)

// A document differs between two domains of one provider, or two addresses, only where their names stand. So each is
// encoded once per provider with stand-ins for the names, and an answer is that encoding with the names put in: the
// cost of a request does not grow with the number of domains, and there is nothing per domain to keep.

// The stand-ins. They are valid names, so that encoders treat them as any other, and occur nowhere else.
const (
	standInLocal  = "zz0local0zz"
	standInDomain = "zz0domain0zz.example"
)

var standIn = provider.Address{Local: standInLocal, Domain: standInDomain}

// documents holds the encodings of one generation of settings.
type documents struct{ byProvider sync.Map } // *provider.Provider → *encodings

// form is a document that is the same for all of a provider's addresses but for their names.
type form int

const (
	mozillaForm form = iota
	paccForm
	outlookForm
	outlookBareForm // without an address
	forms
)

type encodings [forms]lazy

func (d *documents) of(p *provider.Provider, f form) (*template, error) {
	e, ok := d.byProvider.Load(p)
	if !ok {
		e, _ = d.byProvider.LoadOrStore(p, &encodings{
			mozillaForm:     lazy{encode: func() ([]byte, error) { return mozilla.Encode(p, standInDomain) }},
			paccForm:        lazy{encode: func() ([]byte, error) { return pacc.Encode(p, standInDomain) }},
			outlookForm:     lazy{encode: func() ([]byte, error) { return autodiscover.EncodeOutlook(p, standIn) }},
			outlookBareForm: lazy{encode: func() ([]byte, error) { return autodiscover.EncodeOutlook(p, provider.Address{Domain: standInDomain}) }},
		})
	}
	return e.(*encodings)[f].get() //nolint:errcheck,forcetypeassert // only *encodings are stored
}

// lazy is an encoding made when it is first asked for.
type lazy struct {
	encode func() ([]byte, error)
	once   sync.Once
	doc    template
	err    error
}

func (l *lazy) get() (*template, error) {
	l.once.Do(func() {
		var body []byte
		if body, l.err = l.encode(); l.err == nil {
			l.doc = newTemplate(body)
		}
	})
	return &l.doc, l.err
}

// template is an encoding cut where the names stand.
type template struct {
	parts [][]byte
	slots []byte // between the parts: 'd' domain, 'l' local part
	sum   uint64
}

func newTemplate(body []byte) template {
	t := template{sum: fnv(fnvStart, body)}
	for {
		d, l := bytes.Index(body, []byte(standInDomain)), bytes.Index(body, []byte(standInLocal))
		switch {
		case d < 0 && l < 0:
			t.parts = append(t.parts, body)
			return t
		case l < 0 || d >= 0 && d < l:
			t.parts, t.slots = append(t.parts, body[:d]), append(t.slots, 'd')
			body = body[d+len(standInDomain):]
		default:
			t.parts, t.slots = append(t.parts, body[:l]), append(t.slots, 'l')
			body = body[l+len(standInLocal):]
		}
	}
}

// fill appends the encoding to out with the names put in. The local part is text the format has escaped.
func (t *template) fill(out, local []byte, domain string) []byte {
	for i, part := range t.parts {
		out = append(out, part...)
		if i == len(t.slots) {
			break
		}
		if t.slots[i] == 'd' {
			out = append(out, domain...)
		} else {
			out = append(out, local...)
		}
	}
	return out
}

// etag is a strong entity tag: the encoding and the domain decide the bytes.
func (t *template) etag(domain string) string {
	var b [24]byte
	b[0] = '"'
	out := strconv.AppendUint(b[:1], fnv(t.sum, domain), 36)
	return string(append(out, '"'))
}

const fnvStart uint64 = 14695981039346656037

// fnv continues an FNV-1a hash.
func fnv[T string | []byte](h uint64, data T) uint64 {
	for i := range len(data) {
		h = (h ^ uint64(data[i])) * 1099511628211
	}
	return h
}

// document is the answer with the found domain's document. HEAD and a matching If-None-Match do not need the bytes, but
// are rare.
func (r *request) document(f form, kind string) (answer, error) {
	t, err := r.set.documents.of(r.found.Provider, f)
	if err != nil {
		return answer{}, err
	}
	domain := r.found.Address.Domain
	return answer{status: 200, outcome: served, domain: domain, kind: kind, cors: true,
		body: r.fill(t, "", domain), etag: t.etag(domain), cache: cacheDocument}, nil
}

// fill is the template with the names put in. The bytes are good until the answer is written.
func (r *request) fill(t *template, local, domain string) []byte {
	r.room = autodiscover.EscapeText(r.room[:0], local)
	n := len(r.room)
	r.room = t.fill(r.room, r.room[:n], domain)
	return r.room[n:]
}

// reasonOf keeps an error's reason for a plain-text answer on one line.
func reasonOf(err error) string { return strings.ReplaceAll(err.Error(), "\n", " ") }
