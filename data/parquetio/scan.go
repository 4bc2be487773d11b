package parquetio

import (
	"context"
	"errors"
	"io"

	"t5train/data/table"
)

// span says which rows of a shard to read: its first row has the number start, and those before first are left out.
type span struct{ start, first int64 }

// cellReader hands out the cells of one column of one row group.
type cellReader interface {
	next() (table.Cell, error)
	more() bool // whether a cell follows
}

func newCellReader(s *shard, r io.ReaderAt, g int, column *shardColumn, limits limits, expander *decompressor) (cellReader, error) {
	c, err := newColumnReader(s, r, g, column, limits, expander)
	switch {
	case err != nil:
		return nil, err
	case column.Lists > 0:
		return &listReader{columnReader: c}, nil
	}
	return c, nil
}

// scan reads the columns of one shard from r.
func (s *shard) scan(ctx context.Context, r io.ReaderAt, limits limits, columns []string, rows span, yield func(int64, []table.Cell) error) error {
	expanders := make([]decompressor, len(columns))
	defer func() {
		for i := range expanders {
			expanders[i].close()
		}
	}()
	cells := make([]table.Cell, len(columns))
	readers := make([]cellReader, len(columns))
	row := rows.start
	for g := range s.meta.RowGroups {
		if size := s.meta.RowGroups[g].NumRows; size == 0 || row+size <= rows.first {
			row += size
			continue
		}
		for i, name := range columns {
			var err error
			if readers[i], err = newCellReader(s, r, g, s.column(name), limits, &expanders[i]); err != nil {
				return s.columnError(name, g, err)
			}
		}
		for n := range s.meta.RowGroups[g].NumRows {
			if n%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			for i := range readers {
				var err error
				if cells[i], err = readers[i].next(); err != nil {
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
			if readers[i].more() {
				return s.columnError(columns[i], g, errors.New("column goes on after its last row: the file is corrupt"))
			}
		}
	}
	return nil
}
