package templates

import (
	"strings"
	"sync"

	"autoconfig/templates/findings"
)

// Program is an example of code/: how a program sends mail. {host}, {port}, {user} and {from} are filled in.
type Program struct {
	Name  string
	Lines []CodeLine
}

// CodeLine is a line of a program, for servers with one kind of security, or all of them.
type CodeLine struct{ Security, Text string }

// Code is the examples. The first line of a file is the name; others may begin with tls|, starttls| or plain|.
var Code = sync.OnceValue(func() []Program {
	var out []Program
	for _, body := range findings.Embedded(files, "code") {
		lines := strings.Split(strings.TrimSpace(string(body)), "\n")
		p := Program{Name: lines[0]}
		for _, line := range lines[1:] {
			if security, text, ok := strings.Cut(line, "|"); ok && strings.Contains(" tls starttls plain ", " "+security+" ") {
				p.Lines = append(p.Lines, CodeLine{security, text})
			} else {
				p.Lines = append(p.Lines, CodeLine{"", line})
			}
		}
		out = append(out, p)
	}
	return out
})
