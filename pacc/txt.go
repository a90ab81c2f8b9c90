package pacc

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// TXT is the value of the TXT record that belongs to a document: the digest of
// its exact bytes. It fits one character-string.
func TXT(document []byte) string {
	sum := sha256.Sum256(document)
	return "v=UAAC1; a=sha256; d=" + base64.StdEncoding.EncodeToString(sum[:])
}

// What a TXT record in the place of ours can be other than a digest.
var (
	ErrOtherTXT     = errors.New("pacc: the TXT record is not v=UAAC1")
	ErrMalformedTXT = errors.New("pacc: malformed TXT record")
)

// ParseTXT reads the value of a TXT record: tags separated by ;, blanks and tabs allowed around ; and =, in any order,
// unknown ones ignored, v, a and d at most once. It returns the SHA-256 digest. A record of another kind is
// [ErrOtherTXT], one that clients refuse [ErrMalformedTXT].
func ParseTXT(value string) ([sha256.Size]byte, error) {
	var digest [sha256.Size]byte
	malformed := func(why string) ([sha256.Size]byte, error) {
		return digest, fmt.Errorf("%w: %s", ErrMalformedTXT, why)
	}
	if !strings.Contains(value, "UAAC") {
		return digest, ErrOtherTXT
	}
	if strings.TrimLeft(value, " \t") != value {
		return malformed("it begins with a blank")
	}
	tags := map[string]string{}
	for field := range strings.SplitSeq(strings.TrimSuffix(strings.TrimRight(value, " \t"), ";"), ";") {
		tag, v, ok := strings.Cut(field, "=")
		tag, v = strings.Trim(tag, " \t"), strings.Trim(v, " \t")
		if !ok || tag == "" {
			return malformed("a field without =")
		}
		if _, twice := tags[tag]; twice && (tag == "v" || tag == "a" || tag == "d") {
			return malformed("the tag " + tag + " is there twice")
		}
		tags[tag] = v
	}
	switch {
	case tags["v"] != "UAAC1":
		return malformed("v is not UAAC1")
	case tags["a"] != "sha256":
		return malformed("a is not sha256")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(tags["d"])
	if err != nil || len(raw) != sha256.Size {
		return malformed("d is not the base64 of 32 octets")
	}
	copy(digest[:], raw)
	return digest, nil
}
