package discover

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

// planned reports whether a name is for mail programs alone. What the domain itself answers is often a web site's.
func (f *faults) planned(host string) bool {
	domain, planned := provider.CutHostPrefix(host)
	return planned && domain == f.report.domain
}

// names reports what is wrong with each name and each path of the domain, each fault once, whichever client met it.
// Hosts that are not the domain's own (the ISPDB, a mail exchanger's) are not its operator's to correct.
func (f *faults) names() {
	for client, s := range f.steps() {
		if question := s.host == "" && s.kind != guess; question && (s.Fault == FaultDNS || s.Fault == FaultTimeout) {
			f.add("discover-dns-failed", f.report.domain)
		}
		if !f.own(s) {
			continue
		}
		f.host(s)
		f.path(s)
		for _, found := range s.lint { // what a document's format says about it, by its URL
			found.Subject = strings.TrimSpace(s.url + " " + found.Subject)
			f.once(found)
		}
		if line := client + ": " + s.Why; s.Fault == FaultRejected { // what a client does not take, and why
			if found := f.add("discover-document-refused", s.url); !slices.Contains(found.Got, line) {
				found.Got = append(found.Got, line)
			}
		}
	}
}

var hostFaults = map[Fault]string{
	FaultCertName: "discover-certificate-name", FaultCertExpired: "discover-certificate-expired",
	FaultCertChain: "discover-certificate-untrusted", FaultTLS: "discover-tls", FaultPrivate: "discover-address-private",
	FaultHTTP: "discover-answer-garbled", FaultDigest: "discover-pacc-digest", FaultTimeout: "discover-host-hangs",
}

// host reports what keeps programs from reaching a name.
func (f *faults) host(s Step) {
	id, subject, got := hostFaults[s.Fault], s.host, []string(nil)
	switch {
	case s.Fault == FaultTimeout && slices.Contains([]kind{poxPost, poxGet, mobileSync, autoJSON}, s.kind):
		id = "discover-autodiscover-hangs"
	case s.Fault == FaultTimeout && s.kind == autoconfig:
		id = "discover-autoconfig-hangs"
	case s.Fault == FaultUnreachable && f.planned(s.host) && strings.HasPrefix(s.url, "https:"):
		id, subject, got = "discover-host-refused", net.JoinHostPort(s.host, "443"), []string{s.Why}
	case s.Fault == FaultTLS:
		got = []string{s.Why}
	case s.Trace != nil && s.Trace.Certificate != nil && s.Fault != FaultTimeout:
		got = s.Trace.Certificate.Names
	}
	if id == "" {
		return
	}
	found := f.add(id, subject, got...)
	if !f.planned(s.host) && s.Fault != FaultDigest {
		found.Level = finding.Warn
	}
}

func (f *faults) path(s Step) {
	switch {
	case s.Fault == FaultPage:
		f.add("discover-page-not-404", s.url)
	case s.Fault == FaultType:
		f.add("discover-content-type", s.url, s.Trace.ContentType)
	case s.Fault == FaultMalformed:
		f.add("discover-document-malformed", s.url, s.Why)
	case s.Fault == FaultEmpty && s.kind == autoconfig:
		f.add("discover-document-empty", s.url)
	case s.Fault == FaultServer:
		f.add("discover-server-error", s.url, status(s))
	case s.Fault == FaultRedirects:
		f.add("discover-redirect-loop", s.url)
	case s.Fault == FaultAnswer && s.Trace.Status < 300 && strings.Contains(s.Why, " error "):
		f.add("discover-autodiscover-error", s.url, s.Why)
	case s.Fault == FaultAbsent, s.Fault == FaultStatus:
		f.unanswered(s)
	}
	http := func(hop string) bool { return strings.HasPrefix(hop, "http:") }
	if strings.HasPrefix(s.url, "https:") && s.Trace != nil && slices.ContainsFunc(s.Trace.Hops, http) {
		f.add("discover-redirect-downgrade", s.url, s.Trace.Hops...)
	}
}

// unanswered is a path of a planned name without a document or an error of its format, unless the protocol is optional.
func (f *faults) unanswered(s Step) {
	if !f.planned(s.host) || !strings.HasPrefix(s.url, "https:") || s.kind == autoJSON || s.Trace == nil ||
		s.Trace.Status < 300 {
		return
	}
	id := "discover-path-missing"
	if s.Fault == FaultStatus {
		id = "discover-path-status"
	}
	found := f.add(id, s.url, status(s))
	if !f.report.Found() || f.meant && !f.any(f.served) {
		found.Level = finding.Fail
	}
}

// served reports whether a name of the domain answers with settings by https.
func (f *faults) served(s Step) bool {
	return s.settings != nil && strings.HasPrefix(s.url, "https:") && f.own(s)
}

func status(s Step) string { return strings.TrimSpace(fmt.Sprintf("%d %s", s.Trace.Status, s.Why)) }

// outcome counts the programs without settings for the findings about a name.
func (f *faults) outcome() {
	all := len(f.report.Clients)
	line := fmt.Sprintf("%d of %d programs find nothing", all-f.report.Count(), all)
	ids := strings.Fields(`discover-host-refused discover-host-hangs discover-autoconfig-hangs discover-autodiscover-hangs
		discover-path-missing discover-path-status discover-server-error`)
	for i := range f.list {
		if l := &f.list[i]; l.Level == finding.Fail && slices.Contains(ids, l.ID) {
			l.Got = append(l.Got, line)
		}
	}
}

// builtin leaves out advice that nobody but a provider such as Outlook.com can follow at its domains.
func (f *faults) builtin() {
	if len(f.list) == 0 || provider.VendorOwned(f.report.domain) == "" {
		return
	}
	for i := range f.list {
		switch l := &f.list[i]; l.ID {
		case "discover-network-failed", "discover-dns-failed":
		case "discover-settings-none":
			l.Fix = ""
		default:
			l.Level, l.Fix = finding.Warn, ""
		}
	}
	f.list = append(f.list, finding.New("discover-domain-builtin", f.report.domain))
}
