package dataset

import (
	"context"
	"fmt"
	"io"

	"t5train/data/parquetio"
	"t5train/data/remote"
	"t5train/data/table"
)

// Files are rows that a user names: files of parquet, or of other formats.
type Files struct {
	Set    *parquetio.Dataset // nil: Inputs
	Inputs []table.Input
	Stdin  io.Reader // what the path - is
}

// Scan calls yield for each row that has any of the columns, in order, with null for the others. at says where the row
// stands; cells are valid until yield returns. A column that a file lacks is an error, of other formats than parquet a
// [table.MissingColumnError].
func (f Files) Scan(
	ctx context.Context, columns []string, yield func(at func() string, cells []table.Cell) error,
) error {
	if f.Set != nil {
		return f.Set.Scan(ctx, columns, func(row int64, cells []table.Cell) error {
			return yield(func() string {
				path, inFile := f.Set.Locate(row)
				return fmt.Sprintf("%s, row %d (the first is 0)", path, inFile)
			}, cells)
		})
	}
	for _, in := range f.Inputs {
		if err := f.scan(ctx, in, columns, yield); err != nil {
			return err
		}
	}
	return nil
}

func (f Files) scan(
	ctx context.Context, in table.Input, columns []string, yield func(at func() string, cells []table.Cell) error,
) error {
	r, done, err := OpenFile(in.Path, f.Stdin)
	if err != nil {
		return err
	}
	defer done()
	options, _ := table.ReadOptions{}.Sniff(in)
	return table.ReadColumns(ctx, r, in, options, columns, func(line int, cells []table.Cell) error {
		return yield(func() string { return fmt.Sprintf("%s, line %d", in.Path, line) }, cells)
	})
}

// OpenFile opens a file that is no parquet; the path - is stdin.
func OpenFile(path string, stdin io.Reader) (r io.Reader, done func() error, err error) {
	if path == "-" {
		return stdin, func() error { return nil }, nil
	}
	if remote.IsURL(path) {
		return nil, nil, errRemote(path)
	}
	f, err := table.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}
