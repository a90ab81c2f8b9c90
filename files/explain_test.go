package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestExplain(t *testing.T) {
	file := write(t, "x")
	dir := filepath.Dir(file)
	_, folder := new(Reader).Read(dir, Text)
	_, large := new(Reader).Read(file, 0)
	denied := &fs.PathError{Op: "open", Path: file, Err: syscall.EACCES}
	_, notThere := os.Open(filepath.Join(dir, "none"))
	for _, test := range []struct {
		path       string
		err        error
		cause, fix string
	}{
		{filepath.Join(dir, "gone"), notThere, "there is no file " + filepath.Join(dir, "gone"),
			"check the path; a relative one starts at home"},
		{filepath.Join(dir, "none", "file"), notThere, "there is no folder " + filepath.Join(dir, "none"),
			"check the path; a relative one starts at home"},
		{file, denied, "this user may not read " + file, "give it read permission"},
		{filepath.Join(dir, "new"), denied, "this user may not write into the folder " + dir, "give it write permission"},
		{dir, syscall.EISDIR, dir + " is a folder", "check the path"},
		{filepath.Join(file, "a", "b"), syscall.ENOTDIR, file + " is not a folder", "check the path"},
		{dir, folder, dir + " cannot be read: a folder, not a regular file", "check the path"},
		{file, large, file + " cannot be read: the file is too large: 1 bytes, at most 0 are read", "check the path"},
		{file, errors.New("input/output error"), file + " cannot be read: input/output error",
			"check the path and its permissions"},
		{file, &fs.PathError{Op: "write", Path: file, Err: syscall.ENOSPC},
			file + " cannot be written: no space left on device", "check the path and its permissions"},
	} {
		if cause, fix := Explain(test.path, test.err, "home"); cause != test.cause || fix != test.fix {
			t.Errorf("%s, %v:\n%q; %q, want\n%q; %q", test.path, test.err, cause, fix, test.cause, test.fix)
		}
	}
}
