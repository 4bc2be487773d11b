package parquetio

import (
	"errors"
	"fmt"
)

// UnreadableError says why a column cannot be read though nothing of it is corrupt: it has an integer beyond 63 bits, a
// cell above the bound, an encoding of another time. Other columns of its file can be read.
type UnreadableError struct {
	Path, Column string
	RowGroup     int
	Reason       string
}

func (e *UnreadableError) Error() string { return e.Reason }

// notRead returns an [UnreadableError] whose place [shard.columnError] fills in.
func notRead(format string, args ...any) error {
	return &UnreadableError{Reason: fmt.Sprintf(format, args...)}
}

// columnError adds the place to an error of a column.
func (s *shard) columnError(column string, group int, err error) error {
	var u *UnreadableError
	if errors.As(err, &u) {
		u.Path, u.Column, u.RowGroup = s.path, column, group
	}
	return fmt.Errorf("read parquet: %s: column %s, row group %d: %w", s.path, column, group, err)
}
