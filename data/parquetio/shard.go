package parquetio

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/parquetio/page"
	"t5train/internal/lfs"
)

const (
	magic          = "PAR1"
	magicEncrypted = "PARE"
)

// shard is the footer of one file. It holds no open file.
type shard struct {
	path    string
	file    os.FileInfo // nil for what is no file:
	from    *Source     // which has its parquet
	size    int64
	meta    *format.FileMetaData
	rows    int64         // of all row groups
	columns []shardColumn // the leaves
	byName  map[string]int
	broken  error // of the huggingface metadata
}

// openShard reads and checks the footer of a file.
func openShard(path string) (*shard, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open parquet: %s is no regular file", path)
	}
	s, err := readShard(path, f, info.Size())
	if err == nil {
		s.file = info
	}
	return s, err
}

// open opens the file, which must be the one that the footer is of.
func (s *shard) open() (Reader, error) {
	if s.from != nil {
		return s.from.open(s.size)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !(os.SameFile(info, s.file) && info.Size() == s.size) {
		err = fmt.Errorf("%s was replaced while the data was read: start again", s.path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func readShard(path string, r io.ReaderAt, size int64) (*shard, error) {
	s := &shard{path: path, size: size, meta: new(format.FileMetaData)}
	if err := page.Recovered(func() error { return s.readFooter(r) }); err != nil {
		return nil, fmt.Errorf("open parquet: %s: %w", path, err)
	}
	return s, nil
}

// readFooter reads a file from its end: <thrift FileMetaData> <its length, 4 bytes> PAR1.
func (s *shard) readFooter(r io.ReaderAt) error {
	const tail = 8
	if err := lfs.CheckFile(r); err != nil {
		return err
	}
	if s.size < int64(len(magic))+tail {
		return fmt.Errorf("%d bytes are too few for a parquet file: is the file truncated?%s", s.size,
			importWay(s.path, r))
	}
	var head [4]byte
	var end [tail]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return err
	}
	if _, err := r.ReadAt(end[:], s.size-tail); err != nil && err != io.EOF {
		return err
	}
	switch {
	case string(end[4:]) == magicEncrypted:
		return fmt.Errorf("the file is encrypted: decrypt it first")
	case string(head[:]) != magic:
		return fmt.Errorf("starts with %q, want %q: not a parquet file%s", head[:], magic, importWay(s.path, r))
	case string(end[4:]) != magic:
		return fmt.Errorf("ends with %q, want %q: is the file truncated?", end[4:], magic)
	}
	length := int64(binary.LittleEndian.Uint32(end[:4]))
	if length > s.size-tail-int64(len(magic)) {
		return fmt.Errorf("footer of %d bytes in a file of %d: the file is corrupt", length, s.size)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, s.size-tail-length); err != nil {
		return err
	}
	if _, err := page.Decode(footer, s.meta); err != nil {
		return fmt.Errorf("decode the footer: %w", err)
	}
	return s.checkFooter()
}

func (s *shard) checkFooter() error {
	columns, err := schemaColumns(s.meta.Schema)
	if err != nil {
		return err
	}
	s.columns, s.byName = columns, make(map[string]int, len(columns))
	for i, c := range columns {
		s.byName[c.Name] = i
	}
	for g := range s.meta.RowGroups {
		group := &s.meta.RowGroups[g]
		if len(group.Columns) != len(columns) {
			return fmt.Errorf("row group %d has %d columns, the schema %d: the file is corrupt", g,
				len(group.Columns), len(columns))
		}
		if group.NumRows < 0 || s.rows+group.NumRows < s.rows {
			return fmt.Errorf("row group %d claims %d rows: the file is corrupt", g, group.NumRows)
		}
		s.rows += group.NumRows
	}
	// Some writers leave the footer's own count at 0.
	if s.meta.NumRows != 0 && s.meta.NumRows != s.rows {
		return fmt.Errorf("footer counts %d rows, its row groups %d: the file is corrupt", s.meta.NumRows, s.rows)
	}
	for _, entry := range s.meta.KeyValueMetadata {
		if entry.Key != "huggingface" {
			continue
		}
		var labels map[string][]string
		labels, s.broken = classLabels(entry.Value)
		for i := range s.columns {
			s.columns[i].ClassLabels = labels[s.columns[i].Name]
		}
	}
	return nil
}

// column returns the column of that name, or nil.
func (s *shard) column(name string) *shardColumn {
	i, ok := s.byName[name]
	if !ok {
		return nil
	}
	return &s.columns[i]
}
