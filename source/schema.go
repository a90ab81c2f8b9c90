package source

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
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
	if err != nil {
		return nil, err
	}
	var out []Migration
	for _, name := range names {
		text, err := schema.ReadFile(name)
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(path.Base(name), "-")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("source: %s has no number", name)
		}
		out = append(out, Migration{version, path.Base(name), string(text)})
	}
	return out, nil
}
