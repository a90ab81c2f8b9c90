package source

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"autoconfig/provider"
)

// LDAPOptions are the directory to ask, and how. Domain is required; List is for
// listing the domains, User for login names.
type LDAPOptions struct {
	URL               string // ldaps://, ldap:// or ldapi://
	StartTLS          bool   // RFC 4511 §4.14
	TLS               *tls.Config
	BindDN, Password  string // empty: anonymous
	Base              string
	Domain            string // filter with :domain
	ProviderAttribute string // of the entry found, with the provider's id
	List              string // filter without parameters
	DomainAttribute   string // of the entries listed; of a mail address the domain counts
	User              string // filter with :address, :local, :domain
	LoginAttribute    string // of the entry found
}

// OpenLDAP makes a source of a directory. It does not connect yet.
func OpenLDAP(o BackendOptions, q LDAPOptions) (*Backend, error) {
	s := &ldapStore{o: q, timeout: o.Cache.Timeout, idle: make(chan *ldap.Conn, o.Cache.InFlight)}
	var err error
	if s.filters, err = parseAll(ParseFilter, q.Domain, q.List, q.User); err != nil {
		return nil, err
	}
	return backendOf(o, s), nil
}

// ldapStore asks a directory over at most as many connections as there are
// questions at once, and one more for the list.
type ldapStore struct {
	o       LDAPOptions
	filters [3]Filter
	timeout time.Duration
	idle    chan *ldap.Conn
}

func (s *ldapStore) domain(ctx context.Context, domain string) (string, error) {
	return s.one(ctx, s.filters[queryDomain], provider.Address{Domain: domain}, s.o.ProviderAttribute)
}

func (s *ldapStore) login(ctx context.Context, a provider.Address) (string, error) {
	login, err := s.one(ctx, s.filters[queryUser], a, s.o.LoginAttribute)
	if errors.Is(err, errValue) {
		return "", errValue
	}
	if e, ok := errors.AsType[*ldap.Error](err); ok && e.ResultCode < ldap.ErrorNetwork {
		err = fmt.Errorf("LDAP result %d", e.ResultCode) // a server's message may contain the address
		if !gone(e) {
			err = statementError{err}
		}
	}
	return login, err
}

// one is the first value of an attribute of the first entry that matches; empty when the entry has none.
func (s *ldapStore) one(ctx context.Context, f Filter, a provider.Address, attribute string) (string, error) {
	wanted := []string{"1.1"} // no attribute (RFC 4511 §4.5.1.8)
	if attribute != "" {
		wanted = []string{attribute}
	}
	req := ldap.NewSearchRequest(s.o.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases,
		1, int(s.timeout/time.Second)+1, false, f.fill(a), wanted, nil)
	found, err := s.search(ctx, req)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return "", statementError{err} // the base is not there: a mistake, or a directory being filled
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidAttributeSyntax):
		return "", errValue
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) && found != nil && len(found.Entries) > 0:
		// one is enough
	case err != nil:
		return "", err
	case len(found.Entries) == 0:
		return "", provider.ErrNotFound
	}
	return found.Entries[0].GetEqualFoldAttributeValue(attribute), nil
}

// tries is how often a question is asked when its connection breaks.
const tries = 3

// search asks over a connection of the pool, or over a new one if that is broken.
func (s *ldapStore) search(ctx context.Context, req *ldap.SearchRequest) (*ldap.SearchResult, error) {
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil { // the server might be faster than the closing below
			return nil, err
		}
		conn, err := s.take(ctx, try > 1)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		found, err := conn.Search(req)
		alive := stop()
		e, ok := errors.AsType[*ldap.Error](err)
		answered := err == nil || ok && e.ResultCode < ldap.ErrorNetwork && !gone(e)
		s.give(conn, answered && alive)
		switch {
		case answered:
			return found, err
		case try == tries:
			return nil, cmp.Or(ctx.Err(), err)
		}
	}
}

// gone reports whether a server is stopping or has no time (RFC 4511 §A.2).
func gone(e *ldap.Error) bool {
	return e.ResultCode == ldap.LDAPResultUnavailable || e.ResultCode == ldap.LDAPResultBusy
}

// take is an idle connection, or a new one.
func (s *ldapStore) take(ctx context.Context, fresh bool) (*ldap.Conn, error) {
	for !fresh {
		select {
		case conn := <-s.idle:
			if !conn.IsClosing() {
				return conn, nil
			}
			_ = conn.Close()
		default:
			fresh = true
		}
	}
	return s.dial(ctx)
}

func (s *ldapStore) give(conn *ldap.Conn, alive bool) {
	if alive && !conn.IsClosing() {
		select {
		case s.idle <- conn:
			return
		default:
		}
	}
	_ = conn.Close() // broken, or one more than are kept
}

// dial connects and logs in before the deadline.
func (s *ldapStore) dial(ctx context.Context) (*ldap.Conn, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(s.timeout)
	}
	dialer := ldap.DialWithDialer(&net.Dialer{Deadline: deadline})
	conn, err := ldap.DialURL(s.o.URL, dialer, ldap.DialWithTLSConfig(s.o.TLS))
	if err != nil {
		return nil, err
	}
	conn.SetTimeout(s.timeout)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if s.o.StartTLS {
		err = conn.StartTLS(s.o.TLS)
	}
	if err == nil && s.o.BindDN != "" {
		err = conn.Bind(s.o.BindDN, s.o.Password)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// page is how many entries are listed at a time (RFC 2696).
const page = 500

// list yields each domain once, however many entries have addresses in it.
func (s *ldapStore) list(ctx context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		if len(s.filters[queryList].parts) == 0 {
			return
		}
		seen := map[string]bool{}
		for e, err := range s.entries(ctx) {
			if err != nil {
				yield(row{}, err)
				return
			}
			id := e.GetEqualFoldAttributeValue(s.o.ProviderAttribute)
			for _, value := range e.GetEqualFoldAttributeValues(s.o.DomainAttribute) {
				domain := strings.ToLower(value[strings.LastIndexByte(value, '@')+1:])
				if !seen[domain] && !yield(row{domain, id}, nil) {
					return
				}
				seen[domain] = true
			}
		}
	}
}

// entries pages through the entries that match the list filter.
func (s *ldapStore) entries(ctx context.Context) iter.Seq2[*ldap.Entry, error] {
	return func(yield func(*ldap.Entry, error) bool) {
		attributes := []string{s.o.DomainAttribute}
		if s.o.ProviderAttribute != "" {
			attributes = append(attributes, s.o.ProviderAttribute)
		}
		conn, err := s.dial(ctx) // pages belong to one connection
		if err != nil {
			yield(nil, err)
			return
		}
		defer conn.Close() //nolint:errcheck // read only
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		paging := ldap.NewControlPaging(page)
		req := ldap.NewSearchRequest(s.o.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			s.filters[queryList].fill(provider.Address{}), attributes, []ldap.Control{paging})
		for {
			found, err := conn.Search(req)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range found.Entries {
				if !yield(e, nil) {
					return
				}
			}
			answer, ok := ldap.FindControl(found.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
			if !ok || len(answer.Cookie) == 0 {
				return
			}
			paging.SetCookie(answer.Cookie)
		}
	}
}

func (s *ldapStore) close() error {
	for {
		select {
		case conn := <-s.idle:
			_ = conn.Close()
		default:
			return nil
		}
	}
}
