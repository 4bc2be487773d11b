package ui

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Lines writes a description: a name and a value a line. Finish returns the first error of a write.
type Lines struct{ *bufio.Writer }

// NewLines returns an empty description.
func NewLines(w io.Writer) Lines { return Lines{bufio.NewWriter(w)} }

// Line writes a name and its value.
func (l Lines) Line(name, format string, args ...any) {
	l.Printf("%-12s %s\n", name, fmt.Sprintf(format, args...))
}

// Printf writes any other text.
func (l Lines) Printf(format string, args ...any) { fmt.Fprintf(l, format, args...) }

// Finish writes what is there so far. It returns the error that it is given, or its own.
func (l Lines) Finish(err error) error {
	if flushErr := l.Flush(); err == nil {
		err = flushErr
	}
	return err
}

// Shorten joins the first words of a list.
func Shorten(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + ", ..."
}

// AnyOf joins two words or more that stand to choice: "a, b or c".
func AnyOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}
