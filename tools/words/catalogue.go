package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// messages are a catalogue's texts by key.
type messages map[string]string

// readProperties reads Mozilla's .properties: KEY=TEXT, a backslash at the end
// of a line goes on, \n and \uXXXX are escapes.
func readProperties(body string) messages {
	out := messages{}
	body = regexp.MustCompile(`\\\r?\n\s*`).ReplaceAllString(body, "")
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		key, text, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		text = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`).ReplaceAllStringFunc(text, func(s string) string {
			n, _ := strconv.ParseUint(s[2:], 16, 32)
			return string(rune(n))
		})
		out[strings.TrimSpace(key)] = strings.ReplaceAll(strings.TrimSpace(text), `\n`, "\n")
	}
	return out
}

var fluentKey = regexp.MustCompile(`^([a-zA-Z][\w-]*)\s*=\s*(.*)$`)

// readFluent reads Project Fluent's .ftl as far as the catalogues use it: a
// message, its attributes (KEY.ATTRIBUTE) and texts over several lines.
func readFluent(body string) messages {
	out := messages{}
	message, key := "", ""
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		switch m := fluentKey.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "#"):
		case m != nil:
			message, key = m[1], m[1]
			out[key] = m[2]
		case strings.HasPrefix(trimmed, ".") && message != "":
			name, text, _ := strings.Cut(trimmed[1:], "=")
			key = message + "." + strings.TrimSpace(name)
			out[key] = strings.TrimSpace(text)
		case line == "" || line[0] != ' ':
			key = ""
		case key != "":
			out[key] += " " + trimmed
		}
	}
	return out
}

// readMO reads GNU gettext's .mo. The key of a message is the beginning of the
// SHA-256 of its English text.
func readMO(body []byte) (messages, error) {
	out := messages{}
	if len(body) < 20 || binary.LittleEndian.Uint32(body) != 0x950412de {
		return nil, errors.New("not a .mo file")
	}
	word := func(at uint32) uint32 { return binary.LittleEndian.Uint32(body[at:]) }
	text := func(at uint32) string { return string(body[word(at+4) : word(at+4)+word(at)]) }
	for i := range word(8) {
		source := text(word(12) + 8*i)
		_, source, _ = cutLast(source, "\x04") // a context
		source, _, _ = strings.Cut(source, "\x00")
		target, _, _ := strings.Cut(text(word(16)+8*i), "\x00")
		out[moKey(source)] = target
		sources[moKey(source)] = source
	}
	return out, nil
}

// sources are the English texts of the .mo files by key.
var sources = messages{}

func moKey(source string) string {
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:5])
}

func cutLast(s, sep string) (string, string, bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// readZip reads the file whose name ends with one of a .xpi or omni.ja.
func readZip(path, end string) (string, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return "", err
	}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, end) {
			text, err := fs.ReadFile(z, f.Name)
			return string(text), err
		}
	}
	return "", os.ErrNotExist
}
