package probe

import (
	"slices"
	"testing"

	"autoconfig/provider"
)

func TestSupports(t *testing.T) {
	t.Parallel()
	for method, want := range map[string][]provider.Auth{
		"PLAIN": {provider.AuthPassword}, "LOGIN": {provider.AuthPassword},
		"XOAUTH2": {provider.AuthOAuth2}, "OAUTHBEARER": {provider.AuthOAuth2},
		"CRAM-MD5": {provider.AuthPasswordEncrypted}, "SCRAM-SHA-256": {provider.AuthPasswordEncrypted},
		"NTLM": {provider.AuthNTLM}, "GSS-SPNEGO": {provider.AuthGSSAPI}, "EXTERNAL": {provider.AuthClientCertificate},
		"PLAIN-CLIENTTOKEN": nil, "X-GSSAPI": nil,
	} {
		o := offer{sasl: []string{method}}
		for _, auth := range provider.Auths() {
			free := auth == provider.AuthNone || auth == provider.AuthClientIP // they need no command
			if got := o.supports(auth); got != (free || slices.Contains(want, auth)) {
				t.Errorf("%s for %s: %t", method, auth, got)
			}
		}
	}
	if !(offer{native: true}).supports(provider.AuthPassword) {
		t.Error("the protocol's own command takes no password")
	}
}
