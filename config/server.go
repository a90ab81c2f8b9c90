package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"autoconfig/provider"
)

// Server is one server: a mapping, or a URL such as imaps://mail.example.org.
type Server struct {
	Protocol provider.Protocol `yaml:"protocol" doc:"imap, pop3 or smtp"`
	Host     string            `yaml:"host" doc:"host name; may hold %EMAILDOMAIN%"`
	Port     uint16            `yaml:"port" doc:"default: by security"`
	Security provider.Security `yaml:"security" doc:"tls, starttls or plain; default: by port"`
	Auth     []provider.Auth   `yaml:"auth" doc:"ways to log in, preferred first"`
	Username string            `yaml:"username" doc:"login name template"`
}

func (s *Server) fromNode(d *decoder, path string, n ast.Node) {
	if _, ok := n.(*ast.StringNode); !ok {
		d.mapping(path, n, reflect.ValueOf(s).Elem())
		return
	}
	text, _ := d.text(n, "")
	if fix := s.fromURL(text); fix != "" {
		d.fault("config-value-invalid", n, fmt.Sprintf("%q is no server", text), fix)
	}
}

// submission has the registered names for what people call smtp (RFC 6409, RFC 8314).
var submission = map[string]string{"smtp": "submission", "smtps": "submissions"}

// fromURL reads the short form SCHEME://HOST[:PORT].
func (s *Server) fromURL(text string) (fix string) {
	var names []string
	for _, svc := range provider.Services() {
		names = append(names, svc.Name)
	}
	scheme, rest, ok := strings.Cut(text, "://")
	svc, known := provider.ServiceByName(strings.ToLower(scheme))
	switch {
	case !ok:
		return "write imaps://mail.example.org, or a mapping with protocol: and host:"
	case !known:
		fix = "write one of the schemes " + strings.Join(names, ", ")
		near, usual := submission[strings.ToLower(scheme)]
		if !usual {
			near = nearest(scheme, names)
		}
		if near != "" {
			fix = fmt.Sprintf("did you mean %s://%s?", near, rest)
		}
		return fix
	}
	s.Protocol, s.Security, s.Port = svc.Protocol, svc.Security, svc.Port
	if strings.Contains(rest, "%") && !strings.ContainsAny(rest, ":/@?#") { // a template is no URL
		s.Host = rest
		return ""
	}
	u, err := url.Parse("//" + rest)
	if err != nil || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "write only scheme, host and port: " + svc.Name + "://mail.example.org"
	}
	s.Host = u.Hostname()
	if p := u.Port(); p != "" {
		port, err := strconv.ParseUint(p, 10, 16)
		if err != nil || port == 0 {
			return "write a port from 1 to 65535, or leave it out"
		}
		s.Port = uint16(port)
	}
	return ""
}

// model is the server with the provider's defaults.
func (s Server) model(p *Provider) provider.Server {
	out := provider.Server{Protocol: s.Protocol, Host: s.Host, Port: s.Port, Security: s.Security, Auth: s.Auth, Username: s.Username}
	if len(out.Auth) == 0 {
		out.Auth = p.Auth
	}
	if out.Username == "" {
		out.Username = p.Username
	}
	out.SetDefaults()
	return out
}

// Autodiscover is settings, redirect, or a mapping with a redirect's target.
type Autodiscover struct {
	Action       provider.AutodiscoverAction `yaml:"-"`
	RedirectURL  string                      `yaml:"redirect_url" doc:"https URL of another Autodiscover service"`
	RedirectAddr string                      `yaml:"redirect_addr" doc:"address to look up instead"`
}

func (a *Autodiscover) fromNode(d *decoder, path string, n ast.Node) {
	if _, ok := n.(*ast.StringNode); ok {
		text, _ := d.text(n, "")
		a.Action = provider.AutodiscoverAction(text)
		if text == "redirect" {
			a.Action = provider.ActionRedirectURL
		}
		return
	}
	d.mapping(path, n, reflect.ValueOf(a).Elem())
	switch {
	case a.RedirectURL != "" && a.RedirectAddr != "":
		d.fault("config-autodiscover-redirect", n, "two redirects at once", "write redirect_url or redirect_addr")
	case a.RedirectURL != "":
		a.Action = provider.ActionRedirectURL
	case a.RedirectAddr != "":
		a.Action = provider.ActionRedirectAddr
	}
}

// PACC is auto, true or false.
type PACC provider.PACCMode

func (p *PACC) fromNode(d *decoder, _ string, n ast.Node) {
	switch text := n.GetToken().Value; provider.PACCMode(text) {
	case provider.PACCAuto, provider.PACCOn, provider.PACCOff:
		*p = PACC(text)
	default:
		d.fault("config-value-invalid", n, fmt.Sprintf("%q is no choice", text), "write auto, true or false")
	}
}
