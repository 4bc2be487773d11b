package page

import (
	"fmt"

	"t5train/internal/bounded"
)

// Limits bound what a page, the list of one row and the text of one cell may take, in bytes.
type Limits struct{ Page, List, Cell int }

const (
	// maxPageBytes bounds a page, compressed or not. Writers aim at 1 MiB; a page of 1,024 documents (the batch
	// that pyarrow checks its size after) stays below 512 MiB up to half a megabyte a document.
	maxPageBytes = 512 << 20
	// maxListBytes bounds the cells of one row's list, which a few bytes of run-lengths may repeat without end: two
	// million numbers, or the text of a hundred books.
	maxListBytes = 128 << 20
	// maxCellBytes bounds the text of one cell, which a page of a few compressed bytes may expand to: as much as that
	// of a line of text. Whatever reads cells may hold several copies of one.
	maxCellBytes = 64 << 20
)

// CurrentLimits returns the limits as the environment has raised them.
func CurrentLimits() (Limits, error) {
	raised := [...]int64{maxPageBytes, maxListBytes, maxCellBytes}
	for i := range raised {
		var err error
		if raised[i], err = bounded.Raised(raised[i]); err != nil {
			return Limits{}, err
		}
	}
	return Limits{int(raised[0]), int(raised[1]), int(raised[2])}, nil
}

// UnreadableError says why a column cannot be read though nothing of it is corrupt: it has an integer beyond 63 bits, a
// cell above the bound, an encoding of another time. Other columns of its file can be read.
type UnreadableError struct {
	Path, Column string // which, as RowGroup, whoever opens the file adds
	RowGroup     int
	Reason       string
	TooLarge     bool // for a bound, which the reason says how to raise
}

func (e *UnreadableError) Error() string { return e.Reason }

func notRead(format string, args ...any) error {
	return &UnreadableError{Reason: fmt.Sprintf(format, args...)}
}

// tooLarge is notRead of what is above a bound.
func tooLarge(format string, args ...any) error {
	return &UnreadableError{Reason: fmt.Sprintf(format, args...), TooLarge: true}
}

// Recovered calls f and turns a panic, which only a library on corrupt bytes raises, into an error.
func Recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is corrupt: %v", p)
		}
	}()
	return f()
}
