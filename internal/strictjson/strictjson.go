// Package strictjson reads JSON whose mistakes must not pass unseen: encoding/json keeps the last of two
// equal keys, rounds large integers in a float64, matches keys in any case and replaces bad UTF-8.
//
//	r, err := strictjson.NewReader(header)
//	err = r.Object(func(key string) error {
//		size, err := r.Int()
//		...
//	})
//	err = r.End()
//
// Reading allocates in proportion to the text, never to a number written in it.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// What can be wrong with a text besides its syntax.
var (
	ErrUTF8 = errors.New("the JSON text is not valid UTF-8")
	ErrMore = errors.New("after the end of the JSON text")
	ErrKind = errors.New("a value of another kind")
)

// TwiceError is a key that an object has twice.
type TwiceError string

// Error implements error.
func (key TwiceError) Error() string {
	return fmt.Sprintf("key %.200q stands there twice", string(key))
}

type kindError string

func (e kindError) Error() string   { return string(e) }
func (kindError) Is(err error) bool { return err == ErrKind }

// Reader walks over one JSON text. Each method consumes one value and fails if another kind stands there.
type Reader struct{ dec *json.Decoder }

// NewReader returns a reader of text, which must be well-formed UTF-8. A syntax error may show up here or
// in the call that reaches it.
func NewReader(text []byte) (*Reader, error) {
	if !utf8.Valid(text) {
		return nil, ErrUTF8
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return &Reader{dec}, nil
}

// Object calls visit for each key, with the reader before its value, which visit must consume.
// A key that stands there twice is an error.
func (r *Reader) Object(visit func(key string) error) error {
	if err := r.delim('{', "an object"); err != nil {
		return err
	}
	return r.members(visit)
}

// ObjectOrNull is Object where null stands for an object without keys.
func (r *Reader) ObjectOrNull(visit func(key string) error) error {
	token, err := r.token()
	switch {
	case err != nil:
		return err
	case token == nil:
		return nil
	case token != json.Delim('{'):
		return wanted(token, "an object or null")
	}
	return r.members(visit)
}

// members reads the rest of an object.
func (r *Reader) members(visit func(key string) error) error {
	seen := make(map[string]bool)
	for r.dec.More() {
		key, err := r.String()
		if err != nil {
			return err
		}
		if seen[key] {
			return TwiceError(key)
		}
		seen[key] = true
		if err := visit(key); err != nil {
			return err
		}
	}
	return r.delim('}', "the end of the object")
}

// Array calls visit with the reader before each element, which visit must consume.
func (r *Reader) Array(visit func() error) error {
	if err := r.delim('[', "an array"); err != nil {
		return err
	}
	for r.dec.More() {
		if err := visit(); err != nil {
			return err
		}
	}
	return r.delim(']', "the end of the array")
}

// String reads a string.
func (r *Reader) String() (string, error) {
	token, err := r.token()
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", wanted(token, "a string")
	}
	return s, nil
}

// Int reads an integer of at least 0 that fits an int. 1.0 and 1e3 are refused.
func (r *Reader) Int() (int, error) {
	token, err := r.token()
	if err != nil {
		return 0, err
	}
	number, ok := token.(json.Number)
	if !ok {
		return 0, wanted(token, "an integer")
	}
	n, err := strconv.ParseUint(number.String(), 10, strconv.IntSize-1)
	if err != nil {
		return 0, fmt.Errorf("got %.40s, want an integer of at least 0 that fits %d bits", number.String(),
			strconv.IntSize-1)
	}
	return int(n), nil
}

// Skip reads a value of any kind and drops it.
func (r *Reader) Skip() error {
	_, err := r.Raw()
	return err
}

// Raw reads a value of any kind and returns its text.
func (r *Reader) Raw() (value json.RawMessage, err error) {
	err = r.dec.Decode(&value)
	return value, r.syntax(err)
}

// End fails unless only white space is left.
func (r *Reader) End() error {
	if token, err := r.dec.Token(); err != io.EOF {
		if err != nil {
			return r.syntax(err)
		}
		return fmt.Errorf("got %.40s %w", fmt.Sprint(token), ErrMore)
	}
	return nil
}

func (r *Reader) delim(want json.Delim, name string) error {
	token, err := r.token()
	if err != nil {
		return err
	}
	if token != want {
		return wanted(token, name)
	}
	return nil
}

// wanted is the error for a token, which may be long, in the place of another one.
func wanted(token json.Token, name string) error {
	return kindError(fmt.Sprintf("got %.40s, want %s", fmt.Sprint(token), name))
}

func (r *Reader) token() (json.Token, error) {
	token, err := r.dec.Token()
	return token, r.syntax(err)
}

func (r *Reader) syntax(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON text ends too early")
	}
	return fmt.Errorf("JSON syntax error near byte %d: %w", r.dec.InputOffset(), err)
}
