package check

import (
	"strings"
	"testing"

	"autoconfig/finding"
)

// The statuses are part of what scripts read: those that do not follow from the level of the finding are these.
func TestStatuses(t *testing.T) {
	t.Parallel()
	want := map[string]string{"dns-mx-null": "ok", "dns-name-misplaced": "missing", "dns-mx-verification": "missing"}
	for status, ids := range map[string]string{
		"missing":  "record-missing negative-missing domain-missing mx-missing spf-missing dmarc-missing dkim-missing",
		"conflict": "name-cname name-cname-apex name-cname-beside name-other-data server-serial server-disagree",
		"error":    "question-servfail question-refused question-timeout dnssec-bogus target-unknown server-none",
		"differs":  "record-differs srv-target-missing mx-target-missing vendor-spf caa-denies host-wildcard srv-mixed",
		"ok":       "record-ok record-published mx-provider host-address-ok pacc-rollover caa-allows dkim-published",
	} {
		for id := range strings.FieldsSeq(ids) {
			want["dns-"+id] = status
		}
	}
	for id, status := range want {
		if got := statusOf(finding.New(id, "example.test")); got != status {
			t.Errorf("%s: %s, want %s", id, got, status)
		}
	}
}
