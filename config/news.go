package config

import (
	"time"

	"autoconfig/finding"
	"autoconfig/provider"
)

// News reports about subject what changes soon at the built-in provider id, and what has changed since this release was
// reviewed.
func News(id, subject string, day time.Time) []finding.Finding {
	var out []finding.Finding
	coming, come := provider.News(id, day)
	for _, c := range come {
		f := finding.New("provider-changed", subject)
		out = append(out, f.Because("since %s: %s (%s)", c.Date, c.What, c.Source))
	}
	for _, c := range coming {
		f := finding.New("provider-changes-soon", subject)
		out = append(out, f.Because("from %s on: %s (%s)", c.Date, c.What, c.Source))
	}
	return out
}

// Day is the day for which the built-in providers are described.
func (c *Config) Day() time.Time { return c.day }

// News is [News] on the day of [LoadWith] for the built-in providers that the file names.
func (c *Config) News() []finding.Finding {
	var out []finding.Finding
	for _, e := range c.model {
		if e.Builtin && e.path != "" {
			at, _ := c.pos.find(e.path + ".id")
			out = append(out, News(e.ID, at.String(), c.day)...)
		}
	}
	return out
}
