package templates

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"sync"
)

// Asset is a file that pages load. Its name holds a hash of its content, so it may be kept for ever.
type Asset struct {
	Source string // the name in this package
	Name   string // the name under /assets/
	Type   string // media type
	Body   []byte
	Gzip   func() []byte // its result is nil when compression does not pay
}

// Assets lists the embedded assets.
func (s *Set) Assets() []Asset { return s.assets }

var mediaTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png"}

// NewAsset makes an asset of a file's name and content.
func NewAsset(source string, body []byte) Asset {
	sum := sha256.Sum256(body)
	ext := path.Ext(source)
	return Asset{Source: source, Type: mediaTypes[ext], Body: body,
		Name: strings.TrimSuffix(source, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		Gzip: sync.OnceValue(func() []byte {
			if packed := compress(body); ext != ".png" && len(packed) < len(body) {
				return packed
			}
			return nil
		})}
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // there is that level
	_, _ = w.Write(body)                                  // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// Asset is an embedded asset by its name in this package.
func (s *Set) Asset(source string) Asset {
	i := slices.IndexFunc(s.assets, func(a Asset) bool { return a.Source == source })
	if i < 0 {
		panic("templates: no asset " + source)
	}
	return s.assets[i]
}
