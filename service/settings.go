package service

import (
	"path/filepath"
	"strings"
	"time"

	"autoconfig/apple"
	"autoconfig/config"
	"autoconfig/files"
	"autoconfig/pages"
	"autoconfig/server"
	"autoconfig/source"
)

// Settings are what a server serves with a configuration.
func Settings(cfg *config.Config, data *config.Data, mx *source.MX) *server.Settings {
	set := &server.Settings{
		Source:      data.All(),
		Listed:      data.Own(),
		Domains:     data.Listed.Len(),
		MX:          mx,
		MXTable:     source.NewMXTable(data.ByMX()),
		ServiceHost: cfg.ServiceHost,
		PublicPages: cfg.Pages.Public,
		Named:       data.Listed,
		Branding: pages.Branding{Name: cfg.Branding.Name, Accent: cfg.Branding.Accent,
			Support: cfg.Branding.Support, Imprint: cfg.Branding.Imprint},
	}
	if cfg.Pages.Records {
		set.Records = recordPlan(cfg, data)
	}
	if len(data.Remote) > 0 {
		set.Quick = source.Chain{data.Listed, data.Builtin}
	}
	loadLogo(set, cfg.Reader, cfg.Branding.Logo)
	set.SignAsServiceHost = cfg.Signing.Auto && cfg.TLS.ACME != nil
	if pair := cfg.SigningPair(); pair.Set() {
		signer, err := apple.LoadSigner(cfg.Reader, pair.CertFile, pair.KeyFile)
		if err != nil {
			set.Signer = brokenSigner{err}
			set.Degraded = append(set.Degraded, "profiles cannot be signed: "+err.Error())
		} else {
			set.Signer = signer
		}
	}
	return set
}

// brokenSigner fails closed: no profile is better than an unsigned one where
// signed ones were promised.
type brokenSigner struct{ err error }

func (b brokenSigner) Sign([]byte) ([]byte, error) { return nil, b.err }
func (b brokenSigner) NotAfter() time.Time         { return time.Time{} }

func loadLogo(set *server.Settings, r *files.Reader, path string) {
	if path == "" {
		return
	}
	logo, err := r.Read(path, files.Text)
	if err != nil {
		set.Degraded = append(set.Degraded, "the logo cannot be read: "+err.Error())
		return
	}
	set.Branding.Logo, set.Branding.LogoType = logo, "image/png"
	if strings.EqualFold(filepath.Ext(path), ".svg") {
		set.Branding.LogoType = "image/svg+xml"
	}
}
