package autodiscover

import (
	"bytes"
	"strings"
)

// maxRequest is the size in bytes beyond which a request is not read.
const maxRequest = 64 << 10

// Request is what a client asks (MS-OXDSCLI §2.2.3, MS-ASCMD §2.2.1.1).
type Request struct {
	Email    string // as sent, without the white space around; not checked
	LegacyDN string // a distinguished name of Exchange's directory; means nothing here
	Schema   Schema // of the answer wanted
}

// ParseRequest reads the body of a POST. It forgives what clients do (an address that is not escaped, any prefix,
// UTF-16, another spelling of the names) and nothing else. Its errors are of type *[Error]: 600 for what is no request
// or has no address, 601 for an unknown schema.
func ParseRequest(body []byte) (Request, error) {
	invalid := func() (Request, error) { return Request{}, NewError(CodeInvalidRequest) }
	if len(body) > maxRequest {
		return invalid()
	}
	text, ok := toUTF8(body)
	if !ok || hasDirective(text) {
		return invalid()
	}
	s := scanner{rest: text}
	var f fields
	for t, ok := s.next(); ok; t, ok = s.next() {
		f.read(&s, t)
	}
	if s.bad || !f.rooted {
		return invalid()
	}
	r := Request{Email: f.email, LegacyDN: f.legacyDN}
	if r.Email == "" {
		r.Email = f.emailOtherCase
	}
	// With both, LegacyDN would decide (MS-OXDSCLI §3.2.5); this server has no directory, so the address does.
	if r.Email == "" {
		return invalid()
	}
	switch {
	case f.schema == "" && f.mobileSync, strings.EqualFold(f.schema, NamespaceMobileSyncResponse):
		r.Schema = MobileSync
	case f.schema == "", strings.EqualFold(f.schema, NamespaceOutlookResponse):
		r.Schema = Outlook
	default:
		return Request{}, NewError(CodeNotProvided)
	}
	return r, nil
}

// fields collects what a request holds.
type fields struct {
	rooted                                  bool // the root is an Autodiscover element
	mobileSync                              bool // the request's own namespace
	email, emailOtherCase, legacyDN, schema string
}

func (f *fields) read(s *scanner, t tag) {
	is := func(name string) bool { return bytes.EqualFold(t.name, []byte(name)) }
	set := func(value *string) { // the first counts
		if text := s.text(t); *value == "" {
			*value = text
		}
	}
	switch {
	case !f.rooted:
		f.rooted = is("Autodiscover")
		s.bad = !f.rooted
		f.mobileSync = bytes.Contains(t.attrs, []byte(NamespaceMobileSyncRequest))
	case is("Request"):
		f.mobileSync = f.mobileSync || bytes.Contains(t.attrs, []byte(NamespaceMobileSyncRequest))
	case string(t.name) == "EMailAddress": // the spelling of MS-OXDSCLI §2.2.3.1.1.2
		set(&f.email)
	case is("EMailAddress"):
		set(&f.emailOtherCase)
	case is("LegacyDN"):
		set(&f.legacyDN)
	case is("AcceptableResponseSchema"):
		set(&f.schema)
	}
}
