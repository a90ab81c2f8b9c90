package apple

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"autoconfig/provider"

	"github.com/google/uuid"
)

// namespace is the UUID namespace of every profile written here, drawn once.
// It must never change: installed profiles are recognised by what follows from
// it.
var namespace = uuid.MustParse("0fc46992-c443-4a2a-a39a-c3f3b65acdc3")

// mailbox is the address an identity is made of. Local parts that differ in
// case only are one mailbox in practice, whatever RFC 5321 §2.4 allows.
func mailbox(a provider.Address) string { return strings.ToLower(a.String()) }

// identifier is the PayloadIdentifier of a profile: a device replaces an
// installed profile by one with the same identifier and keeps all others. It
// is made of the first domain in reverse order, the kind and a hash of the
// sorted addresses, so that it says nothing about the person, and so that
// neither another address nor another kind replaces it.
func identifier(kind Kind, accounts []Account) string {
	keys := each(accounts, func(a Account) string { return mailbox(a.Address) })
	slices.Sort(keys)
	labels := strings.Split(keys[0][strings.LastIndexByte(keys[0], '@')+1:], ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "." + string(kind) + "." + digest(keys...)
}

// digest is the part of an identifier that stands for addresses.
func digest(mailboxes ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(mailboxes, "\n"))) // no address holds a newline
	return hex.EncodeToString(sum[:8])
}

// uuidOf is the PayloadUUID that belongs to an identifier (RFC 9562 §5.5). Of
// a replaced profile, payloads that keep identifier and UUID are updated in
// place, others are removed and added anew, with the account's mail.
func uuidOf(identifier string) string {
	return strings.ToUpper(uuid.NewSHA1(namespace, []byte(identifier)).String())
}
