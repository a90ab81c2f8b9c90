package publish

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
	text "autoconfig/provider"
)

// updater sends signed updates (RFC 2136, RFC 8945): one message per zone, whose prerequisites are what was seen.
type updater struct{ nameServers }

// Message is the unsigned message that makes the changes, nil when there is nothing to do or a finding forbids it. Its
// prerequisites are what was seen at all the planned names, so that the server refuses it when that is no longer true.
func (u *ZoneUpdate) Message() *dns.Msg {
	if !u.Ready() {
		return nil
	}
	m := new(dns.Msg).SetUpdate(u.Zone)
	u.require(m)
	for _, c := range u.Changes { // RFC 2136 §2.5
		// A record that gets another TTL is removed first: to add it again should do (§3.4.2.2), and Knot ignores that.
		m.Remove(copies(c.Remove))
		m.Insert(copies(c.Add))
	}
	return m
}

// tsigRoom is more than a TSIG record takes: two names, a MAC, 26 octets.
const tsigRoom = 2*256 + 64 + 26

func (u *ZoneUpdate) fit() {
	if m := u.Message(); m != nil && m.Len() > dns.MaxMsgSize-tsigRoom {
		u.Findings = append(u.Findings, finding.New("dns-publish-too-large", dnssrv.Plain(u.Zone)))
	}
}

// require writes the prerequisites (RFC 2136 §2.4). miekg/dns writes into the records it is given, hence the copies.
func (u *ZoneUpdate) require(m *dns.Msg) {
	done := map[string]bool{} // names whose own prerequisite is written
	for _, set := range u.sets {
		switch now := u.state.sets[set.Name][set.Type]; {
		case u.served[set.Name]:
		case len(now) > 0:
			m.Used(copies(now))
		case !u.state.exists[set.Name] || set.Type == dns.TypeCNAME:
			// A CNAME is silently not added next to anything else (§3.4.2.2), so nothing at all may be there.
			if !done[set.Name] {
				m.NameNotUsed([]dns.RR{empty(set.Name, dns.TypeANY)})
			}
			done[set.Name] = true
		default:
			m.RRsetNotUsed([]dns.RR{empty(set.Name, set.Type)})
			if !done[set.Name] { // nor is anything added next to a CNAME
				m.RRsetNotUsed([]dns.RR{empty(set.Name, dns.TypeCNAME)})
			}
			done[set.Name] = true
		}
	}
}

func empty(name string, qtype uint16) dns.RR {
	return &dns.ANY{Hdr: dns.RR_Header{Name: name, Rrtype: qtype}}
}

func copies(rrs []dns.RR) []dns.RR { return text.Map(rrs, dns.Copy) }

// errNoAnswer: the update was sent and no answer that can be trusted came back.
var errNoAnswer = errors.New("no trusted answer")

// fudge is how far the clocks may differ (RFC 8945 §10).
const fudge = 300 * time.Second

// Replace sends an update over TCP, where it fits and is not sent twice; nil: the server says, signed, that it is done.
func (p *updater) Replace(ctx context.Context, u *ZoneUpdate) error {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", p.client.Dialled(u.Server))
	if err != nil {
		return newFault("dns-publish-unreachable", u.Server,
			"no connection over TCP, which updates are sent by: %v; nothing was written", query.Contextual(ctx, err))
	}
	defer func() { _ = raw.Close() }()
	deadline, _ := ctx.Deadline()
	_ = raw.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })()

	conn := &dns.Conn{Conn: raw, TsigSecret: map[string]string{p.o.Key.Name: p.o.Key.secret}}
	m := u.Message()
	m.SetTsig(p.o.Key.Name, p.o.Key.Algorithm, uint16(fudge/time.Second), time.Now().Unix())
	if err := conn.WriteMsg(m); err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, query.Contextual(ctx, err))
	}
	r, err := conn.ReadMsg()
	if r == nil {
		return fmt.Errorf("%w: %w", errNoAnswer, query.Contextual(ctx, err))
	}
	if t := r.IsTsig(); err == nil && t != nil && !strings.EqualFold(t.Algorithm, p.o.Key.Algorithm) {
		err = dns.ErrKeyAlg // RFC 8945 §5.3
	}
	if !query.Answers(r, m) {
		return fmt.Errorf("%w: the server answered something else", errNoAnswer)
	}
	return p.readAnswer(u, r, err)
}

// refusal is the finding of an answer that says no, and its cause where that is not the catalogue's: %[1]s is the
// server, %[2]s the zone, %[3]s the key, %[4]s the code, %[5]s a detail, %[6]s the key's name.
type refusal struct{ id, cause string }

var raced = refusal{"dns-publish-raced", "a record of %[2]s is no longer what it was when the changes were shown " +
	"(%[4]s), so the server refused all of them and nothing was written"}

// others is the place of the codes that have none of their own.
const others = -1

// refusals are what the response codes of an update mean (RFC 2136 §3).
var refusals = map[int]refusal{
	dns.RcodeNXRrset: raced, dns.RcodeYXRrset: raced, dns.RcodeYXDomain: raced, dns.RcodeNameError: raced,
	dns.RcodeRefused: {"dns-publish-refused",
		"%[1]s does not let the key %[3]s make these changes in %[2]s%[5]s (REFUSED); nothing was written"},
	dns.RcodeNotAuth: {"dns-publish-not-authoritative",
		"%[1]s is not the primary server of %[2]s (NOTAUTH); nothing was written"},
	dns.RcodeNotZone:        {"dns-publish-zone-wrong", ""},
	dns.RcodeNotImplemented: {"dns-publish-unsupported", ""},
	others: {"dns-publish-failed",
		"%[1]s answered %[4]s; an update is carried out whole or not at all, and this one was not"},
}

// keyRefusals are what the errors of a TSIG record mean (RFC 8945 §5.2); of the others only BADSIG is met.
var keyRefusals = map[int]refusal{
	dns.RcodeBadKey: {"dns-publish-key-unknown", "%[1]s has no TSIG key %[3]s (BADKEY); nothing was written"},
	dns.RcodeBadTime: {"dns-publish-clock",
		"the clock of %[1]s differs from the one here by %[5]s (BADTIME); nothing was written"},
	others: {"dns-publish-key-wrong",
		"%[1]s knows the key %[6]s, but not with this secret (BADSIG); nothing was written"},
}

// readAnswer reads the answer to an update. signature is what is wrong with its TSIG.
func (p *updater) readAnswer(u *ZoneUpdate, r *dns.Msg, signature error) error {
	t, code, table, detail := r.IsTsig(), r.Rcode, refusals, ""
	switch {
	case code == dns.RcodeSuccess && t == nil:
		return fmt.Errorf("%w: the server's answer is not signed, so anybody may have sent it", errNoAnswer)
	case code == dns.RcodeSuccess && signature != nil:
		return fmt.Errorf("%w: the signature of the server's answer is wrong: %w", errNoAnswer, signature)
	case code == dns.RcodeSuccess:
		return nil
	case code == dns.RcodeNotAuth && t != nil && t.Error != dns.RcodeSuccess:
		table, code = keyRefusals, int(t.Error)
		detail = clocksApart(t.OtherData)
	case code == dns.RcodeRefused && t == nil: // PowerDNS says so little of a key that it does not know
		detail = ", or does not know the key or its secret"
	}
	means, known := table[code]
	if !known {
		means = table[others]
	}
	if means.id == "dns-publish-clock" && detail == "" {
		means.cause = ""
	}
	word := dns.RcodeToString[code]
	f := newFault(means.id, u.Zone, means.cause, u.Server, dnssrv.Plain(u.Zone), p.o.Key, word, detail,
		dnssrv.Plain(p.o.Key.Name))
	f.found.RCode = word
	return f
}

// clocksApart is how far the 48 bits of seconds in an answer BADTIME are from the clock here; "" without them.
func clocksApart(data string) string {
	raw, err := hex.DecodeString(data)
	if err != nil || len(raw) != 6 {
		return ""
	}
	there := time.Unix(int64(binary.BigEndian.Uint64(append([]byte{0, 0}, raw...))), 0)
	return time.Since(there).Abs().Round(time.Second).String()
}
