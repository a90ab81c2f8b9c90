package probe

import (
	"fmt"
	"regexp"
	"slices"

	"autoconfig/finding"
	"autoconfig/provider"
)

// Advise sharpens the findings about servers that were not reached, by what the others did: a port that alone is silent
// is blocked on the way, while silence everywhere points at this network or at the server's own.
func Advise(results []Result) {
	answered := ""
	if i := slices.IndexFunc(results, func(r Result) bool { return r.Answered }); i >= 0 {
		answered = Subject(results[i].Server)
	}
	for _, r := range results {
		for i, f := range r.Findings {
			switch f.ID {
			case "connect-port-timeout":
				r.Findings[i] = f.Because("%s", timeoutCause(r.Server, answered, len(results)))
			case "connect-port-refused":
				if slices.ContainsFunc(results, func(o Result) bool { return o.Answered && o.Server.Host == r.Server.Host }) {
					r.Findings[i] = f.Because("%s answers on another port, and nothing listens on port %d: the service is "+
						"switched off, or the port is wrong", r.Server.Host, r.Server.Port)
				}
			}
		}
	}
}

// timeoutCause says what most likely keeps the connection from being made.
func timeoutCause(s provider.Server, answered string, servers int) string {
	silent := fmt.Sprintf("nothing came back from %s", hostPort(s))
	switch old, retired := provider.Retired(s.Host); {
	case retired:
		return silent + ": it is an old name (" + old.Why + "); use " + old.Use
	case s.Port == 465 && (provider.Below(s.Host, "outlook.com") || provider.Below(s.Host, "office365.com")):
		return silent + ": Microsoft has no service on port 465; use 587 with STARTTLS"
	case s.Port == 25:
		return silent + ": nearly every network blocks port 25 outwards; use 587 or 465"
	case answered != "" && s.Protocol == provider.SMTP:
		return fmt.Sprintf("%s, while %s answers: the connection to port %d is blocked on the way. Most likely the "+
			"internet provider or the cloud blocks it against spam, or a local firewall or security software does",
			silent, answered, s.Port)
	case answered != "":
		return fmt.Sprintf("%s, while %s answers: a firewall drops port %d, at the server if it fails from "+
			"everywhere, else in this network or on this device", silent, answered, s.Port)
	case servers > 1:
		return silent + ", nor from any other of the servers: this network or the device's security software blocks " +
			"mail ports, or the whole mail system is down"
	}
	return silent + ": a firewall drops it (this network's, the internet provider's or the cloud's, security " +
		"software on the device), or the server is down"
}

// inspectors are names that security software puts into the certificates it makes for connections it reads along.
var inspectors = regexp.MustCompile(`(?i)\b(Avast|AVG|Avira|Bitdefender|ESET|Fortinet|FortiGate|Kaspersky|McAfee|` +
	`Norton|Palo Alto|Sophos|Trend Micro|Zscaler)\b`)

// intercepted is f with the security software that made the certificate.
func intercepted(f finding.Finding, issuer string) finding.Finding {
	if name := inspectors.FindString(issuer); name != "" {
		return f.Because("the certificate was made on the way by %s, which reads the connection", name).
			Do("switch mail scanning off there, or have the program trust its authority")
	}
	return f
}
