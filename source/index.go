package source

import (
	"cmp"
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
	runs  []run
	seed  maphash.Seed
	slots []slot // open addressing, at most 3/4 full
	names []byte // length octet and name, over and over
	count int

	fetched uint32 // means nothing, but keeps the compiler from leaving out what Expect reads
}

// run says whose the names from an offset on are, up to the next run.
type run struct {
	from     uint32
	provider *provider.Provider
}

// slot is a name's place in names plus one, where 0 means that the slot is free, and its hash, which spares nearly
// every comparison with another name.
type slot struct{ name, hash uint32 }

// NewIndex makes an index with room for about n domains of size octets in all.
func NewIndex(n, size int) *Index {
	return &Index{seed: maphash.MakeSeed(), slots: make([]slot, max(16, n+n/3+1)), names: make([]byte, 0, size)}
}

// Add puts a domain, normalised as [provider.ParseDomain] does, to a provider.
// If the domain is there already it returns that entry's provider and false.
func (x *Index) Add(domain string, p *provider.Provider) (*provider.Provider, bool) {
	if x.count >= len(x.slots)*3/4 {
		x.grow()
	}
	hash := x.hash(domain)
	i, found := x.find(domain, hash)
	if found {
		return x.owner(x.slots[i]), false
	}
	at := uint32(len(x.names)) // 4 GiB of names are 200 million domains
	if len(x.runs) == 0 || x.runs[len(x.runs)-1].provider != p {
		x.runs = append(x.runs, run{at, p})
	}
	x.slots[i] = slot{at + 1, hash}
	x.names = append(append(x.names, byte(len(domain))), domain...)
	x.count++
	return nil, true
}

// Expect has the processor fetch the memory for a domain that is about to be added. It waits once for many in a row,
// where Add would wait for each.
func (x *Index) Expect(domain string) { x.fetched += x.slots[x.first(x.hash(domain))].name }

// owner is the provider of the name in a slot.
func (x *Index) owner(s slot) *provider.Provider {
	i, found := slices.BinarySearchFunc(x.runs, s.name-1, func(r run, at uint32) int { return cmp.Compare(r.from, at) })
	if !found {
		i--
	}
	return x.runs[i].provider
}

func (x *Index) hash(domain string) uint32 { return uint32(maphash.String(x.seed, domain)) }

// find returns the slot of domain, or the free slot where it belongs.
func (x *Index) find(domain string, hash uint32) (int, bool) {
	for i := x.first(hash); ; i++ {
		if i == len(x.slots) {
			i = 0
		}
		s := x.slots[i]
		if s.name == 0 {
			return i, false
		}
		if s.hash == hash && x.at(int(s.name)-1) == domain {
			return i, true
		}
	}
}

// first is the slot at which a search begins.
func (x *Index) first(hash uint32) int { return int(uint64(hash) * uint64(len(x.slots)) >> 32) }

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
			i, _ := x.find(x.at(int(s.name)-1), s.hash)
			x.slots[i] = s
		}
	}
}

// Len is the number of domains.
func (x *Index) Len() int { return x.count }

// Lookup finds the provider of an address's domain.
func (x *Index) Lookup(_ context.Context, a provider.Address) (*provider.Provider, error) {
	if i, ok := x.find(a.Domain, x.hash(a.Domain)); ok {
		return x.owner(x.slots[i]), nil
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
