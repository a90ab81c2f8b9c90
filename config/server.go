package config

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// ParseServer reads the short form SCHEME://HOST[:PORT] of a server as it is written under key, which is incoming,
// outgoing or managesieve; fix says what to write instead where it cannot be read.
func ParseServer(key, text string) (s provider.Server, fix string) {
	scheme, rest, ok := strings.Cut(text, "://")
	svc, known := provider.ServiceByName(strings.ToLower(scheme))
	if !ok || !known {
		for _, other := range provider.Services() {
			if list := other.Protocol.Key(); other.Port == portIn(hostAndPort(text)) && list != key {
				return s, fmt.Sprintf("write it under %s: %s", list, serverProposal(list, text))
			}
		}
		for list, services := range hints().Schemes {
			if ok && list != key && listedUnder(services, strings.ToLower(scheme)) != "" {
				return s, fmt.Sprintf("write it under %s: %s", list, serverProposal(list, text))
			}
		}
		return s, "did you mean " + serverProposal(key, text) + "?"
	}
	s.Protocol, s.Security, s.Port = svc.Protocol, svc.Security, svc.Port
	if strings.Contains(rest, "%") && !strings.ContainsAny(rest, ":/@?#") { // a template is not a URL
		s.Host = rest
		return s, ""
	}
	host, port, hasPort := strings.Cut(rest, ":")
	u, err := url.Parse("//" + rest)
	n := provider.Port(strings.TrimSuffix(port, "/"))
	switch {
	case hasPort && !strings.ContainsAny(rest, "[@") && n == 0:
		return s, fmt.Sprintf("write a port from 1 to 65535, or leave it out: %s://%s", svc.Name, host)
	case err != nil || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return s, "write only scheme, host and port: " + svc.Name + "://" + cmp.Or(hostIn(rest), "mail.example.org")
	case u.Port() != "":
		if s.Port = provider.Port(u.Port()); s.Port == 0 {
			return s, fmt.Sprintf("write a port from 1 to 65535, or leave it out: %s://%s", svc.Name,
				strings.TrimSuffix(u.Host, ":"+u.Port()))
		}
	}
	s.Host = u.Hostname()
	return s, ""
}

func hostAndPort(text string) string {
	if _, rest, ok := strings.Cut(text, "://"); ok {
		return rest
	}
	return text
}

// hostIn is the host name in text that should be one, or ""; a scheme, a user name, a port and a path are left out.
func hostIn(text string) string {
	text = hostAndPort(text)
	text = text[strings.LastIndexByte(text, '@')+1:]
	if i := strings.IndexAny(text, ":/?#"); i >= 0 {
		text = text[:i]
	}
	host, err := provider.ParseDomain(strings.Map(provider.WithoutQuotes, strings.Trim(text, " []")))
	if err != nil {
		return ""
	}
	return host
}

// serverProposal is the short form that text under incoming, outgoing or managesieve was probably meant to be.
func serverProposal(key, text string) string {
	scheme, rest, ok := strings.Cut(strings.ToLower(text), "://")
	if !ok {
		if scheme, rest, ok = strings.Cut(strings.Replace(scheme, "//", ":/", 1), ":/"); !ok { // imaps//HOST
			scheme, rest = "", strings.ToLower(text)
		}
	}
	host := cmp.Or(hostIn(rest), "mail.example.org")
	port := portIn(rest)
	var names []string
	var best provider.Service
	for _, svc := range provider.Services() {
		if svc.Protocol.Key() != key {
			continue
		}
		names = append(names, svc.Name)
		if best.Name == "" || port == svc.Port {
			best = svc
		}
	}
	if port == 0 { // without one the scheme says more
		near := cmp.Or(listedUnder(hints().Schemes[key], scheme), nearest(scheme, names))
		if svc, known := provider.ServiceByName(near); known {
			best = svc
		}
	}
	out := best.Name + "://" + host
	if port != 0 && port != best.Port && port != 25 {
		out += ":" + strconv.Itoa(int(port))
	}
	return out
}

func portIn(text string) uint16 {
	_, after, _ := strings.Cut(text, ":")
	return provider.Port(after[:len(after)-len(strings.TrimLeft(after, "0123456789"))])
}
