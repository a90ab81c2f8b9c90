package publish

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/files"
)

// Key is a TSIG key (RFC 8945). Its secret is in no text made of it.
type Key struct {
	Name      string // lower case with its trailing dot
	Algorithm string // dns.HmacSHA256, dns.HmacSHA384 or dns.HmacSHA512
	secret    []byte
}

// String is the key without its secret.
func (k Key) String() string {
	return dnssrv.Plain(k.Name) + " (" + strings.TrimSuffix(k.Algorithm, ".") + ")"
}

// GoString keeps the secret out of %#v too.
func (k Key) GoString() string { return k.String() }

// LoadKeys reads the TSIG keys of a file that its owner alone may read; see
// [ParseKeys] for its form.
func LoadKeys(file string) (keys []Key, err error) {
	text, err := (&files.Reader{AnyKind: true}).Private(file)
	if err != nil {
		return nil, err
	}
	return ParseKeys(file, text)
}

// PickKey is the key of this name, or the only one when name is "".
func PickKey(keys []Key, name string) (Key, error) {
	var names []string
	for _, k := range keys {
		if name != "" && k.Name == dns.CanonicalName(name) || name == "" && len(keys) == 1 {
			return k, nil
		}
		names = append(names, dnssrv.Plain(k.Name))
	}
	if name == "" {
		return Key{}, fmt.Errorf("the key file has %d keys; name the one to use with --tsig-key: %s", len(keys), strings.Join(names, ", "))
	}
	return Key{}, fmt.Errorf("the key file has no key %q; it has %s", name, strings.Join(names, ", "))
}

// hashes are the algorithms in use. RFC 8945 §6 keeps hmac-md5 and hmac-sha1
// for old servers only; every server that takes updates today has these.
var hashes = map[string]func() hash.Hash{
	dns.HmacSHA256: sha256.New,
	dns.HmacSHA384: sha512.New384,
	dns.HmacSHA512: sha512.New,
}

// signer makes a key the dns.TsigProvider of one exchange.
type signer struct{ key Key }

// Generate signs msg.
func (s signer) Generate(msg []byte, _ *dns.TSIG) ([]byte, error) {
	mac := hmac.New(hashes[s.key.Algorithm], s.key.secret)
	mac.Write(msg)
	return mac.Sum(nil), nil
}

// Verify checks the signature of an answer, which must be by the same key and
// algorithm (RFC 8945 §5.3).
func (s signer) Verify(msg []byte, t *dns.TSIG) error {
	if !strings.EqualFold(t.Hdr.Name, s.key.Name) || !strings.EqualFold(t.Algorithm, s.key.Algorithm) {
		return dns.ErrSecret
	}
	want, err := s.Generate(msg, t)
	if err != nil {
		return err
	}
	if got, err := hex.DecodeString(t.MAC); err != nil || !hmac.Equal(got, want) {
		return dns.ErrSig
	}
	return nil
}
