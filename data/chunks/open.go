package chunks

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"

	"t5train/internal/mmap"
)

// Store is an open store. Its methods but Close may be called at the same time.
type Store struct {
	dir       string
	manifest  Manifest
	tokens    mapping
	documents mapping
}

// entryBytes is the size of an entry of the file of documents: the tokens and the bytes of text up to the document's
// end.
const entryBytes = 16

// open opens the store in a folder such as DIR/tokens-3fa9c1d2e4b7a812 and reads it once from end to end, which takes
// as long as the disk does, to see that it is whole.
func open(ctx context.Context, dir string, o Options) (*Store, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if m.Done < m.Rows {
		return nil, fmt.Errorf("%s holds %d of %d rows: make it complete with the command that began it", dir,
			m.Done, m.Rows)
	}
	s := &Store{dir: dir, manifest: m}
	check := &reading{o: o, total: m.tokenBytes() + m.documentBytes()}
	if s.documents, err = openFile(ctx, dir, documentsName, m.documentBytes(), m.DocumentsCRC, check,
		new(entries).check); err != nil {
		return nil, err
	}
	if s.tokens, err = openFile(ctx, dir, tokensName, m.tokenBytes(), m.TokensCRC, check, nil); err == nil {
		err = s.checkTotals()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// mapping is a file in memory.
type mapping struct {
	data  []byte
	unmap func() error
}

func (m *mapping) close() error {
	if m.unmap == nil {
		return nil
	}
	unmap := m.unmap
	*m = mapping{}
	return unmap()
}

// reading tells how much of a store has been checked.
type reading struct {
	o           Options
	done, total int64
}

// openFile checks size and CRC-32C of a file and what visit, if any, says about it a MiB at a time; then it maps it. It
// is checked through reads, not through the mapping: pages that are mapped count as memory of this process.
func openFile(ctx context.Context, dir, name string, size int64, sum uint32, r *reading,
	visit func([]byte) error) (mapping, error) {
	path := filepath.Join(dir, name)
	f, err := os.Open(path)
	if err != nil {
		return mapping{}, fmt.Errorf("%w: %s", err, damaged)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return mapping{}, err
	}
	if info.Size() != size {
		return mapping{}, fmt.Errorf("%s has %d bytes, want %d: %s", path, info.Size(), size, damaged)
	}
	if size > math.MaxInt {
		return mapping{}, fmt.Errorf("%s: %d bytes do not fit the address space of this machine", path, size)
	}
	crc := uint32(0)
	err = inChunks(ctx, f, func(chunk []byte) error {
		crc = updateCRC(crc, chunk)
		r.done += int64(len(chunk))
		r.o.phases.Progress("check token store", "bytes", r.done, r.total)
		if visit != nil {
			return visit(chunk)
		}
		return nil
	})
	if err == nil && crc != sum {
		err = fmt.Errorf("checksum %08x, want %08x: the file is damaged: %s", crc, sum, damaged)
	}
	if err != nil {
		return mapping{}, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return mapping{}, err
	}
	data, unmap, err := mmap.Map(f, int(size))
	if err != nil {
		return mapping{}, fmt.Errorf("%s: %w", path, err)
	}
	mmap.Random(data) // as the order of an epoch is
	return mapping{data, unmap}, nil
}

// entries checks the file of documents: each has a token or more, and no end lies before the one of its predecessor.
type entries struct{ tokens, bytes uint64 }

func (e *entries) check(chunk []byte) error {
	for ; len(chunk) >= entryBytes; chunk = chunk[entryBytes:] {
		tokens, bytes := binary.LittleEndian.Uint64(chunk), binary.LittleEndian.Uint64(chunk[8:])
		if tokens <= e.tokens || bytes < e.bytes || tokens > math.MaxInt64 || bytes > math.MaxInt64 {
			return fmt.Errorf("a document ends at token %d and byte %d of text, after one that ends at %d and %d: %s",
				tokens, bytes, e.tokens, e.bytes, damaged)
		}
		e.tokens, e.bytes = tokens, bytes
	}
	return nil
}

// checkTotals compares the end of the last document with the counts.
func (s *Store) checkTotals() error {
	tokens, bytes := s.end(s.manifest.Documents)
	if tokens != s.manifest.Tokens || bytes != s.manifest.TextBytes {
		return fmt.Errorf("%s: the documents have %d tokens and %d bytes of text, %s says %d and %d: %s",
			s.dir, tokens, bytes, manifestName, s.manifest.Tokens, s.manifest.TextBytes, damaged)
	}
	return nil
}

// Close ends the use of the store and of its cuts. A second Close does nothing.
func (s *Store) Close() error {
	err := s.tokens.close()
	if closeErr := s.documents.close(); err == nil {
		err = closeErr
	}
	return err
}

// Dir returns the folder of the store.
func (s *Store) Dir() string { return s.dir }

// Manifest returns what the store was made of and what it holds.
func (s *Store) Manifest() Manifest { return s.manifest }

// end returns the tokens and the bytes of text of the first n documents.
func (s *Store) end(n int64) (tokens, bytes int64) {
	if n == 0 {
		return 0, 0
	}
	entry := s.documents.data[(n-1)*entryBytes : n*entryBytes]
	return int64(binary.LittleEndian.Uint64(entry)), int64(binary.LittleEndian.Uint64(entry[8:]))
}

// appendTokens appends the tokens from start to end, end not included, to into.
func (s *Store) appendTokens(into []int32, start, end int64) []int32 {
	if s.manifest.width() == 2 {
		for data := s.tokens.data[2*start : 2*end]; len(data) >= 2; data = data[2:] {
			into = append(into, int32(binary.LittleEndian.Uint16(data)))
		}
		return into
	}
	for data := s.tokens.data[4*start : 4*end]; len(data) >= 4; data = data[4:] {
		into = append(into, int32(binary.LittleEndian.Uint32(data)))
	}
	return into
}

// updateCRC is CRC-32C (Castagnoli), which processors have an instruction for.
func updateCRC(crc uint32, data []byte) uint32 {
	return crc32.Update(crc, crc32.MakeTable(crc32.Castagnoli), data)
}
