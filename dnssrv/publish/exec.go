package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"time"

	"autoconfig/dnssrv"
	text "autoconfig/provider"
)

// Difference is the JSON object on standard input of --exec's command. Its keys are stable; further ones may come.
type Difference struct {
	Version int             `json:"version"` // 1
	Zone    string          `json:"zone"`    // without the final dot, like all names that are not record data
	Server  string          `json:"server"`  // host:port that was asked
	Changes []SetDifference `json:"changes"`
}

// SetDifference is one record set: what it is to be, what goes and comes, in zone form: 0 1 993 mail.example.org.
type SetDifference struct {
	Name    string   `json:"name"`
	Label   string   `json:"label"` // the name below the zone, @ for the zone itself
	Type    string   `json:"type"`
	TTL     uint32   `json:"ttl"`
	Records []string `json:"records"`
	Remove  []string `json:"remove"`
	Add     []string `json:"add"`
}

// command has a program of the operator's make the changes; it sees zones as their name servers show them.
type command struct{ nameServers }

// commandTime is how long a command may take for one zone.
const commandTime = 5 * time.Minute

// Replace runs the command with the difference on its standard input. Its exit status decides.
func (p *command) Replace(ctx context.Context, u *ZoneUpdate) error {
	changes := text.Map(u.Changes, func(c Change) SetDifference {
		return SetDifference{dnssrv.Plain(c.Name), dnssrv.Relative(c.Name, u.Zone), c.TypeName(), c.Set[0].Header().Ttl,
			data(c.Set), data(c.Remove), data(c.Add)}
	})
	in, _ := json.Marshal(Difference{1, dnssrv.Plain(u.Zone), u.Server, changes}) // it is of plain fields
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	said := &tail{}
	cmd := exec.CommandContext(ctx, "sh", "-c", p.o.Exec) //nolint:gosec // the operator's own command
	cmd.Stdin, cmd.WaitDelay = bytes.NewReader(append(in, '\n')), time.Second
	cmd.Stdout = said
	if p.o.Output != nil {
		cmd.Stdout = io.MultiWriter(said, p.o.Output)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return newFault("dns-publish-command", u.Zone, "the command ended with %v%s", err, said)
	}
	return nil
}

// tail keeps the end of what a command says.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - mostMessage; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

// String is the last line, after a colon.
func (t *tail) String() string {
	lines := strings.Split(strings.TrimSpace(string(t.kept)), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + text.Printable(last, mostMessage)
	}
	return ""
}
