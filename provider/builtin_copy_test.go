package provider

import (
	"reflect"
	"testing"
)

// A configuration puts its own names and servers into the copy that it gets, and normalizes them, while another one is
// loaded.
func TestBuiltinIsACopy(t *testing.T) {
	for _, b := range Builtins() {
		again := Builtin(b.ID)
		for name, lists := range map[string][2]any{
			"Domains":    {b.Domains, again.Domains},
			"Unverified": {b.Unverified, again.Unverified},
			"MX":         {b.MX, again.MX},
			"Incoming":   {b.Incoming, again.Incoming},
			"Outgoing":   {b.Outgoing, again.Outgoing},
			"Notes":      {b.Notes, again.Notes},
		} {
			first, second := reflect.ValueOf(lists[0]), reflect.ValueOf(lists[1])
			if first.Len() > 0 && first.Pointer() == second.Pointer() {
				t.Errorf("%s: both copies have one list of %s", b.ID, name)
			}
		}
	}
}
