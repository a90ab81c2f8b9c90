package query

import "sync"

// mostKnown bounds the memory of a [Memory].
const mostKnown = 4096

// Memory finds out once what many ask for at the same time or later, and forgets all of it when it is full. What failed
// is tried again. The zero value is ready.
type Memory[V any] struct {
	mu    sync.Mutex
	known map[string]func() (V, error)
}

// Get is what find returned for the key.
func (m *Memory[V]) Get(key string, find func() (V, error)) (V, error) {
	m.mu.Lock()
	once, ok := m.known[key]
	if !ok {
		if m.known == nil || len(m.known) >= mostKnown {
			m.known = map[string]func() (V, error){}
		}
		once = sync.OnceValues(find)
		m.known[key] = once
	}
	m.mu.Unlock()
	v, err := once()
	if err != nil {
		m.mu.Lock()
		delete(m.known, key)
		m.mu.Unlock()
	}
	return v, err
}
