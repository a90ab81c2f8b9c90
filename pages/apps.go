package pages

import (
	"slices"
	"strings"
)

// app is a program that people have. Its steps are keys of messages, in which {account}, {sign} and {secret} are those
// of the access.
type app struct {
	Name      string // as it calls itself; empty: the message name.ID
	Store     string // where it is installed from; empty: it is there already
	microsoft string // its steps for an account at Microsoft
	plain     string // its steps for others
	entry     string // the entry for an account of Microsoft's: personal|work
	oauth2    bool   // it signs in at Microsoft over IMAP and SMTP, as a mail program does: the remarks on those hold
	web       bool   // it can open other sign-in pages, when it knows them
	finds     bool   // it finds the settings itself, or is given them by hand
	imapOnly  bool
	cloud     bool // it fetches the mail of others by Microsoft's cloud
}

// apps is what the pages know of each program.
var apps = map[string]app{
	"profile":      {microsoft: "profile.1 profile.2 profile.3 profile.exchange.4", plain: "profile.1 profile.2 profile.3 profile.4"},
	"profile-mac":  {plain: "profile.mac.1 profile.mac.2 secret.type"},
	"mail-ios":     {Name: "Apple Mail", entry: "Outlook.com|Microsoft Exchange", microsoft: "iphone.1 iphone.2 iphone.{account}.3 iphone.4"},
	"mail-mac":     {Name: "Apple Mail", entry: "Microsoft Exchange|Microsoft Exchange", microsoft: "mac.1 mac.2 mac.3 mac.4"},
	"hand-ios":     {plain: "iphone.1 iphone.hand.2 hand.copy"},
	"hand-mac":     {plain: "mac.hand.1 mac.hand.2 mac.hand.3"},
	"exchange-ios": {Name: "Exchange", entry: "|Microsoft Exchange", plain: "iphone.1 iphone.2 iphone.exchange.3 iphone.4"},
	"exchange-mac": {Name: "Exchange", entry: "|Microsoft Exchange", plain: "mac.1 mac.2 mac.exchange.3 mac.4"},
	"gmail":        {Name: "Gmail", microsoft: "gmail.1 gmail.{account}.2 microsoft.next", plain: "gmail.1 gmail.other.2 gmail.other.3"},
	"samsung":      {Name: "Samsung Email", microsoft: "samsung.1 samsung.2", plain: "samsung.1 samsung.other.2 hand.copy"},
	"outlook-app": {Name: "Outlook", Store: "App Store, Google Play", microsoft: "app.install outlook-app.2 microsoft.page",
		plain: "app.install outlook-app.2 secret.type", cloud: true, imapOnly: true},
	"outlook-mac": {Name: "Outlook", Store: "App Store", microsoft: "app.install outlook-app.2 microsoft.page",
		plain: "app.install outlook-app.2 secret.type", cloud: true, imapOnly: true},
	"outlook-new": {microsoft: "outlook-new.1 outlook-new.2 microsoft.page",
		plain: "outlook-new.1 outlook-new.2 outlook-new.3 secret.type", cloud: true},
	"outlook": {entry: "Outlook.com|Microsoft 365", microsoft: "outlook.1 outlook.2 outlook.microsoft.3",
		plain: "outlook.1 outlook.2 outlook.3 secret.type"},
	"thunderbird": {Name: "Thunderbird", oauth2: true, web: true, finds: true,
		microsoft: "thunderbird.1 thunderbird.2 thunderbird.3 {sign}", plain: "thunderbird.1 thunderbird.2 thunderbird.3 {sign}"},
	"thunderbird-android": {Name: "Thunderbird", Store: "Google Play, F-Droid", oauth2: true, finds: true, imapOnly: true,
		microsoft: "app.install android.2 android.3 android.microsoft.4", plain: "app.install android.2 android.3 android.4"},
	"fairemail": {Name: "FairEmail", Store: "Google Play, F-Droid", oauth2: true, imapOnly: true, entry: "Outlook/Hotmail/Live|Office 365",
		microsoft: "app.install fairemail.microsoft.2 microsoft.page", plain: "app.install fairemail.2"},
	"evolution": {Name: "Evolution", oauth2: true, finds: true, microsoft: "evolution.1 linux.2 linux.microsoft.3", plain: "evolution.1 linux.2 {sign}"},
	"kmail":     {Name: "KMail", oauth2: true, finds: true, microsoft: "kmail.1 linux.2 linux.microsoft.3", plain: "kmail.1 linux.2 {sign}"},
}

// device is what people hold in their hands, with its apps, the recommended one first.
type device struct {
	Kind, Name       string // without a name: the message device.KIND
	Icon             string
	microsoft, plain string
}

// devices is what the pages know of each device.
var devices = []device{
	{"iphone", "", "phone", "mail-ios outlook-app profile", "profile hand-ios exchange-ios outlook-app"},
	{"android", "Android", "phone", "gmail outlook-app samsung thunderbird-android fairemail", "thunderbird-android gmail samsung fairemail outlook-app"},
	{"windows", "Windows", "window", "outlook-new outlook thunderbird", "thunderbird outlook outlook-new"},
	{"mac", "Mac", "laptop", "outlook-mac mail-mac thunderbird", "profile-mac hand-mac exchange-mac thunderbird outlook-mac"},
	{"linux", "Linux", "others", "thunderbird evolution kmail", "thunderbird evolution kmail"},
}

// deviceOrders are the devices by a word of the User-Agent: the visitor's first. An iPad calls itself a Macintosh;
// page.js sees that it is touched.
var deviceOrders = []struct{ word, kinds string }{
	{"iPhone", "iphone android windows mac linux"},
	{"iPad", "iphone android windows mac linux"},
	{"Android", "android iphone windows mac linux"},
	{"CrOS", "android iphone windows mac linux"},
	{"Macintosh", "mac iphone windows android linux"},
	{"Windows", "windows iphone android mac linux"},
	{"Linux", "linux android iphone windows mac"},
	{"", "iphone android windows mac linux"},
}

// DeviceOrder is all that the pages take from a User-Agent: the kinds of devices in the order that suits the visitor.
func DeviceOrder(agent string) string {
	i := slices.IndexFunc(deviceOrders, func(o struct{ word, kinds string }) bool { return strings.Contains(agent, o.word) })
	return deviceOrders[i].kinds // the last one is for all
}

func devicesFor(agent string) []device {
	out := make([]device, 0, len(devices))
	for kind := range strings.FieldsSeq(DeviceOrder(agent)) {
		out = append(out, devices[slices.IndexFunc(devices, func(d device) bool { return d.Kind == kind })])
	}
	return out
}

// way is an app on a device, and what to do in it.
type way struct {
	ID, Name, Store string
	Steps           []string // keys of messages
	Entry           string
	Mail            bool // it uses IMAP or POP3, and SMTP: what is said of those concerns it
	Finds, Cloud    bool
	Addon           string // to be installed before
	EWS             bool   // it uses an interface that Microsoft switches off
}

// ways are what works on a device, the recommended one first. None is possible: no program there can sign in.
func (a *access) ways(d device) []way {
	var out []way
	list := map[bool]string{true: d.microsoft, false: d.plain}[a.SignIn == signMicrosoft]
	for id := range strings.FieldsSeq(list) {
		if w, ok := a.way(id); ok {
			out = append(out, w)
		}
	}
	return out
}

func (a *access) way(id string) (way, bool) {
	p := apps[id]
	microsoft := a.SignIn == signMicrosoft
	w := way{ID: id, Name: p.Name, Store: p.Store, Finds: p.finds && !microsoft, Mail: p.oauth2 || !microsoft, Cloud: p.cloud && !microsoft}
	steps := p.plain
	personal, work, _ := strings.Cut(p.entry, "|")
	w.Entry = work
	if microsoft {
		steps, w.EWS = p.microsoft, id == "mail-mac"
		if a.Account == "personal" {
			w.Entry = personal
		}
	}
	sign, web := "secret.type", a.web && p.web
	switch {
	case microsoft:
		sign = "thunderbird.microsoft.4"
	case web:
		sign, w.Addon = "web.page", a.Addon
	case a.SignIn == signOther && p.finds && strings.Contains(steps, "{sign}"):
		sign = "other.type"
	case a.Secret == "":
		return w, false
	}
	if !a.possible(id, p) {
		return w, false
	}
	for step := range strings.FieldsSeq(steps) {
		if step == "{sign}" {
			step = sign
		} else if before, after, ok := strings.Cut(step, "{account}"); ok {
			step = before + a.Account + after
		}
		w.Steps = append(w.Steps, step)
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
	return a.Protocol == "IMAP" || !p.imapOnly
}
