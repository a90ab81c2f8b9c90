//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// marionette speaks Gecko's remote protocol: each packet is the length of a
// JSON text in octets, a colon, and the text. A command is [0, id, name,
// parameters], its answer [1, id, error, result] (Firefox source docs,
// "Marionette protocol").
type marionette struct {
	conn net.Conn
	in   *bufio.Reader
	id   int
}

func dialMarionette(addr string) (*marionette, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	m := &marionette{conn: conn, in: bufio.NewReader(conn)}
	_ = conn.SetDeadline(time.Now().Add(patience))
	var hello struct {
		Protocol int `json:"marionetteProtocol"`
	}
	text, err := m.read()
	if err == nil {
		err = json.Unmarshal(text, &hello)
	}
	if err == nil && hello.Protocol != 3 {
		err = fmt.Errorf("marionette protocol %d, 3 is what this speaks", hello.Protocol)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return m, nil
}

func (m *marionette) read() ([]byte, error) {
	prefix, err := m.in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(prefix[:len(prefix)-1])
	if err != nil || n < 0 || n > 64<<20 {
		return nil, fmt.Errorf("marionette: a packet of length %q", prefix)
	}
	text := make([]byte, n)
	_, err = io.ReadFull(m.in, text)
	return text, err
}

// call runs one command; the result goes into out unless that is nil.
func (m *marionette) call(limit time.Duration, name string, params any, out any) error {
	m.id++
	text, err := json.Marshal([]any{0, m.id, name, params})
	if err != nil {
		return err
	}
	_ = m.conn.SetDeadline(time.Now().Add(limit))
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(text), text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for {
		text, err := m.read()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var answer [4]json.RawMessage
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var id int
		if err := json.Unmarshal(answer[1], &id); err != nil || id != m.id {
			continue // the answer to a command that was given up
		}
		return decode(name, answer[2], answer[3], out)
	}
}

func decode(name string, failure, result json.RawMessage, out any) error {
	var fault *struct{ Error, Message, Stacktrace string }
	if err := json.Unmarshal(failure, &fault); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if fault != nil {
		return fmt.Errorf("%s: %s: %s\n%s", name, fault.Error, fault.Message, fault.Stacktrace)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(result, out)
}
