package export

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"autoconfig/server"
)

type tree struct {
	dir   string   // where files are written
	final string   // what a new folder is renamed to in the end; "" for one that is there
	fresh bool     // nothing was in it: there is nothing to compare with
	root  *os.Root // dir: a symbolic link in it leads nowhere else
	work  string   // in root, where files of a folder that is there are written before they are renamed

	temps, written, unchanged atomic.Int64
	removed                   int

	mu   sync.Mutex
	seed maphash.Seed
	seen []uint64 // hashes of the domains of this run, eight octets for each
	done bool     // seen is sorted
}

// ErrForeign is a folder whose files are not ours to replace and remove.
var ErrForeign = errors.New("is not empty and is not an export; name a new folder")

// marker is the folder that tells an export from other people's files, and the place for files on their way.
const marker = ".autoconfig-export"

// openTree takes a new or empty folder, or that of an earlier export: nothing else, since files are replaced and
// removed in it. A new folder is filled under another name and renamed as a whole.
func openTree(dir string) (*tree, error) {
	dir = filepath.Clean(dir)
	t := &tree{dir: dir, seed: maphash.MakeSeed()}
	entries, err := readSome(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return t, t.fill()
	case err != nil:
		return nil, err
	}
	t.fresh = len(entries) == 0
	if t.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	if info, err := t.root.Lstat(marker); (err != nil || !info.IsDir()) && !t.fresh {
		return nil, fmt.Errorf("%s %w", dir, ErrForeign)
	}
	// What a run that was stopped has left goes; a run that is under way ends with an error, since two at once could
	// not tell whose files are right.
	if err := removeAll(t.root, marker, "run-"); err != nil {
		return nil, err
	}
	if err := t.root.MkdirAll(marker, 0o755); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(filepath.Join(dir, marker), "run-")
	t.work = filepath.Join(marker, filepath.Base(work))
	return t, err
}

// fill makes the folder, next to the place of the new one, that is renamed to it.
func (t *tree) fill() error {
	t.final, t.fresh = t.dir, true
	parent, prefix := filepath.Dir(t.final), "."+filepath.Base(t.final)+marker+"-"
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	beside, err := os.OpenRoot(parent)
	if err != nil {
		return err
	}
	defer beside.Close() //nolint:errcheck // nothing is written through it
	if err := removeAll(beside, ".", prefix); err != nil {
		return err
	}
	if t.dir, err = os.MkdirTemp(parent, prefix); err != nil {
		return err
	}
	if t.root, err = os.OpenRoot(t.dir); err != nil {
		return err
	}
	return errors.Join(os.Chmod(t.dir, 0o755), t.root.Mkdir(marker, 0o755))
}

func removeAll(root *os.Root, dir, prefix string) error {
	return eachEntry(root, dir, func(entry fs.DirEntry) error {
		if !strings.HasPrefix(entry.Name(), prefix) {
			return nil
		}
		return root.RemoveAll(filepath.Join(dir, entry.Name()))
	})
}

func (t *tree) commit() error {
	if t.final == "" {
		return nil
	}
	if err := os.Rename(t.dir, t.final); err != nil {
		return err
	}
	t.final = ""
	return nil
}

func readSome(dir string) ([]fs.DirEntry, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close() //nolint:errcheck // read only
	entries, err := d.ReadDir(3)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return entries, err
}

// close removes what is of no use after the run.
func (t *tree) close() {
	if t.final != "" {
		_ = os.RemoveAll(t.dir) // it was not finished
	}
	if t.work != "" {
		_ = t.root.RemoveAll(t.work)
	}
	_ = t.root.Close() // nothing is written through it
}

// keep says that a domain, or a file of the ISPDB's form alone, is a part of this run.
func (t *tree) keep(name string) {
	h := maphash.String(t.seed, name)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen, t.done = append(t.seen, h), false
}

// kept reports whether a name is a part of this run. Two names of one hash would keep a file too many, once in an age.
func (t *tree) kept(name string) bool {
	if !t.done {
		slices.Sort(t.seen)
		t.done = true
	}
	_, found := slices.BinarySearch(t.seen, maphash.String(t.seed, name))
	return found
}

// put brings a file up to date. One without bytes is removed.
func (t *tree) put(f server.File) error {
	path := f.Host + "/" + f.Path
	if f.Body == nil {
		if t.fresh {
			return nil
		}
		return gone(t.root.Remove(path))
	}
	if !t.fresh && t.same(path, f.Body) {
		t.unchanged.Add(1)
		return nil
	}
	err := t.write(path, f.Body)
	if errors.Is(err, fs.ErrNotExist) {
		if err = t.root.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = t.write(path, f.Body)
		}
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // its path is in the folder
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", filepath.Join(t.dir, path), err)
	}
	t.written.Add(1)
	return nil
}

// write writes a file of a new folder, which nobody reads yet, as it is, and any other under another name first.
func (t *tree) write(path string, body []byte) error {
	if t.work == "" {
		return t.root.WriteFile(path, body, 0o644)
	}
	temp := filepath.Join(t.work, strconv.FormatInt(t.temps.Add(1), 10))
	if err := t.root.WriteFile(temp, body, 0o644); err != nil {
		return err
	}
	return t.root.Rename(temp, path)
}

func (t *tree) same(path string, body []byte) bool {
	old, err := t.root.ReadFile(path)
	return err == nil && bytes.Equal(old, body)
}

// sweep removes the files of domains that are no part of this run. What export did not write it leaves alone.
func (t *tree) sweep() error {
	if t.fresh {
		return nil
	}
	err := eachEntry(t.root, ".", func(entry fs.DirEntry) error {
		host := entry.Name()
		if !entry.IsDir() || host == marker || host == server.ExportISPDB {
			return nil
		}
		for path, domains := range server.ExportedBy(host) {
			if slices.ContainsFunc(domains, t.kept) {
				continue
			}
			if err := t.remove(host, path); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return eachEntry(t.root, server.ExportISPDB, func(entry fs.DirEntry) error {
		name := entry.Name()
		if entry.IsDir() || t.kept(name) || t.kept(server.ExportISPDB+"/"+name) {
			return nil
		}
		return t.remove(server.ExportISPDB, name)
	})
}

// remove removes one file, and the folders above it that have become empty.
func (t *tree) remove(host, path string) error {
	path = filepath.Join(host, path)
	if err := t.root.Remove(path); err != nil {
		return gone(err)
	}
	t.removed++
	for dir := filepath.Dir(path); dir != "." && t.root.Remove(dir) == nil; { // until something else is in it
		dir = filepath.Dir(dir)
	}
	return nil
}

// gone forgives that a file to be removed is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// eachEntry calls f with what is in a folder, a few at a time: there may be millions.
func eachEntry(root *os.Root, dir string, f func(fs.DirEntry) error) error {
	d, err := root.Open(dir)
	if err != nil {
		return gone(err)
	}
	defer d.Close() //nolint:errcheck // read only
	for {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			if err := f(e); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
