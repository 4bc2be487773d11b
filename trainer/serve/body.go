package serve

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"
)

// errMemory is the reason why a body is refused that is not too long itself.
var errMemory = errors.New("too many bytes in memory")

// budget bounds the memory of all bodies and answers together. What has not arrived yet takes nearly none, so slow clients
// leave room for others.
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
		return nil, newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type is %q, want application/json, in UTF-8", x.Header.Get("Content-Type"))
	}
	if encoding := x.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Encoding is %q: send the body as it is", encoding)
	}
	switch {
	case x.ContentLength < 0:
		return nil, newProblem(http.StatusLengthRequired, "length_required", "the request does not say how long its body is: send a Content-Length")
	case x.ContentLength > s.options.MaxBody:
		return nil, newProblem(http.StatusRequestEntityTooLarge, "body_too_large", "the body has %d bytes, want at most %d: send the inputs in several requests", x.ContentLength, s.options.MaxBody)
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
		return newProblem(http.StatusRequestTimeout, "slow_body", "the body did not arrive in time: send it faster, or in several requests")
	}
	return newProblem(statusClientGone, "client_gone", "the body ended early: %v", err)
}
