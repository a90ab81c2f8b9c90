package apple

import (
	"regexp"
	"strings"
	"testing"
)

// identities are the identifier and UUID of the top level and every payload.
func identities(t *testing.T, kind Kind, addresses ...string) []string {
	t.Helper()
	var accounts []Account
	for _, address := range addresses {
		accounts = append(accounts, account(t, example(), address))
	}
	raw := encode(t, Options{Kind: kind}, accounts...)
	var out []string
	for _, d := range append([]map[string]any{topOf(t, raw)}, payloadsOf(t, raw)...) {
		out = append(out, d["PayloadIdentifier"].(string), d["PayloadUUID"].(string))
	}
	return out
}

// These values are on devices: they must not change from one release to the next.
func TestIdentityIsPinned(t *testing.T) {
	got := identities(t, Mail, "user@example.org")[:4]
	want := []string{"org.example.mail.d159ef624ed86697", "F6D1E79D-1AE0-57AF-A640-20330B5405E7",
		"org.example.mail.d159ef624ed86697.mail", "78AC434D-EAA9-514B-B108-156922E25296"}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIdentity(t *testing.T) {
	form := regexp.MustCompile(`^org\.example\.(mail|exchange)\.[0-9a-f]{16}(\.[0-9a-f]{16})?(\.mail|\.caldav|\.carddav|\.eas)?$`)
	uuidForm := regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`)
	seen := map[string]string{}
	for _, tt := range []struct {
		kind      Kind
		addresses []string
	}{
		{Mail, []string{"user@example.org"}},
		{Mail, []string{"user2@example.org"}},
		{Mail, []string{"us.er@example.org"}},
		{Mail, []string{"user+tag@example.org"}},
		{Exchange, []string{"user@example.org"}},
		{Mail, []string{"user@example.org", "user2@example.org"}},
		{Exchange, []string{"user@example.org", "user2@example.org"}},
	} {
		name := string(tt.kind) + " " + strings.Join(tt.addresses, " ")
		for i, id := range identities(t, tt.kind, tt.addresses...) {
			if i%2 == 0 && !form.MatchString(id) || i%2 == 1 && !uuidForm.MatchString(id) {
				t.Errorf("%s: %s", name, id)
			}
			if strings.Contains(id, "user") {
				t.Errorf("%s: %s says who it is for", name, id)
			}
			if other, ok := seen[id]; ok {
				t.Errorf("%s has %s of %s and would replace it", name, id, other)
			}
			seen[id] = name
		}
	}
}

func TestSameIdentity(t *testing.T) {
	same := func(a, b []string) bool { return strings.Join(a, " ") == strings.Join(b, " ") }
	if !same(identities(t, Mail, "user@example.org"), identities(t, Mail, "User@Example.ORG")) {
		t.Error("another case of the address would install a second profile")
	}
	if !same(identities(t, Mail, "user@example.org"), identities(t, Mail, "user@example.org", "USER@example.org")) {
		t.Error("the same address twice makes another profile")
	}
	ab, ba := identities(t, Mail, "a@example.org", "b@example.org"), identities(t, Mail, "b@example.org", "a@example.org")
	if !same(ab[:2], ba[:2]) {
		t.Error("the order of the addresses makes another profile")
	}
	changed := example()
	changed.Name, changed.Incoming[1].Host, changed.CalDAV = "New name", "new.example.org", ""
	raw := encode(t, Options{Name: "New"}, account(t, changed, "user@example.org"))
	if got := topOf(t, raw)["PayloadUUID"]; got != identities(t, Mail, "user@example.org")[1] {
		t.Error("new settings would not update the installed profile")
	}
}
