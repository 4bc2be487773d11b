// Package wire writes what the server answers.
package wire

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"net/http"
	"strconv"

	"t5train/internal/jsonlines"
)

// Answer is an answer as a whole, of which nothing is written before it is complete, or a stream of events.
type Answer struct {
	Status      int
	ContentType string
	Cache       string // Cache-Control; empty: nobody keeps it
	Body        []byte
	Events      iter.Seq2[any, error]
	Done        string // the data of the last event, if there is one
}

// JSONType is the type of JSON.
const JSONType = "application/json"

// JSON returns a value as a line of JSON.
func JSON[T any](status int, value T) (Answer, error) {
	var b bytes.Buffer
	if err := jsonlines.NewEncoder(&b).Encode(value); err != nil {
		return Answer{}, fmt.Errorf("write an answer: %w", err)
	}
	return Answer{Status: status, ContentType: JSONType, Body: b.Bytes()}, nil
}

// Write sends an answer. That the client has gone is nothing to do about.
func Write(w http.ResponseWriter, answer Answer) {
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.Body)))
	SetHeader(w.Header(), answer)
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
}

// SetHeader says what kind of answer follows.
func SetHeader(h http.Header, answer Answer) {
	h.Set("Content-Type", answer.ContentType)
	h.Set("Cache-Control", cmp.Or(answer.Cache, "no-store"))
	// What a browser may do with an answer: show the page, with its own files only, in no frame of others.
	h.Set("Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "+
			"form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// Allowed returns the methods that a handler allows for a path, as the header Allow of its answer has them.
func Allowed(h http.Handler, r *http.Request) string {
	answer := headerOnly{}
	h.ServeHTTP(answer, r)
	return http.Header(answer).Get("Allow")
}

// headerOnly keeps the header of an answer and nothing else.
type headerOnly http.Header

func (h headerOnly) Header() http.Header       { return http.Header(h) }
func (headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (headerOnly) WriteHeader(int)             {}
