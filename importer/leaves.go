package importer

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// leaf is a value of a document, where it is in it, and on which line.
type leaf struct {
	path, value string
	line        int
}

// jsonLeaves are the values of a JSON document; paths are written as in
// protocols.imap.host and incoming[0].port.
func jsonLeaves(data []byte) (out []leaf) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	line := func() int { return 1 + bytes.Count(data[:d.InputOffset()], []byte("\n")) }
	var value func(path string) bool
	value = func(path string) bool {
		token, err := d.Token()
		if err != nil {
			return false
		}
		open, compound := token.(json.Delim)
		if !compound {
			out = append(out, leaf{path, fmt.Sprint(token), line()})
			return true
		}
		for i := 0; d.More(); i++ {
			at := fmt.Sprintf("%s[%d]", path, i)
			if open == '{' {
				key, err := d.Token()
				if err != nil {
					return false
				}
				at = strings.TrimPrefix(fmt.Sprintf("%s.%v", path, key), ".")
			}
			if !value(at) {
				return false
			}
		}
		_, err = d.Token()
		return err == nil
	}
	value("")
	return out
}

// xmlLeaves are the values of an Autodiscover answer. Those of a Protocol have
// its Type in their path.
func xmlLeaves(data []byte) (out []leaf) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var open []string
	begin, text, line := 0, "", 0
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		switch t := token.(type) {
		case xml.StartElement:
			if open, text = append(open, t.Name.Local), ""; t.Name.Local == "Protocol" {
				begin = len(out)
			}
			line, _ = d.InputPos()
		case xml.CharData:
			text += string(t)
		case xml.EndElement:
			path := strings.Join(open[min(2, len(open)):], "/") // without Autodiscover and Response
			if value := strings.TrimSpace(text); value != "" {
				out = append(out, leaf{path, value, line})
			}
			if t.Name.Local == "Protocol" {
				nameBlock(out[begin:], path, path+"/Type")
			}
			open, text = open[:len(open)-1], ""
		}
	}
}

// plistLeaves are the values of a property list. Those of a payload have its type
// in their path.
func plistLeaves(data []byte) (out []leaf) {
	d := xml.NewDecoder(bytes.NewReader(data))
	type level struct {
		key   string
		begin int
	}
	levels := []level{{}}
	text, line := "", 0
	path := func() string {
		var keys []string
		for _, l := range levels {
			if l.key != "" {
				keys = append(keys, l.key)
			}
		}
		return strings.Join(keys, "/")
	}
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		switch t := token.(type) {
		case xml.StartElement:
			if text = ""; t.Name.Local == "dict" || t.Name.Local == "array" {
				levels = append(levels, level{begin: len(out)})
			} else if line, _ = d.InputPos(); t.Name.Local == "true" || t.Name.Local == "false" {
				text = t.Name.Local
			}
		case xml.CharData:
			text += string(t)
		case xml.EndElement:
			top := &levels[len(levels)-1]
			switch t.Name.Local {
			case "key":
				top.key = strings.TrimSpace(text)
			case "dict", "array":
				begin := top.begin
				levels = levels[:len(levels)-1]
				if at := path(); t.Name.Local == "dict" {
					nameBlock(out[begin:], at, at+"/PayloadType")
				}
			case "plist":
			default:
				out = append(out, leaf{path(), strings.TrimSpace(text), line})
			}
		}
	}
}

// nameBlock puts the value at name into the paths of the leaves below path, so
// that those of two blocks can be told apart.
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
