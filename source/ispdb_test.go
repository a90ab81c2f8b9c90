package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autoconfig/files"
	"autoconfig/provider"
)

// document is an autoconfig document of a provider.
func document(domain, incoming, outgoing string) string {
	server := func(tag, kind, port, socket string) string {
		return fmt.Sprintf("<%s type=%q><hostname>%s.%s</hostname><port>%s</port><socketType>%s</socketType>"+
			"<authentication>password-cleartext</authentication><username>%%EMAILADDRESS%%</username></%[1]s>", tag, kind, kind,
			domain, port, socket)
	}
	sockets := map[string][3]string{"tls": {"993", "SSL", "465"}, "plain": {"143", "plain", "587"}}
	both := func(which string) (list []string) {
		for one := range strings.SplitSeq(which, "+") {
			list = append(list, one)
		}
		return list
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<clientConfig version="1.1"><emailProvider id=%q><domain>%[1]s</domain><domain>also-%[1]s</domain>`,
		domain)
	for _, which := range both(incoming) {
		b.WriteString(server("incomingServer", "imap", sockets[which][0], sockets[which][1]))
	}
	for _, which := range both(outgoing) {
		b.WriteString(server("outgoingServer", "smtp", sockets[which][2], sockets[which][1]))
	}
	return b.String() + `<documentation url="http://example.org/"/></emailProvider></clientConfig>`
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A folder is served file by file: servers without encryption are left out, what
// cannot be read keeps what it held, and nothing bad costs anything else.
func TestISPDB(t *testing.T) {
	dir, r := t.TempDir(), new(files.Reader)
	write(t, dir, "a.xml", document("a.example", "plain+tls", "tls"))
	write(t, dir, "b.xml", document("b.example", "plain", "tls"))
	write(t, dir, "c.xml", document("c.example", "tls", "plain"))
	write(t, dir, "d.xml", "<html>")
	write(t, dir, "e.xml", document("e.example", "tls", "tls"))
	write(t, dir, "z.xml", document("a.example", "tls", "tls"))
	write(t, dir, "LICENSE", "words")
	write(t, dir, "f.example", document("f.example", "tls", "tls"))
	if err := os.Mkdir(filepath.Join(dir, "folder.xml"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, found, err := ReadISPDB(r, "others", dir, nil)
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v", err, found)
	}
	if got := s.String(); got != "others: providers: 4, domains: 6, left out without encryption: 2, unreadable files: 2" {
		t.Error(got)
	}
	p, err := s.Lookup(t.Context(), provider.Address{Domain: "a.example"})
	if err != nil || len(p.Incoming) != 1 || p.Incoming[0].Security != provider.TLS || len(p.Documentation) != 0 ||
		filepath.Base(p.ID) != "a.xml" {
		t.Errorf("%v, %+v", err, p)
	}
	if status := p.PasswordLogin.Status; status != provider.PasswordWorks || p.PACC != provider.PACCAuto {
		t.Errorf("a password %s, PACC %s: they are as of any provider", status, p.PACC)
	}
	for _, domain := range []string{"b.example", "c.example", "unknown.example"} {
		if _, err := s.Lookup(t.Context(), provider.Address{Domain: domain}); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("%s: %v", domain, err)
		}
	}
	if p := NewMXTable(s.Providers).ByHost("mx1.also-e.example"); p == nil || filepath.Base(p.ID) != "e.xml" {
		t.Errorf("by its exchanger: %+v", p)
	}

	write(t, dir, "e.xml", "<clientConfig")
	write(t, dir, "b.xml", document("b.example", "tls", "tls"))
	write(t, dir, "f.example", "gone")
	if err := os.Remove(filepath.Join(dir, "a.xml")); err != nil {
		t.Fatal(err)
	}
	next, found, err := ReadISPDB(r, "others", dir, s)
	if err != nil || len(found) != 4 || !strings.Contains(found[1].Cause, "what it held before is served") {
		t.Fatalf("%v, %v", err, found)
	}
	for domain, id := range map[string]string{"e.example": "e", "b.example": "b", "also-f.example": "f.example",
		"a.example": "z"} {
		if p, err := next.Lookup(t.Context(), provider.Address{Domain: domain}); err != nil ||
			strings.TrimSuffix(filepath.Base(p.ID), ".xml") != id {
			t.Errorf("%s: %v, %+v", domain, err, p)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if gone, found, err := ReadISPDB(r, "others", dir, next); err != nil || len(found) != 1 || gone.Len() != next.Len() ||
		len(gone.Bad) != 1 {
		t.Errorf("a folder that went: %v, %v", err, found)
	}
	if _, _, err := ReadISPDB(r, "others", dir, nil); err == nil {
		t.Error("a folder that never was: no error")
	}
}

// down is a source that does not answer.
type down struct{}

func (down) Lookup(context.Context, provider.Address) (*provider.Provider, error) {
	return nil, provider.ErrUnavailable
}

// While a source of the operator's is down, nobody gets other people's settings
// for a domain that may be its.
func TestISPDBWaitsForOwnSources(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.xml", document("a.example", "tls", "tls"))
	s, _, err := ReadISPDB(new(files.Reader), "others", dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := provider.Address{Domain: "a.example"}
	if _, err := (Chain{NewIndex(0, 0), s}).Lookup(t.Context(), a); err != nil {
		t.Error(err)
	}
	if _, err := (Chain{down{}, s}).Lookup(t.Context(), a); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}
