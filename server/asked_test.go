package server

import (
	"strings"
	"testing"
)

// Which schema is asked for tells old and new Outlook apart. A stranger cannot make a new series.
func TestSchemasAsked(t *testing.T) {
	s := newTestServer(t, nil)
	post := "POST http://x.example/autodiscover/autodiscover.xml"
	v2 := "GET http://x.example/autodiscover/autodiscover.json?Email=jo@example.org&Protocol="
	for _, c := range []struct{ line, body, schema string }{
		{post, poxBody("outlook/responseschema/2006a", "jo@example.org"), "outlook"},
		{post, poxBody("mobilesync/responseschema/2006", "jo@example.org"), "mobilesync"},
		{post, poxBody("mobilesync/responseschema/2006", "jo@unserved.example"), "mobilesync"},
		{post, poxBody("evil/2026", "jo@example.org"), "other"},
		{post, "<evil/>", "invalid"},
		{"GET http://example.org/autodiscover/autodiscover.xml", "", "none"},
		{v2 + "ActiveSync", "", "v2-activesync"},
		{v2 + "AUTODISCOVERV1", "", "v2-autodiscoverv1"},
		{v2 + "Rest", "", "v2-rest"},
		{v2 + "evil%22%0A", "", "v2-other"},
		{v2, "", ""},
	} {
		count := func() string {
			for line := range strings.Lines(bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))) {
				if value, ok := strings.CutPrefix(line, `autoconfig_autodiscover_requests_total{schema="`+c.schema+`"} `); ok {
					return value
				}
			}
			return "0\n"
		}
		before := count()
		ask(t, s, c.line, c.body)
		if after := count(); c.schema != "" && after == before {
			t.Errorf("%s %.60s: %s is still %s", c.line, c.body, c.schema, after)
		}
	}
	metrics := bodyOf(t, ask(t, s.Admin(), "GET /metrics", ""))
	if strings.Contains(metrics, "evil") || strings.Count(metrics, "autoconfig_autodiscover_requests_total{") != len(schemasAsked) {
		t.Error("the series are not the known ones")
	}
}
