package table

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// BadLine is the error of a line that does not parse, or of a row of several lines.
type BadLine struct {
	First, Last int    // lines of the row, from 1
	Reason      error  // which names the line
	Remedy      string // may be ""
}

// Error implements error.
func (b BadLine) Error() string {
	if b.Remedy == "" {
		return b.Reason.Error()
	}
	return b.Reason.Error() + ": " + b.Remedy
}

// Unwrap returns the reason.
func (b BadLine) Unwrap() error { return b.Reason }

// Lines returns the number of lines of the row.
func (b BadLine) Lines() int { return b.Last - b.First + 1 }

// badByte is the error of a byte that is no text.
func badByte(line int, b byte) BadLine {
	if b == 0 {
		return BadLine{line, line, onLine(line, errors.New("a zero byte, want text")),
			"is the file UTF-16 (convert it with iconv -f UTF-16LE -t UTF-8), or no text?"}
	}
	return BadLine{line, line, onLine(line, fmt.Errorf("byte 0x%02x is not UTF-8", b)),
		"convert the file, as with iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"}
}

// findBadByte returns the error of the first byte that is no text, in what begins on a line.
func findBadByte(text string, line int) (BadLine, bool) {
	at := strings.IndexByte(text, 0)
	if !utf8.ValidString(text) {
		for i, r := range text {
			if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
				if at < 0 || i < at {
					at = i
				}
				break
			}
		}
	}
	if at < 0 {
		return BadLine{}, false
	}
	return badByte(line+strings.Count(text[:at], "\n"), text[at]), true
}

// inHeader makes an error of a header that does not parse, which no option leaves out.
func inHeader(err error) error {
	if bad, ok := errors.AsType[BadLine](err); ok {
		return errors.New(bad.Error())
	}
	return err
}
