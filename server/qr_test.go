package server

import (
	"errors"
	"fmt"
	"image"
	gray "image/color"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"autoconfig/apple"
	"autoconfig/pages"
)

// readCode decodes a picture with a code on it.
func readCode(t testing.TB, img image.Image) string {
	t.Helper()
	bmp, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	r, err := qrcode.NewQRCodeReader().Decode(bmp, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Fatal(err)
	}
	return r.GetText()
}

// draw paints the path of a code, whose parts are all Mx yhNv1h-Nz.
func draw(t testing.TB, svg string) image.Image {
	t.Helper()
	side, err := strconv.Atoi(regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(svg)[1])
	if err != nil {
		t.Fatal(err)
	}
	const scale = 4
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(svg, -1) {
		var n [3]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1]) // the expression lets digits through only
		}
		for y := n[1] * scale; y < (n[1]+1)*scale; y++ {
			for x := n[0] * scale; x < (n[0]+n[2])*scale; x++ {
				img.SetGray(x, y, gray.Gray{})
			}
		}
	}
	return img
}

// The code's link is https at a name that is known to be ours: a Host header
// alone proves nothing.
func TestCode(t *testing.T) {
	s := newTestServer(t, func(o *Options, _ *Settings) { o.ForwardedHost = true })
	profile := func(host, query string) string { return "https://" + host + "/mobileconfig?" + query }
	for _, test := range []struct {
		target, want string
		headers      []string
	}{
		{"http://autoconfig.hoster.example/qr.svg?email=alice@live.co.uk",
			profile("autoconfig.hoster.example", "email=alice%40live.co.uk"), nil},
		{"http://autoconfig.example.org/qr.svg?email=alice@example.org",
			profile("autoconfig.example.org", "email=alice%40example.org"), nil},
		{"http://example.org/qr.svg?email=alice@example.org&email=b%2Bc@live.com",
			profile("example.org", "email=alice%40example.org&email=b%2Bc%40live.com"), nil},
		{"http://evil.example/qr.svg?email=alice@example.org",
			profile("autoconfig.hoster.example", "email=alice%40example.org"), nil},
		{"http://live.co.uk/qr.svg?email=alice@live.co.uk", profile("autoconfig.hoster.example", "email=alice%40live.co.uk"),
			nil},
		{"http://192.0.2.1/qr.svg?email=alice@live.co.uk&account=exchange&name=x",
			profile("autoconfig.hoster.example", "account=exchange&email=alice%40live.co.uk"), nil},
		{"https://example.org:8443/qr.svg?email=alice@example.org", profile("example.org:8443", "email=alice%40example.org"),
			nil},
		{"http://example.org:8080/qr.svg?email=alice@example.org", profile("example.org", "email=alice%40example.org"), nil},
		{"http://x.example/qr.svg?email=alice@example.org",
			profile("autoconfig.example.org:444", "email=alice%40example.org"),
			[]string{"From: 127.0.0.1:9", "X-Forwarded-Host: autoconfig.example.org:444", "X-Forwarded-Proto: https"}},
		{"http://x.example/qr.svg?email=alice@example.org", profile("autoconfig.hoster.example", "email=alice%40example.org"),
			[]string{"X-Forwarded-Host: autoconfig.example.org"}},
	} {
		r := ask(t, s, "GET "+test.target, "", test.headers...)
		body := bodyOf(t, r)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "image/svg+xml" ||
			r.Header.Get("Cache-Control") != noStore {
			t.Fatalf("%s: %d %v", test.target, r.StatusCode, r.Header)
		}
		if got := readCode(t, draw(t, body)); got != test.want {
			t.Errorf("%s: %s, want %s", test.target, got, test.want)
		}
	}
}

func TestCodeRefused(t *testing.T) {
	s := newTestServer(t, nil)
	for line, status := range map[string]int{
		"GET http://x.example/qr.svg": 400, "GET http://x.example/qr.svg?email=x": 400,
		"GET http://x.example/qr.svg?email=a@unserved.example": 404,
		"GET http://x.example/qr.svg?email=example.org":        400, "POST http://x.example/qr.svg": 405,
	} {
		if r := ask(t, s, line, ""); r.StatusCode != status {
			t.Errorf("%s: %d, want %d", line, r.StatusCode, status)
		}
	}
	s = newTestServer(t, func(_ *Options, set *Settings) { set.ServiceHost = "" })
	if r := ask(t, s, "GET http://x.example/qr.svg?email=a@example.org", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("without any name of ours: %d", r.StatusCode)
	}
	if body := get200(t, s, "GET http://x.example/setup?email=a@example.org", ""); strings.Contains(body, "qr.svg") {
		t.Error("the page shows a code that there is none of")
	}
	if _, err := pages.QR(strings.Repeat("x", 4000)); err == nil {
		t.Error("a text that fits into no code")
	}
}

// Every code is right: all lengths that there are codes for, and addresses whose
// pattern is the most regular, which a reader of pictures may not find.
func TestCodesAreRight(t *testing.T) {
	for n := 30; n <= 1000; n += 97 {
		for _, fill := range []string{"%21", "a", "0", "U", "-.", "%C3%BC", "%E4%BD%A0", "%F0%9F%93%AC",
			"mail.box+1%40example.org&email="} {
			link := "https://autoconfig.example.org/?" + strings.Repeat(fill, n/len(fill)+1)
			link = link[:n]
			svg, err := pages.QR(link)
			if err != nil {
				t.Fatalf("%q: %v", link, err)
			}
			bmp, err := gozxing.NewBinaryBitmapFromImage(draw(t, string(svg)))
			if err != nil {
				t.Fatal(err)
			}
			r, err := qrcode.NewQRCodeReader().Decode(bmp,
				map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
			if err != nil || r.GetText() != link {
				t.Errorf("%q: %v", link, err)
			}
		}
	}
	if _, err := pages.QR(strings.Repeat("x", 1001)); !errors.Is(err, pages.ErrCode) {
		t.Errorf("too long: %v", err)
	}
}

// A page has the code that there is, and none for a link that is too long.
func TestPageWithoutCode(t *testing.T) {
	s := newTestServer(t, nil)
	for local, want := range map[string]bool{"jo": true, strings.Repeat("%21", 60): false} {
		form := ""
		for i := range 9 {
			form += fmt.Sprintf("email=%s%d%%40example.org&", local, i)
		}
		body := get200(t, s, "POST http://x.example/setup", form)
		if got := strings.Contains(body, "/qr.svg?"); got != want {
			t.Errorf("%.20s: a code: %v, want %v", local, got, want)
		}
		if r := ask(t, s, "GET http://x.example/qr.svg?"+form, ""); (r.StatusCode == 200) != want {
			t.Errorf("%.20s: %d", local, r.StatusCode)
		}
	}
}

// The code on a page leads to the profile, and with to=setup to the page for a phone that takes none.
func TestWhereCodesLead(t *testing.T) {
	s := newTestServer(t, nil)
	const host = "autoconfig.hoster.example"
	emails := []string{"u@example.org"}
	for query, link := range map[string]string{
		"":                  pages.ProfileLink(host, emails, "", ""),
		"&account=exchange": pages.ProfileLink(host, emails, apple.Exchange, ""),
		"&to=setup":         pages.PageLink(host, emails),
	} {
		want, err := pages.QR(link)
		if err != nil {
			t.Fatal(err)
		}
		if got := get200(t, s, "GET http://x.example/qr.svg?email=u@example.org"+query, ""); got != string(want) {
			t.Errorf("%q is not the code of %s", query, link)
		}
	}
}
