package publish

import (
	"errors"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// fault is a finding on its way up as an error.
type fault struct{ found finding.Finding }

func newFault(id, subject string) *fault { return &fault{finding.New(id, subject)} }

func (f *fault) Error() string { return f.found.String() }

func (f *fault) because(format string, args ...any) *fault {
	f.found = f.found.Because(format, args...)
	return f
}

func (f *fault) do(fix string) *fault {
	f.found = f.found.Do("%s", fix)
	return f
}

// asFinding is the finding in err; any other error is the cause of
// a finding that says the zone was not published.
func asFinding(err error, subject string) finding.Finding {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.found
	}
	return finding.New("dns-publish-unreadable", subject).Because("%v", err)
}

// unreadable: a question that the update depends on has no answer.
func unreadable(zone string, a query.Answer) *fault {
	f := newFault("dns-publish-unreadable", dnssrv.Plain(zone)).because("%v; an update is only sent when it is known what is published, so nothing was written", a.Error())
	f.found.RCode = string(a.Outcome)
	return f
}

// delegated: a name belongs to a zone that is not the one to be updated.
func delegated(name, child string) *fault {
	return newFault("dns-publish-delegated", dnssrv.Plain(name)).
		because("%s is delegated: it lies in the zone %s, which other name servers have; nothing was written", dnssrv.Plain(name), dnssrv.Plain(child))
}
