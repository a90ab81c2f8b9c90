package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that a command line names is read within bounds, and what is beyond them is said rather than cut off.
func TestInputsAreBounded(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, size int64) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if size > 0 {
			if err := os.Truncate(path, size); err != nil { // sparse
				t.Fatal(err)
			}
		}
		return path
	}
	big, huge := file("big", "", 5<<20), file("huge", "", 1<<30+1)
	long := file("long", strings.Repeat("x", 20<<10)+"\n", 0)
	doctor := []string{"doctor", "jo@example.org", "--resolver", "127.0.0.1:1"}
	for _, test := range []struct {
		want string
		args []string
	}{
		{"too large", []string{"lint", big}},
		{"too large", []string{"profile", "verify", big}},
		{"too large", append(doctor, "--password-file", big)},
		{"too large", append(doctor, "--token-file", "/dev/zero")},
		{"more than 16384 bytes", append(doctor, "--password-file", long)},
		{"more than 16384 bytes", append(doctor, "--token-file", long)},
		{"too large", []string{"dns", "check", "--file", huge}},
		{"a folder", []string{"dns", "check", "--file", dir}},
		{"a folder", []string{"lint", dir}},
		{"a folder", []string{"profile", "verify", dir}},
		{"a folder", append(doctor, "--password-file", dir)},
		{"check the path", []string{"lint", filepath.Join(dir, "none")}},
	} {
		status, out, words := run1(t, "", test.args...)
		if status != 2 || out != "" || !strings.Contains(words, test.want) {
			t.Errorf("%q: %d %.60q %.300s", test.args, status, out, words)
		}
	}
	if status, _, words := run1(t, strings.Repeat(" ", 5<<20), "lint", "-"); status != 2 ||
		!strings.Contains(words, "standard input: more than") {
		t.Errorf("a large standard input: %d %s", status, words)
	}
	// of a file that goes on after the password only the first line counts
	password, err := firstLine("--password-file", file("notes", "secret\r\n"+strings.Repeat("notes\n", 5<<10), 0))
	if password != "secret" || err != nil {
		t.Errorf("%q, %v", password, err)
	}
}

// What is wrong with a file or folder that a command line names is said in this program's words, wherever it is named.
func TestFilesInOwnWords(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	publish := []string{"dns", "publish", "example.org", "--yes", "--service-host", "autoconfig.example.net"}
	doctor := []string{"doctor", "jo@example.org", "--resolver", "127.0.0.1:1"}
	const check = "; check the path; a relative one starts at the current folder\n"
	for _, test := range []struct {
		want string
		args []string
	}{
		{"there is no file nope.xml" + check, []string{"import", "nope.xml"}},
		{"there is no folder of/nope" + check, []string{"import", "of/nope/file.xml"}},
		{"there is no file nope" + check, []string{"lint", "nope"}},
		{"there is no file nope" + check, []string{"profile", "verify", "nope"}},
		{"--file: there is no file nope" + check, []string{"dns", "check", "--file", "nope"}},
		{"--file: . cannot be read: a folder, not a regular file; check the path\n", []string{"dns", "plan", "--file", "."}},
		{"--tsig-file: there is no file nope" + check, append(publish, "--tsig-file", "nope")},
		{"--token-file: there is no file nope" + check, append(publish, "--api", "desec", "--token-file", "nope")},
		{"--since: . is a folder; check the path\n", append(publish, "--exec", "true", "--since", ".")},
		{"--since: there is no folder nope" + check, append(publish, "--exec", "true", "--since", "nope/since")},
		{"--password-file: there is no file nope" + check, append(doctor, "--password-file", "nope")},
		{"--ca \"nope\": there is no file nope; check the path; a relative one starts at the current folder\n",
			append(doctor, "--ca", "nope")},
		{"file is not a folder; check the path\n", []string{"export", "file"}},
		{"file is not a folder; check the path\n", []string{"export", "file/below"}},
		{"file is not a folder; check the path\n", []string{"man", "file"}},
		{"there is no folder nope" + check, []string{"init", "example.org", "--offline", "--imap", "mail.example.org",
			"--smtp", "mail.example.org", "--output", "nope/a.yaml"}},
		{"there is no file nope; check the path; a relative one starts at the current folder [config-file-unreadable]",
			[]string{"config", "check", "nope"}},
	} {
		if status, _, words := run1(t, "", test.args...); status == 0 || !strings.Contains(words, test.want) {
			t.Errorf("%q: %d %s", test.args, status, words)
		}
	}
}
