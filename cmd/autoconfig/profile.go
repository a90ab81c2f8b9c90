package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
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
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
	SignedAt time.Time `json:"signed_at,omitzero"`
	Trusted  bool      `json:"trusted"`
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
			NotAfter: signed.NotAfter, SignedAt: signed.At, Trusted: verr == nil}
	}
	if signed != nil || errors.Is(verr, apple.ErrUnsigned) {
		profile, err := apple.Decode(content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		v.Profile = profile
	}
	if a.json {
		return cmp.Or(a.printIndented(v), silent(verr != nil))
	}
	err := a.printer(textFormat).print("profile", v)
	a.printFindings(v.Findings)
	return cmp.Or(err, silent(verr != nil))
}
