package publish

import (
	"errors"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// fault is a finding on its way up as an error.
type fault struct{ found finding.Finding }

// newFault is a fault of a name, with the cause that format makes, or with the one of the catalogue if that is empty.
func newFault(id, subject, format string, args ...any) *fault {
	f := finding.New(id, dnssrv.Plain(subject))
	if format != "" {
		f = f.Because(format, args...)
	}
	return &fault{f}
}

func (f *fault) Error() string { return f.found.String() }

func (f *fault) do(fix string) *fault {
	f.found = f.found.Do("%s", fix)
	return f
}

// asFinding is the finding in err; any other error is the cause of a finding that says the zone was not published.
func asFinding(err error, subject string) finding.Finding {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.found
	}
	return finding.New("dns-publish-unreadable", subject).Because("%v", err)
}

// unreadable: a question that the update depends on has no answer.
func unreadable(zone string, a query.Answer) *fault {
	f := newFault("dns-publish-unreadable", zone,
		"%v; an update is only sent when it is known what is published, so nothing was written", a.Error())
	f.found.RCode = string(a.Outcome)
	return f
}

// delegated: a name belongs to a zone that is not the one to be updated.
func delegated(name, child string) *fault {
	return newFault("dns-publish-delegated", name,
		"%s is delegated: it lies in the zone %s, which is on other name servers; nothing was written",
		dnssrv.Plain(name), dnssrv.Plain(child))
}

// outside: a name is not in the zone to be updated.
func outside(name, zone string) *fault {
	return newFault("dns-publish-zone-wrong", name,
		"%s does not lie in the zone %s; nothing was written", dnssrv.Plain(name), dnssrv.Plain(zone))
}
