package importer

import "github.com/parquet-go/parquet-go"

// GroupRows is the most rows of a row group, which is in memory until it is written, and for a reader the least that it
// can pass over.
const GroupRows = 10_000

const (
	groupBytes = 16 << 20 // of values, before encoding and compression
	valueBytes = 16       // of a value in memory, about, without a string's text
)

// Groups writes rows, and ends a row group when it has GroupRows rows or 16 MB of values: rows may be long.
type Groups struct {
	out         rowWriter
	most        int // bytes of a row group, but for the row that reaches it
	rows, bytes int // of the row group that is not written yet
}

// rowWriter is a parquet.GenericWriter of any type.
type rowWriter interface {
	parquet.RowWriter
	Flush() error
}

// NewGroups returns Groups of a file. The caller closes the file.
func NewGroups(out rowWriter) *Groups { return &Groups{out: out, most: groupBytes} }

// Write adds a row.
func (g *Groups) Write(row parquet.Row) error {
	if _, err := g.out.WriteRows([]parquet.Row{row}); err != nil {
		return err
	}
	g.rows++
	for _, v := range row {
		if v.IsNull() {
			continue
		}
		g.bytes += valueBytes
		if v.Kind() == parquet.ByteArray {
			g.bytes += len(v.ByteArray())
		}
	}
	if g.rows < GroupRows && g.bytes < g.most {
		return nil
	}
	g.rows, g.bytes = 0, 0
	return g.out.Flush()
}
