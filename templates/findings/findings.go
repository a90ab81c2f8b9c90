// Package findings embeds the texts of the catalogue of findings: one file a language, en.json with every id, the
// others with what has been translated. An entry has a title of one line, a cause (what is wrong and why it matters)
// and a fix (what to do next); cause and fix begin in lower case and have no full stop at their end, so that they also
// fit behind a subject and a colon.
package findings

import (
	"embed"
	"encoding/json"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
)

// Fallback is the language that has every text.
const Fallback = "en"

//go:embed *.json
var files embed.FS

// Texts are the texts of the catalogue by language and id.
func Texts[T any]() map[string]map[string]T { return Load[T](files, ".") }

// Load reads an embedded folder of texts, each file LANGUAGE.json, by language and key.
func Load[T any](files embed.FS, folder string) map[string]map[string]T {
	all := map[string]map[string]T{}
	for name, body := range Embedded(files, folder) {
		texts := map[string]T{}
		if err := json.Unmarshal(body, &texts); err != nil {
			panic(folder + "/" + name + ": " + err.Error()) // a mistake of this program
		}
		all[strings.TrimSuffix(name, ".json")] = texts
	}
	return all
}

// Languages lists the languages of texts, the fall-back first.
func Languages[T any](texts map[string]T) []string {
	list := slices.Sorted(maps.Keys(texts))
	return append([]string{Fallback}, slices.DeleteFunc(list, func(lang string) bool { return lang == Fallback })...)
}

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
