//go:build e2e

package server

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	pixel "image/color"
	"image/png"
	"maps"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"autoconfig/e2e/component"
	"autoconfig/pages"
	"autoconfig/provider"
	"autoconfig/source"
)

var screenshots = flag.String("screenshots", "", "`folder` that TestScreenshots writes its pictures to")

// tab is a page of the browser, and what went wrong on it.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	expectErrors bool // the test itself brings them about

	mu       sync.Mutex
	requests []string
	errors   []string
}

// site is the pages of an operator as they are: a brand, a domain of their own
// and the built-in providers.
func site(t *testing.T) string {
	t.Helper()
	srv := newTestServer(t, func(o *Options, set *Settings) {
		o.PerMinute, o.Burst = 100_000, 100_000
		set.Branding = pages.Branding{Name: "Hoster Mail", Support: "mailto:help@hoster.example",
			Imprint: "https://hoster.example/imprint"}
		listed := source.NewIndex(8, 256)
		p := custom("plain", func(p *provider.Provider) {
			p.Name, p.OAuth2, p.CardDAV, p.Webmail = "Example Mail", nil, "https://dav.example.org/contacts/",
				"https://webmail.example.org/"
			for _, list := range [][]provider.Server{p.Incoming, p.Outgoing} {
				for i := range list {
					list[i].Auth = []provider.Auth{provider.AuthPassword}
				}
			}
		})
		listed.Add("example.org", p)
		listed.Add("example.net", p)
		many := *p
		many.Incoming = append(slices.Clone(p.Incoming), p.Incoming...)
		many.Outgoing = slices.Concat(p.Outgoing, p.Outgoing, p.Outgoing)
		many.Incoming[0].Host = "a.rather.long.name.of.a.server.example.org"
		many.CalDAV, many.JMAP = "https://dav.example.org/calendars/", "https://jmap.example.org/.well-known/jmap"
		listed.Add("many.example", &many)
		set.Source, set.Listed = source.Chain{listed, set.Source}, listed
		set.Records = exampleRecords
	})
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	return web.URL
}

// phoneFont is what the pages are shown in on Android, and near to what they are shown in elsewhere: without it, how long
// a page is would depend on the fonts of the machine.
const phoneFont = "/usr/share/fonts/truetype/roboto/*/RobotoTTF/Roboto-Regular.ttf"

// newBrowser starts a browser for one test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	component.Need(t, phoneFont)
	o := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(component.Need(t, "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("font-render-hinting", "none"))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), o...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the process has gone, so that its folder can be removed
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// newTab opens a page of the given size and colour scheme.
func newTab(t *testing.T, browser context.Context, base string, width, height int64, scheme string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute) // of a busy machine
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, base: base}
	b.do(chromedp.EmulateViewport(width, height))
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.verify)
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	return b
}

// verify holds of every page in every test: it asks nobody but us, and its
// console stays clean.
func (b *tab) verify() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.expectErrors {
		return
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, b.base+"/") {
			b.t.Errorf("a request leaves the origin: %s", url)
		}
	}
	for _, e := range b.errors {
		b.t.Errorf("on the console: %s", e)
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen at all")
	}
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		// A 404 page is a page; the browser calls it an error of the network.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			b.errors = append(b.errors, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			b.errors = append(b.errors, "console.error")
		}
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a protocol command.
func call[P, R any](b *tab, cmd cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, cmd, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// result is the value of an action.
func result[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// eval is the value of a JavaScript expression, waited for when it is a promise.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return result(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

func (b *tab) typeInto(selector, words string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS(selector), words))
}

// click presses a button that loads another page, and waits for that.
func (b *tab) click(selector string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatal(err)
	}
}

const (
	android = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
	windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	mac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15"
)

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"

// agent makes the browser call itself another one.
func (b *tab) agent(name string) {
	b.t.Helper()
	call(b, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: name})
}

// phone makes the browser a telephone.
func (b *tab) phone(width, height int64) {
	b.t.Helper()
	b.agent(iPhone)
	b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// submit sends the address form of the page at path.
func (b *tab) submit(path, address string) {
	b.t.Helper()
	b.open(path)
	b.typeInto("#email", address)
	b.click(".address button")
}

// TestScreenshots writes the pictures of the README.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("no -screenshots folder given")
	}
	browser, base := newBrowser(t), site(t)
	for _, shot := range []struct {
		name          string
		width, height int64 // no height: the whole page
		scheme        string
		do            func(*tab)
	}{
		{"home", 1000, 700, "light", func(b *tab) { b.open("/") }},
		{"home-phone", 390, 760, "light", func(b *tab) { b.phone(390, 760); b.open("/?lang=de") }},
		{"setup", 1000, 1150, "light", func(b *tab) { b.submit("/", "alice@live.co.uk") }},
		{"setup-phone", 390, 1100, "light", func(b *tab) { b.phone(390, 1100); b.submit("/", "alice@example.org") }},
		{"setup-code", 1000, 1050, "light", func(b *tab) {
			b.submit("/", "alice@example.org")
			b.do(chromedp.Click(chromedp.CSS("#iphone summary")))
		}},
		{"setup-settings", 1000, 800, "light", func(b *tab) {
			b.submit("/", "alice@live.co.uk")
			eval[bool](b, `(document.getElementById("settings").scrollIntoView({behavior: "instant"}), true)`)
		}},
		{"setup-dark", 1000, 1150, "dark", func(b *tab) { b.submit("/", "alice@live.co.uk") }},
		{"setup-german", 1000, 1150, "light", func(b *tab) { b.submit("/?lang=de", "alice@live.co.uk") }},
		{"help", 1000, 1150, "light", func(b *tab) {
			b.open("/help")
			b.typeInto("#error", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.")
			b.click(".paste button")
		}},
		{"unknown", 1000, 760, "light", func(b *tab) { b.submit("/", "alice@unknown.example") }},
		{"typo", 1000, 760, "dark", func(b *tab) { b.submit("/", "alice@live.co.ik") }},
	} {
		height := shot.height
		if height == 0 {
			height = 900
		}
		b := newTab(t, browser, base, shot.width, height, shot.scheme)
		shot.do(b)
		eval[bool](b, "document.fonts.ready.then(() => true)")
		take := chromedp.CaptureScreenshot()
		if shot.height == 0 {
			take = chromedp.FullScreenshot(100)
		}
		png := result(b, take)
		file := filepath.Join(*screenshots, shot.name+".png")
		if err := os.WriteFile(file, smaller(t, png), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// smaller packs a picture harder than the browser does, and reduces it to 256
// colours, which a page does not look different for.
func smaller(t *testing.T, raw []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewPaletted(img.Bounds(), paletteOf(img))
	near := map[color]uint8{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			c := colorAt(img, x, y)
			if _, ok := near[c]; !ok {
				near[c] = uint8(out.Palette.Index(img.At(x, y)))
			}
			out.SetColorIndex(x, y, near[c])
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 150<<10 {
		t.Errorf("a picture of %d bytes", b.Len())
	}
	return b.Bytes()
}

// color is a red, a green and a blue part, 0 to 255.
type color [3]float64

func colorAt(img image.Image, x, y int) color {
	r, g, b, _ := img.At(x, y).RGBA()
	return color{float64(r >> 8), float64(g >> 8), float64(b >> 8)}
}

// paletteOf is the colours of a picture: the most frequent ones as they are,
// and for the others one of each shade.
func paletteOf(img image.Image) pixel.Palette {
	count := map[color]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			count[colorAt(img, x, y)]++
		}
	}
	list := slices.SortedFunc(maps.Keys(count), func(a, b color) int {
		return cmp.Or(count[b]-count[a], slices.Compare(a[:], b[:]))
	})
	var out pixel.Palette
	seen := map[color]bool{}
	for i, c := range list {
		shade := color{math.Floor(c[0] / 16), math.Floor(c[1] / 16), math.Floor(c[2] / 16)}
		if len(out) < 256 && (i < 128 || !seen[shade]) {
			seen[shade] = true
			out = append(out, pixel.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
		}
	}
	return out
}
