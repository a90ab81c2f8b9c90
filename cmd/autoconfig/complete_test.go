package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a shell is offered: never files where none are meant.
func TestCompletion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "autoconfig.yaml")
	if err := os.WriteFile(path,
		[]byte("providers: [{domains: [own.example, other.example], incoming: [imaps://mail.own.example], "+
			"outgoing: [submissions://mail.own.example]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line      string // after autoconfig; it ends where the cursor is
		want      string // the first words offered
		directive string // cobra's: 4 no files, 0 files, 8 by name, 16 folders
	}{
		{"providers ", "microsoft365 other.example outlook.com own.example", "4"},
		{"providers mi", "microsoft365", "4"},
		{"providers own.example ", "", "4"},
		{"dns plan o", "other.example own.example", "4"},
		{"dns plan own.example ot", "other.example", "4"},
		{"dns check own", "own.example", "4"},
		{"dns plan --only si", "imap", "4"}, // the shell keeps what begins like the word
		{"discover jo@ow", "jo@own.example", "4"},
		{"discover x --client th", "thunderbird thunderbird-android", "4"},
		{"doctor --have mail", "", "4"},
		{"providers --log-level ", "debug info warn error", "4"},
		{"explain smtp-auth-basic-re", "smtp-auth-basic-removed smtp-auth-basic-retired", "4"},
		{"explain --lang ", "de en", "4"},
		{"init --imap ", "", "4"},
		{"init --caddyfile ", "", "0"},
		{"render p", "pacc", "4"},
		{"render mozilla ow", "own.example", "4"},
		{"render mozilla own.example ", "", "4"},
		{"import --domain ", "", "4"},
		{"discover --resolver ", "", "4"},
		{"doctor --connect-to ", "", "4"},
		{"dns check --format ", "text markdown json manual", "4"},
		{"dns publish --api ", "cloudflare desec hetzner powerdns", "4"},
		{"dns publish --tsig-file ", "", "0"},
		{"dns publish --since ", "", "0"},
		{"discover --ca ", "", "0"},
		{"providers --config ", "yaml yml", "8"},
		{"export ", "", "16"},
		{"config check ", "", "0"},
		{"version ", "", "4"},
	} {
		var out strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &strings.Builder{},
			env: func(string) (string, bool) { return "", false }}
		words := strings.Split(c.line, " ")
		args := append([]string{"__complete", "--config", path}, words...)
		if words[0] == "explain" { // it takes its flags for text, as people paste them
			args = append([]string{"__complete"}, words...)
		}
		if status := a.main(t.Context(), args); status != 0 {
			t.Fatalf("%q: status %d", c.line, status)
		}
		offered, directive, _ := strings.Cut(out.String(), ":")
		got := strings.Join(strings.Fields(offered), " ")
		if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" || strings.TrimSpace(directive) != c.directive {
			t.Errorf("%q: %q with %s, want %q with %s", c.line, got, directive, c.want, c.directive)
		}
	}
}
