package config

import (
	"errors"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"autoconfig/provider"
)

// Resolvers are the DNS resolvers, each as HOST:PORT or as the word system.
type Resolvers []string

// systemResolver stands for the resolvers of /etc/resolv.conf.
const systemResolver = "system"

// Addresses lists the resolvers as HOST:PORT, with those of the system in the
// place of the word system.
func (r Resolvers) Addresses(system func() []string) []string {
	i := slices.Index(r, systemResolver)
	if i < 0 {
		return r
	}
	return slices.Concat(r[:i], system(), r[i+1:])
}

// show is the list, or the word system alone.
func (r Resolvers) show() any {
	if len(r) == 1 && r[0] == systemResolver {
		return systemResolver
	}
	return emptyNotNull(r)
}

func (r *Resolvers) fromNode(d *decoder, path string, n ast.Node) {
	if text, ok := n.(*ast.StringNode); ok && text.Value == systemResolver {
		*r = Resolvers{systemResolver}
		return
	}
	d.sequence(path, n, reflect.ValueOf(r).Elem())
}

// ListenAddress reports whether s is HOST:PORT, where the host may be left out
// and port 0 is any.
func ListenAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	_, perr := strconv.ParseUint(port, 10, 16)
	return err == nil && perr == nil
}

var errHostPort = errors.New("not HOST or HOST:PORT")

// HostPort reads HOST or HOST:PORT, an IP address or a host name, and returns
// HOST:PORT with port where none is given. An IPv6 address without a port may
// do without brackets.
func HostPort(s, port string) (string, error) {
	host, given, err := net.SplitHostPort(s)
	if err != nil {
		host, given = s, port
	}
	if provider.IsIP(host) {
		host = strings.Trim(host, "[]")
	} else if host, err = provider.ParseHost(host); err != nil {
		return "", errHostPort
	}
	if n, err := strconv.ParseUint(given, 10, 16); err != nil || n == 0 {
		return "", errHostPort
	}
	return net.JoinHostPort(host, given), nil
}
