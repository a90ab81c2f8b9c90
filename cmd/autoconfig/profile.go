package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"autoconfig/apple"
	"autoconfig/finding"
	"autoconfig/provider"
	"autoconfig/service"
)

func (a *app) profileCommand() *cobra.Command {
	var roots *x509.CertPool
	verify := newCommand("profile verify", "FILE", func(_ context.Context, args []string) error {
		raw, err := a.readDocument(args[0])
		if err != nil {
			return err
		}
		return a.verifyProfile(args[0], raw, roots)
	})
	verify.Flags().Var(parsedFlag(&roots, service.Roots), "ca", "trust the authorities in the PEM `file` too")
	return group("profile", "Look into Apple configuration profiles", verify)
}

// verification is what `profile verify --json` prints.
type verification struct {
	File     string            `json:"file"`
	Signer   *signerJSON       `json:"signer,omitempty"`
	Profile  *apple.Profile    `json:"profile,omitempty"`
	Findings []finding.Finding `json:"findings"`
}

type signerJSON struct {
	Subject  string     `json:"subject"`
	Issuer   string     `json:"issuer"`
	NotAfter time.Time  `json:"not_after"`
	SignedAt *time.Time `json:"signed_at,omitempty"`
	Trusted  bool       `json:"trusted"`
}

func (a *app) verifyProfile(name string, raw []byte, roots *x509.CertPool) error {
	v := verification{File: name, Findings: []finding.Finding{}}
	signed, verr := apple.Verify(raw, roots, time.Now())
	if verr != nil {
		v.Findings = append(v.Findings, apple.Finding(name, verr))
	}
	content := raw
	if signed != nil {
		content = signed.Content
		name := func(n pkix.Name) string { return provider.Printable(n.String(), 0) }
		v.Signer = &signerJSON{Subject: name(signed.Signer.Subject), Issuer: name(signed.Signer.Issuer),
			NotAfter: signed.NotAfter, Trusted: verr == nil}
		if !signed.At.IsZero() {
			v.Signer.SignedAt = &signed.At
		}
	}
	if signed != nil || errors.Is(verr, apple.ErrUnsigned) {
		profile, err := apple.Decode(bytes.NewReader(content))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		v.Profile = profile
	}
	return cmp.Or(a.printVerification(v), silent(verr != nil))
}

func (a *app) printVerification(v verification) error {
	if a.json {
		return a.printIndented(v)
	}
	var out table
	row := func(name, value string) { out.row(name, provider.Printable(value, 0)) }
	if s := v.Signer; s != nil {
		row("signed by", s.Subject)
		row("issued by", s.Issuer)
		if s.SignedAt != nil {
			row("signed at", s.SignedAt.UTC().Format(time.RFC3339))
		}
		row("valid until", s.NotAfter.UTC().Format(time.DateOnly))
		row("verified", map[bool]string{true: "yes", false: "no"}[s.Trusted])
	}
	if p := v.Profile; p != nil {
		row("profile", p.DisplayName+" ("+p.Identifier+")")
		row("says", p.Description)
		for _, payload := range p.Payloads {
			row("sets up", payloadWords(payload))
			for _, s := range payload.Servers {
				row("", "  "+profileServerWords(s))
			}
		}
	}
	err := out.print(a.stdout)
	a.printFindings(v.Findings)
	return err
}

func payloadWords(p apple.Payload) string {
	words := []string{p.DisplayName, "(" + p.Type + ")"}
	if p.Email != "" {
		words = append(words, "for", p.Email)
	}
	if p.OAuth {
		words = append(words, "with sign-in in a browser")
	}
	if p.Secret {
		words = append(words, "WITH A PASSWORD INSIDE")
	}
	return strings.Join(words, " ")
}

func profileServerWords(s apple.Server) string {
	out := s.Role + " " + s.Host
	if s.Port != 0 {
		out += fmt.Sprintf(":%d", s.Port)
	}
	if s.SSL {
		out += ", encrypted"
	} else {
		out += ", NOT encrypted"
	}
	if s.Username != "" {
		out += ", user name " + s.Username
	}
	return out
}
