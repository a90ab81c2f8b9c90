// Command mailhost CERT KEY answers as the mail server of docs/operate.md does to somebody who looks at it: over TLS,
// on the ports of IMAP, POP3 and submission.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
)

// replies are what each port says first, and to each command.
var replies = map[string]map[string]string{
	":993": {"": "* OK ready", "CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%s OK done", "LOGOUT": "%s OK bye"},
	":995": {"": "+OK ready", "CAPA": "+OK\r\nUSER\r\nSASL PLAIN\r\n.", "QUIT": "+OK bye"},
	":465": {"": "220 mail ESMTP", "EHLO": "250-mail\r\n250 AUTH PLAIN", "QUIT": "221 bye"},
}

func main() {
	cert, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for port, says := range replies {
		l, err := tls.Listen("tcp", port, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					log.Fatal(err)
				}
				go answer(c, says)
			}
		}()
	}
	select {}
}

func answer(c net.Conn, says map[string]string) {
	defer func() { _ = c.Close() }()
	fmt.Fprintf(c, "%s\r\n", says[""])
	for lines := bufio.NewScanner(c); lines.Scan(); {
		words := append(strings.Fields(strings.ToUpper(lines.Text())), "", "")
		for i, word := range words[:2] {
			if reply := says[word]; word != "" && reply != "" {
				if strings.Contains(reply, "%s") {
					reply = fmt.Sprintf(reply, strings.ToLower(words[0]))
				}
				fmt.Fprintf(c, "%s\r\n", reply)
				break
			} else if i == 1 {
				return
			}
		}
	}
}
