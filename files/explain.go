package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Explain says why a file or a folder cannot be read or written, and what to do; a relative path starts at start, such
// as "the current folder".
func Explain(path string, err error, start string) (cause, fix string) {
	folder := filepath.Dir(path)
	_, missing := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(missing, fs.ErrNotExist):
		return "there is no folder " + folder, "check the path; a relative one starts at " + start
	case errors.Is(err, fs.ErrNotExist):
		return "there is no file " + path, "check the path; a relative one starts at " + start
	case errors.Is(err, fs.ErrPermission):
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return "this user may not write into the folder " + folder, "give it write permission"
		}
		return "this user may not read " + path, "give it read permission"
	case errors.Is(err, syscall.EISDIR):
		return path + " is a folder", "check the path"
	case errors.Is(err, syscall.ENOTDIR):
		return existing(path) + " is not a folder", "check the path"
	}
	done := "read"
	if p, ok := errors.AsType[*fs.PathError](err); ok { // without the path again
		if err = p.Err; p.Op == "write" || p.Op == "mkdir" {
			done = "written"
		}
	}
	cause, fix = fmt.Sprintf("%s cannot be %s: %s", path, done, err), "check the path and its permissions"
	if errors.Is(err, ErrKind) || errors.Is(err, ErrSize) {
		fix = "check the path"
	}
	return cause, fix
}

// Words is the text of an error of a command line; what is wrong with a file is said as [Explain] does.
func Words(err error) string {
	text := err.Error()
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		cause, fix := Explain(p.Path, p, "the current folder")
		return strings.Replace(text, p.Error(), cause+"; "+fix, 1)
	}
	return text
}

// existing is the path, or the folder above it that is there.
func existing(path string) string {
	for path != filepath.Dir(path) {
		if _, err := os.Stat(path); err == nil {
			break
		}
		path = filepath.Dir(path)
	}
	return path
}
