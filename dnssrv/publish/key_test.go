package publish_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/dnssrv/publish"
)

const secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IDEyMzQ=" // 32 octets

func TestParseKeys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, keys, err string }{
		{"tsig-keygen", "key \"autoconfig\" {\n\talgorithm hmac-sha256;\n\tsecret \"" + secret + "\";\n};\n",
			"autoconfig (hmac-sha256)", ""},
		{"no blanks, other order, case", `key Auto.Config.{secret"` + secret + `";algorithm HMAC-SHA512.;};`,
			"auto.config (hmac-sha512)", ""},
		{"unquoted", "key a { algorithm hmac-sha384; secret " + secret + "; };", "a (hmac-sha384)", ""},
		{"comments", "# one\n// two {\n/* three\n\" */ key /**/ a { // b\n algorithm \"hmac-sha256\"; # c\n secret \"" +
			secret + "\" /* d */ ; } ;", "a (hmac-sha256)", ""},
		{"two", "key a { algorithm hmac-sha256; secret \"" + secret + "\"; };\nkey b { algorithm hmac-sha512; secret \"" +
			secret + "\"; };", "a (hmac-sha256) b (hmac-sha512)", ""},
		{"line", "a.example:hmac-sha256:" + secret + "\n", "a.example (hmac-sha256)", ""},
		{"line with slashes in the secret", "# key\na:hmac-sha256:ab//cd//ef==", "a (hmac-sha256)", ""},

		{"empty", "", "", "1:1: no key"},
		{"comments alone", "// nothing\n", "", "2:1: no key"},
		{"other statement", "options {};", "", "1:1: not a key statement"},
		{"algorithm first", "hmac-sha256:a:" + secret, "", "1:1: the name comes before the algorithm"},
		{"two parts", "a:" + secret, "", "1:1: 1 colons"},
		{"two lines", "a:hmac-sha256:" + secret + "\nb:hmac-sha256:" + secret, "", "2:1: something else after"},
		{"md5", "a:hmac-md5:" + secret, "", "1:3: hmac-md5 and hmac-sha1 are too weak"},
		{"md5 in full", "key a {\n algorithm hmac-md5.sig-alg.reg.int; };", "", "2:12: hmac-md5 and hmac-sha1 are too weak"},
		{"sha1", "key a { algorithm hmac-sha1; };", "", "1:19: hmac-md5 and hmac-sha1 are too weak"},
		{"sha224", "a:hmac-sha224:" + secret, "", "1:3: the algorithm is not one of"},
		{"not base64", "é:hmac-sha256:@@@", "", "1:15: the secret is not base64"},
		{"empty secret", `key a { algorithm hmac-sha256; secret ""; };`, "", "1:39: the secret is not base64"},
		{"no secret", "key a { algorithm hmac-sha256; };", "", "1:32: the key lacks"},
		{"twice", "key a { algorithm hmac-sha256; algorithm hmac-sha256; };", "", "1:32: a second algorithm"},
		{"unknown word", "key a { algorithm hmac-sha256; port 53; };", "", "1:32: write algorithm or secret"},
		{"no semicolon", "key a { algorithm hmac-sha256 secret", "", "1:31: write ; here"},
		{"no semicolon at the end", "key a { algorithm hmac-sha256; secret \"" + secret + "\"; }\n", "", "2:1: write ; here"},
		{"no brace", "key a algorithm", "", "1:7: write { here"},
		{"no name", "key { };", "", "1:5: write key"},
		{"bad name", `key "a..b" { };`, "", "1:5: the key's name"},
		{"open text", "key \"a\n\" {};", "", "1:5: the quoted text does not end"},
		{"open comment", "key a {\n  /* ", "", "2:3: the comment does not end"},
		{"a name twice", "key a { algorithm hmac-sha256; secret \"" + secret +
			"\"; };\nkey A. { algorithm hmac-sha512; secret \"" + secret + "\"; };", "", "2:5: a second key"},
	} {
		keys, err := publish.ParseKeys("file", []byte(test.text))
		var got []string
		for _, k := range keys {
			got = append(got, k.String())
		}
		if test.err == "" {
			if err != nil || strings.Join(got, " ") != test.keys {
				t.Errorf("%s: %v, %v", test.name, got, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), "file:"+test.err) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestKeyHidesSecret(t *testing.T) {
	t.Parallel()
	keys, err := publish.ParseKeys("file", []byte("a:hmac-sha256:QUFBQUFBQUE="))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, keys[0]); got != "a (hmac-sha256)" {
			t.Errorf("%s shows %s", verb, got)
		}
	}
}

func TestLoadKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("a:hmac-sha256:"+secret, 0o600)
	if keys, err := publish.LoadKeys(path); err != nil || len(keys) != 1 {
		t.Error(keys, err)
	}
	write("a:hmac-sha256:"+secret, 0o644)
	if _, err := publish.LoadKeys(path); err == nil || !strings.HasSuffix(err.Error(), "(mode 0644); chmod 600 "+path) {
		t.Error(err)
	}
	write(strings.Repeat("#", 64<<10+1), 0o600)
	if _, err := publish.LoadKeys(path); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
	if _, err := publish.LoadKeys(path + ".none"); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestPickKey(t *testing.T) {
	t.Parallel()
	keys, err := publish.ParseKeys("file",
		[]byte(`key a { algorithm hmac-sha256; secret "QQ=="; }; key b { algorithm hmac-sha256; secret "QQ=="; };`))
	if err != nil {
		t.Fatal(err)
	}
	if k, err := publish.PickKey(keys, "B."); err != nil || k.Name != "b." {
		t.Error(k, err)
	}
	if k, err := publish.PickKey(keys[:1], ""); err != nil || k.Name != "a." {
		t.Error(k, err)
	}
	if _, err := publish.PickKey(keys, ""); err == nil || !strings.Contains(err.Error(), "--tsig-key: a, b") {
		t.Error(err)
	}
	if _, err := publish.PickKey(keys, "c"); err == nil || !strings.Contains(err.Error(), "it has a, b") {
		t.Error(err)
	}
}

// FuzzParseKeys: no text makes the parser panic or lets a key through that
// cannot sign, and positions stay inside the file.
func FuzzParseKeys(f *testing.F) {
	for _, seed := range []string{
		"key \"autoconfig\" {\n\talgorithm hmac-sha256;\n\tsecret \"" + secret + "\";\n};\n", "a:hmac-sha512:" + secret,
		"key a{/**/algorithm hmac-sha384;secret b;};#", "key", "key \"", "/*", "a:b:c", "//\n:", "key a { } ;",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := publish.ParseKeys("f", text)
		if err != nil {
			var line, column int
			if n, scanErr := fmt.Sscanf(err.Error(), "f:%d:%d:", &line, &column); n != 2 || scanErr != nil {
				t.Fatalf("no position: %v", err)
			}
			if line < 1 || column < 1 || line > 1+strings.Count(string(text), "\n") || column > len(text)+1 {
				t.Fatalf("position outside the file: %v", err)
			}
			return
		}
		if len(keys) == 0 {
			t.Fatal("no key and no error")
		}
		for _, k := range keys {
			if k.Name == "" || k.Algorithm == "" {
				t.Fatalf("incomplete key %v", k)
			}
		}
	})
}
