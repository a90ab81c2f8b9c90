package config

import (
	"slices"
	"testing"
)

// What is listed in a goroutine of its own comes in its order and once; who stops early is not overtaken by it.
func TestAhead(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 129, 1000, 5000} {
		listed := 0
		list := func(yield func(int) bool) {
			for listed < n && yield(listed) {
				listed++
			}
		}
		var got []int
		for batch := range ahead(list) {
			got = append(got, batch...)
		}
		if len(got) != n || !slices.IsSorted(got) || listed != n {
			t.Errorf("%d: %d came, %d were listed", n, len(got), listed)
		}
		listed = 0
		for batch := range ahead(list) {
			if n > 0 && batch[0] != 0 {
				t.Errorf("%d: the second batch comes after the end", n)
			}
			break
		}
		if listed > 3*128 {
			t.Error("the list goes on to its end")
		}
	}
}
