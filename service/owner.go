package service

import (
	"context"
	"time"

	"autoconfig/config"
	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	"autoconfig/server"
)

// pagePerSecond bounds the questions to one resolver that visitors of the pages of records cause.
const pagePerSecond = 100

// recordPlan plans and checks the records of the operator's domains for the pages of their owners.
func recordPlan(cfg *config.Config, data *config.Data) server.RecordPlan {
	client := query.New(query.Options{ResolversNow: Resolvers(cfg), PerSecond: pagePerSecond, Timeout: time.Second, Tries: 2})
	plan := dnssrv.PlanOptions{ServiceHost: cfg.ServiceHost, TTL: dnssrv.DefaultTTL}
	return func(ctx context.Context, domain string) ([]dnssrv.RR, func(context.Context) []finding.Finding, error) {
		c := NewRecordCheck(data, client, plan, false, nil) // which remembers hosts, so it is for one check
		s, err := c.Subject(ctx, domain)
		return s.Want, func(ctx context.Context) []finding.Finding { return c.Check(ctx, s) }, err
	}
}
