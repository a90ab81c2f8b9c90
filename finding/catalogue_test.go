package finding

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"autoconfig/templates/findings"
)

func TestCatalogue(t *testing.T) {
	id := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	c := loaded()
	if len(c.byID) != len(c.list) {
		t.Errorf("%d entries with %d ids", len(c.list), len(c.byID))
	}
	for _, e := range c.list {
		if !id.MatchString(e.ID) {
			t.Errorf("%s: not an id in kebab case", e.ID)
		}
		if got, ok := Lookup(e.ID); !ok || got != e {
			t.Errorf("%s: not found by its id", e.ID)
		}
	}
	english := texts().In(findings.Fallback)
	for lang, texts := range texts() {
		for id, text := range texts() {
			e, ok := c.byID[id]
			switch {
			case !ok:
				t.Errorf("%s.json: %s is not in ids.go", lang, id)
			case text.Title == "" || text.Cause == "" || e.Level != OK && text.Fix == "":
				t.Errorf("%s.json: %s: title, cause or fix is missing", lang, id)
			case strings.HasSuffix(text.Cause, ".") || strings.HasSuffix(text.Fix, "."):
				t.Errorf("%s.json: %s: a full stop at the end; the text also appears inside a line", lang, id)
			}
			if lost := lostNames(english[id], text); lost != nil {
				t.Errorf("%s.json: %s: the English text has %q too", lang, id, lost)
			}
		}
	}
	for _, e := range c.list {
		if _, ok := english[e.ID]; !ok {
			t.Errorf("%s: no text in templates/findings/%s.json", e.ID, findings.Fallback)
		}
	}
	if e, ok := In("de", "connect-port-refused"); !ok || e.Lang != "de" ||
		e.Title == c.byID["connect-port-refused"].Title {
		t.Errorf("no German: %+v", e)
	}
	if e, ok := In("xx", "connect-port-refused"); !ok || e.Lang != findings.Fallback {
		t.Errorf("no fall-back: %+v", e)
	}
}

// literalWords are host names, flags and codes: what a person types or reads on the screen in every language.
var literalWords = regexp.MustCompile(`(?:^|[\s(,“"])(--[a-z-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+|0x[0-9A-Fa-f]+|[A-Z][a-z]+-[A-Z][A-Za-z]+)`)

// lostNames are the literal words of the English text that a translation has not.
func lostNames(english, text Text) (lost []string) {
	all := strings.Join([]string{text.Title, text.Cause, text.Fix, text.Admin}, " ")
	for _, m := range literalWords.FindAllStringSubmatch(english.Cause+" "+english.Fix, -1) {
		if !strings.Contains(all, m[1]) {
			lost = append(lost, m[1])
		}
	}
	return lost
}

func TestLostNames(t *testing.T) {
	english := Text{Cause: "smtp.live.com is an old name (0x800CCC0E)",
		Fix: "use smtp-mail.outlook.com, or --allow-private"}
	if got := lostNames(english, Text{Fix: "smtp.live.com → smtp-mail.outlook.com: --allow-private"}); !slices.Equal(got,
		[]string{"0x800CCC0E"}) {
		t.Errorf("lost %q", got)
	}
}

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"the name is mistyped":         "The name is mistyped.",
		"übrigens":                     "Übrigens.",
		"smtp.live.com is an old name": "smtp.live.com is an old name.",
		"is it on?":                    "Is it on?",
	} {
		if got := Sentence(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

// idLike is a literal that is an id, the beginning of one or the end of one.
var idLike = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*-?$`)

// Every id that the program emits is in the catalogue, and the catalogue has none that nothing emits: neither code, as
// a literal or put together of two, nor the table of messages.
func TestEmitted(t *testing.T) {
	literals, made := programLiterals(t)
	for _, g := range messages().groups {
		for _, r := range g.rules {
			literals[strings.TrimPrefix(r.id, "?-")] = true
		}
	}
	c := loaded()
	for _, id := range made {
		if _, ok := c.byID[id]; !ok {
			t.Errorf("%s is emitted and not in the catalogue", id)
		}
	}
	for id := range c.byID {
		if !emitted(literals, id) {
			t.Errorf("%s is in the catalogue and emitted nowhere", id)
		}
	}
}

// emitted reports whether id is a literal, or two of which one ends or begins
// at a hyphen: a protocol's area and a fault of all of them, for example.
func emitted(literals map[string]bool, id string) bool {
	if literals[id] {
		return true
	}
	for i := range id {
		if id[i] == '-' && literals[id[i+1:]] &&
			(literals[id[:i+1]] || slices.Contains([]string{"imap", "pop3", "smtp", "sieve"}, id[:i])) {
			return true
		}
	}
	return false
}

// programLiterals are the string literals of the program that could be part of an id, and the ids given to New.
func programLiterals(t *testing.T) (map[string]bool, []string) {
	t.Helper()
	literals, made := map[string]bool{}, []string(nil)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "e2e" || d.Name() == "tools") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			filepath.Base(path) == "ids.go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && idLike.MatchString(text) {
					literals[text] = true
				}
			case *ast.CallExpr:
				f, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || f.Sel.Name != "New" || len(n.Args) != 2 {
					break
				}
				if x, isName := f.X.(*ast.Ident); !isName || x.Name != "finding" {
					break
				}
				if lit, isLit := n.Args[0].(*ast.BasicLit); isLit {
					id, _ := strconv.Unquote(lit.Value)
					made = append(made, id)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(literals) < 500 || len(made) < 30 {
		t.Errorf("only %d literals and %d calls of New were found", len(literals), len(made))
	}
	return literals, made
}
