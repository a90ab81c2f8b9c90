package publish

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
	"autoconfig/finding"
)

// updater sends dynamic updates (RFC 2136) signed with TSIG (RFC 8945): one atomic message per zone, whose
// prerequisites are what was seen.
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

// require writes the prerequisites (RFC 2136 §2.4). The helpers of miekg/dns write into the records they are given,
// hence the copies.
func (u *ZoneUpdate) require(m *dns.Msg) {
	done := map[string]bool{} // names whose own prerequisite is written
	for _, set := range u.sets {
		o := u.state[set.Name]
		now := o.sets[set.Type]
		switch {
		case u.served[set.Name]:
		case len(now) > 0:
			m.Used(copies(now))
		case !o.exists || set.Type == dns.TypeCNAME:
			// A CNAME is silently not added to a name that has anything else (§3.4.2.2), so nothing at all may be
			// there.
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

func copies(rrs []dns.RR) []dns.RR {
	out := make([]dns.RR, len(rrs))
	for i, rr := range rrs {
		out[i] = dns.Copy(rr)
	}
	return out
}

// errNoAnswer: the update was sent and no answer that can be trusted came back.
var errNoAnswer = errors.New("no trusted answer")

// fudge is how far the clocks may differ (RFC 8945 §10).
const fudge = 300 * time.Second

// Replace sends an update over TCP, where it fits whatever its size and is not sent twice, and returns nil when the
// server says, signed, that it was carried out.
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

	conn := &dns.Conn{Conn: raw, TsigProvider: signer{p.o.Key}}
	m := u.Message()
	m.SetTsig(p.o.Key.Name, p.o.Key.Algorithm, uint16(fudge/time.Second), time.Now().Unix())
	if err := conn.WriteMsg(m); err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, query.Contextual(ctx, err))
	}
	r, err := conn.ReadMsg()
	if r == nil {
		return fmt.Errorf("%w: %w", errNoAnswer, query.Contextual(ctx, err))
	}
	if !query.Answers(r, m) {
		return fmt.Errorf("%w: the server answered something else", errNoAnswer)
	}
	return p.readAnswer(u, r, err)
}

// refusals are what the response codes of an update mean (RFC 2136 §3), where they mean more than that it failed.
var refusals = map[int]string{
	dns.RcodeNXRrset: "dns-publish-raced", dns.RcodeYXRrset: "dns-publish-raced", dns.RcodeYXDomain: "dns-publish-raced",
	dns.RcodeNameError: "dns-publish-raced", dns.RcodeRefused: "dns-publish-refused", dns.RcodeNotAuth: "dns-publish-not-authoritative",
	dns.RcodeNotZone: "dns-publish-zone-wrong", dns.RcodeNotImplemented: "dns-publish-unsupported",
}

// readAnswer reads the answer to an update. signature is what is wrong with its TSIG.
func (p *updater) readAnswer(u *ZoneUpdate, r *dns.Msg, signature error) error {
	t, zone, code := r.IsTsig(), dnssrv.Plain(u.Zone), dns.RcodeToString[r.Rcode]
	switch {
	case r.Rcode == dns.RcodeSuccess && t == nil:
		return fmt.Errorf("%w: the server's answer is not signed, so anybody may have sent it", errNoAnswer)
	case r.Rcode == dns.RcodeSuccess && signature != nil:
		return fmt.Errorf("%w: the signature of the server's answer is wrong: %w", errNoAnswer, signature)
	case r.Rcode == dns.RcodeSuccess:
		return nil
	case r.Rcode == dns.RcodeNotAuth && t != nil && t.Error != dns.RcodeSuccess:
		return p.badKey(u, t)
	}
	id, cause := cmp.Or(refusals[r.Rcode], "dns-publish-failed"), ""
	switch id {
	case "dns-publish-failed":
		cause = fmt.Sprintf("%s answered %s; an update is carried out whole or not at all, and this one was not", u.Server, code)
	case "dns-publish-refused":
		also := ""
		if t == nil { // PowerDNS says so little of a key that it does not know
			also = ", or does not know the key or its secret"
		}
		cause = fmt.Sprintf("%s does not let the key %s make these changes in %s%s (REFUSED); nothing was written",
			u.Server, p.o.Key, zone, also)
	case "dns-publish-not-authoritative":
		cause = fmt.Sprintf("%s is not the primary server of %s (NOTAUTH); nothing was written", u.Server, zone)
	case "dns-publish-raced":
		cause = fmt.Sprintf("a record of %s is no longer what it was when the changes were shown (%s), "+
			"so the server refused all of them and nothing was written", zone, code)
	}
	f := newFault(id, zone, "")
	f.found.RCode, f.found.Cause = code, cmp.Or(cause, f.found.Cause)
	return f
}

// badKey reads the error of a TSIG record (RFC 8945 §5.2).
func (p *updater) badKey(u *ZoneUpdate, t *dns.TSIG) error {
	id, cause := "dns-publish-key-wrong", "" // BADSIG, and BADTRUNC, which full-length signatures do not meet
	switch t.Error {
	case dns.RcodeBadKey:
		id, cause = "dns-publish-key-unknown", fmt.Sprintf("%s has no TSIG key %s (BADKEY); nothing was written", u.Server, p.o.Key)
	case dns.RcodeBadTime:
		id = "dns-publish-clock"
		if there, ok := otherTime(t.OtherData); ok {
			cause = fmt.Sprintf("the clock of %s differs from the one here by %s (BADTIME); nothing was written",
				u.Server, time.Since(there).Abs().Round(time.Second))
		}
	default:
		cause = fmt.Sprintf("%s knows the key %s, but not with this secret (BADSIG); nothing was written",
			u.Server, dnssrv.Plain(p.o.Key.Name))
	}
	f := newFault(id, u.Zone, "")
	f.found.RCode, f.found.Cause = dns.RcodeToString[int(t.Error)], cmp.Or(cause, f.found.Cause)
	return f
}

// otherTime is the server's clock in an answer BADTIME: 48 bits of seconds.
func otherTime(data string) (time.Time, bool) {
	raw, err := hex.DecodeString(data)
	if err != nil || len(raw) != 6 {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(append([]byte{0, 0}, raw...))), 0), true
}
