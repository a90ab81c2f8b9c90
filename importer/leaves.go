package importer

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

type leaf struct {
	path, value string
	line        int
}

// jsonLeaves are the values of decoded JSON, with paths such as protocols.imap.host and incoming[0].port.
func jsonLeaves(data []byte) (out []leaf) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	line := func() int { return 1 + bytes.Count(data[:d.InputOffset()], []byte("\n")) }
	var value func(path string)
	value = func(path string) {
		token, _ := d.Token()
		open, compound := token.(json.Delim)
		if !compound {
			out = append(out, leaf{path, fmt.Sprint(token), line()})
			return
		}
		for i := 0; d.More(); i++ {
			at := fmt.Sprintf("%s[%d]", path, i)
			if open == '{' {
				key, _ := d.Token()
				at = strings.TrimPrefix(fmt.Sprintf("%s.%v", path, key), ".")
			}
			value(at)
		}
		_, _ = d.Token()
	}
	value("")
	return out
}

// xmlLeaves are the values of an Autodiscover answer or of a property list, whose keys name the elements that follow
// them. Values in a block have its type in their path.
func xmlLeaves(data []byte) (out []leaf) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var open []string // the names of the enclosing elements
	var begin []int   // the number of leaves before each
	key, text, line, list := "", "", 0, false
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		switch t := token.(type) {
		case xml.StartElement:
			name := t.Name.Local
			list = list || name == "plist"
			if text = ""; list && (name == "true" || name == "false") {
				text = name
			}
			if list {
				name, key = key, ""
			}
			open, begin = append(open, name), append(begin, len(out))
			line, _ = d.InputPos()
		case xml.CharData:
			text += string(t)
		case xml.EndElement:
			last := len(open) - 1
			names := slices.DeleteFunc(slices.Clone(open[min(2, len(open)):]), func(name string) bool { return name == "" })
			path, value := strings.Join(names, "/"), strings.TrimSpace(text) // without the two outer elements
			block := out[begin[last]:]
			open, begin, text = open[:last], begin[:last], ""
			switch {
			case list && t.Name.Local == "key":
				key = value
			case value != "":
				out = append(out, leaf{path, value, line})
			default:
				nameBlock(block, path, path+"/Type")
				nameBlock(block, path, path+"/PayloadType")
			}
		}
	}
}

// nameBlock puts the value at name into the paths of the leaves below path, so that those of two blocks differ.
func nameBlock(leaves []leaf, path, name string) {
	for _, l := range leaves {
		if l.path != name {
			continue
		}
		for i := range leaves {
			if rest, ok := strings.CutPrefix(leaves[i].path, path+"/"); ok {
				leaves[i].path = path + "[" + l.value + "]/" + rest
			}
		}
		return
	}
}
