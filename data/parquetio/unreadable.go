package parquetio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go/format"
)

// UnreadableError says why a column cannot be read though nothing of it is corrupt: it has an integer beyond 63 bits, a
// cell above the bound, an encoding of another time. Other columns of its file can be read.
type UnreadableError struct {
	Path, Column string
	RowGroup     int
	Reason       string
	TooLarge     bool // for a bound, which the reason says how to raise
}

func (e *UnreadableError) Error() string { return e.Reason }

// notRead returns an [UnreadableError] whose place [shard.columnError] fills in.
func notRead(format string, args ...any) error {
	return &UnreadableError{Reason: fmt.Sprintf(format, args...)}
}

// tooLarge is notRead of what is above a bound.
func tooLarge(format string, args ...any) error {
	return &UnreadableError{Reason: fmt.Sprintf(format, args...), TooLarge: true}
}

// columnError adds the place to an error of a column.
func (s *shard) columnError(column string, group int, err error) error {
	if err == nil {
		return nil
	}
	var u *UnreadableError
	if errors.As(err, &u) {
		u.Path, u.Column, u.RowGroup = s.path, column, group
	}
	return fmt.Errorf("read parquet: %s: column %s, row group %d: %w", s.path, column, group, err)
}

// CheckSizes reads the texts and lists of all columns but some, for a program that is going to read the files by other
// means. Anything above a bound is an error; columns that cannot be read for another reason are passed over.
func (d *Dataset) CheckSizes(ctx context.Context, except []string) error {
	for _, s := range d.shards {
		if err := s.checkSizes(ctx, d.limits, except); err != nil {
			return err
		}
	}
	return nil
}

func (s *shard) checkSizes(ctx context.Context, limits limits, except []string) error {
	f, err := s.open()
	if err != nil {
		return fmt.Errorf("read parquet: %w", err)
	}
	defer f.Close()
	for i := range s.columns {
		c := s.columns[i]
		if slices.Contains(except, c.Name) || c.physical != format.ByteArray && c.Lists == 0 && c.size <= limits.maxCell {
			continue
		}
		c.bytes, c.integer = stringCell, integerCell // of all types
		for g := range s.meta.RowGroups {
			err := s.passOver(ctx, f, g, &c, limits)
			var u *UnreadableError
			if err = s.columnError(c.Name, g, err); ctx.Err() != nil || errors.As(err, &u) && u.TooLarge {
				return err
			}
		}
	}
	return nil
}

// passOver reads a column of a row group.
func (s *shard) passOver(ctx context.Context, r io.ReaderAt, group int, c *shardColumn, limits limits) error {
	var expander decompressor
	defer expander.close()
	cells, err := newCellReader(s, r, group, c, limits, &expander)
	for row := int64(0); err == nil && row < s.meta.RowGroups[group].NumRows; row++ {
		if row%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		_, err = cells.next()
	}
	return err
}
