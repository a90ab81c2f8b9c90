package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"autoconfig/finding"
	"autoconfig/provider"
)

// session is one conversation with one server.
type session struct {
	p   *Prober
	t   Target
	d   *dialect
	c   *conn
	out Result

	secure   bool // TLS is on
	verified bool // of a version and a certificate that a password may be given to
	offer    offer
}

func (s *session) subject() string { return Subject(s.t.Server) }

func (s *session) add(list ...finding.Finding) { s.out.Findings = append(s.out.Findings, list...) }

func (s *session) has(id string) bool {
	return slices.ContainsFunc(s.out.Findings, func(f finding.Finding) bool { return f.ID == id })
}

// fault adds the finding PROTOCOL-what, for example imap-answer-unexpected.
func (s *session) fault(what string) finding.Finding {
	return finding.New(s.d.area+"-"+what, s.subject())
}

// run holds the conversation; false when it could not be brought to its end.
func (s *session) run(ctx context.Context) bool {
	c, fault := s.p.dial(ctx, s.t.Server)
	if fault != nil {
		s.add(*fault)
		return false
	}
	s.c = c
	s.out.Answered = true
	defer s.c.close()
	if s.t.Server.Security == provider.TLS && !s.handshake(ctx) {
		return false
	}
	greeting, before, err := s.d.hello(s.c)
	s.out.Greeting = clean(greeting)
	if err != nil {
		s.add(s.diagnose(ctx, err, greeting))
		return false
	}
	s.offer = before
	if s.t.Server.Security == provider.STARTTLS {
		s.out.Before = before.words
		if !s.starttls(ctx) {
			return false
		}
	} else {
		s.out.After = before.words
		if before.takesPassword() && !s.secure {
			s.add(s.fault("auth-clear").Because("the settings say no encryption and the server takes a password like this, readable by anyone on the way").
				Do("use the SSL/TLS port, or STARTTLS if the server offers it"))
		}
	}
	s.out.Auth = s.offer.auths()
	s.methods()
	s.login(ctx)
	_ = s.c.sendSecret(s.d.quit)
	return true
}

// starttls switches encryption on in the conversation and asks again what is
// offered (RFC 3207 §4.2, RFC 3501 §6.2.1: what was said before does not count).
func (s *session) starttls(ctx context.Context) bool {
	if s.offer.takesPassword() {
		s.add(s.fault("auth-clear"))
	}
	if !s.offer.starttls {
		f := s.fault("starttls-stripped")
		if s.offer.masked || strings.Contains(s.out.Greeting, "****") { // the PIX's fixup protocol smtp shows this greeting
			f = f.Because("something on the way has overwritten STARTTLS with the letter X, as the mail inspection of Cisco firewalls does")
		}
		f.Got = []string{clean("offered: " + strings.Join(s.offer.words, ", "))}
		s.add(f)
		return false
	}
	if err := s.d.begin(s.c); err != nil {
		if no, ok := errors.AsType[refusal](err); ok {
			s.add(s.explained(no.text, "starttls-refused"))
		} else {
			s.add(s.diagnose(ctx, err, s.out.Greeting))
		}
		return false
	}
	if s.c.buffered() { // a reply put in before TLS (CVE-2011-0411)
		s.add(s.fault("answer-unexpected").Because("bytes came between the go-ahead for STARTTLS and the handshake; they may be another's, so the conversation was ended"))
		return false
	}
	if !s.handshake(ctx) {
		return false
	}
	after, err := s.d.capabilities(s.c)
	if err != nil {
		s.add(s.diagnose(ctx, err, s.out.Greeting))
		return false
	}
	s.offer, s.out.After = after, after.words
	return true
}

// diagnose says why the conversation broke off. greeting is what had been
// said before, "" for nothing.
func (s *session) diagnose(ctx context.Context, err error, greeting string) finding.Finding {
	subject := s.subject()
	if no, ok := errors.AsType[refusal](err); ok {
		return s.explained(no.text, "greeting-refused")
	}
	if odd, ok := errors.AsType[unexpected](err); ok {
		return s.stranger(odd.text)
	}
	switch {
	case errors.Is(err, errOversized):
		return finding.New("connect-answer-oversized", subject)
	case timedOut(err) && greeting != "":
		return finding.New("connect-server-hangs", subject).Because("the server greeted and then did not answer %s within %s; it is overloaded, or something on the way interferes", s.c.last, s.p.o.Step)
	case timedOut(err) && !s.secure && s.c.beginning() != "":
		return s.stranger(s.c.beginning())
	case timedOut(err) && !s.secure && s.p.speaksTLS(ctx, s.t.Server):
		return finding.New("tls-mode-starttls", subject).Because("the port speaks TLS from the first byte, and the settings say %s; a program that waits in clear for a greeting waits in vain", s.t.Server.Security)
	case timedOut(err):
		return finding.New("connect-server-silent", subject)
	case errors.Is(err, io.EOF):
		return finding.New("connect-peer-closed", subject)
	}
	return got(finding.New("connect-peer-closed", subject), err.Error())
}

// got is a finding with what the server or the network said.
func got(f finding.Finding, text string) finding.Finding {
	f.Got = []string{clean(text)}
	return f
}

// stranger is the finding for an answer that is not of the protocol.
func (s *session) stranger(text string) finding.Finding {
	f := got(s.fault("answer-unexpected"), text)
	if found := finding.Explain(text, nil); len(found) > 0 && found[0].Level == finding.Fail {
		return s.explained(text, "answer-unexpected")
	}
	if who := service(text); who != "" {
		f = f.Because("this is %s server, and the settings say %s", who, s.t.Server.Protocol).
			Do("check the port: each protocol has its own (IMAP 993 or 143, POP 995 or 110, sending 587 or 465)")
	}
	return f
}

// service guesses from a greeting what kind of server this is.
func service(text string) string {
	upper := strings.ToUpper(text)
	for _, known := range []struct{ prefix, name string }{
		{"* OK", "an IMAP"}, {"* PREAUTH", "an IMAP"}, {"+OK", "a POP3"}, {"220 ", "an SMTP (or FTP)"}, {"220-", "an SMTP (or FTP)"},
		{"\"IMPLEMENTATION\"", "a ManageSieve"}, {"HTTP/", "a web"}, {"SSH-", "an SSH"},
	} {
		if strings.HasPrefix(upper, known.prefix) {
			return known.name
		}
	}
	return ""
}

// explained says what a server's reply means; a reply that nobody knows is the
// finding PROTOCOL-otherwise. No message was sent, so nothing is about one.
func (s *session) explained(reply, otherwise string) finding.Finding {
	f := s.fault(otherwise)
	found := slices.DeleteFunc(finding.Explain(reply, nil), func(f finding.Finding) bool { return strings.HasPrefix(f.ID, "smtp-message-") })
	if len(found) > 0 && (otherwise != "auth-failed" || !strings.HasSuffix(found[0].ID, "-auth-failed")) {
		f = found[0]
		f.Subject = s.subject()
	}
	return got(f, reply)
}

// handshake begins TLS and judges version and certificate.
func (s *session) handshake(ctx context.Context) bool {
	state, err := s.c.startTLS(ctx, s.t.Server.Host, tls.VersionTLS13)
	if err != nil {
		s.add(s.tlsFault(err))
		return false
	}
	s.secure = true
	s.out.TLS = tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
	s.out.Cert = describe(state.PeerCertificates[0])
	faults := s.p.certificate(state, s.t.Server)
	if state.Version < tls.VersionTLS12 {
		faults = append(faults, finding.New("tls-version-old", s.subject()).
			Because("the server speaks %s at most, which programs of today refuse (RFC 8996)", tls.VersionName(state.Version)).
			Do("update the server, or set its least version to TLS 1.2 (Postfix: smtpd_tls_protocols and smtpd_tls_mandatory_protocols, Dovecot: ssl_min_protocol)"))
	}
	s.add(faults...)
	s.verified = finding.Summarize(faults).Fail == 0
	return true
}

// tlsFault says why a handshake failed.
func (s *session) tlsFault(err error) finding.Finding {
	subject := s.subject()
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case notTLS && s.t.Server.Security == provider.TLS:
		if text := s.c.beginning(); service(text) != "" {
			return got(finding.New("tls-mode-implicit", subject).
				Because("the settings say TLS from the first byte, and the port answers in clear: it is %s server that wants STARTTLS or none", service(text)), text)
		}
		return got(s.fault("answer-unexpected").Because("the port answers with something that is neither TLS nor a mail server's greeting"), s.c.beginning())
	case timedOut(err):
		return finding.New("connect-server-silent", subject).Because("there is a connection, but the server does not answer the beginning of TLS; " +
			"it waits for something else, or a firewall or virus scanner holds the connection open and hands nothing on")
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return finding.New("connect-peer-closed", subject).Because("the server, or a firewall between, closed the connection at the beginning of TLS")
	}
	if found := finding.Explain(err.Error(), nil); len(found) > 0 {
		f := found[0]
		f.Subject = subject
		return got(f, err.Error())
	}
	return got(finding.New("tls-handshake-failed", subject), err.Error())
}

// describe is a certificate on one line.
func describe(cert *x509.Certificate) string {
	return clean(fmt.Sprintf("%s, by %s, until %s", names(cert)[0], cert.Issuer.CommonName, cert.NotAfter.UTC().Format(time.DateOnly)))
}

// summary is the finding of a server with nothing wrong.
func (s *session) summary() {
	if finding.Summarize(s.out.Findings).Fail > 0 {
		return
	}
	f := s.fault("server-ready")
	if s.secure {
		version, _, _ := strings.Cut(s.out.TLS, ",")
		f = f.Because("it answers with %s and a certificate that is valid for its name; login by %s", version, s.offer.methods())
	}
	s.out.Findings = slices.Insert(s.out.Findings, 0, f)
}
