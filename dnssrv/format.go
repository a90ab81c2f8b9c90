package dnssrv

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"text/template"

	"github.com/miekg/dns"

	"autoconfig/provider"
)

// Formats are the forms in which other tools and people take a plan.
func Formats() []string {
	return []string{"zone", "manual", "octodns", "dnscontrol", "terraform", "external-dns"}
}

// TerraformProviders are the providers for which a plan can be written as resources.
func TerraformProviders() []string { return []string{"cloudflare", "hetzner", "route53"} }

// FormatOptions shape what [WriteFormat] writes.
type FormatOptions struct {
	Zone      string // the zone that labels are relative to; default: the domain
	Terraform string // one of TerraformProviders; default: the first
	Further   bool   // another domain was written before: what is said once is left out
}

type sheet struct {
	FormatOptions
	Domain string
	Sets   []sheetSet
}

// sheetSet are the records of a name and type. Their labels are relative to the zone.
type sheetSet struct {
	ID      string // a word for the set that is made of letters, digits and _
	Purpose string
	Records []Parts
	Parts   // of the first: Name, Label, Type, TTL
}

//go:embed formats/*.tmpl
var formatFiles embed.FS

var formats = template.Must(template.New("").Funcs(template.FuncMap{
	"quote": quote, "hcl": hcl, "fqdn": dns.Fqdn, "chunks": chunks, "heads": PartNames, "plain": Plain,
	"line":       Line,
	"yaml":       func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" },
	"semicolons": func(s string) string { return strings.ReplaceAll(s, ";", `\;`) },
	"row":        func(cells []string) string { return strings.Join(cells, "\t") },
	"types":      distinct(func(s sheetSet) string { return s.Type }),
	"labels":     distinct(func(s sheetSet) string { return s.Label }),
	"sorted": func(sets []sheetSet) []sheetSet {
		return slices.SortedStableFunc(slices.Values(sets), func(a, b sheetSet) int {
			return strings.Compare(a.Label+" "+a.Type, b.Label+" "+b.Type)
		})
	},
}).ParseFS(formatFiles, "formats/*.tmpl"))

// WriteFormat writes a domain's records in one of the [Formats]. The zone form (RFC 1035 §5) is to be included in a
// zone that has its SOA and NS already; every name in it is absolute, so that a line means the same elsewhere.
func WriteFormat(w io.Writer, format, domain string, records []RR, o FormatOptions) error {
	domain, err := provider.ParseDomain(domain)
	if err != nil {
		return err
	}
	o.Zone, o.Terraform = cmp.Or(o.Zone, domain), cmp.Or(o.Terraform, TerraformProviders()[0])
	if format == "terraform" {
		format += "-" + o.Terraform
	}
	s := sheet{FormatOptions: o, Domain: domain, Sets: sheetSets(Plain(o.Zone), records)}
	if format != "manual" {
		return formats.ExecuteTemplate(w, format+".tmpl", s)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if err := formats.ExecuteTemplate(table, "manual.tmpl", s); err != nil {
		return err
	}
	return table.Flush()
}

// sheetSets groups records by name and type, in the order of the plan.
func sheetSets(zone string, records []RR) []sheetSet {
	var out []sheetSet
	for _, p := range SplitAll(zone, records) {
		i := slices.IndexFunc(out, func(s sheetSet) bool { return s.Name == p.Name && s.Type == p.Type })
		if i < 0 {
			i = len(out)
			out = append(out, sheetSet{ID: word(p.Name + "_" + p.Type), Purpose: Purpose(p.RR), Parts: p})
		}
		out[i].Records = append(out[i].Records, p)
	}
	return out
}

// Relative is a name below its zone, "@" for the zone itself. Both are without, or both with, the final dot.
func Relative(name, zone string) string {
	if name == zone {
		return "@"
	}
	return strings.TrimSuffix(name, "."+zone)
}

// word makes an identifier of a name; a hyphen is not mistaken for a dot.
func word(name string) string {
	return strings.ToLower(strings.NewReplacer(".", "_", "-", "__").Replace(strings.TrimLeft(name, "_")))
}

func distinct(of func(sheetSet) string) func([]sheetSet) []string {
	return func(sets []sheetSet) []string {
		out := provider.Map(sets, of)
		slices.Sort(out)
		return slices.Compact(out)
	}
}

func quote(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// hcl is a string for Terraform, in which ${ and %{ would begin an expression.
func hcl(s string) (string, error) {
	q, err := quote(s)
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(q), err
}

// chunks is text as Terraform's provider for AWS wants what is longer than 255 octets: pieces with quotes between them.
func chunks(s string) string {
	var out []string
	for ; len(s) > 255; s = s[255:] {
		out = append(out, s[:255])
	}
	return strings.Join(append(out, s), `""`)
}

// PartNames are the heads of the columns that [Parts] fill.
func PartNames() []string {
	return []string{"TYPE", "HOST", "PRIORITY", "WEIGHT", "PORT", "TARGET OR VALUE", "TTL"}
}

// Columns are the fields in the order of [PartNames].
func (p Parts) Columns() []string {
	return []string{p.Type, p.Label, p.Priority, p.Weight, p.Port, cmp.Or(p.Target, p.Text), fmt.Sprint(p.TTL)}
}
