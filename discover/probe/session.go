package probe

import (
	"context"
	"crypto/tls"
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

func (s *session) about(id string) finding.Finding { return finding.New(id, Subject(s.t.Server)) }

func (s *session) add(list ...finding.Finding) { s.out.Findings = append(s.out.Findings, list...) }

func (s *session) has(id string) bool {
	return slices.ContainsFunc(s.out.Findings, func(f finding.Finding) bool { return f.ID == id })
}

// fault adds the finding PROTOCOL-what, for example imap-answer-unexpected.
func (s *session) fault(what string) finding.Finding {
	return s.about(s.d.area + "-" + what)
}

// broken is why a conversation ended early, when that is known already.
type broken struct{ finding finding.Finding }

func (b broken) Error() string { return b.finding.Cause }

// run holds the conversation; false when it could not be brought to its end.
func (s *session) run(ctx context.Context) bool {
	err := s.converse(ctx)
	if err != nil {
		s.add(s.diagnose(ctx, err))
	}
	if s.c != nil {
		s.c.close()
	}
	return err == nil
}

func (s *session) converse(ctx context.Context) (err error) {
	if s.c, err = s.p.dial(ctx, s.t.Server); err != nil {
		return err
	}
	s.out.Answered = true
	if s.t.Server.Security == provider.TLS {
		if err := s.handshake(ctx); err != nil {
			return err
		}
	}
	greeting, before, err := s.d.hello(s.c)
	s.out.Greeting, s.offer = clean(greeting), before
	if err != nil {
		return err
	}
	if s.t.Server.Security == provider.STARTTLS {
		s.out.Before = before.words
		if err := s.starttls(ctx); err != nil {
			return err
		}
	} else if before.takesPassword() && !s.secure {
		s.add(s.fault("auth-clear").Because("the settings say no encryption and the server takes a password like " +
			"this, readable by anyone on the way").
			Do("use the SSL/TLS port, or STARTTLS if the server offers it"))
	}
	s.out.After, s.out.Auth = s.offer.words, s.offer.auths()
	s.methods()
	s.login(ctx)
	_ = s.c.send(s.d.quit)
	return nil
}

// starttls switches encryption on and asks again what is offered: what was said before does not count (RFC 3207 §4.2).
func (s *session) starttls(ctx context.Context) (err error) {
	if s.offer.takesPassword() {
		s.add(s.fault("auth-clear"))
	}
	if !s.offer.starttls {
		f := s.fault("starttls-stripped")
		if s.offer.masked || strings.Contains(s.out.Greeting, "****") { // the PIX's fixup protocol smtp shows this greeting
			f = f.Because("something on the way has overwritten STARTTLS with the letter X, as the mail inspection of " +
				"Cisco firewalls does")
		}
		return broken{got(f, "offered: "+strings.Join(s.offer.words, ", "))}
	}
	if err := s.d.begin(s.c); err != nil {
		return err
	}
	if s.c.buffered() { // a reply put in before TLS (CVE-2011-0411)
		return broken{s.fault("answer-unexpected").Because("bytes came between the go-ahead for STARTTLS and the " +
			"handshake; they may be another's, so the conversation was ended")}
	}
	if err := s.handshake(ctx); err != nil {
		return err
	}
	s.offer, err = s.d.capabilities(s.c)
	return err
}

func (s *session) diagnose(ctx context.Context, err error) finding.Finding {
	if known, ok := errors.AsType[broken](err); ok {
		return known.finding
	}
	if no, ok := errors.AsType[refusal](err); ok {
		if s.c.last == s.d.startTLS {
			return s.explained(no.text, "starttls-refused")
		}
		return s.explained(no.text, "greeting-refused")
	}
	if strange, ok := errors.AsType[unexpected](err); ok {
		return s.otherProtocol(strange.text)
	}
	greeted, began := s.out.Greeting != "", s.c.beginning()
	switch silent := timedOut(err); {
	case errors.Is(err, errOversized):
		return s.about("connect-answer-oversized")
	case silent && greeted:
		return s.about("connect-server-hangs").Because("the server greeted and then did not answer %s within %s; it "+
			"is overloaded, or something on the way interferes", s.c.last, s.p.o.Step)
	case silent && !s.secure && began != "":
		return s.otherProtocol(began)
	case silent && !s.secure && s.p.speaksTLS(ctx, s.t.Server, provider.TLS, tls.VersionTLS13):
		return s.about("tls-mode-starttls").Because("the port speaks TLS from the first byte, and the settings say "+
			"%s; a program that waits for a greeting in clear text gets none", s.t.Server.Security)
	case silent:
		return s.about("connect-server-silent")
	case errors.Is(err, io.EOF):
		return s.about("connect-peer-closed")
	}
	return got(s.about("connect-peer-closed"), err.Error())
}

// got is a finding with what the server or the network said.
func got(f finding.Finding, text string) finding.Finding {
	f.Got = []string{clean(text)}
	return f
}

// otherProtocol is the finding for an answer that is not of the protocol.
func (s *session) otherProtocol(text string) finding.Finding {
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
		{"* OK", "an IMAP"}, {"* PREAUTH", "an IMAP"}, {"+OK", "a POP3"}, {"220 ", "an SMTP (or FTP)"},
		{"220-", "an SMTP (or FTP)"}, {`"IMPLEMENTATION"`, "a ManageSieve"}, {"HTTP/", "a web"}, {"SSH-", "an SSH"},
	} {
		if strings.HasPrefix(upper, known.prefix) {
			return known.name
		}
	}
	return ""
}

// explained says what a reply means, else it is the finding PROTOCOL-otherwise. No message was sent, so none is meant.
func (s *session) explained(reply, otherwise string) finding.Finding {
	f := s.fault(otherwise)
	aboutMessages := func(f finding.Finding) bool { return strings.HasPrefix(f.ID, "smtp-message-") }
	found := slices.DeleteFunc(finding.Explain(reply, nil), aboutMessages)
	if len(found) > 0 && (otherwise != "auth-failed" || !strings.HasSuffix(found[0].ID, "-auth-failed")) {
		f = found[0]
		f.Subject = Subject(s.t.Server)
	}
	return got(f, reply)
}

func (s *session) handshake(ctx context.Context) error {
	state, err := s.c.startTLS(ctx, s.t.Server.Host, tls.VersionTLS13)
	if err != nil {
		return broken{s.tlsFault(err)}
	}
	s.secure = true
	s.out.TLS = tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
	cert := state.PeerCertificates[0]
	s.out.Cert = clean(fmt.Sprintf("%s, by %s, until %s", names(cert)[0], cert.Issuer.CommonName,
		cert.NotAfter.UTC().Format(time.DateOnly)))
	faults := s.p.certificate(state, s.t.Server)
	if state.Version < tls.VersionTLS12 {
		faults = append(faults, s.about("tls-version-old").
			Because("the server speaks %s at most, which programs of today refuse (RFC 8996)", tls.VersionName(state.Version)).
			Do("update the server, or set its minimum version to TLS 1.2 (Postfix: smtpd_tls_protocols and "+
				"smtpd_tls_mandatory_protocols, Dovecot: ssl_min_protocol)"))
	}
	s.add(faults...)
	s.verified = finding.Summarize(faults).Fail == 0
	return nil
}

func (s *session) tlsFault(err error) finding.Finding {
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	began := s.c.beginning()
	found := finding.Explain(err.Error(), nil)
	switch {
	case notTLS && s.t.Server.Security == provider.TLS && service(began) != "":
		return got(s.about("tls-mode-implicit").
			Because("the settings say TLS from the first byte, and the port answers in clear: it is %s server that wants "+
				"STARTTLS or none", service(began)), began)
	case notTLS && s.t.Server.Security == provider.TLS:
		return got(s.fault("answer-unexpected").Because("the port answers with something that is neither TLS nor a "+
			"mail server's greeting"), began)
	case timedOut(err):
		return s.about("connect-server-silent").Because("there is a connection, but the server does not answer the " +
			"beginning of TLS; it waits for something else, or a firewall or virus scanner holds the connection open " +
			"and hands nothing on")
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return s.about("connect-peer-closed").Because("the server, or a firewall between, closed the connection at " +
			"the beginning of TLS")
	case len(found) > 0:
		found[0].Subject = Subject(s.t.Server)
		return got(found[0], err.Error())
	}
	return got(s.about("tls-handshake-failed"), err.Error())
}

func (s *session) summary() {
	if finding.Summarize(s.out.Findings).Fail > 0 {
		return
	}
	f := s.fault("server-ready")
	if s.secure {
		version, _, _ := strings.Cut(s.out.TLS, ",")
		f = f.Because("it answers with %s and a certificate that is valid for its name; login by %s", version,
			s.offer.methods())
	}
	s.out.Findings = slices.Insert(s.out.Findings, 0, f)
}
