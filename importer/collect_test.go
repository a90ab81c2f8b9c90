package importer_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"autoconfig/importer"
)

// A finding about a document that could not be had names the document once.
func TestTakeNamesOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	const path = "a" // which is in other words too
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission},
			path + ": this user may not read it; give it read permission"},
		{&fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}, // it was there when the folder was read
			path + ": the file is not there any more; import again"},
		{errors.New("the server is down"), path + ": the server is down"},
	} {
		var docs importer.Collector
		docs.Take(path, nil, c.err)
		if f := docs.Found[0]; f.Subject+": "+f.Cause != c.want {
			t.Errorf("%s: %s, want %s", f.Subject, f.Cause, c.want)
		}
	}
}
