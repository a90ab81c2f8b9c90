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
	"sync"
)

// Fallback is the language that has every text.
const Fallback = "en"

//go:embed *.json
var files embed.FS

// Texts are the texts of the catalogue by language and id.
func Texts[T any]() ByLanguage[T] { return Load[T](files, ".") }

// ByLanguage are texts by language and key. Those of a language are parsed when they are first asked for.
type ByLanguage[T any] map[string]func() map[string]T

// Load reads an embedded folder of texts, each file LANGUAGE.json.
func Load[T any](files embed.FS, folder string) ByLanguage[T] {
	all := ByLanguage[T]{}
	for file, body := range Embedded(files, folder) {
		all[strings.TrimSuffix(file, ".json")] = sync.OnceValue(func() map[string]T {
			texts := map[string]T{}
			if err := json.Unmarshal(body, &texts); err != nil {
				panic(folder + "/" + file + ": " + err.Error()) // a mistake of this program
			}
			return texts
		})
	}
	return all
}

// In are the texts in a language; nil when there are none.
func (all ByLanguage[T]) In(lang string) map[string]T {
	if texts, ok := all[lang]; ok {
		return texts()
	}
	return nil
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
