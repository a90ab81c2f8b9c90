package pages

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// app is a program that people have. Its steps are keys of messages, in which {account}, {sign} and {secret} are those
// of the access.
type app struct {
	Name      string            // as it calls itself; empty: the message name.ID
	Store     string            // where it is installed from; empty: it is there already
	Microsoft string            // its steps for an account at Microsoft
	Plain     string            // its steps for others
	Entry     map[string]string // the entry to choose, by the kind of account at Microsoft
	OAuth2    bool              // it signs in at Microsoft over IMAP and SMTP, so the remarks on those hold
	Web       bool              // it can open other sign-in pages, when it knows them
	Finds     bool              // it finds the settings itself, or is given them by hand
	IMAPOnly  bool              `json:"imap_only"`
	Cloud     bool              // it fetches the mail of others by Microsoft's cloud
}

// device is what people hold in their hands, with its apps, the recommended one first.
type device struct {
	Kind, Name       string // without a name: the message device.KIND
	Icon             string
	Microsoft, Plain string
}

// table is what the pages know of programs and devices: apps.json.
type table struct {
	Apps    map[string]app
	Devices []device
	// Orders are the devices by a word of the User-Agent: the visitor's first. An iPad calls itself a Macintosh; page.js
	// sees that it is touched.
	Orders []struct{ Word, Kinds string }
	// Samples are the commonest errors by how one signs in, most common first. What they mean is in the catalogue.
	Samples map[string][]string
}

//go:embed apps.json
var tableJSON []byte

var known = sync.OnceValue(func() (t table) {
	if err := json.Unmarshal(tableJSON, &t); err != nil {
		panic("apps.json: " + err.Error())
	}
	return t
})

// DeviceOrder is all that the pages take from a User-Agent: the kinds of devices in the order that suits the visitor.
func DeviceOrder(agent string) string {
	orders := known().Orders
	i := slices.IndexFunc(orders, func(o struct{ Word, Kinds string }) bool { return strings.Contains(agent, o.Word) })
	return orders[i].Kinds // the last one is for all
}

func devicesFor(agent string) []device {
	devices := known().Devices
	out := make([]device, 0, len(devices))
	for kind := range strings.FieldsSeq(DeviceOrder(agent)) {
		out = append(out, devices[slices.IndexFunc(devices, func(d device) bool { return d.Kind == kind })])
	}
	return out
}

// way is an app on a device, and what to do in it. Finds and Cloud are false for accounts at Microsoft.
type way struct {
	app
	ID    string
	Steps []string // keys of messages
	Mail  bool     // it uses IMAP or POP3, and SMTP: what is said of those concerns it
	Addon string   // to be installed before
	EWS   bool     // it uses an interface that Microsoft switches off
}

// ways are what works on a device, the recommended one first. None is possible: no program there can sign in.
func (a *access) ways(d device) []way {
	var out []way
	list := map[bool]string{true: d.Microsoft, false: d.Plain}[a.SignIn == signMicrosoft]
	for id := range strings.FieldsSeq(list) {
		if w, ok := a.way(id); ok {
			out = append(out, w)
		}
	}
	return out
}

func (a *access) way(id string) (way, bool) {
	w := way{app: known().Apps[id], ID: id}
	steps := w.Plain
	sign, web := "secret.type", a.web && w.Web
	switch {
	case a.SignIn == signMicrosoft:
		steps = w.Microsoft
		sign = "thunderbird.microsoft.4"
		w.Finds, w.Cloud, w.EWS = false, false, id == "mail-mac"
	case web:
		sign, w.Addon = "web.page", a.Addon
	case a.SignIn == signOther && w.Finds && strings.Contains(steps, "{sign}"):
		sign = "other.type"
	case a.Secret == "":
		return w, false
	}
	w.Mail = w.OAuth2 || a.SignIn != signMicrosoft
	if !a.possible(id, w.app) {
		return w, false
	}
	for step := range strings.FieldsSeq(steps) {
		if step == "{sign}" {
			step = sign
		}
		w.Steps = append(w.Steps, strings.Replace(step, "{account}", a.Account, 1))
	}
	return w, true
}

// possible reports whether the access has what an app needs.
func (a *access) possible(id string, p app) bool {
	switch id {
	case "profile":
		return map[bool]bool{true: a.Exchange, false: a.Mail}[a.SignIn == signMicrosoft]
	case "profile-mac":
		return a.Mail
	case "exchange-ios":
		return a.ActiveSync
	case "exchange-mac":
		return a.EWS
	}
	return a.Protocol == "IMAP" || !p.IMAPOnly
}
