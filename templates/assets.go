package templates

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
)

// Asset is a file that pages load. Its name holds a hash of its content, so it may be kept for ever.
type Asset struct {
	Source string // the name in this package
	Name   string // the name under /assets/
	Type   string // media type
	Body   []byte
	Gzip   []byte // nil when compression does not pay
}

// Assets lists the embedded assets.
func (s *Set) Assets() []Asset { return s.assets }

// NewAsset makes an asset of a file's name and content.
func NewAsset(source string, body []byte) Asset {
	sum := sha256.Sum256(body)
	ext := path.Ext(source)
	a := Asset{Source: source, Body: body,
		Name: strings.TrimSuffix(source, ext) + "." + hex.EncodeToString(sum[:6]) + ext}
	switch ext {
	case ".css":
		a.Type = "text/css; charset=utf-8"
	case ".js":
		a.Type = "text/javascript; charset=utf-8"
	case ".svg":
		a.Type = "image/svg+xml"
	case ".png":
		a.Type = "image/png"
	}
	if packed := compress(body); ext != ".png" && len(packed) < len(body) {
		a.Gzip = packed
	}
	return a
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

func loadAssets() []Asset {
	list, err := files.ReadDir("assets")
	if err != nil {
		panic(err)
	}
	var out []Asset
	for _, f := range list {
		body, err := files.ReadFile(path.Join("assets", f.Name()))
		if err != nil {
			panic(err)
		}
		out = append(out, NewAsset(f.Name(), body))
	}
	return out
}

// assetURL is the path of an embedded asset.
func (s *Set) assetURL(source string) string {
	for _, a := range s.assets {
		if a.Source == source {
			return "/assets/" + a.Name
		}
	}
	panic("templates: no asset " + source)
}
