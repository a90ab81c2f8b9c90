package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"autoconfig/autodiscover"
	"autoconfig/discover"
	"autoconfig/files"
	"autoconfig/finding"
	"autoconfig/provider"
)

// Collector gathers documents from files, from servers, and from what mail programs find.
type Collector struct {
	Files   *files.Reader
	Env     func() (*discover.Env, error) // to ask the network; its error ends the work
	Domains []string                      // of documents that do not state theirs, and those to ask a server for

	Docs  []*Document
	Found []finding.Finding // about what gave no entry
	Count int               // of documents that were read
}

// URLError says what is wrong with a URL.
type URLError string

func (e URLError) Error() string { return string(e) }

// Take reads a document, or notes why not. The domain that its name states is taken for its own.
func (c *Collector) Take(name string, data []byte, err error) { c.take(name, data, c.hint(name), err) }

func (c *Collector) take(name string, data []byte, a provider.Address, err error) {
	var docs []*Document
	if err == nil {
		docs, err = Read(name, data, a)
	}
	if err != nil {
		cause := err.Error()
		if p, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(p, fs.ErrNotExist) {
			cause = "the file is not there any more; import again"
		} else if ok {
			what, fix := files.Explain(p.Path, p, "the current folder")
			if begin, ok := strings.CutSuffix(what, " "+p.Path); ok {
				what = begin + " it" // the file that the finding is about
			}
			cause = what + "; " + fix
		}
		c.unreadable(name, provider.Printable(cause, 300))
		return
	}
	c.Count++
	c.Docs = append(c.Docs, docs...)
}

func (c *Collector) unreadable(subject, cause string) {
	f := finding.New("import-document-unreadable", provider.Printable(subject, 300)).Because("%s", cause)
	c.Found = append(c.Found, f)
}

// hint is the domain that the place of a document states, else the first of Domains.
func (c *Collector) hint(place string) provider.Address {
	return provider.Address{Domain: cmp.Or(DomainOf(place), append(slices.Clone(c.Domains), "")[0])}
}

// Folder reads all documents below a folder. What is in none of the formats, such as a licence, is a warning.
func (c *Collector) Folder(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != dir:
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		data, err := c.Files.Read(path, MaxSize)
		before := len(c.Found)
		c.Take(path, data, err)
		if len(c.Found) > before && formatOf(data) == discover.NoFormat {
			c.Found[before].Level = finding.Warn
		}
		return nil
	})
}

// Fetch gets the document at a URL; without a path, all that a server has for the domains.
func (c *Collector) Fetch(ctx context.Context, raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		return URLError(fmt.Sprintf("%q is not a URL", raw))
	case u.User != nil:
		return URLError("a URL with a user name or a password; no document needs one, leave it out")
	}
	env, err := c.Env()
	if err != nil {
		return err
	}
	if u.Path != "" && u.Path != "/" {
		c.fetchOne(ctx, env, u)
		return nil
	}
	domains := c.Domains
	if len(domains) == 0 {
		domains = []string{cmp.Or(DomainOf(u.Host), provider.Registrable(u.Hostname()))}
	}
	base := strings.TrimSuffix(raw, "/")
	for _, domain := range domains {
		before := c.Count
		for _, ask := range asks(domain) {
			if data, err := ask.fetch(ctx, env, base); err == nil {
				c.take(base+ask.path, data, ask.address, nil)
			}
		}
		if c.Count == before {
			c.unreadable(raw, "the server has no document for "+domain)
		}
	}
	return context.Cause(ctx)
}

// fetchOne gets one document; it is for the address in its URL, if there is one.
func (c *Collector) fetchOne(ctx context.Context, env *discover.Env, u *url.URL) {
	a := c.hint(u.Host)
	for key, values := range u.Query() {
		address, err := provider.ParseAddress(provider.Unwrap(values[0]))
		if err == nil && strings.HasPrefix(strings.ToLower(key), "email") {
			a = address
		}
	}
	data, _, err := discover.Fetch(ctx, env, u.String())
	u.RawQuery = "" // it may hold an address
	c.take(u.String(), data, a, err)
}

// Discover takes the documents that mail programs take settings from, and the settings that one found without.
func (c *Collector) Discover(ctx context.Context, addr provider.Address) error {
	env, err := c.Env()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	bodies := map[string][]byte{} // by URL
	env.Document = func(url string, body []byte) {
		mu.Lock()
		defer mu.Unlock()
		bodies[url] = body
	}
	r, err := discover.Run(ctx, env, addr)
	if err := cmp.Or(err, context.Cause(ctx)); err != nil {
		return err
	}
	if addr.Local == "" {
		addr.Local = "postmaster" // as it was asked for
	}
	before := len(c.Docs)
	for url, body := range bodies {
		c.take(url, body, addr, nil)
	}
	slices.SortFunc(c.Docs[before:], betterFirst)
	if c.Docs = append(c.Docs, fromReport(r, addr)...); len(c.Docs) == before {
		c.Found = append(c.Found, finding.New("import-document-unreadable", addr.Domain).
			Because("no mail program finds settings for it").
			Do("autoconfig discover %s says why", addr.Domain))
	}
	return nil
}

type ask struct {
	path    string
	address provider.Address // to ask with

	query string // with the address as %[1]s
	post  bool
	to    autodiscover.Schema
}

// asks are the requests for a domain's documents, best first: this program's, automx2's, go-autoconfig's, mailcow's.
func asks(domain string) []ask {
	a := provider.Address{Local: "postmaster", Domain: domain} // which every domain has (RFC 5321 §4.5.1)
	return []ask{
		{path: "/api/v1/settings", address: provider.Address{Domain: domain}, query: "email=%[1]s"},
		{path: "/mail/config-v1.1.xml", address: a, query: "emailaddress=%[1]s"},
		{path: "/autodiscover/autodiscover.xml", address: a, post: true},
		{path: "/autodiscover/autodiscover.xml", address: a, post: true, to: autodiscover.MobileSync},
		{path: "/mobileconfig", address: a, query: "email=%[1]s&emailaddress=%[1]s"},
	}
}

// fetch sends the request to the server at base, a URL without a path.
func (a ask) fetch(ctx context.Context, env *discover.Env, base string) ([]byte, error) {
	if a.post {
		return discover.FetchAutodiscover(ctx, env, base+a.path, a.address.String(), a.to)
	}
	query := fmt.Sprintf(a.query, url.QueryEscape(a.address.String()))
	data, _, err := discover.Fetch(ctx, env, base+a.path+"?"+query)
	return data, err
}

// DomainOf is the domain after one of the labels of clients, or the folder of an Autodiscover answer; "" without one.
func DomainOf(place string) string {
	if host, ok := strings.CutSuffix(strings.ToLower(place), "/autodiscover/autodiscover.xml"); ok {
		place = host
		if domain, err := provider.ParseDomain(path.Base(host)); err == nil && DomainOf(path.Base(host)) == "" {
			return domain
		}
	}
	for part := range strings.FieldsFuncSeq(place, func(r rune) bool { return strings.ContainsRune(`/\:`, r) }) {
		for _, prefix := range provider.HostPrefixes {
			if name, ok := strings.CutPrefix(strings.ToLower(part), prefix); ok {
				domain, err := provider.ParseDomain(name)
				if err == nil && !strings.HasSuffix(domain, ".xml") && !strings.HasSuffix(domain, ".json") {
					return domain
				}
			}
		}
	}
	return ""
}

// betterFirst orders documents by how much their formats can say.
func betterFirst(a, b *Document) int {
	order := []discover.Format{Settings, discover.Autoconfig, discover.PACC, discover.Profile, discover.Autodiscovery}
	return cmp.Or(slices.Index(order, a.Format)-slices.Index(order, b.Format), strings.Compare(a.Name, b.Name))
}

// fromReport is what mail programs found for an address by SRV records alone, if they found anything.
func fromReport(r *discover.Report, a provider.Address) (out []*Document) {
	for _, c := range r.Clients {
		s := c.Settings
		if s == nil || s.Incoming == nil || s.Outgoing == nil || !strings.HasPrefix(s.From, "SRV ") {
			continue
		}
		d := &Document{Name: s.From, Provider: &provider.Provider{}, address: a}
		for _, found := range []*discover.Server{s.Incoming, s.Outgoing} {
			m := provider.Server{Protocol: provider.Protocol(found.Protocol), Host: found.Host, Port: found.Port,
				Security: found.Security, Auth: found.Auth, Username: found.Username}
			m.SetDefaults()
			if m.Protocol == provider.SMTP {
				d.Provider.Outgoing = append(d.Provider.Outgoing, m)
			} else {
				d.Provider.Incoming = append(d.Provider.Incoming, m)
			}
		}
		d.finish()
		return []*Document{d}
	}
	return nil
}
