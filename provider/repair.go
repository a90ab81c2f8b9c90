package provider

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Repair takes out of a provider that somebody else wrote what [Provider.Validate] calls a fault, or puts what is right
// in its place, and says what it did: Fix is that, and Path is the place as it was before. What it cannot repair, such
// as a provider without servers, is a fault of Validate still.
func (p *Provider) Repair() []Fault {
	var done []Fault
	p.Normalize()
	for _, s := range p.Each() {
		s.Username = cmp.Or(s.Username, EmailAddress) // what clients try without one
	}
	for range maxRepairs {
		faults := slices.DeleteFunc(p.Validate(), func(f Fault) bool { return f.Warning || f.ID == "config-servers-missing" })
		if len(faults) == 0 {
			break
		}
		f := faults[len(faults)-1] // the last of a list first: the paths of those before it hold
		f.Fix = p.repair(f)
		if done = append(done, f); f.Fix == "" {
			break
		}
	}
	slices.Reverse(done)
	return done
}

// maxRepairs is more than a document of a format's size can need.
const maxRepairs = 2000

const leftOut = "left out"

// repair does away with one fault, and says how; "" when it cannot.
func (p *Provider) repair(f Fault) string {
	first, rest, _ := strings.Cut(f.Path, ".")
	key, index, _ := strings.Cut(strings.TrimSuffix(first, "]"), "[")
	i, _ := strconv.Atoi(index)
	switch key {
	case "name":
		return repairName(&p.Name, f, MaxName)
	case "short_name":
		return repairName(&p.ShortName, f, MaxShortName)
	case "incoming":
		return repairServer(&p.Incoming, i, f)
	case "outgoing":
		return repairServer(&p.Outgoing, i, f)
	case "managesieve":
		p.ManageSieve = nil
	case "mx":
		p.MX = slices.Delete(p.MX, i, i+1)
	case "notes":
		p.Notes = slices.Delete(p.Notes, i, i+1)
	case "documentation":
		if rest == "lang" {
			p.Documentation[i].Lang = ""
			break
		}
		p.Documentation = slices.Delete(p.Documentation, i, i+1)
	case "enable":
		if strings.HasSuffix(rest, ".lang") {
			n, _ := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(rest, "].lang"), "instructions["))
			p.Enable.Instructions[n].Lang = defaultLang
			return "written as " + defaultLang
		}
		p.Notes, p.Enable = append(p.Notes, p.Enable.Instructions...), nil
		return leftOut + ", with its instructions as notes"
	case "oauth2":
		p.OAuth2 = nil
	case "autodiscover":
		p.Autodiscover = Autodiscover{}
	case "pacc":
		p.PACC = PACCAuto
	case "password_login":
		p.PasswordLogin = PasswordLogin{}
	default:
		u := p.URL(key)
		if u == nil {
			return ""
		}
		*u = ""
	}
	return leftOut
}

// defaultLang is the language of a text that does not say its own: documents of the ISPDB mean English.
const defaultLang = "en"

func repairName(name *string, f Fault, most int) string {
	if f.ID == "config-name-long" {
		*name = Shorten(*name, most)
		return "cut"
	}
	*name = ""
	return leftOut
}

// repairServer gives a server the login, the port or the security that it must have, or takes it out.
func repairServer(list *[]Server, i int, f Fault) string {
	s := &(*list)[i]
	want, contradicts := s.PortSecurity()
	switch {
	case f.ID == "config-username-invalid":
		s.Username = EmailAddress
		return "written as " + EmailAddress
	case f.ID == "config-port-security" && contradicts:
		s.Security = want
		return "written as " + string(want)
	case f.ID == "config-port-invalid":
		s.SetDefaults()
		return "written as " + strconv.Itoa(int(s.Port))
	}
	*list = slices.Delete(*list, i, i+1)
	return leftOut
}
