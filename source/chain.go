package source

import (
	"context"
	"errors"

	"autoconfig/provider"
)

// Chain asks sources in order and takes the first answer. A source that is
// down does not stop the next ones, but when none of them knows the domain the
// answer is that it cannot be told: never a wrong "not served".
type Chain []provider.Source

// Lookup asks the sources in order.
func (c Chain) Lookup(ctx context.Context, a provider.Address) (*provider.Provider, error) {
	err := provider.ErrNotFound
	for _, s := range c {
		p, e := s.Lookup(ctx, a)
		if e == nil {
			return p, nil
		}
		if !errors.Is(e, provider.ErrNotFound) {
			err = e
		}
	}
	return nil, err
}
