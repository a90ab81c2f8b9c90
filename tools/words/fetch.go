package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// language is a language by the names that Thunderbird's packages, Mozilla's
// language packs and gettext have for it.
type language struct{ name, pack, mozilla, gettext string }

var languages = []language{
	{"en", "", "en-US", ""},
	{"de", "de", "de", "de"},
	{"fr", "fr", "fr", "fr"},
	{"es", "es-es", "es-ES", "es"},
	{"nl", "nl", "nl", "nl"},
	{"it", "it", "it", "it"},
	{"pl", "pl", "pl", "pl"},
	{"pt", "pt-br", "pt-BR", "pt_BR"},
	{"sv", "sv-se", "sv-SE", "sv"},
	{"ja", "ja", "ja", "ja"},
}

// packages are the names of the Debian packages.
func packages() []string {
	list := strings.Fields("thunderbird evolution-common evolution-data-server-common geary claws-mail-i18n kmail kdepim-runtime " +
		"libkf5mailtransport-data libkf5imap-data")
	for _, lang := range languages[1:] {
		list = append(list, "thunderbird-l10n-"+lang.pack)
	}
	return list
}

// fetch downloads and unpacks what is not there yet.
func fetch(cache string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	for _, name := range packages() {
		root := filepath.Join(cache, name)
		if _, err := os.Stat(root); err == nil {
			continue
		}
		download := exec.Command("apt-get", "download", name) //nolint:gosec // a name of packages()
		download.Dir = cache
		if out, err := download.CombinedOutput(); err != nil {
			return fmt.Errorf("%s cannot be downloaded: %w\n%s", name, err, out)
		}
		files, _ := filepath.Glob(filepath.Join(cache, name+"_*.deb"))
		if len(files) == 0 {
			return fmt.Errorf("%s: apt-get download left no file", name)
		}
		if out, err := exec.Command("dpkg-deb", "-x", files[0], root+".part").CombinedOutput(); err != nil { //nolint:gosec // what was downloaded
			return fmt.Errorf("%s: %w\n%s", files[0], err, out)
		}
		if err := os.Rename(root+".part", root); err != nil {
			return err
		}
	}
	return nil
}

// read reads the section's catalogue in a language.
func (s section) read(cache string, lang language) (messages, error) {
	if s.kind == "mo" {
		return readMOIn(cache, s.catalogue, lang)
	}
	pack := filepath.Join(cache, "thunderbird-l10n-"+lang.pack,
		"usr/lib/thunderbird/extensions/langpack-"+lang.mozilla+"@thunderbird.mozilla.org.xpi")
	if lang.pack == "" {
		pack = filepath.Join(cache, "thunderbird/usr/lib/thunderbird/omni.ja")
	}
	body, err := readZip(pack, "/"+lang.mozilla+"/"+s.catalogue)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.catalogue, err)
	}
	if strings.HasSuffix(s.catalogue, ".ftl") {
		return readFluent(body), nil
	}
	return readProperties(body), nil
}

// readMOIn reads a .mo wherever a package has it; English is what the German
// one translates.
func readMOIn(cache, name string, lang language) (messages, error) {
	gettext := lang.gettext
	if gettext == "" {
		gettext = "de"
	}
	files, _ := filepath.Glob(filepath.Join(cache, "*/usr/share/locale", gettext, "LC_MESSAGES", name))
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: not in the packages", name)
	}
	body, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	out, err := readMO(body)
	if lang.gettext == "" {
		return sources, err
	}
	return out, err
}
