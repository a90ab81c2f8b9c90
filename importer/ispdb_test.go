package importer_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"autoconfig/importer"
	"autoconfig/provider"
)

// Every document of a folder of autoconfig XML, which AUTOCONFIG_ISPDB names,
// becomes an entry that the configuration takes, alone and together, and every
// value of it is in the entry or in a remark with its line.
func TestFolder(t *testing.T) {
	dir := os.Getenv("AUTOCONFIG_ISPDB")
	if dir == "" {
		t.Skip("AUTOCONFIG_ISPDB names no folder")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.xml"))
	if len(files) == 0 {
		t.Fatal("no documents in " + dir)
	}
	var all []*importer.Document
	values, named, remarks, incomplete := 0, 0, 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := importer.Read(filepath.Base(file), text, provider.Address{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		all = append(all, docs...)
		remarks += len(docs[0].Remarks)
		if !docs[0].Usable() {
			incomplete++
		}
		out, err := importer.Write(docs)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		load(t, out)
		v, n, lost := unnamed(text, string(out))
		values, named = values+v, named+n
		for _, l := range lost {
			t.Errorf("%s: %s\n%s", file, l, out)
		}
	}
	merged := importer.Merge(all)
	out, err := importer.Write(merged)
	if err != nil {
		t.Fatal(err)
	}
	l := load(t, out)
	t.Logf("%d documents, %d entries, %d domains; %d values, %d of them only in remarks; %d remarks, %d incomplete",
		len(files), len(merged), l.data.Listed.Len(), values, named, remarks, incomplete)
}

// scalars are the values of a YAML tree in their order, with their keys.
func scalars(v any) string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			out = append(out, key+": "+scalars(value))
		}
	case []any:
		for _, value := range v {
			out = append(out, scalars(value))
		}
	default:
		out = append(out, strings.Join(strings.Fields(fmt.Sprint(v)), " "))
	}
	return strings.Join(out, " ")
}

// unnamed counts the values of a document and those that only a remark has, and
// lists those that are neither in the entry nor named. It knows nothing of what
// the importer does: it looks for the values in the text, and for lines in the
// remarks.
func unnamed(document []byte, out string) (values, named int, lost []string) {
	entry, comments := strings.Builder{}, strings.Builder{}
	for line := range strings.Lines(out) {
		if comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok {
			comments.WriteString(" " + strings.TrimSpace(comment))
		} else {
			entry.WriteString(line)
		}
	}
	var tree any
	if err := yaml.Unmarshal([]byte(entry.String()), &tree); err != nil {
		return 0, 0, []string{err.Error()}
	}
	remarks := strings.ToLower(strings.ReplaceAll(comments.String(), `\"`, `"`))
	text := strings.ToLower(strings.ReplaceAll(scalars(tree), "security: tls", "s://"))
	spoken := map[string]string{"ssl": "s://", "starttls": "://", "plain": "plain", "password-cleartext": "",
		"%emailaddress%":     "",
		"password-encrypted": "password-encrypted", "client-ip-address": "client-ip"} // as entries say it
	check := func(name, value string, line int) {
		value = strings.ToLower(strings.Join(strings.Fields(value), " "))
		if value == "" || name == "@version" || name == "@id" || name == "@type" || name == "type" {
			return
		}
		values++
		as, known := spoken[value]
		switch port := map[string]string{"993": "imaps://", "143": "imap://", "995": "pop3s://", "110": "pop3://",
			"465": "submissions://", "587": "submission://"}[value]; {
		case known && strings.Contains(text, as), port != "" && strings.Contains(text, port), strings.Contains(text, value):
		case strings.Contains(comments.String(), fmt.Sprintf(" line %d: ", line)), strings.Contains(remarks, value):
			named++
		default:
			lost = append(lost, fmt.Sprintf("line %d: %s %q", line, name, value))
		}
	}
	d := xml.NewDecoder(bytes.NewReader(document))
	element, content, line := "", "", 0
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return values, named, lost
		case err != nil:
			return values, named, append(lost, err.Error())
		}
		switch token := token.(type) {
		case xml.StartElement:
			element, content = token.Name.Local, ""
			line, _ = d.InputPos()
			for _, a := range token.Attr {
				check("@"+a.Name.Local, a.Value, line)
			}
		case xml.CharData:
			content += string(token)
		case xml.EndElement:
			check(element, content, line)
			content = ""
		}
	}
}
