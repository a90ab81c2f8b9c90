package config

import "testing"

// A built-in stays one, also where it has no domains of its own.
func TestBuiltinEntry(t *testing.T) {
	for _, id := range []string{"microsoft365", "outlook.com"} {
		c, found := parse("x.yaml", []byte("providers: [{id: "+id+", domains: [own.example]}]"))
		if e := c.Model()[0]; len(found) > 0 || !e.Builtin || e.ID != id || e.Name == "" || e.Outgoing[0].Port != 587 {
			t.Errorf("%s: %+v %v", id, e, found)
		}
	}
}
