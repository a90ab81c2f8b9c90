package config

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"autoconfig/provider"
)

// Resolvers are the DNS resolvers, each as HOST:PORT or as the word system.
type Resolvers []string

// systemResolver means the resolvers of /etc/resolv.conf.
const systemResolver = "system"

// Addresses lists the resolvers as HOST:PORT, with those of the system instead of the word system.
func (r Resolvers) Addresses(system func() []string) []string {
	i := slices.Index(r, systemResolver)
	if i < 0 {
		return r
	}
	return slices.Concat(r[:i], system(), r[i+1:])
}

// ListenAddress reports whether s is HOST:PORT, where the host may be left out and port 0 is any.
func ListenAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	_, perr := strconv.ParseUint(port, 10, 16)
	return err == nil && perr == nil
}

var errHostPort = errors.New("not HOST or HOST:PORT")

// HostPort reads HOST or HOST:PORT, an IP address or a host name, and returns HOST:PORT with port where none is given.
// An IPv6 address without a port may do without brackets.
func HostPort(s, port string) (string, error) {
	host, given, err := SplitHostPort(s)
	if err != nil {
		return "", err
	}
	if given != 0 {
		port = strconv.Itoa(int(given))
	}
	return net.JoinHostPort(host, port), nil
}

// SplitHostPort reads what [HostPort] does; the port is 0 where none is given.
func SplitHostPort(s string) (host string, port uint16, err error) {
	host, given, err := net.SplitHostPort(s)
	if err != nil {
		host, given = s, ""
	}
	if provider.IsIP(host) {
		host = strings.Trim(host, "[]")
	} else if host, err = provider.ParseHost(host); err != nil {
		return "", 0, errHostPort
	}
	if port = provider.Port(given); port == 0 && given != "" || strings.HasSuffix(s, ":") && given == "" {
		return "", 0, errHostPort
	}
	return host, port, nil
}
