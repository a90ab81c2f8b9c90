package query

import (
	"cmp"

	"golang.org/x/sync/errgroup"
)

// Question is a name, lower case with its trailing dot, and a type.
type Question struct {
	Name string
	Type uint16
}

// Compare sorts questions by name, then by type.
func (q Question) Compare(other Question) int {
	return cmp.Or(cmp.Compare(q.Name, other.Name), cmp.Compare(q.Type, other.Type))
}

// atOnce is how many of the questions of one call of All are under way.
const atOnce = 4

// All asks questions, a few at a time, and returns the answers in their order.
func All(questions []Question, ask func(Question) Answer) []Answer {
	out := make([]Answer, len(questions))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, q := range questions {
		group.Go(func() error {
			out[i] = ask(q)
			return nil
		})
	}
	_ = group.Wait() // no question is an error
	return out
}
