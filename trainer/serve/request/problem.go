// Package request reads what clients of the server send, a JSON object or a form, and says what is wrong with it.
//
//	fields, err := request.Parse(body)
//	fields.Read(&question, most) // notes what is wrong
//	err = fields.Finish()        // the first mistake, a *request.Problem
package request

import (
	"fmt"
	"net/http"
)

// Problem is an error that a client is told.
type Problem struct {
	Status  int    // of HTTP
	Code    string // for programs: lower case with underscores, stable
	Message string // for people: what is wrong and what to do
	Field   string // that is wrong, where it is one
	Allow   string // of 405: the methods that there are
}

func (p *Problem) Error() string { return p.Message }

// Of returns the problem with the field that it is about.
func (p *Problem) Of(field string) *Problem {
	p.Field = field
	return p
}

// New returns a problem; the message follows a format of package fmt.
func New(status int, code, format string, args ...any) *Problem {
	return &Problem{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Malformed is a body that is no JSON object as the endpoint wants it.
func Malformed(format string, args ...any) *Problem {
	return New(http.StatusBadRequest, "bad_request", format, args...)
}

// Invalid is a well-formed request that asks for what cannot be done.
func Invalid(format string, args ...any) *Problem {
	return New(http.StatusUnprocessableEntity, "invalid_request", format, args...)
}

// StatusClientGone is what the log says of a request whose client did not wait for the answer; nobody receives it. The
// number is nginx's.
const StatusClientGone = 499
