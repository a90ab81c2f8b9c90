package apple

import (
	"crypto/sha1" //nolint:gosec // for UUIDs of version 5
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"autoconfig/provider"

	"github.com/google/uuid"
)

// namespace is the UUID namespace of every profile written here, drawn once. It must never change: installed profiles
// are recognised by what follows from it.
var namespace = uuid.MustParse("0fc46992-c443-4a2a-a39a-c3f3b65acdc3")

// mailbox is the address an identity is made of. Local parts that differ in
// case only are one mailbox in practice, whatever RFC 5321 §2.4 allows.
func mailbox(a provider.Address) string { return strings.ToLower(a.String()) }

// identifier is the PayloadIdentifier of a profile: a device replaces an installed profile by one with the same
// identifier and keeps all others. It is made of the first domain in reverse order, the kind and a hash of the sorted
// addresses, so that it says nothing about the person, and so that neither another address nor another kind replaces
// it.
func identifier(kind Kind, accounts []Account) string {
	keys := each(accounts, func(a Account) string { return mailbox(a.Address) })
	slices.Sort(keys)
	labels := strings.Split(keys[0][strings.LastIndexByte(keys[0], '@')+1:], ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "." + string(kind) + "." + digest(keys...)
}

// digest is the part of an identifier that is made of addresses.
func digest(mailboxes ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(mailboxes, "\n"))) // no address holds a newline
	return hex.EncodeToString(sum[:8])
}

// uuidOf is the PayloadUUID that belongs to an identifier (RFC 9562 §5.5). Of a replaced profile, payloads that keep
// identifier and UUID are updated in place, others are removed and added anew, with the account's mail.
func uuidOf(identifier string) string {
	text := append(append(make([]byte, 0, 128), namespace[:]...), identifier...)
	sum := sha1.Sum(text) //nolint:gosec // as version 5 is made
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80 // version 5, variant of RFC 9562
	out, _ := uuid.UUID(id).MarshalText()           // never fails
	for i, c := range out {
		if c >= 'a' {
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

// Variables are the texts of a profile for one address that follow from the address and the person's name, as they are
// written in it: two profiles of a provider, of one kind and in the same words, differ in nothing else. A text comes
// before those that are parts of it. Those for which needed is false stay empty.
func Variables(kind Kind, a provider.Address, name string, needed func(i int) bool) [][]byte {
	id := identifier(kind, []Account{{Address: a}})
	out, all := make([][]byte, 0, len(suffixes)+5), make([]byte, 0, 512)
	add := func(text string) {
		start := len(all)
		all = escape(all, text)
		out = append(out, all[start:])
	}
	for i, suffix := range suffixes {
		if needed(i) {
			add(uuidOf(id + suffix))
		} else {
			out = append(out, nil)
		}
	}
	for _, text := range []string{id, a.String(), a.Local, a.Domain, strings.TrimSpace(name)} {
		add(text)
	}
	return out
}
