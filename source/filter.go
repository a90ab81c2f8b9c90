package source

import (
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"autoconfig/provider"
)

// Filter is an LDAP search filter (RFC 4515) of the operator's. Its :domain,
// :address and :local are put in escaped, so that no address can change it.
type Filter struct {
	parts []string // text, parameter, text, parameter, …, text
}

// ParseFilter reads a filter that must have one of the allowed parameters, if there
// are any. Its error is a [*QueryError].
func ParseFilter(text string, allowed ...string) (Filter, error) {
	var f Filter
	text = strings.TrimSpace(text)
	end := 0
	for _, at := range parameterMark.FindAllStringIndex(text, -1) {
		name := text[at[0]+1 : at[1]]
		if !slices.Contains([]string{ParamDomain, ParamAddress, ParamLocal}, name) {
			continue // an extensible match (RFC 4515 §3), such as memberOf:1.2.840.113556.1.4.1941:=
		}
		if !slices.Contains(allowed, name) {
			return f, unknownParameter(name, allowed)
		}
		f.parts = append(f.parts, text[end:at[0]], name)
		end = at[1]
	}
	f.parts = append(f.parts, text[end:])
	if len(allowed) > 0 && len(f.parts) == 1 {
		return f, noParameter("filter", allowed)
	}
	if _, err := ldap.CompileFilter(f.fill(provider.Address{Local: "x", Domain: "example.org"})); err != nil {
		why := strings.TrimPrefix(err.Error(), `LDAP Result Code 201 "Filter Compile Error": ldap: `)
		return f, &QueryError{"not an LDAP filter: " + why, "write for example (associatedDomain=:domain)"}
	}
	return f, nil
}

var parameterMark = regexp.MustCompile(`:\w+`)

// fill puts an address in.
func (f Filter) fill(a provider.Address) string {
	var b strings.Builder
	for i, part := range f.parts {
		if i%2 == 1 {
			part = ldap.EscapeFilter(parameter(part, a))
		}
		b.WriteString(part)
	}
	return b.String()
}
