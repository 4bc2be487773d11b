package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// problem is an error that a client is told.
type problem struct {
	status  int    // of HTTP
	code    string // for programs: lower case with underscores, stable
	message string // for people: what is wrong and what to do
	allow   string // of 405: the methods that there are
}

func (p *problem) Error() string { return p.message }

func newProblem(status int, code, format string, args ...any) *problem {
	return &problem{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// malformed is a body that is no JSON object as the endpoint wants it.
func malformed(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "bad_request", format, args...)
}

// invalid is a well-formed request that asks for what cannot be done.
func invalid(format string, args ...any) *problem {
	return newProblem(http.StatusUnprocessableEntity, "invalid_request", format, args...)
}

// The causes of the end of a request's context, besides the client that has gone.
var errTimeout = errors.New("the time limit is over")

// statusClientGone is what the log says of a request whose client did not wait for the answer; nobody receives it. The
// number is nginx's.
const statusClientGone = 499

// problemOf returns what to tell the client about an error. known is false for errors that are the server's own fault,
// which the client learns nothing about.
func (s *Server) problemOf(err error) (p *problem, known bool) {
	switch {
	case errors.As(err, &p):
		return p, true
	case errors.Is(err, errFull):
		return newProblem(http.StatusTooManyRequests, "queue_full",
			"too many inputs wait already, of at most %d: try again in a moment", s.options.Queue), true
	case errors.Is(err, errMemory):
		return newProblem(http.StatusTooManyRequests, "bodies_full",
			"the requests that arrive hold %d bytes already: try again in a moment", s.bodies.limit), true
	case errors.Is(err, errStopping):
		return newProblem(http.StatusServiceUnavailable, "stopping",
			"the server is stopping: ask another one, or try again in a while"), true
	case errors.Is(err, errTimeout):
		return newProblem(http.StatusGatewayTimeout, "timeout",
			"no answer within %v, the time limit of a request: send fewer or shorter inputs, or try again when less "+
				"is to do",
			s.options.Timeout), true
	case errors.Is(err, context.Canceled):
		return newProblem(statusClientGone, "client_gone", "the client did not wait for the answer"), true
	}
	return newProblem(http.StatusInternalServerError, "internal",
		"the server has failed at this request, its log says why: others are not affected"), false
}
