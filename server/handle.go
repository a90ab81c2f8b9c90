package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"autoconfig/autodiscover"
)

// request is what a handler sees of a request. It is reused, so handlers may not keep any of it.
type request struct {
	echo.Context
	lookup
	set     *Settings
	working bool   // it has one of the few places that use the processor
	body    []byte // of a POST
	room    []byte // for the answer's body
}

// readBody reads a body of at most maxBody octets.
func (r *request) readBody() error {
	in := http.MaxBytesReader(r.Response(), r.Request().Body, maxBody)
	r.body = r.body[:0]
	for {
		r.body = slices.Grow(r.body, 512)
		n, err := in.Read(r.body[len(r.body):cap(r.body)])
		r.body = r.body[:len(r.body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// ctx is for look-ups. It is not the request's own, which net/http ends as soon as a client shuts its sending side,
// though it may still read; sources have time-outs of their own.
func (r *request) ctx() context.Context { return context.Background() }

// handle runs one route: bounds, handler, answer, log and metrics.
func (s *Server) handle(rt *route) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		req := s.requests.Get().(*request) //nolint:errcheck,forcetypeassert // New makes no other type
		req.Context, req.set, req.body = c, s.settings.Load(), req.body[:0]
		a := s.answer(rt, req)
		s.write(c, &a)
		s.done(rt.name, req, &a, start)
		req.Context, req.set = nil, nil
		s.requests.Put(req)
		return nil
	}
}

func (s *Server) answer(rt *route, r *request) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(p)
			a = rt.refusal(http.StatusServiceUnavailable, unavailable, "temporarily unavailable")
		}
	}()
	places := s.places
	if rt.costly {
		places = s.costly
	}
	if a, refused := rt.refuse(r, places); refused {
		s.identify(r) // for the log
		return a
	}
	defer places.leave()
	s.identify(r)
	var err error
	if r.found, r.byHost = (match{}), false; rt.find != nil {
		r.found, err = rt.find(s, r)
	}
	switch {
	case err != nil:
		a = text(refusalOf(err)).about(r.found.Address.Domain)
	case rt.costly:
		a = s.answerCostly(rt, r)
	default:
		a = rt.handler(s, r)
	}
	if r.byHost {
		a.vary = s.opts.varyHost()
	}
	return a
}

// answerCostly charges the client, and lets only a few requests use the processor at once: it is free for documents,
// however many ask for pages.
func (s *Server) answerCostly(rt *route, r *request) answer {
	if !s.allow(r, r.cost()) {
		if rt.name == "page" {
			return s.trouble(r, errLimited)
		}
		return text(refusalOf(errLimited))
	}
	s.working <- struct{}{}
	r.working = true
	defer func() { r.working = false; <-s.working }()
	return rt.handler(s, r)
}

// away does something that waits and does not use the processor.
func (s *Server) away(r *request, do func()) {
	if !r.working {
		do()
		return
	}
	<-s.working
	defer func() { s.working <- struct{}{} }()
	do()
}

// refuse answers what handlers do not see. When it does not refuse, a place is taken.
func (rt *route) refuse(r *request, places places) (a answer, refused bool) {
	method := r.Request().Method
	switch {
	case rt.methods == anyMethod:
	case method == http.MethodOptions:
		allow := string(rt.methods)
		return answer{status: http.StatusNoContent, outcome: served, cors: true, header: [][2]string{
			{"Allow", allow}, {"Access-Control-Allow-Methods", allow}, {"Access-Control-Allow-Headers", "Content-Type"}}}, true
	case method == http.MethodPost && rt.methods == getPost:
		if err := r.readBody(); err != nil {
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return rt.refusal(http.StatusRequestEntityTooLarge, tooLarge, "body too large"), true
			}
			return rt.refusal(http.StatusBadRequest, badRequest, "incomplete body"), true
		}
	case method != http.MethodGet && method != http.MethodHead:
		return rt.wrongMethod(), true
	}
	if r.set == nil {
		return rt.refusal(http.StatusServiceUnavailable, unavailable, "starting"), true
	}
	if !places.enter() {
		return rt.refusal(http.StatusServiceUnavailable, unavailable, "busy"), true
	}
	return answer{}, false
}

// refusal is an answer in the route's own form, before its handler is asked.
func (rt *route) refusal(status int, o outcome, words string) answer {
	switch {
	case rt.name == "api":
		return apiProblem(status, o, words)
	case rt.name == "autodiscover-json":
		return jsonFailure(status, o, "")
	case rt.name == "autodiscover" && status == http.StatusServiceUnavailable:
		return poxError(autodiscover.NewError(autodiscover.CodeInternal))
	}
	return text(status, o, words)
}

func (rt *route) wrongMethod() answer {
	a := rt.refusal(http.StatusMethodNotAllowed, notAllowed, "method not allowed")
	a.header = [][2]string{{"Allow", string(rt.methods)}}
	return a
}

// routeError answers what the router itself refuses.
func (s *Server) routeError(err error, c echo.Context) {
	a := text(http.StatusNotFound, notFound, "not found")
	if errors.Is(err, echo.ErrMethodNotAllowed) { // an unknown method
		for i := range routes {
			switch {
			case routes[i].path != c.Path():
			case routes[i].methods == anyMethod:
				_ = s.handle(&routes[i])(c) // it never fails
				return
			default:
				a = routes[i].wrongMethod()
			}
		}
	}
	s.write(c, &a)
	s.done("none", &request{Context: c}, &a, time.Now())
}
