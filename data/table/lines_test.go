package table

import (
	"errors"
	"io"
	"testing"
)

// A line that is there is given before anything else comes, however short it is: its writer may wait for an answer.
func TestEachLineDoesNotWait(t *testing.T) {
	for first, want := range map[string]string{"": "", "a": "a", "ab": "ab", "\ufeffa": "a"} {
		r, w := io.Pipe()
		defer w.Close()
		go func() { _, _ = io.WriteString(w, first+"\n") }()
		seen := errors.New("seen")
		err := EachLine(t.Context(), r, func(number int, line string) error {
			if number != 1 || line != want {
				t.Errorf("line %d is %q, want %q", number, line, want)
			}
			return seen
		})
		if err != seen {
			t.Error(err)
		}
	}
}
