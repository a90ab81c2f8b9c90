package autodiscover

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

const header = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="` + NamespaceResponse + "\">\n"

// EncodeOutlook is the answer in the Outlook schema: settings, or the redirect p asks for. Its error is *[Error] 501
// when no incoming or no outgoing server of p takes a password, and wraps [provider.ErrIncomplete] when a server lacks
// its port, security or user name.
//
// Without a local part (a client that asks by GET) there is no LoginName and no AutoDiscoverSMTPAddress, DisplayName is
// the provider's name, and a redirect to an address that is made from the local part gives way to the settings.
//
// The answer depends on a by the text of [EscapeText] alone, so it can be made
// for a stand-in address and the real one be put in its place.
func EncodeOutlook(p *provider.Provider, a provider.Address) ([]byte, error) {
	var account []byte
	p = p.For(a.Domain)
	if action, name, target := redirect(p.Autodiscover, a); target != "" {
		account = element(account, "      ", "Action", string(action))
		account = element(account, "      ", name, target)
	} else {
		servers, err := stateable(p)
		if err != nil {
			return nil, err
		}
		account = make([]byte, 0, 2048)
		account = element(account, "      ", "Action", string(provider.ActionSettings))
		for _, s := range servers {
			account = protocol(account, s, servers[0].Username, a)
		}
	}
	b := make([]byte, 0, 2048)
	b = append(b, header+`  <Response xmlns="`+NamespaceOutlookResponse+"\">\n    <User>\n"...)
	if a.Local == "" {
		b = element(b, "      ", "DisplayName", cmp.Or(p.Name, a.Domain))
	} else { // the address, as nobody's name is known here
		b = element(b, "      ", "DisplayName", a.String())
		b = element(b, "      ", "AutoDiscoverSMTPAddress", a.String())
	}
	b = append(b, "    </User>\n    <Account>\n      <AccountType>email</AccountType>\n"...)
	b = append(b, account...)
	return append(b, "    </Account>\n  </Response>\n</Autodiscover>\n"...), nil
}

// redirect is the redirect to answer: its action, element and target, which is empty when settings are to be answered.
func redirect(d provider.Autodiscover, a provider.Address) (action provider.AutodiscoverAction, name, target string) {
	switch d.Action {
	case provider.ActionRedirectURL: // MS-OXDSCLI §2.2.4.1.1.2.9; Thunderbird 153 ignores it
		return d.Action, "RedirectUrl", d.RedirectURL
	case provider.ActionRedirectAddr: // MS-OXDSCLI §2.2.4.1.1.2.8
		if target = provider.Expand(d.RedirectAddr, a); a.Local != "" || !strings.Contains(target, "%") {
			return d.Action, "RedirectAddr", target
		}
	}
	return "", "", ""
}

// stateable lists the best server of each kind that takes something other than OAuth2, for which POX has no word.
func stateable(p *provider.Provider) ([]provider.Server, error) {
	onlyOAuth2 := func(s provider.Server) bool { return !s.PasswordMethod() }
	q := *p
	q.Incoming = slices.DeleteFunc(slices.Clone(p.Incoming), onlyOAuth2)
	q.Outgoing = slices.DeleteFunc(slices.Clone(p.Outgoing), onlyOAuth2)
	servers := q.Servers()
	if n := len(servers); n < 2 || servers[0].Protocol == provider.SMTP || servers[n-1].Protocol != provider.SMTP {
		return nil, NewError(CodeNoOptions)
	}
	return servers, provider.Complete(servers...)
}

// protocol writes one Protocol block, with the children in the order of
// Microsoft's schema ("Protocol (POX)", learn.microsoft.com).
func protocol(b []byte, s provider.Server, incomingUsername string, a provider.Address) []byte {
	const indent = "        "
	b = append(b, "      <Protocol>\n"...)
	b = element(b, indent, "Type", strings.ToUpper(string(s.Protocol)))
	b = append(b, indent+"<TTL>24</TTL>\n"...) // hours
	b = element(b, indent, "Server", s.Host)
	b = append(strconv.AppendUint(append(b, indent+"<Port>"...), uint64(s.Port), 10), "</Port>\n"...)
	if a.Local != "" {
		b = element(b, indent, "LoginName", provider.Expand(s.Username, a))
	}
	b = append(b, indent+"<DomainRequired>off</DomainRequired>\n"+
		indent+"<SPA>off</SPA>\n"...) // absent means on ("SPA (POX)")
	ssl, encryption := security(s.Security)
	b = element(b, indent, "SSL", ssl)
	b = element(b, indent, "Encryption", encryption)
	b = element(b, indent, "AuthRequired", onOff(authRequired(s)))
	if s.Protocol == provider.SMTP {
		// on: log in as for incoming mail ("UsePOPAuth (POX)")
		b = element(b, indent, "UsePOPAuth", onOff(authRequired(s) && s.Username == incomingUsername))
		b = append(b, indent+"<SMTPLast>off</SMTPLast>\n"...)
	}
	return append(b, "      </Protocol>\n"...)
}

// security is SSL and Encryption for a security mode. Encryption overrides SSL for the clients that know it;
// Thunderbird and Delta Chat take SSL off for no encryption at all, so it is on with STARTTLS too.
func security(s provider.Security) (ssl, encryption string) {
	switch s {
	case provider.TLS:
		return "on", "SSL"
	case provider.STARTTLS:
		return "on", "TLS"
	}
	return "off", "None"
}

// authRequired reports whether a server wants a login by a way POX can state.
func authRequired(s provider.Server) bool {
	return slices.ContainsFunc(s.Auth, func(a provider.Auth) bool {
		return a != provider.AuthNone && a != provider.AuthClientIP && a != provider.AuthOAuth2
	})
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// element writes <name>text</name> on a line of its own. There is no white space inside: clients keep it.
func element(b []byte, indent, name, text string) []byte {
	b = append(append(append(b, indent...), '<'), name...)
	b = EscapeText(append(b, '>'), text)
	b = append(append(b, "</"...), name...)
	return append(b, ">\n"...)
}

// EncodeMobileSync is the answer in the MobileSync schema (MS-ASCMD §2.2.1.1, example in §4.2.4). Its error is *[Error]
// 601 when p has no ActiveSync URL. Without a local part there is no User, whose EMailAddress is required (§6.2). It
// depends on a as [EncodeOutlook] does.
func EncodeMobileSync(p *provider.Provider, a provider.Address) ([]byte, error) {
	url := p.For(a.Domain).ActiveSync
	if url == "" {
		return nil, NewError(CodeNotProvided)
	}
	b := make([]byte, 0, 1024)
	b = append(b, header+`  <Response xmlns="`+NamespaceMobileSyncResponse+"\">\n    <Culture>en:us</Culture>\n"...)
	if a.Local != "" {
		b = append(b, "    <User>\n"...)
		b = element(b, "      ", "DisplayName", a.String())
		b = element(b, "      ", "EMailAddress", a.String())
		b = append(b, "    </User>\n"...)
	}
	b = append(b, "    <Action>\n      <Settings>\n        <Server>\n          <Type>MobileSync</Type>\n"...)
	b = element(b, "          ", "Url", url)
	b = element(b, "          ", "Name", url) // the URL again (MS-ASCMD §2.2.3.120.1)
	return append(b, "        </Server>\n      </Settings>\n    </Action>\n  </Response>\n</Autodiscover>\n"...), nil
}
