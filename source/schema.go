package source

import (
	"cmp"
	"embed"
	"io/fs"
	"path"
)

// Tables for those who have none of their own. The statements are common to
// the three databases; a file is never changed, only followed by another.
//
//go:embed schema/*.sql
var schema embed.FS

// Migration is one step of the tables.
type Migration struct {
	Version int
	Name    string // of its file
	SQL     string
}

// Migrations are the steps in order.
func Migrations() ([]Migration, error) {
	names, err := fs.Glob(schema, "schema/*.sql") // sorted
	var out []Migration
	for i, name := range names {
		text, wrong := schema.ReadFile(name)
		err = cmp.Or(err, wrong)
		out = append(out, Migration{i + 1, path.Base(name), string(text)})
	}
	return out, err
}
