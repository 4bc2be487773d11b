package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"t5train/internal/jsonlines"
	"t5train/internal/loopback"
	"t5train/trainer/serve/request"
)

// route answers a request. It is found as a handler of http.ServeMux and called by [Server.handle].
type route func(x *exchange) (response, error)

// ServeHTTP is never called: http.ServeMux finds the route of a request, and [Server.handle] calls it.
func (route) ServeHTTP(http.ResponseWriter, *http.Request) {}

// exchange is a request with what the log and the metrics tell about it.
type exchange struct {
	*http.Request

	route               string // its path; "other" where there is none, for a path may be text
	inputs              int
	tokensIn, tokensOut int
	queued              time.Duration
	code                string // of the problem

	held  int64  // bytes of the budget
	leave func() // gives up the place to parse
}

// response is an answer as a whole: nothing is written before it is complete.
type response struct {
	status      int
	contentType string
	cache       string // Cache-Control; empty: nobody keeps it
	body        []byte
}

const jsonType = "application/json"

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	s.metrics.inFlight.Inc()
	ctx, cancel := context.WithTimeoutCause(r.Context(), s.options.Timeout, errTimeout)
	defer cancel()
	x := &exchange{Request: r.WithContext(ctx), route: "other"}
	// Whoever wraps the writer may have hidden the connection; then the deadlines are those of its server.
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(begun.Add(s.options.ReadTimeout))
	answer, err := s.handle(x)
	if err == nil {
		err = s.hold(x, len(answer.body)) // until a client that is slow has taken it
	}
	if err != nil {
		answer = s.explain(w.Header(), x, err)
	}
	defer func() { s.bodies.give(x.held) }()
	_ = connection.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout))
	write(w, answer)
	took := time.Since(begun)
	s.metrics.inFlight.Dec()
	if x.code != "" {
		s.metrics.refused(x.code)
	} else {
		s.metrics.tokensIn.Add(x.tokensIn)
		s.metrics.tokensOut.Add(x.tokensOut)
	}
	s.metrics.request(x.route, answer.status, took)
	s.options.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("remote", r.RemoteAddr), slog.String("method", knownMethod(r.Method)), slog.String("path", x.route),
		slog.Int("status", answer.status),
		slog.String("code", x.code), slog.Duration("took", took.Round(time.Microsecond)),
		slog.Duration("queued", x.queued.Round(time.Microsecond)),
		slog.Int("inputs", x.inputs), slog.Int("tokens_in", x.tokensIn), slog.Int("tokens_out", x.tokensOut),
		slog.Int64("bytes_in", max(0, r.ContentLength)), slog.Int("bytes_out", len(answer.body)))
}

// knownMethod keeps what a client makes up out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	}
	return "other"
}

// handle finds the route of a request and follows it. A panic becomes an error.
func (s *Server) handle(x *exchange) (answer response, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			s.options.Log.Error("panic in a request", "path", x.route, "panic", fmt.Sprint(p), "stack",
				string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if !s.knowsHost(x.Host) {
		return response{}, request.New(http.StatusForbidden, "unknown_host",
			"the server is not known as %.80q: ask it as localhost, or start it with this name among its hosts "+
				"(serve.host)",
			x.Host)
	}
	found, _ := s.routes.Handler(x.Request)
	route, ok := found.(route)
	if !ok {
		return response{}, x.refuse(found, s.paths)
	}
	x.route = x.URL.Path
	if s.origins.Check(x.Request) != nil {
		return response{}, request.New(http.StatusForbidden, "cross_origin",
			"the request comes from a web page of another origin: only the server's own page may send it")
	}
	return route(x)
}

// refuse says why http.ServeMux has no route for a request: found is its own handler, which knows the methods that a
// path allows, and paths are those that there are.
func (x *exchange) refuse(found http.Handler, paths []string) error {
	answer := headerOnly{}
	found.ServeHTTP(answer, x.Request)
	allow := http.Header(answer).Get("Allow")
	if allow == "" { // also where it would redirect: a client that adds slashes or dots has an error to find
		return request.New(http.StatusNotFound, "not_found", "there is no such path: want %s", request.List(paths))
	}
	x.route = x.URL.Path
	method, _, _ := strings.Cut(allow, ",")
	p := request.New(http.StatusMethodNotAllowed, "method_not_allowed", "%s wants %s", x.route, method)
	p.Allow = allow
	return p
}

// headerOnly keeps the header of an answer and nothing else.
type headerOnly http.Header

func (h headerOnly) Header() http.Header       { return http.Header(h) }
func (headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (headerOnly) WriteHeader(int)             {}

// knowsHost reports whether the server may be asked under the name of a Host header. Without this check a page of any
// site could make its own name point to this machine and then read answers as its own.
func (s *Server) knowsHost(host string) bool {
	host = loopback.Name(host)
	return slices.Contains(s.options.Hosts, "*") || slices.Contains(s.options.Hosts, host) || loopback.Is(host)
}

// explain returns the answer that tells a client what went wrong.
func (s *Server) explain(header http.Header, x *exchange, err error) response {
	p, known := s.problemOf(err)
	if !known {
		s.options.Log.Error("request failed", "path", x.route, "error", err)
	}
	x.code = p.Code
	if p.Allow != "" {
		header.Set("Allow", p.Allow)
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	}
	type problemBody struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	answer, err := jsonResponse(p.Status, struct {
		Error problemBody `json:"error"`
	}{problemBody{p.Code, p.Message}})
	if err != nil { // two strings can always be written
		panic(err)
	}
	return answer
}

// jsonResponse returns a value as a line of JSON.
func jsonResponse[T any](status int, value T) (response, error) {
	var b bytes.Buffer
	if err := jsonlines.NewEncoder(&b).Encode(value); err != nil {
		return response{}, fmt.Errorf("write an answer: %w", err)
	}
	return response{status: status, contentType: jsonType, body: b.Bytes()}, nil
}

// write sends an answer. That the client has gone is nothing to do about.
func write(w http.ResponseWriter, answer response) {
	h := w.Header()
	h.Set("Content-Type", answer.contentType)
	h.Set("Content-Length", strconv.Itoa(len(answer.body)))
	h.Set("Cache-Control", "no-store")
	if answer.cache != "" {
		h.Set("Cache-Control", answer.cache)
	}
	// What a browser may do with an answer: show the page, with its own files only, in no frame of others.
	h.Set("Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "+
			"form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}

// post is the route of a JSON endpoint: f gets the fields of the body and returns what is answered.
func post[T any](s *Server, f func(x *exchange, fields *request.Object) (T, error)) route {
	return func(x *exchange) (response, error) {
		body, err := s.readBody(x)
		if err != nil {
			return response{}, err
		}
		if err := s.enter(x); err != nil {
			return response{}, err
		}
		defer x.leave()
		fields, err := request.Parse(body)
		if err != nil {
			return response{}, err
		}
		value, err := f(x, fields)
		if err != nil {
			return response{}, err
		}
		return jsonResponse(http.StatusOK, value)
	}
}

// enter waits for a place to parse, which bounds the memory for it: parsed JSON and tokens are many times as large as a
// body.
func (s *Server) enter(x *exchange) error {
	select {
	case s.parsing <- struct{}{}:
	case <-x.Context().Done():
		return context.Cause(x.Context())
	}
	x.leave = sync.OnceFunc(func() { <-s.parsing })
	return nil
}

// errMemory is the reason why a body is refused that is not too long itself.
var errMemory = errors.New("too many bytes in memory")

// budget bounds the memory of all bodies and answers together. What has not arrived yet takes nearly none, so slow
// clients leave room for others.
type budget struct {
	limit int64

	mu   sync.Mutex
	used int64
}

func (b *budget) take(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit {
		return errMemory
	}
	b.used += n
	return nil
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// hold takes bytes of the budget for the rest of an exchange.
func (s *Server) hold(x *exchange, n int) error {
	err := s.bodies.take(int64(n))
	if err == nil {
		x.held += int64(n)
	}
	return err
}

// readBody reads a JSON body.
func (s *Server) readBody(x *exchange) (body []byte, err error) {
	kind, parameters, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	charset, ok := parameters["charset"]
	if err != nil || kind != "application/json" || ok && !strings.EqualFold(charset, "utf-8") {
		return nil, request.New(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"Content-Type is %q, want application/json, in UTF-8", x.Header.Get("Content-Type"))
	}
	if encoding := x.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, request.New(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"Content-Encoding is %q: send the body as it is", encoding)
	}
	switch {
	case x.ContentLength < 0:
		return nil, request.New(http.StatusLengthRequired, "length_required",
			"the request does not say how long its body is: send a Content-Length")
	case x.ContentLength > s.options.MaxBody:
		return nil, request.New(http.StatusRequestEntityTooLarge, "body_too_large",
			"the body has %d bytes, want at most %d: send the inputs in several requests", x.ContentLength,
			s.options.MaxBody)
	}
	for length := int(x.ContentLength); len(body) < length; {
		size := min(max(bodyStep, len(body)), length-len(body)) // doubles, so that copying stays cheap
		if err := s.hold(x, size); err != nil {
			return nil, err
		}
		grown := make([]byte, len(body)+size)
		copy(grown, body)
		if _, err := io.ReadFull(x.Body, grown[len(body):]); err != nil {
			return nil, readProblem(err)
		}
		body = grown
	}
	return body, nil // at its end net/http lifts the deadline
}

// bodyStep is the memory that the first bytes of a body take.
const bodyStep = 16 << 10

// readProblem says why a body did not arrive.
func readProblem(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return request.New(http.StatusRequestTimeout, "slow_body",
			"the body did not arrive in time: send it faster, or in several requests")
	}
	return request.New(request.StatusClientGone, "client_gone", "the body ended early: %v", err)
}

// The causes of the end of a request's context, besides the client that has gone.
var errTimeout = errors.New("the time limit is over")

// problemOf returns what to tell the client about an error. known is false for errors that are the server's own fault,
// which the client learns nothing about.
func (s *Server) problemOf(err error) (p *request.Problem, known bool) {
	switch {
	case errors.As(err, &p):
		return p, true
	case errors.Is(err, errFull):
		return request.New(http.StatusTooManyRequests, "queue_full",
			"too many inputs wait already, of at most %d: try again in a moment", s.options.Queue), true
	case errors.Is(err, errMemory):
		return request.New(http.StatusTooManyRequests, "bodies_full",
			"the requests that arrive hold %d bytes already: try again in a moment", s.bodies.limit), true
	case errors.Is(err, errStopping):
		return request.New(http.StatusServiceUnavailable, "stopping",
			"the server is stopping: ask another one, or try again in a while"), true
	case errors.Is(err, errTimeout):
		return request.New(http.StatusGatewayTimeout, "timeout",
			"no answer within %v, the time limit of a request: send fewer or shorter inputs, or try again when less "+
				"is to do",
			s.options.Timeout), true
	case errors.Is(err, context.Canceled):
		return request.New(request.StatusClientGone, "client_gone", "the client did not wait for the answer"), true
	}
	return request.New(http.StatusInternalServerError, "internal",
		"the server has failed at this request, its log says why: others are not affected"), false
}
