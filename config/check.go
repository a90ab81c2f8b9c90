package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"autoconfig/files"
	"autoconfig/provider"
)

// settings checks what does not belong to a provider.
func (c *Config) settings() {
	for key, value := range map[string]string{"listen": c.Listen, "listen_tls": c.ListenTLS, "admin": c.Admin} {
		if value != "" && !ListenAddress(value) {
			c.bad(key, fmt.Sprintf("%q is not HOST:PORT", value), listenFix(key, value))
		}
	}
	if c.ServiceHost != "" {
		c.ServiceHost = c.host("service_host", c.ServiceHost, provider.ParseDomain)
	}
	for i, r := range c.DNS.Resolver {
		at, err := HostPort(r, "53")
		if err != nil && r != systemResolver {
			c.bad(fmt.Sprintf("dns.resolver[%d]", i), fmt.Sprintf("%q is not HOST or HOST:PORT", r),
				`write for example "127.0.0.53:53", or resolver: system`)
		} else if r != systemResolver {
			c.DNS.Resolver[i] = at
		}
	}
	for i, network := range c.TrustedProxies {
		if network.Bits() == 0 {
			c.report("config-proxies-all", fmt.Sprintf("trusted_proxies[%d]", i),
				network.String()+" is every address, so what any client writes into X-Forwarded-For counts", "")
		}
	}
	for i, name := range c.AdminHosts {
		c.AdminHosts[i] = c.host(fmt.Sprintf("admin_hosts[%d]", i), name, provider.ParseHost)
	}
	c.AuditLog = c.resolve(c.AuditLog)
	c.tls(&c.TLS)
	c.pair("signing", &c.Signing.KeyPair)
	c.signing()
	c.refuse(c.ListenTLS != "" && !c.TLS.Set() && !c.isBroken("tls"), "listen_tls", "https needs a certificate",
		"add tls: {cert_file: …, key_file: …}, or tls: {acme: {email: …}}")
	c.records()
	c.branding(&c.Branding)
}

// listenFix is what to write for an address to listen on.
func listenFix(key, value string) string {
	switch strings.ToLower(value) {
	case "off", "no", "none", "false", "never", "disabled":
		if key != "listen" {
			return fmt.Sprintf(`write %s: "" to switch it off`, key)
		}
	}
	if strings.Trim(value, "0123456789") == "" {
		return textFix(key, value)
	}
	return `write for example "127.0.0.1:8080", or ":443" for every address`
}

// report notes a finding about the value at path.
func (c *Config) report(id, path, cause, fix string) {
	c.faults = append(c.faults, c.Fault(id, path, cause, fix))
}

// bad reports a value of the file that is wrong, unless it, or what is below it, has a fault already.
func (c *Config) bad(path, cause, fix string) {
	if !c.isBroken(path) {
		c.report("config-value-invalid", path, cause, fix)
		c.broken = append(c.broken, path)
	}
}

// refuse is bad for a value that is wrong.
func (c *Config) refuse(wrong bool, path, cause, fix string) {
	if wrong {
		c.bad(path, cause, fix)
	}
}

// host is a host name in its normal form.
func (c *Config) host(path, name string, parse func(string) (string, error)) string {
	host, err := parse(name)
	if err != nil {
		fix := "write the host name alone, for example autoconfig.example.org"
		if inside := hostIn(name); inside != "" {
			fix = "write the host name alone: " + inside
		}
		c.bad(path, fmt.Sprintf("%q is not a host name", name)+provider.ForbiddenIn(name), fix)
	}
	return host
}

func (c *Config) pair(path string, k *KeyPair) {
	if (k.CertFile == "") != (k.KeyFile == "") {
		c.bad(path, "cert_file and key_file go together", "write both")
		return
	}
	c.watched(path+".cert_file", &k.CertFile)
	c.watched(path+".key_file", &k.KeyFile)
}

// signing checks that signing: auto has a certificate to sign with.
func (c *Config) signing() {
	auto := c.Signing.Auto && !c.isBroken("tls")
	c.refuse(auto && !c.TLS.Set(), "signing", "auto is the certificate under tls, and there is none",
		"add tls: {acme: {email: …}} with listen_tls, or write signing: {cert_file: …, key_file: …}")
	c.refuse(auto && c.TLS.ACME != nil && c.ServiceHost == "" && !c.isBroken("service_host"), "signing",
		"auto is the certificate of service_host, which is missing",
		"write for example service_host: autoconfig.hoster.example")
}

// file resolves a file that the value at path names, unless that is empty, and reports one that cannot be read.
func (c *Config) file(path string, file *string) {
	if *file == "" {
		return
	}
	*file = c.resolve(*file)
	if f, err := c.Reader.Open(*file, files.Text); err != nil {
		c.faults = append(c.faults, c.Unreadable(path, *file, err))
	} else {
		f.Close()
	}
}

// watched is file for one whose change calls for a reload.
func (c *Config) watched(path string, file *string) {
	c.file(path, file)
	c.files = append(c.files, *file)
}

var accent = regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)

func (c *Config) branding(b *Branding) {
	c.oneLook("branding.", &b.Look)
	seen := map[string]bool{}
	for i := range b.Resellers {
		r, path := &b.Resellers[i], fmt.Sprintf("branding.resellers[%d].", i)
		c.oneLook(path, &r.Look)
		c.refuse(len(r.For) == 0, path+"for", "no pages have this look",
			"write for: [mail.reseller.example], or the id of a provider")
		for j, name := range r.For {
			name = strings.ToLower(strings.TrimSuffix(name, "."))
			c.refuse(name == "" || seen[name], fmt.Sprintf("%sfor[%d]", path, j),
				fmt.Sprintf("%q is empty, or already has another look", name), "leave it in one place")
			r.For[j], seen[name] = name, true
		}
	}
}

func (c *Config) oneLook(path string, b *Look) {
	c.refuse(b.Accent != "" && !accent.MatchString(b.Accent), path+"accent", fmt.Sprintf("%q is not a colour", b.Accent),
		`write for example "#0a7" or "#00aa77"`)
	link := func(key, value, fix string) {
		err := provider.CheckURL(value, provider.URLWithFragment)
		c.refuse(value != "" && err != nil, path+key, fmt.Sprintf("%q is not a link: %v", value, err), fix)
	}
	address, isMail := strings.CutPrefix(b.Support, "mailto:")
	switch _, err := provider.ParseAddress(address); {
	case err != nil:
		link("support", b.Support, "write a mailto: or https: link")
	case !isMail:
		c.bad(path+"support", fmt.Sprintf("%q has no scheme", b.Support), "write mailto:"+b.Support)
	}
	link("imprint", b.Imprint, "write an https: link")
	for key, file := range map[string]*string{"logo": &b.Logo, "logo_dark": &b.LogoDark} {
		if ext := strings.ToLower(filepath.Ext(*file)); *file != "" && ext != ".svg" && ext != ".png" {
			c.bad(path+key, fmt.Sprintf("%q is not an SVG or PNG file", c.resolve(*file)),
				"name a file that ends in .svg or .png")
			continue
		}
		c.watched(path+key, file)
	}
}
