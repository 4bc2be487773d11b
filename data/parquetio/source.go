package parquetio

import (
	"fmt"
	"io"
)

// Source is parquet that is no file under its path: it was made of one of another format, or is on a server.
type Source struct {
	Path string // what messages call it: a file, or a URL
	// Bytes is the size of what the path names, which need not be that of the parquet.
	Bytes int64
	// Digest names the content of what is no file; "" of a file.
	Digest string
	Notes  []string // what of it is read otherwise than it is written
	// Open opens the parquet, and returns its size. It is called once for the footer and once for each scan.
	Open func() (Reader, int64, error)
}

// Reader is parquet that is open.
type Reader interface {
	io.ReaderAt
	io.Closer
}

// openSource reads the footer of a source.
func openSource(from Source) (*shard, error) {
	r, size, err := from.Open()
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	defer r.Close()
	s, err := readShard(from.Path, r, size)
	if err != nil {
		return nil, err
	}
	s.from = &from
	return s, nil
}

// open opens the source, whose size must be that of the footer.
func (from *Source) open(size int64) (Reader, error) {
	r, now, err := from.Open()
	if err != nil {
		return nil, err
	}
	if now != size {
		r.Close()
		return nil, fmt.Errorf("%s was replaced while the data was read: start again", from.Path)
	}
	return r, nil
}
