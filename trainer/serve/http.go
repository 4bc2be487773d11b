package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"t5train/internal/loopback"
	"t5train/trainer/serve/access"
	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
	"t5train/trainer/serve/wire"
)

// route answers the requests of an endpoint. It is found as a handler of http.ServeMux and called by [Server.handle].
type route struct {
	protocol.Endpoint
	answer func(x *exchange) (wire.Answer, error)
}

// ServeHTTP is never called: http.ServeMux finds the route of a request, and [Server.handle] calls it.
func (route) ServeHTTP(http.ResponseWriter, *http.Request) {}

// exchange is a request with what the log and the metrics tell about it.
type exchange struct {
	*http.Request

	// path of its endpoint; "other" where there is none, for a path may be text
	route               string
	explain             func(p *request.Problem) (status int, body any) // nil: as the server does
	authorized          bool                                            // it has shown a key, if it needs one
	inputs              int
	tokensIn, tokensOut int
	queued              time.Duration
	code                string // of the problem

	held  int64  // bytes of the budget
	leave func() // gives up the place to parse
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	s.metrics.InFlight.Inc()
	ctx, cancel := context.WithTimeoutCause(r.Context(), s.options.Timeout, errTimeout)
	defer cancel()
	x := &exchange{Request: r.WithContext(ctx), route: "other"}
	// Whoever wraps the writer may have hidden the connection; then the deadlines are those of its server.
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(begun.Add(s.options.ReadTimeout))
	answer, err := s.handle(x)
	if err == nil {
		err = s.hold(x, len(answer.Body)) // until a client that is slow has taken it
	}
	defer func() { s.bodies.Give(x.held) }()
	bytesOut := 0
	if err == nil && answer.Events != nil {
		bytesOut, err = s.stream(w, x, answer)
	}
	if bytesOut == 0 {
		if err != nil {
			answer = s.explain(w.Header(), x, err)
		}
		_ = connection.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout))
		wire.Write(w, answer)
		bytesOut = len(answer.Body)
	}
	took := time.Since(begun)
	s.metrics.InFlight.Dec()
	if x.code != "" {
		s.metrics.Refused(x.code)
	} else {
		s.metrics.TokensIn.Add(x.tokensIn)
		s.metrics.TokensOut.Add(x.tokensOut)
	}
	s.metrics.Request(x.route, answer.Status, took)
	s.options.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("remote", r.RemoteAddr), slog.String("method", knownMethod(r.Method)), slog.String("path", x.route),
		slog.Int("status", answer.Status),
		slog.String("code", x.code), slog.Duration("took", took.Round(time.Microsecond)),
		slog.Duration("queued", x.queued.Round(time.Microsecond)),
		slog.Int("inputs", x.inputs), slog.Int("tokens_in", x.tokensIn), slog.Int("tokens_out", x.tokensOut),
		slog.Int64("bytes_in", max(0, r.ContentLength)), slog.Int("bytes_out", bytesOut))
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
func (s *Server) handle(x *exchange) (answer wire.Answer, err error) {
	defer s.recovered(x, &err)
	if !s.knowsHost(x.Host) {
		return wire.Answer{}, request.New(http.StatusForbidden, "unknown_host",
			"the server is not known as %.80q: ask it as localhost, or start it with this name among its hosts "+
				"(serve.host)",
			x.Host)
	}
	found, _ := s.routes.Handler(x.Request)
	route, ok := found.(route)
	if !ok {
		return wire.Answer{}, x.refuse(found, s.paths)
	}
	x.route, x.explain = route.Path, route.Explain
	if s.origins.Check(x.Request) != nil {
		return wire.Answer{}, request.New(http.StatusForbidden, "cross_origin",
			"the request comes from a web page of another origin: only the server's own page may send it")
	}
	if err := s.authorize(x, route.Endpoint); err != nil {
		return wire.Answer{}, err
	}
	return route.answer(x)
}

// recovered makes a panic an error.
func (s *Server) recovered(x *exchange, err *error) {
	if p := recover(); p != nil {
		s.metrics.Panics.Inc()
		s.options.Log.Error("panic in a request", "path", x.route, "panic", fmt.Sprint(p), "stack",
			string(debug.Stack()))
		*err = fmt.Errorf("panic: %v", p)
	}
}

// errKey refuses a request without a key that the server knows.
var errKey = request.New(http.StatusUnauthorized, "invalid_api_key",
	"missing or unknown API key: send one that the server knows as Authorization: Bearer KEY")

// authorize refuses a request that needs a key and has none that is right. The key of some endpoints may be in the
// body, which is not read yet.
func (s *Server) authorize(x *exchange, e protocol.Endpoint) error {
	header := x.Header.Get("Authorization")
	if !s.options.Keys.Required() || e.Open || e.BodyKey && header == "" {
		return nil
	}
	if key, ok := access.Bearer(header); !ok || !s.options.Keys.Has(key) {
		return errKey
	}
	x.authorized = true
	return nil
}

// refuse says why http.ServeMux has no route for a request: found is its own handler, which knows the methods that a
// path allows, and paths are those that there are.
func (x *exchange) refuse(found http.Handler, paths []string) error {
	allow := wire.Allowed(found, x.Request)
	if allow == "" { // also where it would redirect: a client that adds slashes or dots has an error to find
		return request.New(http.StatusNotFound, "not_found", "there is no such path: want %s", request.List(paths))
	}
	if slices.Contains(paths, x.URL.Path) { // and no path with a name in it, which may be text
		x.route = x.URL.Path
	}
	method, _, _ := strings.Cut(allow, ",")
	p := request.New(http.StatusMethodNotAllowed, "method_not_allowed", "%.80s wants %s", x.URL.Path, method)
	p.Allow = allow
	return p
}

// knowsHost reports whether the server may be asked under the name of a Host header. Without this check a page of any
// site could make its own name point to this machine and then read answers as its own.
func (s *Server) knowsHost(host string) bool {
	host = loopback.Name(host)
	return slices.Contains(s.options.Hosts, "*") || slices.Contains(s.options.Hosts, host) || loopback.Is(host)
}

// explain returns the answer that tells a client what went wrong.
func (s *Server) explain(header http.Header, x *exchange, err error) wire.Answer {
	p := s.noted(x, err)
	if p.Allow != "" {
		header.Set("Allow", p.Allow)
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	}
	status, body := x.describe(p)
	answer, err := wire.JSON(status, body)
	if err != nil { // texts can always be written
		panic(err)
	}
	return answer
}

// noted returns what to tell a client about an error, which is in the log if the client is not told.
func (s *Server) noted(x *exchange, err error) *request.Problem {
	p, known := s.problemOf(err)
	if !known {
		s.options.Log.Error("request failed", "path", x.route, "error", err)
	}
	x.code = p.Code
	return p
}

// failure is an error as clients of the server's own API see it.
type failure struct {
	Error struct {
		Code    string `json:"code" about:"for programs: lower case with underscores, stable"`
		Message string `json:"message" about:"for people: what is wrong and what to do"`
	} `json:"error"`
}

// describe returns a problem in the words of the protocol that the request speaks.
func (x *exchange) describe(p *request.Problem) (status int, body any) {
	if x.explain != nil {
		return x.explain(p)
	}
	var f failure
	f.Error.Code, f.Error.Message = p.Code, p.Message
	return p.Status, f
}

// stream writes events as they come. An error before the first one is returned, to be answered as any other; sent is 0
// then. Later ones become the last event, and so does a panic.
func (s *Server) stream(w http.ResponseWriter, x *exchange, answer wire.Answer) (sent int, err error) {
	defer x.leave() // before the first event, if the job has got that far
	connection := http.NewResponseController(w)
	send := func(data []byte) bool {
		if sent == 0 {
			wire.SetHeader(w.Header(), answer)
			w.WriteHeader(answer.Status)
		}
		_ = connection.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout))
		n, err := fmt.Fprintf(w, "data: %s\n\n", bytes.TrimSpace(data))
		sent += n
		if err == nil {
			err = connection.Flush()
		}
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			x.code = "client_gone"
			return false
		}
		return true
	}
	err = s.sendAll(x, answer, send)
	if err == nil || sent == 0 || x.code != "" { // nobody is there to hear of it
		return sent, err
	}
	_, event := x.describe(s.noted(x, err))
	line, err := wire.JSON(http.StatusOK, event)
	if err == nil {
		send(line.Body)
	}
	return sent, err
}

// sendAll sends events until their end, or until send reports that nobody takes them. A panic becomes an error.
func (s *Server) sendAll(x *exchange, answer wire.Answer, send func(data []byte) bool) (err error) {
	defer s.recovered(x, &err)
	for event, err := range answer.Events {
		if err != nil {
			return err
		}
		line, err := wire.JSON(http.StatusOK, event)
		if err != nil {
			return err
		}
		if !send(line.Body) {
			return nil
		}
	}
	if answer.Done != "" {
		send([]byte(answer.Done))
	}
	return nil
}

// post is the route of a JSON endpoint of the server's own API: f gets the fields of the body and returns what is
// answered.
func post[T any](s *Server, f func(m served, x *exchange, fields *request.Object) (T, error)) func(*exchange) (
	wire.Answer, error) {
	return func(x *exchange) (wire.Answer, error) {
		fields, err := s.fields(x, false)
		if err != nil {
			return wire.Answer{}, err
		}
		defer x.leave()
		m, err := s.asked(fields)
		if err != nil {
			return wire.Answer{}, err
		}
		value, err := f(m, x, fields)
		if err != nil {
			return wire.Answer{}, err
		}
		return wire.JSON(http.StatusOK, value)
	}
}

// spoken is the route of an endpoint of another protocol.
func (s *Server) spoken(e protocol.Endpoint) func(x *exchange) (wire.Answer, error) {
	return func(x *exchange) (wire.Answer, error) {
		fields, err := s.fields(x, e.Forms)
		if err != nil {
			return wire.Answer{}, err
		}
		streams := false
		defer func() {
			if !streams { // which still has inputs to tokenize
				x.leave()
			}
		}()
		if _, name, ok := strings.Cut(e.Path, "{"); ok {
			quoted, err := json.Marshal(x.URL.Path[strings.Index(e.Path, "{"):])
			if err != nil {
				return wire.Answer{}, err
			}
			fields.Set(strings.TrimSuffix(name, "}"), string(quoted))
		}
		if e.Lenient {
			fields.Lenient()
		}
		reply, err := e.Serve(engine{s.base(), x}, fields)
		switch {
		case err != nil:
			return wire.Answer{}, err
		case reply.Events != nil:
			streams = true
			return wire.Answer{Status: http.StatusOK, ContentType: "text/event-stream", Events: reply.Events,
				Done: reply.Done}, nil
		}
		return wire.JSON(http.StatusOK, reply.Body)
	}
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
	case errors.Is(err, access.ErrMemory):
		return request.New(http.StatusTooManyRequests, "bodies_full",
			"the requests that arrive hold %d bytes already: try again in a moment", s.bodies.Limit), true
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
