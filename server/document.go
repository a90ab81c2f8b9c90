package server

import (
	"bytes"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"autoconfig/autodiscover"
	"autoconfig/mozilla"
	"autoconfig/pacc"
	"autoconfig/provider"
)

// A document differs between two domains of one provider, or two addresses, only where their names are. So each is
// encoded once per provider with stand-ins for the names, and an answer is that encoding with the names put in: the
// cost of a request does not grow with the number of domains, and there is nothing per domain to keep.

// The stand-ins. They are valid names, so that encoders treat them like any other, and occur nowhere else.
const (
	standInLocal  = "zz0local0zz"
	standInDomain = "zz0domain0zz.example"
	standInBegins = "zz0" // as all of them do
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
	v2Form          // and those after it: one for each of v2Protocols; the domain is the host in that of AutodiscoverV1
	forms           = v2Form + form(len(v2Protocols))
)

// v2Protocols are what Autodiscover v2 can offer.
var v2Protocols = [...]string{
	autodiscover.ProtocolActiveSync, autodiscover.ProtocolAutodiscoverV1, autodiscover.ProtocolEWS}

// encodings are made when they are first asked for.
type encodings [forms]func() (*template, error)

// of is the encoding of a provider. That of one person is not kept.
func (d *documents) of(p *provider.Provider, f form) (*template, error) {
	if p.Personal {
		return newEncodings(p)[f]()
	}
	e, ok := d.byProvider.Load(p)
	if !ok {
		e, _ = d.byProvider.LoadOrStore(p, newEncodings(p))
	}
	return e.(*encodings)[f]() //nolint:errcheck,forcetypeassert // only *encodings are stored
}

func newEncodings(p *provider.Provider) *encodings {
	once := func(encode func() ([]byte, error)) func() (*template, error) {
		return sync.OnceValues(func() (*template, error) {
			body, err := encode()
			if err != nil {
				return nil, err
			}
			return newTemplate(body, standInDomain, standInLocal), nil
		})
	}
	bare := provider.Address{Domain: standInDomain}
	e := &encodings{
		mozillaForm:     once(func() ([]byte, error) { return mozilla.Encode(p, standInDomain) }),
		paccForm:        once(func() ([]byte, error) { return pacc.Encode(p, standInDomain) }),
		outlookForm:     once(func() ([]byte, error) { return autodiscover.EncodeOutlook(p, standIn) }),
		outlookBareForm: once(func() ([]byte, error) { return autodiscover.EncodeOutlook(p, bare) }),
	}
	for i, protocol := range v2Protocols {
		e[v2Form+form(i)] = once(func() ([]byte, error) { return encodeV2(p, standInDomain, protocol, standInDomain) })
	}
	return e
}

// template is a body cut where the marks are.
type template struct {
	parts [][]byte
	slots []int // between the parts: which mark was there
	sum   uint64
}

// newTemplate cuts a body at marks. Where several begin at one place, the first of them counts.
func newTemplate(body []byte, marks ...string) *template {
	t := &template{sum: fnv(fnvStart, body)}
	for {
		at, slot := len(body), -1
		for i, mark := range marks {
			if n := bytes.Index(body, []byte(mark)); n >= 0 && n < at {
				at, slot = n, i
			}
		}
		t.parts = append(t.parts, body[:at])
		if slot < 0 {
			return t
		}
		t.slots = append(t.slots, slot)
		body = body[at+len(marks[slot]):]
	}
}

// fill appends the body to out with a value in the place of each mark.
func (t *template) fill(out []byte, values ...[]byte) []byte {
	for i, slot := range t.slots {
		out = append(append(out, t.parts[i]...), values[slot]...)
	}
	return append(out, t.parts[len(t.slots)]...)
}

// has reports whether a mark was anywhere in the body.
func (t *template) has(slot int) bool { return slices.Contains(t.slots, slot) }

// whole is the template, or nil if a part of a stand-in is left in a form that was no mark.
func (t *template) whole() *template {
	for _, part := range t.parts {
		if bytes.Contains(part, []byte(standInBegins)) {
			return nil
		}
	}
	return t
}

// templateCache keeps templates within bounds. One may be nil: that body must be made each time.
type templateCache[K comparable] struct {
	mu   sync.Mutex
	made map[K]*template
}

// maxTemplates bounds the memory: a page has 40 KB, which is the most.
const maxTemplates = 256

// of is the template of a key. The first time, build makes its body and says what the stand-ins are in it.
func (c *templateCache[K]) of(key K, build func() (body []byte, marks []string, err error)) *template {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.made[key]
	if ok {
		return t
	}
	if c.made == nil || len(c.made) >= maxTemplates {
		c.made = map[K]*template{}
	}
	if body, marks, err := build(); err == nil {
		t = newTemplate(body, marks...).whole()
	}
	c.made[key] = t
	return t
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

// encoded is the document of a match. The bytes are good until the answer is written.
func (r *request) encoded(f form, m match) ([]byte, *template, error) {
	t, err := r.set.documents.of(m.Provider, f)
	if err != nil {
		return nil, nil, err
	}
	r.room = autodiscover.EscapeText(append(r.room[:0], m.Address.Domain...), m.Address.Local)
	domain, n := len(m.Address.Domain), len(r.room)
	r.room = t.fill(r.room, r.room[:domain], r.room[domain:n])
	return r.room[n:], t, nil
}

// document is the answer with the found domain's document. HEAD and a matching If-None-Match do not need the bytes, but
// are rare.
func (r *request) document(f form, kind string) (answer, error) {
	domain := r.found.Address.Domain
	body, t, err := r.encoded(f, match{Provider: r.found.Provider, Address: provider.Address{Domain: domain}})
	a := content(domain, kind, cacheDocument, body)
	if err == nil {
		a.etag, a.cors = t.etag(domain), true
	}
	return a, err
}

// autoconfig answers the Mozilla document. One person's own may not be cached.
func (s *Server) autoconfig(r *request) answer {
	a, err := r.document(mozillaForm, textXML)
	switch {
	case err != nil:
		s.opts.Log.Error("autoconfig cannot be encoded", "provider", r.found.Provider.ID, "error", err)
		return text(http.StatusNotFound, impossible, "not found")
	case r.found.Provider.Personal:
		return content(a.domain, textXML, noStore, a.body)
	}
	return a
}

// pacc answers the user-agent configuration of the Host's domain. Its bytes have a digest in DNS, so no intermediary
// may change them.
func (s *Server) pacc(r *request) answer {
	a, err := r.document(paccForm, "application/json")
	if err != nil {
		return text(http.StatusNotFound, impossible, reasonOf(err)).about(a.domain)
	}
	a.cache += ", no-transform"
	return a
}

// wellKnown leads clients of calendars, address books and JMAP from a domain to its service, whatever their method is:
// they begin with PROPFIND as well as GET (RFC 6764 §5, RFC 8620 §2.2).
func (s *Server) wellKnown(r *request) answer {
	domain := r.found.Address.Domain
	to := *r.found.Provider.For(domain).URL(path.Base(r.Request().URL.Path)) // the name of each is that of the key
	u, err := url.Parse(to)
	here := err == nil && u.Hostname() == r.host && strings.TrimSuffix(u.Path, "/") == r.Request().URL.Path
	personal := strings.Contains(to, provider.EmailAddress) || strings.Contains(to, provider.EmailLocalPart)
	if to == "" || err != nil || here || personal {
		return text(http.StatusNotFound, notOffered, "not found").about(domain)
	}
	a := redirect(to).about(domain)
	a.status, a.cache, a.cors = http.StatusTemporaryRedirect, cacheDocument, true
	return a
}

// reasonOf keeps an error's reason for a plain-text answer on one line.
func reasonOf(err error) string { return strings.ReplaceAll(err.Error(), "\n", " ") }
