package autodiscover

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"autoconfig/provider"
)

// thunderbird is the body Thunderbird 153 posts, for an address it puts in as it is.
func thunderbird(t testing.TB, address string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/request-thunderbird.xml")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.Replace(string(b), "user@example.test", address, 1))
}

// request is a request with that inside the Request element.
func request(namespace, inside string) string {
	return `<Autodiscover xmlns="` + namespace + `"><Request>` + inside + `</Request></Autodiscover>`
}

const (
	email   = "<EMailAddress>user@example.org</EMailAddress>"
	outlook = "<AcceptableResponseSchema>" + NamespaceOutlookResponse + "</AcceptableResponseSchema>"
	mobile  = "<AcceptableResponseSchema>" + NamespaceMobileSyncResponse + "</AcceptableResponseSchema>"
)

func TestParseRequestThunderbird(t *testing.T) {
	body := thunderbird(t, "user@example.test")
	if len(body) != 392 {
		t.Errorf("%d bytes, want 392 as captured", len(body))
	}
	for _, address := range []string{"user@example.test", "o'neil&x=1@example.test", "a&b;c@example.test",
		"a&amp@example.test", "jörg+tag@example.test"} {
		got, err := ParseRequest(thunderbird(t, address))
		if want := (Request{Email: address}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", address, got, err)
		}
	}
}

func TestParseRequest(t *testing.T) {
	tests := map[string]struct {
		body string
		want Request
	}{
		"outlook": {request(NamespaceOutlookRequest, email+outlook), Request{Email: "user@example.org"}},
		"mobilesync": {request(NamespaceMobileSyncRequest, email+mobile),
			Request{Email: "user@example.org", Schema: MobileSync}},
		"answer schema decides": {request(NamespaceOutlookRequest, email+mobile),
			Request{Email: "user@example.org", Schema: MobileSync}},
		"no schema": {request(NamespaceOutlookRequest, email), Request{Email: "user@example.org"}},
		"no schema, mobilesync": {request(NamespaceMobileSyncRequest, email),
			Request{Email: "user@example.org", Schema: MobileSync}},
		"no schema, no namespace": {request("", email), Request{Email: "user@example.org"}},
		"empty schema": {request(NamespaceMobileSyncRequest, email+"<AcceptableResponseSchema/>"),
			Request{Email: "user@example.org", Schema: MobileSync}},
		"namespace on Request": {`<Autodiscover><Request xmlns="` + NamespaceMobileSyncRequest + `">` + email +
			"</Request></Autodiscover>", Request{Email: "user@example.org", Schema: MobileSync}},
		"white space": {" \r\n" + request("", "<EMailAddress >\r\n\t user@example.org \n</EMailAddress\n>") + "\n\n",
			Request{Email: "user@example.org"}},
		"entities": {request("", "<EMailAddress>a&amp;b&apos;c&#43;d&#x2b;&lt;&gt;&quot;@example.org&#32;</EMailAddress>"),
			Request{Email: "a&b'c+d+<>\"@example.org"}},
		"not entities": {request("", "<EMailAddress>a&b&amp&nbsp;&#;&#x110000;&#99999999999;@example.org</EMailAddress>"),
			Request{Email: "a&b&amp&nbsp;&#;&#x110000;&#99999999999;@example.org"}},
		"resolved once": {request("", "<EMailAddress>&amp;lt;@example.org</EMailAddress>"),
			Request{Email: "&lt;@example.org"}},
		"CDATA": {request("", "<EMailAddress> <![CDATA[ o'neil&x@example.org ]]></EMailAddress>"),
			Request{Email: "o'neil&x@example.org"}},
		"stray <": {request("", "<EMailAddress>a<b@example.org</EMailAddress>"), Request{Email: "a<b@example.org"}},
		"prefix":  {`<a:Autodiscover xmlns:a="` + NamespaceMobileSyncRequest + `"><a:Request><a:EMailAddress>u@example.org</a:EMailAddress></a:Request></a:Autodiscover>`, Request{Email: "u@example.org", Schema: MobileSync}},
		"other case": {"<AUTODISCOVER><request><emailaddress>u@example.org</emailaddress></request></AUTODISCOVER>",
			Request{Email: "u@example.org"}},
		"exact case first": {request("", "<EmailAddress>other@example.org</EmailAddress>"+email),
			Request{Email: "user@example.org"}},
		"first of two": {request("", email+"<EMailAddress>second@example.org</EMailAddress>"),
			Request{Email: "user@example.org"}},
		"LegacyDN as well": {request("", "<LegacyDN>/o=x/cn=y</LegacyDN>"+email),
			Request{Email: "user@example.org", LegacyDN: "/o=x/cn=y"}},
		"comment, PI": {"<?xml version='1.0'?><!-- a > b <x> --><?pi <y> ?>" + request("", "<!-- > -->"+email) +
			"<!-- end -->", Request{Email: "user@example.org"}},
		"> in an attribute": {`<Autodiscover a="x>y" b='">'><Request>` + email + "</Request></Autodiscover>",
			Request{Email: "user@example.org"}},
		"byte order mark": {"\xef\xbb\xbf" + request("", email), Request{Email: "user@example.org"}},
		"LATIN letters": {request("", "<Größe/><EMailAddress>jörg@bücher.example</EMailAddress>"),
			Request{Email: "jörg@bücher.example"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRequest([]byte(tt.body))
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseRequestUTF16(t *testing.T) {
	const address = "jörg𝒳@example.org"
	body := `<?xml version="1.0" encoding="utf-16"?>` + request(NamespaceMobileSyncRequest,
		"<EMailAddress>"+address+"</EMailAddress>")
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, mark := range []string{"\ufeff", ""} {
			got, err := ParseRequest(utf16Bytes(order, mark+body))
			if want := (Request{Email: address, Schema: MobileSync}); err != nil || got != want {
				t.Errorf("%v, mark %q: %+v, %v", order, mark, got, err)
			}
		}
		odd := append(utf16Bytes(order, "\ufeff"+body), ' ')
		doctype := utf16Bytes(order, "\ufeff<!DOCTYPE x>"+body)
		for _, bad := range [][]byte{odd, doctype} {
			if _, err := ParseRequest(bad); code(err) != CodeInvalidRequest {
				t.Errorf("%v: %v, want 600", order, err)
			}
		}
	}
}

func utf16Bytes(order binary.AppendByteOrder, s string) (out []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func TestParseRequestRefuses(t *testing.T) {
	tests := map[string]struct {
		body string
		code int
	}{
		"empty":              {"", 600},
		"blank":              {" \n", 600},
		"a word":             {"autodiscover", 600},
		"JSON":               {`{"Email": "user@example.org"}`, 600},
		"another root":       {"<html><Request>" + email + "</Request></html>", 600},
		"no address":         {request("", outlook), 600},
		"empty address":      {request("", "<EMailAddress> </EMailAddress>"), 600},
		"empty tag":          {request("", "<EMailAddress/>"), 600},
		"LegacyDN alone":     {request("", "<LegacyDN>/o=x/cn=y</LegacyDN>"), 600},
		"unknown schema":     {request("", email+"<AcceptableResponseSchema>http://example.org/2006a</AcceptableResponseSchema>"), 601},
		"cut short":          {request("", email)[:100], 600},
		"not closed":         {"<Autodiscover><Request>" + email, 600},
		"address not closed": {"<Autodiscover><Request><EMailAddress>user@example.org", 600},
		"tag not closed":     {"<Autodiscover><Request", 600},
		"end tag not closed": {"<Autodiscover><Request>" + email + "</Request></Autodiscover", 600},
		"crossed":            {"<Autodiscover><Request>" + email + "</Autodiscover></Request>", 600},
		"too many ends":      {request("", email) + "</Autodiscover>", 600},
		"two roots":          {request("", email) + request("", email), 600},
		"text before":        {"x" + request("", email), 600},
		"text after":         {request("", email) + "x", 600},
		"a number for a tag": {request("", email+"<1/>"), 600},
		"no name":            {request("", email+"< />"), 600},
		"comment not closed": {request("", email) + "<!-- ", 600},
		"PI not closed":      {"<?xml " + request("", email), 600},
		"CDATA not closed":   {request("", email+"<![CDATA["), 600},
		"doctype":            {"<!DOCTYPE Autodiscover>" + request("", email), 600},
		"doctype, late":      {request("", email) + "<!doctype x>", 600},
		"entity": {`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` +
			request("", "<EMailAddress>&e;@example.org</EMailAddress>"), 600},
		"entity inside": {request("", `<!ENTITY e "x">`+email), 600},
		"in a comment":  {request("", email+"<!-- <!DOCTYPE x> -->"), 600},
		"too deep":      {strings.Repeat("<Autodiscover>", maxDepth+1), 600},
		"too large":     {request("", email+strings.Repeat(" ", maxRequest)), 600},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseRequest([]byte(tt.body)); code(err) != tt.code || got != (Request{}) {
				t.Errorf("%+v, %v, want error %d", got, err, tt.code)
			}
		})
	}
	if _, err := ParseRequest([]byte(request("",
		email+strings.Repeat(" ", maxRequest-len(request("", email)))))); err != nil {
		t.Errorf("64 KiB: %v", err)
	}
}

// code is the Autodiscover code of an error, 0 for another error or none.
func code(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// Whatever address gets through makes a well-formed answer that says it.
func FuzzParseRequest(f *testing.F) {
	f.Add(thunderbird(f, "user@example.test"))
	f.Add(thunderbird(f, "o'neil&x=1@example.org"))
	f.Add(thunderbird(f, "a]]>b&#13;@example.org"))
	f.Add([]byte(request(NamespaceMobileSyncRequest, email+mobile)))
	f.Add(utf16Bytes(binary.LittleEndian, "\ufeff"+request("", email)))
	f.Add([]byte("<!DOCTYPE x>" + request("", email)))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			if c := code(err); c != CodeInvalidRequest && c != CodeNotProvided {
				t.Fatalf("error %v", err)
			}
			return
		}
		a, err := provider.ParseAddress(r.Email)
		if err != nil {
			return
		}
		p := example()
		p.Incoming[0].Host = "imap.%EMAILDOMAIN%"
		answer, err := EncodeOutlook(p, a)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Response struct {
				User struct{ DisplayName string }
			}
		}
		if err := xml.Unmarshal(answer, &doc); err != nil || doc.Response.User.DisplayName != a.String() {
			t.Fatalf("%q: %v\n%s", a, err, answer)
		}
		if _, err := Decode([]byte(string(answer))); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkParseRequest(b *testing.B) {
	body := thunderbird(b, "user@example.test")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRequest(body); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEncodeError(t *testing.T) {
	now := time.Date(2026, 11, 24, 13, 34, 56, 0, time.FixedZone("CET", 3600))
	golden(t, "error-600.xml", EncodeError(NewError(CodeInvalidRequest), now))
	for _, c := range []int{500, 501, 600, 601, 603} {
		r, err := Decode(EncodeError(NewError(c), now))
		if err != nil || r.Error == nil || *r.Error != *NewError(c) || r.Provider != nil {
			t.Errorf("%d: %+v, %v", c, r, err)
		}
		if m := NewError(c).Message; m == "" || !strings.Contains(NewError(c).Error(), m) {
			t.Errorf("%d: %v", c, NewError(c))
		}
	}
}
