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
		Hosts:       map[string]string{},
		Named:       data.Listed,
	}
	for _, p := range data.Providers {
		if p.ServiceHost != "" && p.ServiceHost != cfg.ServiceHost {
			set.Hosts[p.ServiceHost] = p.ID
		}
		set.PublicPages = set.PublicPages || p.Pages.Public != nil && *p.Pages.Public
		if set.Records == nil && p.Pages.Records != nil && *p.Pages.Records {
			set.Records = recordPlan(cfg, data)
		}
	}
	if len(data.Remote) > 0 {
		set.Quick = source.Chain{data.Listed, data.Builtin}
	}
	set.Branding = brandingOf(set, cfg.Reader, cfg.Branding.Look)
	for _, r := range cfg.Branding.Resellers {
		set.Resellers = append(set.Resellers, pages.Reseller{For: r.For, Branding: brandingOf(set, cfg.Reader, r.Look)})
	}
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

// brokenSigner fails closed: where signed profiles are configured, none is better than an unsigned one.
type brokenSigner struct{ err error }

func (b brokenSigner) Sign([]byte) ([]byte, error) { return nil, b.err }
func (b brokenSigner) NotAfter() time.Time         { return time.Time{} }

func brandingOf(set *server.Settings, r *files.Reader, l config.Look) pages.Branding {
	return pages.Branding{Name: l.Name, Accent: l.Accent, Support: l.Support, Imprint: l.Imprint,
		Logo: logoOf(set, r, l.Logo), LogoDark: logoOf(set, r, l.LogoDark)}
}

func logoOf(set *server.Settings, r *files.Reader, path string) pages.Logo {
	if path == "" {
		return pages.Logo{}
	}
	body, err := r.Read(path, files.Text)
	if err != nil {
		set.Degraded = append(set.Degraded, "the logo cannot be read: "+err.Error())
	}
	return pages.Logo{Body: body, SVG: strings.EqualFold(filepath.Ext(path), ".svg")}
}
