package importer

import (
	"errors"
	"fmt"
	"math"

	"t5train/data/table"
	"t5train/internal/atomicfile"
)

// DefaultShardBytes is the size at which datasets cuts files too.
const DefaultShardBytes = 500 << 20

// Split writes the rows of a split, in one file or several.
type Split struct {
	name, base string
	columns    []Column
	shardBytes int64
	paths      []string // of the shards so far
	file       *atomicfile.File
	writer     *Writer
	rows       int64
}

// Name returns the name of the split.
func (s *Split) Name() string { return s.name }

// Rows returns the number of rows so far.
func (s *Split) Rows() int64 { return s.rows }

// Write adds a row: a cell for each column.
func (s *Split) Write(cells []table.Cell) error {
	if s.writer.Bytes() >= s.shardBytes {
		if err := s.end(); err != nil {
			return err
		}
		if err := s.begin(); err != nil {
			return err
		}
	}
	s.rows++
	return s.failed(s.writer.Write(cells))
}

func (s *Split) begin() error {
	path := fmt.Sprintf("%s-%05d", s.base, len(s.paths))
	file, err := atomicfile.Create(path)
	if err != nil {
		return s.failed(err)
	}
	s.file = file
	s.paths = append(s.paths, path)
	if s.writer, err = NewWriter(file, s.columns); err != nil {
		return err
	}
	s.writer.groups.most = int(min(groupBytes, s.shardBytes, math.MaxInt32))
	return nil
}

// end completes the file that is open.
func (s *Split) end() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.failed(s.writer.Close()), s.close())
}

// close puts the file that is open on the disk.
func (s *Split) close() error {
	err := errors.Join(s.file.Sync(), s.file.Close())
	s.file = nil
	return s.failed(err)
}

// abandon closes the file that is open, if any.
func (s *Split) abandon() {
	if s.file != nil {
		s.file.Close()
	}
}

func (s *Split) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write split %s: %w", s.name, atomicfile.WithRemedy(err))
}
