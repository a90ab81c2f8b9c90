package source

import (
	"context"
	"hash/maphash"
	"iter"
	"slices"
	"unsafe"

	"autoconfig/provider"
)

// Index maps domains to providers, for millions of domains: the names lie one after the other in one block without a
// pointer in it, so that neither the garbage collector nor a look-up pays for their number. It is filled once and then
// only read.
type Index struct {
	providers []*provider.Provider
	seed      maphash.Seed
	slots     []slot // open addressing, a power of two, at most 3/4 full
	names     []byte // length octet and name, over and over
	count     int
}

type slot struct{ name, provider uint32 } // name: offset in names plus one; 0: free

// NewIndex makes an index with room for about n domains of size octets in all.
func NewIndex(n, size int) *Index {
	slots := 16
	for slots*3/4 < n {
		slots *= 2
	}
	return &Index{seed: maphash.MakeSeed(), slots: make([]slot, slots), names: make([]byte, 0, size)}
}

// Add puts a domain, normalised as [provider.ParseDomain] does, to a provider.
// If the domain is there already it returns that entry's provider and false.
func (x *Index) Add(domain string, p *provider.Provider) (*provider.Provider, bool) {
	if x.count >= len(x.slots)*3/4 {
		x.grow()
	}
	i, found := x.find(domain)
	if found {
		return x.providers[x.slots[i].provider], false
	}
	x.slots[i] = slot{uint32(len(x.names)) + 1, x.number(p)} // 4 GiB of names are 200 million domains
	x.names = append(append(x.names, byte(len(domain))), domain...)
	x.count++
	return nil, true
}

// number is the place of p in providers; the last one added is the usual one.
func (x *Index) number(p *provider.Provider) uint32 {
	for i, v := range slices.Backward(x.providers) {
		if v == p {
			return uint32(i)
		}
	}
	x.providers = append(x.providers, p)
	return uint32(len(x.providers) - 1)
}

// find returns the slot of domain, or the free slot where it belongs.
func (x *Index) find(domain string) (int, bool) {
	mask := len(x.slots) - 1
	for i := int(maphash.String(x.seed, domain)) & mask; ; i = (i + 1) & mask {
		s := x.slots[i]
		if s.name == 0 {
			return i, false
		}
		if x.at(int(s.name)-1) == domain {
			return i, true
		}
	}
}

// at is the name at an offset. The string shares the block's memory, which never changes once written.
func (x *Index) at(offset int) string {
	n := int(x.names[offset])
	return unsafe.String(&x.names[offset+1], n) //nolint:gosec // audited: see above
}

func (x *Index) grow() {
	old := x.slots
	x.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.name != 0 {
			i, _ := x.find(x.at(int(s.name) - 1))
			x.slots[i] = s
		}
	}
}

// Len is the number of domains.
func (x *Index) Len() int { return x.count }

// Lookup finds the provider of an address's domain.
func (x *Index) Lookup(_ context.Context, a provider.Address) (*provider.Provider, error) {
	if i, ok := x.find(a.Domain); ok {
		return x.providers[x.slots[i].provider], nil
	}
	return nil, provider.ErrNotFound
}

// Domains lists the domains in the order they were added.
func (x *Index) Domains(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for offset := 0; offset < len(x.names); offset += 1 + int(x.names[offset]) {
			if !yield(x.at(offset), nil) {
				return
			}
		}
	}
}
