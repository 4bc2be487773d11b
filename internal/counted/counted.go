// Package counted counts bytes that are written.
package counted

import "io"

// Writer passes on what is written to W and adds the bytes to N.
type Writer struct {
	W io.Writer
	N int64
}

func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.W.Write(p)
	w.N += int64(n)
	return n, err
}
