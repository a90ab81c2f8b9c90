package discover

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"autoconfig/autodiscover"
	"autoconfig/mozilla"
	"autoconfig/provider"
)

// http does one of the steps that are an HTTP request to target.
func (w *walk) http(ctx context.Context, s step, v vars, target string) result {
	method, body := http.MethodGet, ""
	switch s.Do {
	case poxPost:
		method, body = http.MethodPost, w.client.POX.body(v.addr.String(), autodiscover.Outlook)
	case mobileSync:
		method, body = http.MethodPost, w.client.POX.body(v.addr.String(), autodiscover.MobileSync)
	}
	line, a := w.request(ctx, s, method, target, body)
	r := result{rows: []Step{line}}
	if s.Do == autoconfig {
		return w.document(s, v, a, r)
	}
	return w.autodiscover(ctx, s, v, target, a, r)
}

// request makes a request and its row, by the status alone.
func (w *walk) request(ctx context.Context, s step, method, target, body string) (line Step, a answer) {
	line = s.timed(ctx, method+" "+provider.Printable(target, 500), func(ctx context.Context) (string, error) {
		a = w.fetch(ctx, s, method, target, body)
		return "", a.err
	})
	if line.Fault == FaultNone && (s.Do != poxHop || a.location == "") {
		line.end(faultOfStatus(a.status))
	}
	if s.Do == autoJSON && line.Fault == FaultStatus { // it asks for what a server need not have
		line.end(FaultAbsent, fmt.Sprintf("not offered, says status %d", a.status))
	}
	line.Trace = traceOf(a)
	if u, err := url.Parse(target); err == nil {
		line.host, line.url = u.Hostname(), plainURL(u)
	}
	return line, a
}

func (w *walk) fetch(ctx context.Context, s step, method, target, body string) answer {
	if w.requests.Add(1) > maxRequests {
		return answer{err: failure{FaultLimit, "no more requests are sent: their number is bounded"}}
	}
	c := w.client
	header := maps.Clone(c.Headers)
	if s.Accept != "" {
		header["Accept"] = s.Accept
	}
	r := request{method: method, url: target, header: header, body: body, redirects: c.Redirects,
		absoluteForm: c.AbsoluteForm}
	if s.Do == poxHop || s.Do == poxPost && c.POX.Reposts {
		r.redirects = 0
	}
	return fetch(ctx, w.transport, r)
}

// document reads an autoconfig document, of which r has the row.
func (w *walk) document(s step, v vars, a answer, r result) result {
	line := &r.rows[0]
	if line.Fault != FaultNone {
		r.stop = s.Closes == closeReached && line.Fault != FaultUnresolved
		return r
	}
	c := w.client.Reads.read(a.body, a.contentType, v)
	r.settings = c.settings
	w.complete(line, c, a)
	switch s.Closes {
	case closeAnswered:
		r.stop = c.wellFormed || !provider.XMLType(a.contentType) || a.status == http.StatusNoContent
	case closeEmpty:
		r.stop = c.wellFormed
	case closeReached, closeGiven:
		r.stop = true
	}
	if w.client.Insecure != "" && c.settings != nil && !a.secure {
		r.asks = []ask{{text: w.client.Insecure, when: askTaken}}
	}
	return r
}

// complete completes a row with what a document came to.
func (w *walk) complete(line *Step, c config, a answer) {
	line.end(c.fault, c.why)
	line.settings = c.settings
	if c.settings != nil {
		c.settings.Verified, c.settings.From = a.secure, line.What
		if w.env.Document != nil {
			w.env.Document(line.url, a.body)
		}
	}
	if c.fault != FaultPage && c.fault != FaultMalformed && c.fault != FaultAbsent && c.fault != FaultAnswer {
		_, line.lint = Lint(a.body, "") // the Content-Type is a finding of its own
	}
}

// autodiscover reads an Autodiscover answer, of which r has the row, and goes where it points.
func (w *walk) autodiscover(ctx context.Context, s step, v vars, target string, a answer, r result) result {
	line := &r.rows[0]
	if w.client.POX.Browser && mozilla.ThunderbirdOAuth2(line.host) && line.Fault != FaultUnresolved {
		r.asks = append(r.asks, ask{text: "to sign in with a browser, for " + line.host, when: askAlways})
	}
	if line.Fault == FaultStatus && a.status == http.StatusUnauthorized {
		r.asks = append(r.asks, ask{text: "the password, for the Autodiscover server " + line.host, when: askEmpty})
	}
	if next := w.redirected(s, v, a); next != nil {
		line.end(FaultNone, "redirects to "+provider.Printable(plainURL(next), 200))
		if host := next.Hostname(); s.Foreign == foreignAlways && foreign(host, v.addr.Domain) {
			r.askForeign(s, host)
		}
		return r.and(w.again(ctx, s, v, next))
	}
	if line.Fault == FaultNone && s.Do == poxHop {
		line.end(FaultAbsent, "no redirect to https")
	}
	if line.Fault != FaultNone {
		return r
	}
	var c config
	var answer *autodiscover.Response
	if s.Do == autoJSON {
		c = readV2(a.body, a.contentType, v)
	} else {
		answer, c = w.client.POX.read(a.body, a.contentType, v)
	}
	w.complete(line, c, a)
	r.settings = c.settings
	if answer != nil && c.fault == FaultNone && c.settings == nil {
		return w.pointed(ctx, s, v, target, answer, r)
	}
	return r
}

// pointed follows a RedirectAddr or RedirectUrl as far as the client does.
func (w *walk) pointed(ctx context.Context, s step, v vars, target string, answer *autodiscover.Response, r result,
) result {
	line := &r.rows[0]
	refuse := func(why string) result {
		line.end(FaultAnswer, why)
		return r
	}
	if answer.RedirectURL != "" {
		u, err := url.Parse(answer.RedirectURL)
		switch {
		case w.client.URLs == 0:
			return refuse("it answers RedirectUrl, which this client does not follow")
		case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil:
			return refuse("it answers a RedirectUrl that is not an https URL")
		case u.String() == target:
			return refuse("it answers a RedirectUrl to itself")
		case int(w.urls.Add(1)) > w.client.URLs:
			return refuse("too many RedirectUrl answers")
		}
		line.Why = "answers RedirectUrl " + provider.Printable(plainURL(u), 200)
		return r.and(w.again(ctx, s, v, u))
	}
	addr, err := provider.ParseAddress(answer.RedirectAddr)
	switch {
	case w.client.Addrs == 0:
		return refuse("it answers RedirectAddr, which this client does not follow")
	case err != nil:
		return refuse("it answers a RedirectAddr that is not an address")
	case int(w.addrs.Add(1)) > w.client.Addrs:
		return refuse("too many RedirectAddr answers")
	}
	line.Why = "answers RedirectAddr to " + addr.Domain
	v.addr = addr
	return r.and(w.step(ctx, only(w.client.Plan), v))
}

func (w *walk) again(ctx context.Context, s step, v vars, target *url.URL) result {
	if s.Do == poxHop {
		s.Do = poxPost
	}
	return w.http(ctx, s, v, target.String())
}

// and continues r with what another step came to.
func (r result) and(more result) result {
	r.rows = append(r.rows, more.rows...)
	r.asks = append(r.asks, more.asks...)
	r.settings, r.stop = more.settings, r.stop || more.stop
	return r
}

// redirected is where a POST has to be repeated, nil when it has not.
func (w *walk) redirected(s step, v vars, a answer) *url.URL {
	var next *url.URL
	switch {
	case a.err != nil || a.url == nil:
	case s.Do == poxHop || w.client.POX.Reposts && a.status >= 300 && a.status < 400:
		if a.location != "" {
			next, _ = a.url.Parse(a.location) // nil for what is not a URL
		}
	case s.Do == poxPost && s.Foreign == foreignAlways && len(a.hops) > 0 && a.url.Scheme == "https" && !a.secure:
		// The XHR followed the redirect as a GET. Where that brought no settings, Thunderbird repeats the POST there.
		if _, c := w.client.POX.read(a.body, a.contentType, v); a.status != http.StatusOK || c.settings == nil {
			next = a.url
		}
	}
	if next == nil || next.Scheme != "https" || next.User != nil || int(w.urls.Add(1)) > max(w.client.URLs, 2) {
		return nil
	}
	return next
}

// only is the part of a plan that looks Autodiscover up, for another address.
func only(plan step) step {
	var steps []step
	for _, s := range plan.Steps {
		switch s.Do {
		case sequence, parallel:
			if s = only(s); len(s.Steps) > 0 {
				steps = append(steps, s)
			}
		case poxPost, poxGet, poxHop, mobileSync, autoJSON, askSRV:
			steps = append(steps, s)
		}
	}
	plan.Steps = steps
	return plan
}

// stripQuery is a URL as far as it may be shown.
func stripQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "somewhere"
	}
	return plainURL(u)
}

// foreign reports a host that does not belong to a domain. Thunderbird and Outlook trust Microsoft's own.
func foreign(host, domain string) bool {
	return provider.Registrable(host) != provider.Registrable(domain) && !provider.Below(host, "outlook.com") &&
		!provider.Below(host, "office365.com")
}

// askForeign adds the question before a host of another domain is believed.
func (r *result) askForeign(s step, host string) {
	if s.Foreign != "" {
		when := map[foreignRule]askWhen{foreignAlways: askAlways, foreignIfTaken: askTaken}[s.Foreign]
		r.asks = append(r.asks, ask{text: fmt.Sprintf("whether to trust %s, a host of another domain", host), when: when,
			family: s.Family})
	}
}
