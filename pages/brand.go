package pages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"autoconfig/templates"
)

// Branding is how an operator wants the pages to look.
type Branding struct {
	Name, Accent, Support, Imprint string
	Logo, LogoDark                 Logo
}

// Reseller is a branding for some host names that pages are asked by, and for some providers, by their ids.
type Reseller struct {
	For []string
	Branding
}

// Logo is a picture, of PNG unless it is SVG.
type Logo struct {
	Body []byte
	SVG  bool
}

// Brand is what pages make of a branding. It keeps the pages that only the language changes, so there is one for each
// generation of settings.
type Brand struct {
	Name                  string
	Logo, LogoDark, Style string // paths; empty without
	WordMark              bool   // the logo is the name in letters, which is not shown a second time
	Support, Imprint      string
	assets                []templates.Asset
	static                sync.Map // Page by staticKey
}

// newBrand prepares the logo and the style sheet of a branding.
func newBrand(o Branding) *Brand {
	b := &Brand{Name: o.Name, Support: o.Support, Imprint: o.Imprint, WordMark: o.Logo.wide()}
	b.Logo, b.LogoDark = b.logo("logo", o.Logo), b.logo("dark", o.LogoDark)
	if accent, ok := parseColor(o.Accent); ok {
		b.Style = b.add("brand.css", accentStyle(accent))
	}
	return b
}

func (b *Brand) logo(name string, l Logo) string {
	if len(l.Body) == 0 {
		return ""
	}
	return b.add(name+map[bool]string{true: ".svg", false: ".png"}[l.SVG], l.Body)
}

var svgSize = regexp.MustCompile(`(?s)<svg[^>]*\bviewBox="[-0-9.]+[ ,]+[-0-9.]+[ ,]+([0-9.]+)[ ,]+([0-9.]+)"`)

// wide reports a picture at least twice as wide as it is high: those are names in letters, others are symbols.
func (l Logo) wide() bool {
	var width, height float64
	if l.SVG {
		if m := svgSize.FindSubmatch(l.Body); m != nil {
			width, _ = strconv.ParseFloat(string(m[1]), 64) // zero with an error
			height, _ = strconv.ParseFloat(string(m[2]), 64)
		}
	} else if bytes.HasPrefix(l.Body, []byte("\x89PNG\r\n")) && len(l.Body) >= 24 { // the size is at a fixed place
		width, height = float64(binary.BigEndian.Uint32(l.Body[16:])), float64(binary.BigEndian.Uint32(l.Body[20:]))
	}
	return height > 0 && width >= 2*height
}

// Brands are the looks of a service: its own, and those of its resellers.
type Brands struct {
	own    *Brand
	by     map[string]*Brand
	assets [][]templates.Asset
}

// NewBrands prepares the looks of a service.
func NewBrands(own Branding, resellers []Reseller) *Brands {
	b := &Brands{own: newBrand(own), by: map[string]*Brand{}}
	b.assets = [][]templates.Asset{b.own.assets}
	for _, r := range resellers {
		look := newBrand(r.Branding)
		b.assets = append(b.assets, look.assets)
		for _, name := range r.For {
			b.by[name] = look
		}
	}
	return b
}

// Of is the look for the first of some names, of hosts and providers, that has one, else that of the service.
func (b *Brands) Of(names ...string) *Brand {
	for _, name := range names {
		if look, ok := b.by[name]; ok {
			return look
		}
	}
	return b.own
}

func (b *Brand) add(source string, body []byte) string {
	a := templates.NewAsset(source, body)
	b.assets = append(b.assets, a)
	return "/assets/" + a.Name
}

// color is sRGB, each part from 0 to 1.
type color [3]float64

// parseColor reads #rgb or #rrggbb.
func parseColor(s string) (color, bool) {
	hex, ok := strings.CutPrefix(s, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || err != nil || len(hex) != 6 {
		return color{}, false
	}
	return color{float64(n>>16) / 255, float64(n>>8&0xff) / 255, float64(n&0xff) / 255}, true
}

// String is the colour as #rrggbb.
func (c color) String() string {
	part := func(i int) int { return int(math.Round(c[i] * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", part(0), part(1), part(2))
}

// luminance is the relative luminance of WCAG 2.2.
func (c color) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is the contrast ratio of WCAG 2.2.
func contrast(a, b color) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// readable moves c towards black or white until it can be read on the ground: an operator chooses a colour, not its
// contrast.
func (c color) readable(ground, towards color) color {
	out := c
	for i := 0; i <= 20 && contrast(out, ground) < readableContrast; i++ {
		for j := range out {
			out[j] = c[j] + (towards[j]-c[j])*float64(i)/20
		}
	}
	return out
}

// readableContrast is WCAG 2.2 §1.4.3 for text, with room for rounding.
const readableContrast = 4.6

// The backgrounds of links and buttons, the darkest of the light scheme and the lightest of the dark one
// (assets/style.css).
var (
	black, white = color{}, color{1, 1, 1}
	lightGround  = color{0xee / 255.0, 0xf0 / 255.0, 0xf3 / 255.0}
	darkGround   = color{0x23 / 255.0, 0x28 / 255.0, 0x30 / 255.0}
)

// accentStyle is the style sheet that puts the operator's colour in place of the default.
func accentStyle(c color) []byte {
	rule := func(ground, towards color) string {
		a := c.readable(ground, towards)
		on := white
		if contrast(a, black) > contrast(a, white) {
			on = black
		}
		return fmt.Sprintf(":root{--accent:%s;--on-accent:%s}", a, on)
	}
	return []byte(rule(lightGround, black) + "@media(prefers-color-scheme:dark){" + rule(darkGround, white) + "}\n")
}
