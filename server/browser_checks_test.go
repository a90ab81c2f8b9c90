//go:build e2e

package server

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"autoconfig/apple"
	"autoconfig/e2e/component"
	"autoconfig/templates"
)

// everyPage opens each kind of page in turn in English, and those with much text in every other language too.
func everyPage(b *tab, check func(name string)) {
	b.t.Helper()
	for i, lang := range templates.New().Languages() {
		in := "lang=" + lang
		for _, p := range []struct {
			name string
			text bool
			open func()
		}{
			{"start", true, func() { b.open("/?" + in) }},
			{"wrong address", false, func() { b.submit("/?"+in, "alice") }},
			{"set-up at Microsoft", true, func() { b.submit("/?"+in, "alice@live.co.uk") }},
			{"set-up of an own domain", true,
				func() { b.submit("/?"+in, "a.rather.long.name.to.break.over.lines@example.org") }},
			{"two providers", false, func() { b.open("/setup?email=a@example.org&email=b@live.co.uk") }},
			{"many servers", false, func() { b.open("/setup?email=alice@many.example") }},
			{"unknown", false, func() { b.submit("/", "alice@unknown.example") }},
			{"typing error", true, func() { b.submit("/?"+in, "alice@live.co.ik") }},
			{"help", true, func() { b.open("/help?" + in) }},
			{"explained", true, func() {
				b.open("/help?" + in)
				b.typeInto("#error", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.")
				b.click(".paste button")
			}},
			{"search", false, func() { b.open("/help?q=starttls") }},
			{"topic", false, func() { b.open("/help/smtp-auth-basic-retired") }},
			{"operator's topic", true, func() { b.open("/help/config-key-unknown?" + in) }},
			{"settings of a domain", true, func() { b.open("/settings/live.co.uk?" + in) }},
			{"domains", true, func() { b.open("/settings?" + in) }},
			{"records", true, func() { b.open("/records/example.org?" + in) }},
			{"no such topic", false, func() { b.open("/help/nothing") }},
		} {
			if i > 0 && !p.text {
				continue
			}
			p.open()
			if got := eval[string](b, `document.documentElement.lang`); got != lang {
				b.t.Errorf("%s: the page is in %q, not in %q", p.name, got, lang)
			}
			eval[int](b, `document.querySelectorAll("details").forEach((d) => d.open = true) || 0`)
			check(lang + ": " + p.name)
		}
	}
}

// wait holds on until a JavaScript expression is true.
func (b *tab) wait(expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression)); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

// tabTo presses the tabulator until the element has the focus. Whatever has it
// on the way must show it.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 80 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if style := eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`); style == "none" {
			b.t.Errorf("%s has the focus and does not show it", eval[string](b, `document.activeElement.outerHTML`))
		}
		if eval[bool](b, `document.activeElement.matches(`+quote(selector)+`)`) {
			return
		}
	}
	b.t.Fatalf("the tabulator does not reach %s", selector)
}

func quote(s string) string {
	out, _ := json.Marshal(s) // a string always marshals
	return string(out)
}

// enter presses a key that loads another page.
func (b *tab) enter() {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		b.t.Fatal(err)
	}
}

func TestBrowserKeyboard(t *testing.T) {
	b := newTab(t, newBrowser(t), site(t), 1000, 800, "light")
	b.open("/")
	b.do(chromedp.KeyEvent(kb.Tab))
	if !eval[bool](b, `document.activeElement.matches(".skip")`) {
		t.Error("the first stop is not the way past the header")
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.activeElement.id === "main"`)
	b.tabTo("#email")
	b.do(chromedp.KeyEvent("alice@live.co.uk"))
	b.enter()
	if got := eval[string](b, `document.querySelector("h1").innerText`); got != "alice@live.co.uk" {
		t.Fatalf("heading %q", got)
	}
	b.tabTo("#android summary")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector("#android").open`)
	b.tabTo("#settings .copy")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector("#status").textContent === "Copied"`)
	b.tabTo(".more summary")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.tabTo(".more #email")
	b.do(chromedp.KeyEvent("bob@hotmail.com"))
	b.enter()
	if got := eval[string](b, `document.querySelector("h1").innerText`); !strings.Contains(got, "alice@live.co.uk") ||
		!strings.Contains(got, "bob@hotmail.com") {
		t.Errorf("heading %q", got)
	}
	b.tabTo(".languages summary")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.tabTo(".languages button[value=de]")
	b.enter()
	if got := eval[string](b,
		`document.documentElement.lang + " " + document.querySelector("h1").innerText`); !strings.HasPrefix(got,
		"de alice@live.co.uk") {
		t.Errorf("after the language switch: %q", got)
	}
}

// Nothing scrolls sideways: not at 320 pixels, not at 200 % zoom, nor with a
// font twice as large.
func TestBrowserReflow(t *testing.T) {
	browser, base := newBrowser(t), site(t)
	for _, test := range []struct {
		name  string
		width int64
		zoom  float64
		font  string
	}{{"320 pixels", 320, 1, "100%"}, {"200 % zoom", 512, 2, "100%"}, {"font 200 %", 640, 1, "200%"}} {
		t.Run(test.name, func(t *testing.T) {
			b := newTab(t, browser, base, test.width, 800, "light")
			b.do(chromedp.EmulateViewport(test.width, 800, chromedp.EmulateScale(test.zoom)))
			everyPage(b, func(name string) {
				eval[string](b, `document.documentElement.style.fontSize = "`+test.font+`"`)
				culprit := eval[string](b, `[...document.querySelectorAll("header *, main *, footer *")].filter((e) => {
					const r = e.getBoundingClientRect();
					return r.width > 1 && !e.parentElement.closest("[tabindex=\"0\"]") && (r.right > innerWidth + 0.5 || r.left < -0.5);
				}).map((e) => e.outerHTML.slice(0, 90)).join("\n")`)
				if wide := eval[int64](b, `document.scrollingElement.scrollWidth`); wide > test.width || culprit != "" {
					t.Errorf("%s: %d pixels wide: %s", name, wide, culprit)
				}
			})
		})
	}
}

func TestBrowserDark(t *testing.T) {
	browser, base := newBrowser(t), site(t)
	for scheme, dark := range map[string]bool{"light": false, "dark": true} {
		b := newTab(t, browser, base, 1000, 800, scheme)
		b.open("/")
		sum := eval[int](b,
			`getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).slice(0, 3).reduce((a, v) => a + Number(v), 0)`)
		if (sum < 200) != dark {
			t.Errorf("%s: the ground's colours sum up to %d", scheme, sum)
		}
	}
}

func TestBrowserWithoutScript(t *testing.T) {
	b := newTab(t, newBrowser(t), site(t), 1000, 800, "light")
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.submit("/", "alice@live.co.uk")
	if n := eval[int](b, `document.querySelectorAll(".copy").length`); n != 0 {
		t.Fatalf("%d copy buttons: scripts run", n)
	}
	b.do(chromedp.Click(chromedp.CSS(".share summary")))
	b.wait(`document.querySelector(".share").open && document.querySelector(".share .qr img").complete`)
	b.do(chromedp.Click(chromedp.CSS(".languages summary")))
	b.click(".languages button[value=de]")
	if got := eval[string](b,
		`document.documentElement.lang + " " + document.querySelector("h1").innerText`); got != "de alice@live.co.uk" {
		t.Errorf("after the language switch: %q", got)
	}
	b.open("/help")
	b.typeInto("#error", "451 5.7.3 STARTTLS is required to send mail")
	b.click(".paste button")
	if got := eval[string](b,
		`document.querySelector("article h3").innerText`); got != "The server wants encryption first" {
		t.Errorf("explained as %q", got)
	}
}

// On paper there is the open device with its settings, on one page, whatever else the screen has.
func TestBrowserPrint(t *testing.T) {
	b := newTab(t, newBrowser(t), site(t), 1000, 800, "light")
	for _, address := range []string{"alice@example.org", "alice@live.co.uk"} {
		b.submit("/", address)
		out := call(b, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69})
		if n := bytes.Count(out.Data, []byte("/Type /Page\n")); n != 1 {
			t.Errorf("%s: %d pages", address, n)
		}
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		shown := eval[string](b,
			`[...document.querySelectorAll(".device, .settings, .share, .more, .copy")].filter((e) => e.getClientRects().length > 0).map((e) => e.id).join(" ")`)
		if shown != "linux settings" {
			t.Errorf("%s: printed: %s", address, shown)
		}
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	}
}

// The device and its first step are within the first screen, the page ends within three of them, nothing that is
// touched is smaller than a finger, and no name breaks but at a dot.
func TestBrowserFirstScreen(t *testing.T) {
	browser, base := newBrowser(t), site(t)
	for _, screen := range []struct {
		agent         string
		width, height int64
	}{
		{iPhone, 390, 844}, {iPhone, 195, 422}, {android, 412, 915}, {windows, 1280, 720}, {windows, 640, 360},
		{mac, 1440, 900},
	} {
		b := newTab(t, browser, base, screen.width, screen.height, "light")
		b.agent(screen.agent)
		for _, address := range []string{"alice@live.co.uk", "alice@example.org", "alice@many.example"} {
			for _, lang := range []string{"en", "de"} {
				b.open("/setup?email=" + address + "&lang=" + lang)
				name := fmt.Sprintf("%s %s on %d x %d", address, lang, screen.width, screen.height)
				if end := eval[float64](b,
					`document.querySelector(".device[open] .primary, .device[open] .steps li").getBoundingClientRect().bottom`); end > float64(screen.height) {
					t.Errorf("%s: the first step ends at %.0f", name, end)
				}
				if screen.height < 700 { // 200 % zoom
					continue
				}
				if all := eval[int64](b, `document.documentElement.scrollHeight`); all > 3*screen.height {
					t.Errorf("%s: %.2f screens", name, float64(all)/float64(screen.height))
				}
				if small := eval[string](b, smallTargets); small != "" {
					t.Errorf("%s: too small: %s", name, small)
				}
			}
		}
		names := eval[string](b, brokenNames)
		if names != "" {
			t.Errorf("%d pixels: broken: %s", screen.width, names)
		}
	}
}

// smallTargets lists what is touched and is less than 44 pixels high, but for links within a sentence (WCAG 2.2 §2.5.5).
const smallTargets = `[...document.querySelectorAll("button, summary, input:not([type=hidden]), nav a, footer a, .links a, .brand")]
	.filter((e) => e.getClientRects().length > 0 && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 80)).join("; ")`

// brokenNames lists the names whose lines end elsewhere than after a dot or a slash or before an @.
const brokenNames = `[...document.querySelectorAll("td code:not(.link), h1")].filter((e) => {
	const range = document.createRange(), walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
	let top = null, last = "";
	for (let n; (n = walk.nextNode());) for (let i = 0; i < n.length; i++) {
		range.setStart(n, i); range.setEnd(n, i + 1);
		const y = range.getBoundingClientRect().top;
		if (top !== null && y > top + 3 && !"./".includes(last) && n.data[i] !== "@") return true;
		[top, last] = [y, n.data[i]];
	}
	return false;
}).map((e) => e.textContent).join(" ")`

// An iPad that calls itself a Macintosh gets its own steps first.
func TestBrowserIPad(t *testing.T) {
	browser, base := newBrowser(t), site(t)
	for touched, want := range map[bool]string{true: "iphone", false: "mac"} {
		b := newTab(t, browser, base, 834, 1194, "light")
		b.agent(mac)
		if touched {
			call(b, emulation.SetTouchEmulationEnabled,
				emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 5})
		}
		b.submit("/", "alice@example.org")
		if got := eval[string](b,
			`[...document.querySelectorAll(".device")].filter((d, i) => i === 0 && d.open).map((d) => d.id).join()`); got != want {
			t.Errorf("touched %v: %q is first and open", touched, got)
		}
		if open := eval[int](b, `document.querySelectorAll(".device[open]").length`); open != 1 {
			t.Errorf("touched %v: %d open", touched, open)
		}
	}
}

// Each button says what it copies, and all of them something else.
func TestBrowserCopy(t *testing.T) {
	b := newTab(t, newBrowser(t), site(t), 1000, 800, "light")
	b.open("/setup?email=alice@example.org")
	names := eval[[]string](b, `[...document.querySelectorAll(".settings .copy")].map((e) => e.ariaLabel)`)
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) || !slices.Contains(names, "Copy IMAP server") ||
		!slices.Contains(names, "Copy SMTP port") {
		t.Errorf("%q", names)
	}
	eval[bool](b,
		`(navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }) && true`)
	b.do(chromedp.Click(chromedp.CSS(".copy-all")))
	b.wait(`window.copied !== undefined`)
	if got := eval[string](b, `window.copied`); !strings.Contains(got, "User name: alice@example.org\n") ||
		!strings.Contains(got, "Sending: SMTP\nServer: ") {
		t.Errorf("%q", got)
	}
}

// The code on the screen leads to a profile for the address.
func TestBrowserCode(t *testing.T) {
	browser, base := newBrowser(t), site(t)
	for _, test := range []struct{ address, scheme, payload string }{
		{"alice+phone@example.org", "light", apple.TypeMail}, {"alice@example.org", "dark", apple.TypeMail},
		{"alice@live.co.uk", "dark", apple.TypeExchange},
	} {
		b := newTab(t, browser, base, 1000, 1200, test.scheme)
		b.submit("/", test.address)
		eval[int](b, `document.querySelectorAll("#iphone, #iphone details").forEach((d) => d.open = true) || 0`)
		b.wait(`document.querySelector("#iphone .qr img").complete && document.querySelector("#iphone .qr img").naturalWidth > 0`)
		img, err := png.Decode(bytes.NewReader(result(b, chromedp.Screenshot(chromedp.CSS("#iphone .qr img")))))
		if err != nil {
			t.Fatal(err)
		}
		link, err := url.Parse(readCode(t, img))
		if err != nil || link.Scheme != "https" || link.Host != "autoconfig.hoster.example" {
			t.Fatalf("the code says %v (%v)", link, err)
		}
		r, err := http.Get(base + link.RequestURI())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close() // it was read to its end
		if err != nil {
			t.Fatal(err)
		}
		p, err := apple.Decode(body)
		if err != nil || r.Header.Get("Content-Type") != apple.ContentType || p.Payloads[0].Email != test.address ||
			p.Payloads[0].Type != test.payload {
			t.Errorf("%s: %v, %v", link, p, err)
		}
	}
}

// Every page passes axe-core's audit, its best practices included, in both
// colour schemes.
func TestBrowserAudit(t *testing.T) {
	axe := axeCore(t)
	browser, base := newBrowser(t), site(t)
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			b := newTab(t, browser, base, 1000, 900, scheme)
			call(b, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}) // the audit is a script of its own
			rules := 0
			everyPage(b, func(name string) {
				eval[bool](b, axe+"; true")
				var out struct {
					Passes     int
					Violations []struct {
						ID    string
						Nodes []string
					}
				}
				raw := eval[string](b, `axe.run().then((r) => JSON.stringify({passes: r.passes.length,
					violations: r.violations.map((v) => ({id: v.id, nodes: v.nodes.map((n) => n.html + ": " + n.failureSummary)}))}))`)
				if err := json.Unmarshal([]byte(raw), &out); err != nil {
					t.Fatal(err)
				}
				if out.Passes < 20 {
					t.Errorf("%s: only %d rules applied", name, out.Passes)
				}
				rules += out.Passes
				for _, v := range out.Violations {
					t.Errorf("%s: %s: %s", name, v.ID, strings.Join(v.Nodes, "\n"))
				}
			})
			t.Logf("%s: %d rules passed over all pages", scheme, rules)
		})
	}
}

// The policy holds: what is put into the page later does not run.
func TestBrowserPolicy(t *testing.T) {
	b := newTab(t, newBrowser(t), site(t), 1000, 800, "light")
	b.open("/")
	blocked := eval[[]string](b, `new Promise((done) => {
		const seen = [];
		addEventListener("securitypolicyviolation", (e) => { seen.push(e.effectiveDirective); if (seen.length === 3) done(seen.sort()); });
		const script = document.createElement("script");
		script.textContent = "document.title = 'run'";
		const style = document.createElement("style");
		style.textContent = "main { display: none }";
		const picture = new Image();
		picture.src = "https://elsewhere.example/x.png";
		document.body.append(script, style, picture);
	})`)
	if got := strings.Join(blocked, " "); got != "img-src script-src-elem style-src-elem" {
		t.Errorf("blocked: %s", got)
	}
	b.expectErrors = true
}

const axeVersion = "4.14.1"

// axeCore is the audit's script, fetched from npm once: its licence (MPL-2.0)
// keeps it out of the repository.
func axeCore(t *testing.T) string {
	t.Helper()
	cache := filepath.Join("..", ".cache", "axe-core-"+axeVersion+".js")
	if script, err := os.ReadFile(cache); err == nil {
		return string(script)
	}
	dir := t.TempDir()
	cmd := exec.Command(component.Need(t, "npm"), "pack", "--silent", "--pack-destination", dir, "axe-core@"+axeVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("npm pack: %v: %s", err, out)
		}
		t.Skipf("axe-core cannot be fetched: %v", err)
	}
	script, err := unpack(filepath.Join(dir, "axe-core-"+axeVersion+".tgz"), "package/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cache, script, 0o644); err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// unpack is one file of a tar.gz.
func unpack(archive, name string) ([]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return nil, errors.Join(errors.New(name), err)
		}
		if h.Name == name {
			return io.ReadAll(r)
		}
	}
}

// On a telephone, the help page answers while one types as the button does, and
// nothing is wider than the screen.
func TestBrowserHelp(t *testing.T) {
	b := newTab(t, newBrowser(t), site(t), 390, 844, "light")
	b.phone(390, 844)
	answers := `[...document.querySelectorAll("#results article h3")].map((h) => h.innerText).join("; ")`
	for _, text := range []string{"534", "need admin approval", "535 5.7.139 basic authentication is disabled"} {
		b.open("/help")
		b.typeInto("#error", text)
		b.wait(`document.querySelector("#results article") !== null`)
		typed := eval[string](b, answers)
		if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%q: the page is wider than the screen", text)
		}
		b.click(".paste button")
		if sent := eval[string](b, answers); sent == "" || sent != typed {
			t.Errorf("%q: while typing %q, by the button %q", text, typed, sent)
		}
	}
	b.open("/help")
	b.typeInto("#error", "xyzzy")
	b.wait(`document.querySelector("#answers")?.innerText === "Nothing found"`)
}
