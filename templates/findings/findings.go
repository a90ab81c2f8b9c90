// Package findings embeds the texts of the catalogue of findings: one file a language, en.json with every id, the
// others with what has been translated. An entry has a title of one line, a cause (what is wrong and why it matters)
// and a fix (what to do next); cause and fix begin in lower case and have no full stop at their end, so that they also
// fit behind a subject and a colon.
package findings

import (
	"embed"
	"iter"
	"path"
)

//go:embed *.json
var files embed.FS

// Files are the texts, named LANGUAGE.json.
func Files() iter.Seq2[string, []byte] { return Embedded(files, ".") }

// Embedded are the files of an embedded folder, by name.
func Embedded(files embed.FS, folder string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		list, err := files.ReadDir(folder)
		for _, f := range list {
			var body []byte
			if body, err = files.ReadFile(path.Join(folder, f.Name())); err != nil || !yield(f.Name(), body) {
				break
			}
		}
		if err != nil {
			panic(err) // what is embedded can be read
		}
	}
}

// Messages is the table by which texts are recognised.
//
//go:embed messages.txt
var Messages string
