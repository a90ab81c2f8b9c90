package autodiscover

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Lint says which clients refuse or misread an Autodiscover answer, in XML or in the JSON of version 2, and what to
// write instead. contentType is the header it came with, or empty when that is not known. A finding's Subject is the
// path of the element, its Got the value found there. There are at most [finding.MaxLint].
//
// Outlook compares namespaces byte for byte and has no placeholders (MS-OXDSCLI §2.2.4); what Thunderbird 153 and Delta
// Chat 2.57 make of an answer was measured.
func Lint(data []byte, contentType string) []finding.Finding {
	var l linter
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		l.json(data)
		return l.Findings
	}
	l.When(contentType != "" && !provider.XMLType(contentType), "autodiscover-content-type", "Content-Type", contentType)
	doc, err := parse(data)
	if err != nil {
		l.Add("autodiscover-document-syntax", "", strings.TrimPrefix(err.Error(), ErrResponse.Error()+": "))
		return l.Findings
	}
	l.namespaces(doc)
	l.response(doc.response())
	return l.Findings
}

type linter struct{ finding.Linter }

func (l *linter) namespaces(doc *document) {
	root, response := doc.XMLName.Space, doc.Response.XMLName.Space
	l.When(root != NamespaceResponse, "autodiscover-namespace-root", "Autodiscover/@xmlns", root)
	schemas := []string{NamespaceOutlookResponse, NamespaceMobileSyncResponse}
	if doc.Response.Error != nil { // inherits the root's as well (MS-ASCMD §4.2.5)
		schemas = append(schemas, NamespaceResponse)
	}
	l.When(!slices.Contains(schemas, response), "autodiscover-namespace-response", "Response/@xmlns", response)
}

func (l *linter) response(r *Response) {
	switch {
	case r.Error != nil:
		l.Add("autodiscover-answer-error", "Response/Error", fmt.Sprintf("%d %s", r.Error.Code, r.Error.Message))
	case r.RedirectURL != "":
		l.When(!isHTTPS(r.RedirectURL), "autodiscover-redirect-invalid", "Account/RedirectUrl", r.RedirectURL)
		l.Add("autodiscover-redirect-url", "Account/RedirectUrl", r.RedirectURL)
	case r.RedirectAddr != "":
		_, err := provider.ParseAddress(r.RedirectAddr)
		l.When(err != nil, "autodiscover-redirect-invalid", "Account/RedirectAddr", r.RedirectAddr)
	case r.MobileSync != "":
		l.When(!isHTTPS(r.MobileSync), "autodiscover-url-invalid", "Server/Url", r.MobileSync)
	case len(r.Blocks) == 0:
		l.Add("autodiscover-answer-empty", "Response", "")
	default:
		l.blocks(r.Blocks)
	}
}

func (l *linter) blocks(blocks []Block) {
	exchange, incoming, outgoing := false, false, false
	for i, b := range blocks {
		path := fmt.Sprintf("Protocol[%d]/", i+1)
		switch b.Type {
		case "IMAP", "POP3", "SMTP":
			incoming, outgoing = incoming || b.Type != "SMTP", outgoing || b.Type == "SMTP"
			l.server(path, b)
			l.security(path, b)
		case "EXCH", "EXPR", "EXHTTP", "WEB":
			exchange = true
		default:
			l.Add("autodiscover-type-unknown", path+"Type", b.Type)
		}
	}
	if exchange {
		return
	}
	l.When(!incoming, "autodiscover-incoming-missing", "Account/Protocol", "")
	l.When(!outgoing, "autodiscover-smtp-missing", "Account/Protocol", "")
}

func (l *linter) server(path string, b Block) {
	_, err := provider.ParseHost(b.Server)
	host := err == nil && !strings.HasSuffix(b.Server, ".") || provider.IsIP(b.Server)
	l.When(!host, "autodiscover-host-invalid", path+"Server", b.Server)
	l.When(host && !strings.ContainsAny(b.Server, ".:"), "autodiscover-host-short", path+"Server", b.Server)
	l.When(provider.Port(b.Port) == 0, "autodiscover-port-invalid", path+"Port", b.Port)
	l.When(provider.HasPlaceholder(b.LoginName), "autodiscover-login-placeholder", path+"LoginName", b.LoginName)
	l.When(!strings.EqualFold(b.SPA, "off"), "autodiscover-spa-on", path+"SPA", b.SPA)
}

// security compares what those read who go by SSL (Delta Chat, old versions of
// Outlook), by Encryption (Outlook) and by the port (Thunderbird).
func (l *linter) security(path string, b Block) {
	s, ok := b.MailServer()
	word := strings.ToLower(b.Encryption)
	off := strings.EqualFold(b.SSL, "off")
	switch {
	case !slices.Contains([]string{"", "ssl", "tls", "none", "auto"}, word):
		l.Add("autodiscover-encryption-unknown", path+"Encryption", b.Encryption)
	case off && (word == "ssl" || word == "tls"):
		l.Add("autodiscover-ssl-off", path+"SSL", "SSL off with Encryption "+b.Encryption)
	case off || word == "none":
		l.Add("autodiscover-security-plain", path+"SSL", "")
	}
	if !ok {
		return
	}
	want, contradicts := s.PortSecurity()
	l.When(contradicts, "autodiscover-port-security", path+"Port", fmt.Sprintf("%d with %s", s.Port, s.Security))
	l.When(word == "" && !off && want == provider.STARTTLS, "autodiscover-encryption-missing", path+"Encryption", "")
}

// json looks at an answer of version 2, which is one URL.
func (l *linter) json(data []byte) {
	switch doc, err := DecodeJSON(data); {
	case err != nil:
		l.Add("autodiscover-document-syntax", "", err.Error())
	case doc.ErrorCode != "":
		l.Add("autodiscover-answer-error", "ErrorCode", doc.ErrorCode+" "+doc.ErrorMessage)
	default:
		l.When(!isHTTPS(doc.URL), "autodiscover-url-invalid", "Url", doc.URL)
	}
}

func isHTTPS(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}
