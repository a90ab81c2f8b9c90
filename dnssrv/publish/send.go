package publish

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"

	"autoconfig/dnssrv"
	"autoconfig/dnssrv/query"
)

// errNoAnswer: the update was sent and no answer that can be trusted came back.
var errNoAnswer = errors.New("no trusted answer")

// fudge is how far the clocks may differ (RFC 8945 §10).
const fudge = 300 * time.Second

// send sends an update over TCP, where it fits whatever its size and is not sent
// twice, and returns nil when the server says, signed, that it was carried out.
func (p *Publisher) send(ctx context.Context, u *ZoneUpdate) error {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", p.client.Dialled(u.Server))
	if err != nil {
		return newFault("dns-publish-unreachable", u.Server).
			because("no connection over TCP, which updates are sent by: %v; nothing was written", query.Contextual(ctx, err))
	}
	defer func() { _ = raw.Close() }()
	deadline, _ := ctx.Deadline()
	_ = raw.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })()

	conn := &dns.Conn{Conn: raw, TsigProvider: signer{p.o.Key}}
	m := u.Message.Copy()
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
	return p.judge(u, r, err)
}

// judge reads the answer to an update. signature is what is wrong with its TSIG.
func (p *Publisher) judge(u *ZoneUpdate, r *dns.Msg, signature error) error {
	zone, code := dnssrv.Plain(u.Zone), dns.RcodeToString[r.Rcode]
	t := r.IsTsig()
	if r.Rcode == dns.RcodeNotAuth && t != nil && t.Error != dns.RcodeSuccess {
		return p.badKey(u, t)
	}
	if r.Rcode == dns.RcodeSuccess {
		switch {
		case t == nil:
			return fmt.Errorf("%w: the server's answer is not signed, so anybody may have sent it", errNoAnswer)
		case signature != nil:
			return fmt.Errorf("%w: the signature of the server's answer is wrong: %w", errNoAnswer, signature)
		}
		return nil
	}
	id := map[int]string{
		dns.RcodeNXRrset: "dns-publish-raced", dns.RcodeYXRrset: "dns-publish-raced", dns.RcodeYXDomain: "dns-publish-raced", dns.RcodeNameError: "dns-publish-raced",
		dns.RcodeRefused: "dns-publish-refused", dns.RcodeNotAuth: "dns-publish-not-authoritative", dns.RcodeNotZone: "dns-publish-zone-wrong",
		dns.RcodeNotImplemented: "dns-publish-unsupported",
	}[r.Rcode]
	if id == "" {
		id = "dns-publish-failed"
	}
	f := newFault(id, zone)
	f.found.RCode = code
	switch id {
	case "dns-publish-failed":
		f = f.because("%s answered %s; an update is carried out whole or not at all, and this one was not", u.Server, code)
	case "dns-publish-refused":
		also := ""
		if t == nil { // PowerDNS says so little of a key that it does not know
			also = ", or does not know the key or its secret"
		}
		f = f.because("%s does not let the key %s make these changes in %s%s (REFUSED); nothing was written", u.Server, p.o.Key, zone, also)
	case "dns-publish-not-authoritative":
		f = f.because("%s is not the primary server of %s (NOTAUTH); nothing was written", u.Server, zone)
	case "dns-publish-raced":
		f = f.because("a record of %s is no longer what it was when the changes were shown (%s), so the server refused all of them and nothing was written", zone, code)
	}
	return f
}

// badKey reads the error of a TSIG record (RFC 8945 §5.2).
func (p *Publisher) badKey(u *ZoneUpdate, t *dns.TSIG) error {
	var f *fault
	switch t.Error {
	case dns.RcodeBadKey:
		f = newFault("dns-publish-key-unknown", dnssrv.Plain(u.Zone)).
			because("%s has no TSIG key %s (BADKEY); nothing was written", u.Server, p.o.Key)
	case dns.RcodeBadTime:
		f = newFault("dns-publish-clock", dnssrv.Plain(u.Zone))
		if there, ok := otherTime(t.OtherData); ok {
			f = f.because("the clock of %s differs from the one here by %s (BADTIME); nothing was written", u.Server, time.Since(there).Abs().Round(time.Second))
		}
	default: // BADSIG, and BADTRUNC, which full-length signatures do not meet
		f = newFault("dns-publish-key-wrong", dnssrv.Plain(u.Zone)).
			because("%s knows the key %s, but not with this secret (BADSIG); nothing was written", u.Server, dnssrv.Plain(p.o.Key.Name))
	}
	f.found.RCode = dns.RcodeToString[int(t.Error)]
	return f
}

// otherTime is the server's clock in an answer BADTIME: 48 bits of seconds.
func otherTime(data string) (time.Time, bool) {
	raw, err := hex.DecodeString(data)
	if err != nil || len(raw) != 6 {
		return time.Time{}, false
	}
	var seconds int64
	for _, b := range raw {
		seconds = seconds<<8 | int64(b)
	}
	return time.Unix(seconds, 0), true
}
