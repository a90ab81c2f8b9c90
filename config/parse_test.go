package config

import (
	"autoconfig/files"
	"autoconfig/finding"
)

// parse reads a text as [Load] reads a file.
func parse(path string, text []byte) (*Config, []finding.Finding) {
	c := Default()
	c.Path, c.Reader = path, new(files.Reader)
	return c.parse(text)
}
