package service

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"autoconfig/config"
	"autoconfig/dnssrv"
	"autoconfig/dnssrv/check"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/pacc"
	"autoconfig/provider"
	"autoconfig/server"
	"autoconfig/source"
)

// PlanRecords lists the records of a domain. Where PACC cannot state the provider, or is switched off, none is planned
// for it.
func PlanRecords(domain string, p *provider.Provider, o dnssrv.PlanOptions) ([]dnssrv.RR, error) {
	if body, err := pacc.Encode(p, domain); err == nil {
		o.PACC = pacc.TXT(body)
	}
	return dnssrv.Plan(domain, p, o)
}

// OwnDomains are the operator's own domains. A row that cannot be used is remembered until its domain is checked.
type OwnDomains struct {
	data *config.Data
	rows sync.Map // domain → *source.RowError
}

// NewOwnDomains are those of the data.
func NewOwnDomains(data *config.Data) *OwnDomains { return &OwnDomains{data: data} }

// Count is their number, -1 if that is not known.
func (d *OwnDomains) Count() int {
	if len(d.data.Remote) > 0 {
		return -1
	}
	return d.data.Listed.Len()
}

// RecordCheck compares what domains publish with their plans.
type RecordCheck struct {
	*OwnDomains
	checker *check.Checker
	options dnssrv.PlanOptions
}

// NewRecordCheck asks client, and where authoritative is set every name server of a zone. Neighbours may be nil.
func NewRecordCheck(data *config.Data, client *query.Client, o dnssrv.PlanOptions, authoritative bool,
	n *check.Neighbours) *RecordCheck {
	checker := check.New(client, check.Options{
		Authoritative: authoritative, Neighbours: n, ByMX: source.NewMXTable(data.Providers).ByHosts, Digest: pacc.ParseTXT})
	return &RecordCheck{OwnDomains: NewOwnDomains(data), checker: checker, options: o}
}

// Checked is the result for one domain. With an error, the report says that it could not be checked.
type Checked struct {
	Report finding.Report
	Err    error
}

// All lists them, including rows that cannot be used. An error ends the list.
func (d *OwnDomains) All(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for domain, err := range d.data.Own().Domains(ctx) {
			if row, ok := errors.AsType[*source.RowError](err); ok {
				d.rows.Store(domain, row)
				err = nil
			}
			if !yield(domain, err) || err != nil {
				return
			}
		}
	}
}

// Row is the fault of a row that was listed, if it has one; a second call returns nil.
func (d *OwnDomains) Row(domain string) *source.RowError {
	row, _ := d.rows.LoadAndDelete(domain)
	bad, _ := row.(*source.RowError)
	return bad
}

// Domain checks one domain, with its plan if it is one of the operator's. A row that cannot be used, and a name that
// records do not fit below, are findings.
func (c *RecordCheck) Domain(ctx context.Context, domain string) Checked {
	var s check.Subject
	var err error
	if row := c.Row(domain); row != nil {
		err = row
	} else {
		s, err = c.Subject(ctx, domain)
	}
	if err == nil {
		return Checked{finding.NewReport(domain, c.Check(ctx, s)), nil}
	}
	f := Unplanned(domain, err)
	if f.ID == "config-source-row" || f.ID == "config-domain-invalid" {
		err = nil
	}
	return Checked{finding.NewReport(domain, []finding.Finding{f}), err}
}

// Unplanned is the finding of an error of [RecordCheck.Subject].
func Unplanned(domain string, err error) finding.Finding {
	if row, ok := errors.AsType[*source.RowError](err); ok {
		return row.Finding()
	}
	id := "dns-plan-failed"
	switch {
	case errors.Is(err, dnssrv.ErrServiceHost):
		id = "server-service-host-missing"
	case errors.Is(err, provider.ErrDomain):
		id = "config-domain-invalid"
	case errors.Is(err, provider.ErrUnavailable):
		id = "config-source-unavailable"
	}
	return finding.New(id, domain).Because("%s", strings.ReplaceAll(err.Error(), "\n", ": "))
}

// Check asks DNS about the domain. Without a plan it only describes what it finds.
func (c *RecordCheck) Check(ctx context.Context, s check.Subject) []finding.Finding {
	found, _ := c.checker.Check(ctx, s)
	return found
}

// Subject is the domain with its plan, if it is one of the operator's.
func (c *RecordCheck) Subject(ctx context.Context, domain string) (check.Subject, error) {
	s := check.Subject{Domain: domain}
	a := provider.Address{Domain: domain}
	if p, err := c.data.All().Lookup(ctx, a); err == nil {
		s.Provider = p
	}
	switch _, err := c.data.Own().Lookup(ctx, a); {
	case errors.Is(err, provider.ErrNotFound):
		return s, nil // a domain that is not listed has no plan
	case err != nil:
		return s, err
	}
	want, err := PlanRecords(domain, s.Provider, c.options)
	switch {
	case errors.Is(err, dnssrv.ErrVendorOwned):
		return s, nil // only the vendor can publish there
	case err != nil:
		return s, err
	}
	s.Want = want
	if body, err := pacc.EncodePrevious(s.Provider, domain); err == nil {
		s.OldPACC = pacc.TXT(body)
	}
	return s, nil
}

// pagePerSecond bounds the questions to one resolver that visitors of the pages of records cause.
const pagePerSecond = 100

// recordPlan plans and checks the records of the operator's domains for the pages of their owners.
func recordPlan(cfg *config.Config, data *config.Data) server.RecordPlan {
	client := query.New(query.Options{
		ResolversNow: Resolvers(cfg), PerSecond: pagePerSecond, Timeout: time.Second, Tries: 2})
	plan := dnssrv.PlanOptions{ServiceHost: cfg.ServiceHost, TTL: dnssrv.DefaultTTL}
	return func(ctx context.Context, domain string) ([]dnssrv.RR, func(context.Context) []finding.Finding, error) {
		c := NewRecordCheck(data, client, plan, false, nil) // which remembers hosts, so it is for one check
		s, err := c.Subject(ctx, domain)
		return s.Want, func(ctx context.Context) []finding.Finding { return c.Check(ctx, s) }, err
	}
}
