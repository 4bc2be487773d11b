package counted

import (
	"errors"
	"testing"
)

// half takes half of what it is given.
type half struct{}

func (half) Write(p []byte) (int, error) { return len(p) / 2, errors.New("full") }

func TestWriter(t *testing.T) {
	w := Writer{W: half{}, N: 1}
	if n, err := w.Write(make([]byte, 8)); n != 4 || err == nil || w.N != 5 {
		t.Errorf("wrote %d, %v, counted %d; want 4, an error and 5", n, err, w.N)
	}
}
