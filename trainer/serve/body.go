package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"t5train/trainer/serve/request"
)

// fields reads the body of a request, and takes a place to parse until x.leave. A GET has no fields.
func (s *Server) fields(x *exchange, forms bool) (*request.Object, error) {
	x.leave = func() {}
	if x.Method != http.MethodPost {
		return request.Parse([]byte("{}"))
	}
	body, form, err := s.readBody(x, forms)
	if err == nil {
		err = s.enter(x)
	}
	if err != nil {
		return nil, err
	}
	parse := request.Parse
	if form {
		parse = request.ParseForm
	}
	fields, err := parse(body)
	if err != nil {
		x.leave()
	}
	return fields, err
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

// hold takes bytes of the budget for the rest of an exchange.
func (s *Server) hold(x *exchange, n int) error {
	err := s.bodies.Take(int64(n))
	if err == nil {
		x.held += int64(n)
	}
	return err
}

// readBody reads a JSON body, or a form where there may be one.
func (s *Server) readBody(x *exchange, forms bool) (body []byte, form bool, err error) {
	kind, parameters, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	charset, ok := parameters["charset"]
	form = forms && kind == "application/x-www-form-urlencoded"
	if err != nil || kind != "application/json" && !form || ok && !strings.EqualFold(charset, "utf-8") {
		want := "application/json"
		if forms {
			want += " or application/x-www-form-urlencoded"
		}
		return nil, form, request.New(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"Content-Type is %q, want %s, in UTF-8", x.Header.Get("Content-Type"), want)
	}
	if encoding := x.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, form, request.New(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"Content-Encoding is %q: send the body as it is", encoding)
	}
	if x.ContentLength > s.options.MaxBody {
		return nil, form, s.tooLarge(fmt.Sprintf("%d bytes", x.ContentLength))
	}
	body, err = s.readAll(x)
	return body, form, err
}

func (s *Server) tooLarge(size string) error {
	return request.New(http.StatusRequestEntityTooLarge, "body_too_large",
		"the body has %s, want at most %d: send the inputs in several requests", size, s.options.MaxBody)
}

// readAll reads a body of known length, or one in chunks up to the limit and a byte more. At its end net/http lifts the
// deadline.
func (s *Server) readAll(x *exchange) (body []byte, err error) {
	length, known := int(x.ContentLength), x.ContentLength >= 0
	if !known {
		length = int(s.options.MaxBody) + 1
	}
	for len(body) < length && err == nil {
		size := min(max(bodyStep, len(body)), length-len(body)) // doubles, so that copying stays cheap
		if err := s.hold(x, size); err != nil {
			return nil, err
		}
		n := len(body)
		body = slices.Grow(body, size)
		for n < len(body)+size && err == nil {
			var read int
			read, err = x.Body.Read(body[n : len(body)+size])
			n += read
		}
		body = body[:n]
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF) || known && len(body) < length:
		return nil, readProblem(err)
	case !known && len(body) == length:
		return nil, s.tooLarge("more bytes")
	}
	return body, nil
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
