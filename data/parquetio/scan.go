package parquetio

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/parquetio/page"
	"t5train/data/table"
)

// span says which rows of a shard to read: its first row has the number start, and those before first are left out.
type span struct{ start, first int64 }

// chunk reads a column of row group g of file.
func (s *shard) chunk(file page.File, g int, c *shardColumn, expander *page.Expander) (page.Reader, error) {
	return file.Chunk(&s.meta.RowGroups[g], c.leaf, &c.stored, expander)
}

// scan reads the columns of one shard from file.
func (s *shard) scan(
	ctx context.Context, file page.File, columns []string, rows span, yield func(int64, []table.Cell) error,
) error {
	expanders := make([]page.Expander, len(columns))
	defer func() {
		for i := range expanders {
			expanders[i].Close()
		}
	}()
	cells := make([]table.Cell, len(columns))
	readers := make([]page.Reader, len(columns))
	row := rows.start
	for g := range s.meta.RowGroups {
		if size := s.meta.RowGroups[g].NumRows; size == 0 || row+size <= rows.first {
			row += size
			continue
		}
		for i, name := range columns {
			var err error
			if readers[i], err = s.chunk(file, g, s.column(name), &expanders[i]); err != nil {
				return s.columnError(name, g, err)
			}
		}
		for n := range s.meta.RowGroups[g].NumRows {
			if n%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			for i := range readers {
				var err error
				if cells[i], err = readers[i].Next(); err != nil {
					return s.columnError(columns[i], g, err)
				}
			}
			if row >= rows.first {
				if err := yield(row, cells); err != nil {
					return err
				}
			}
			row++
		}
		for i := range readers {
			if readers[i].More() {
				return s.columnError(columns[i], g, errors.New("column goes on after its last row: the file is "+
					"corrupt"))
			}
		}
	}
	return nil
}

// UnreadableError says why a column cannot be read though nothing of it is corrupt.
type UnreadableError = page.UnreadableError

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
		err := d.read(s, func(file page.File) error { return s.checkSizes(ctx, file, except) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *shard) checkSizes(ctx context.Context, file page.File, except []string) error {
	for i := range s.columns {
		c := s.columns[i]
		fits := c.stored.Physical != format.ByteArray && c.Lists == 0 && c.stored.Size <= file.Limits.Cell
		if fits || slices.Contains(except, c.Name) {
			continue
		}
		c.stored.Type = c.stored.Raw()
		for g := range s.meta.RowGroups {
			err := s.columnError(c.Name, g, s.passOver(ctx, file, g, &c))
			var u *UnreadableError
			if ctx.Err() != nil || errors.As(err, &u) && u.TooLarge {
				return err
			}
		}
	}
	return nil
}

// passOver reads a column of a row group.
func (s *shard) passOver(ctx context.Context, file page.File, group int, c *shardColumn) error {
	var expander page.Expander
	defer expander.Close()
	cells, err := s.chunk(file, group, c, &expander)
	for row := int64(0); err == nil && row < s.meta.RowGroups[group].NumRows; row++ {
		if row%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		_, err = cells.Next()
	}
	return err
}
