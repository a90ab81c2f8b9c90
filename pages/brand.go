package pages

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"autoconfig/templates"
)

// Branding is how an operator wants the pages to look.
type Branding struct {
	Name, Accent, Support, Imprint string
	Logo                           []byte
	LogoType                       string // media type of Logo
}

// Brand is what pages make of a branding. It keeps the pages that only the language changes, so there is one for each
// generation of settings.
type Brand struct {
	Name             string
	Logo, Style      string // paths; empty without
	Support, Imprint string
	assets           []templates.Asset
	static           sync.Map // Page by name and language
}

// NewBrand prepares the logo and the style sheet of a branding.
func NewBrand(o Branding) *Brand {
	b := &Brand{Name: o.Name, Support: o.Support, Imprint: o.Imprint}
	if len(o.Logo) > 0 {
		ext := ".png"
		if o.LogoType == "image/svg+xml" {
			ext = ".svg"
		}
		b.Logo = b.add("logo"+ext, o.Logo)
	}
	if accent, ok := parseColor(o.Accent); ok {
		b.Style = b.add("brand.css", accentStyle(accent))
	}
	return b
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
