package parquetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
	"t5train/internal/bounded"
)

const (
	// maxPageBytes bounds a page, compressed or not. Writers aim at 1 MiB; a page of 1,024 documents (the batch
	// that pyarrow checks its size after) stays below 512 MiB up to half a megabyte a document.
	maxPageBytes = 512 << 20
	// Page headers take some 50 bytes, more where the smallest and the largest string of the page are in them.
	firstHeaderRead = 4 << 10
	maxHeaderBytes  = 64 << 20
)

// maxCellBytes bounds the text of one cell, which a page of a few compressed bytes may expand to: as much as that of a line
// of text. Whatever reads cells may hold several copies of one.
const maxCellBytes = 64 << 20

// limits bound what a page, the list of one row and the text of one cell may take, in bytes.
type limits struct{ maxPage, maxList, maxCell int }

// currentLimits returns the limits as the environment has raised them.
func currentLimits() (limits, error) {
	raised := [...]int64{maxPageBytes, maxListBytes, maxCellBytes}
	for i := range raised {
		var err error
		if raised[i], err = bounded.Raised(raised[i]); err != nil {
			return limits{}, err
		}
	}
	return limits{int(raised[0]), int(raised[1]), int(raised[2])}, nil
}

// columnReader reads the cells of one column chunk (one column of one row group) in row order.
type columnReader struct {
	column  *shardColumn
	r       io.ReaderAt
	at, end int64 // bytes of the chunk that are left
	codec   format.CompressionCodec
	limits
	expander *decompressor // the column's own

	raw         []byte // the page as stored
	dictionary  *dictionary
	behind      int64      // entries of the chunk behind the page
	left        int        // entries left in the page: values, nulls and empty lists
	repetitions *rleReader // nil for a column without lists
	definitions *rleReader // nil for a column that cannot be null
	values      valueReader
}

// newColumnReader reads the chunk of column in row group g, whose place is checked against the file's size.
func newColumnReader(s *shard, r io.ReaderAt, g int, column *shardColumn, limits limits, expander *decompressor) (*columnReader, error) {
	group := &s.meta.RowGroups[g]
	chunk := &group.Columns[column.leaf]
	meta := &chunk.MetaData
	switch {
	case chunk.FilePath != "":
		return nil, notRead("data lies in another file, %q: merge the files into one", chunk.FilePath)
	case chunk.CryptoMetadata.Value != nil:
		return nil, notRead("column is encrypted: decrypt it first")
	case !canDecompress(meta.Codec):
		return nil, notRead("compressed with %v, which cannot be read: rewrite the file, "+
			`e.g. with pyarrow: pq.write_table(pq.read_table(old), new, compression="zstd")`, meta.Codec)
	case meta.Type != column.physical:
		return nil, fmt.Errorf("stored as %v, the schema says %v: the file is corrupt", meta.Type, column.physical)
	case meta.NumValues < group.NumRows || column.Lists == 0 && meta.NumValues > group.NumRows:
		return nil, fmt.Errorf("%d values for %d rows: the file is corrupt", meta.NumValues, group.NumRows)
	}
	start := meta.DataPageOffset
	// Writers disagree on an absent dictionary's offset: some store 0, some that of the first data page.
	if d := meta.DictionaryPageOffset; d > 0 && d < start {
		start = d
	}
	if start < 0 || meta.TotalCompressedSize < 0 || start > s.size || meta.TotalCompressedSize > s.size-start {
		return nil, fmt.Errorf("bytes %d to %d+%d are outside the file of %d: is the file truncated?",
			start, start, meta.TotalCompressedSize, s.size)
	}
	return &columnReader{
		column: column, r: r, at: start, end: start + meta.TotalCompressedSize,
		codec: meta.Codec, behind: meta.NumValues, limits: limits, expander: expander,
	}, nil
}

// next returns the next cell of a column without lists.
func (c *columnReader) next() (table.Cell, error) {
	_, definition, err := c.entry()
	if err != nil || definition < c.column.definition {
		return table.Cell{}, err
	}
	return c.value()
}

// more says whether the chunk has another entry.
func (c *columnReader) more() bool { return c.left > 0 || c.behind > 0 }

// value reads the next value of the page.
func (c *columnReader) value() (table.Cell, error) {
	cell, err := c.values.next()
	if n := len(cell.Str); n > c.maxCell {
		return table.Cell{}, c.tooLargeCell(n)
	}
	return cell, err
}

func (c *columnReader) tooLargeCell(size int) error {
	return tooLarge("a cell has %d bytes of text or more, at most %d are read: cut it in several rows, leave the "+
		"column out, or %s", size, c.maxCell, bounded.Raise(int64(size)))
}

// entry moves to the next entry and returns its levels. With that of a value, it is to be read.
func (c *columnReader) entry() (repetition, definition int, err error) {
	for c.left == 0 {
		if err := recovered(c.page); err != nil {
			return 0, 0, err
		}
	}
	c.left--
	if c.repetitions != nil {
		if repetition, err = level(c.repetitions, len(c.column.lists)); err != nil {
			return 0, 0, err
		}
	}
	if c.definitions != nil {
		definition, err = level(c.definitions, c.column.definition)
	}
	return repetition, definition, err
}

func level(r *rleReader, highest int) (int, error) {
	v, err := r.next()
	if err == nil && int(v) > highest {
		err = fmt.Errorf("level %d of at most %d: the page is corrupt", v, highest)
	}
	return int(v), err
}

// page reads the next page. After a dictionary page, left stays 0.
func (c *columnReader) page() error {
	if c.at >= c.end {
		return errors.New("column ends before its last row: the file is corrupt")
	}
	var header format.PageHeader
	if err := c.header(&header); err != nil {
		return err
	}
	stored, expanded := int(header.CompressedPageSize), int(header.UncompressedPageSize)
	switch {
	case stored < 0 || expanded < 0 || int64(stored) > c.end-c.at:
		return fmt.Errorf("page of %d bytes (%d expanded) where the column has %d left: the file is corrupt", stored, expanded, c.end-c.at)
	case stored > c.maxPage || expanded > c.maxPage:
		return tooLarge("page of %d bytes (%d expanded), at most %d are read: rewrite the file with smaller pages, or %s",
			stored, expanded, c.maxPage, bounded.Raise(int64(max(stored, expanded))))
	}
	// Before the page is expanded: all its text may be of one cell.
	if least := leastCell(&header); c.column.physical == format.ByteArray && least > c.maxCell {
		return c.tooLargeCell(least)
	}
	if cap(c.raw) < stored {
		c.raw = make([]byte, stored)
	}
	raw := c.raw[:stored]
	if _, err := c.r.ReadAt(raw, c.at); err != nil {
		return fmt.Errorf("read page: %w", noEOF(err))
	}
	c.at += int64(stored)
	if header.CRC != 0 && uint32(header.CRC) != crc32.ChecksumIEEE(raw) {
		return fmt.Errorf("page has checksum %08x, its header says %08x: the file is corrupt", crc32.ChecksumIEEE(raw), uint32(header.CRC))
	}
	switch {
	case header.Type == format.DictionaryPage && header.DictionaryPageHeader.Valid:
		return c.dictionaryPage(&header.DictionaryPageHeader.V, raw, expanded)
	case header.Type == format.DataPage && header.DataPageHeader.Valid:
		return c.dataPageV1(&header.DataPageHeader.V, raw, expanded)
	case header.Type == format.DataPageV2 && header.DataPageHeaderV2.Valid:
		return c.dataPageV2(&header.DataPageHeaderV2.V, raw, expanded)
	case header.Type == format.IndexPage:
		return nil
	}
	return fmt.Errorf("page of type %v is corrupt", header.Type)
}

// leastCell returns the bytes that the largest cell of a page has at least, by the size of the page and the number of
// its entries.
func leastCell(header *format.PageHeader) int {
	const levels, length = 64 << 10, 64 // bytes that a page, and an entry, may have for more than its text
	entries := max(1, header.DictionaryPageHeader.V.NumValues, header.DataPageHeader.V.NumValues,
		header.DataPageHeaderV2.V.NumValues)
	return (int(header.UncompressedPageSize)-levels)/int(entries) - length
}

// header decodes the page header at c.at and moves behind it.
func (c *columnReader) header(header *format.PageHeader) error {
	for size := int64(firstHeaderRead); ; size *= 4 {
		size = min(size, c.end-c.at)
		b := make([]byte, size)
		if _, err := c.r.ReadAt(b, c.at); err != nil && !(err == io.EOF && size == c.end-c.at) {
			return fmt.Errorf("read page header: %w", noEOF(err))
		}
		n, err := decodeStruct(b, header)
		if err == nil {
			c.at += int64(n)
			return nil
		}
		if !errors.Is(err, errShort) || size == c.end-c.at || size >= maxHeaderBytes {
			return fmt.Errorf("decode page header: %w", err)
		}
	}
}

func (c *columnReader) dictionaryPage(header *format.DictionaryPageHeader, raw []byte, expanded int) error {
	//lint:ignore SA1019 old writers still mark dictionaries so
	if header.Encoding != format.Plain && header.Encoding != format.PlainDictionary {
		return notRead("dictionary in encoding %v cannot be read", header.Encoding)
	}
	body, err := c.expander.expand(c.codec, raw, expanded)
	if err != nil {
		return fmt.Errorf("expand dictionary: %w: the file is corrupt, copy or download it again", err)
	}
	c.dictionary, err = newDictionary(c.column, header.NumValues, body)
	return err
}

// dataPageV1 reads a page whose levels and values are compressed as one.
func (c *columnReader) dataPageV1(header *format.DataPageHeader, raw []byte, expanded int) error {
	body, err := c.expander.expand(c.codec, raw, expanded)
	if err != nil {
		return fmt.Errorf("expand page: %w: the file is corrupt, copy or download it again", err)
	}
	var repetitions, definitions []byte
	if len(c.column.lists) > 0 {
		if repetitions, body, err = levelsV1(header.RepetitionLevelEncoding, body); err != nil {
			return err
		}
	}
	if c.column.definition > 0 {
		if definitions, body, err = levelsV1(header.DefinitionLevelEncoding, body); err != nil {
			return err
		}
	}
	return c.begin(header.NumValues, header.Encoding, repetitions, definitions, body)
}

// levelsV1 cuts levels, which follow their 4-byte length, from the head of a page.
func levelsV1(encoding format.Encoding, body []byte) (levels, rest []byte, err error) {
	if encoding != format.RLE {
		return nil, nil, notRead("levels in encoding %v cannot be read", encoding)
	}
	if len(body) < 4 {
		return nil, nil, errEnd
	}
	size := uint64(binary.LittleEndian.Uint32(body))
	if body = body[4:]; size > uint64(len(body)) {
		return nil, nil, errEnd
	}
	return body[:size], body[size:], nil
}

// dataPageV2 reads a page whose levels lie uncompressed before the values.
func (c *columnReader) dataPageV2(header *format.DataPageHeaderV2, raw []byte, expanded int) error {
	repetition, definition := int(header.RepetitionLevelsByteLength), int(header.DefinitionLevelsByteLength)
	if repetition < 0 || definition < 0 || repetition+definition > min(len(raw), expanded) {
		return fmt.Errorf("levels of %d+%d bytes in a page of %d: the page is corrupt", repetition, definition, len(raw))
	}
	repetitions, definitions := raw[:repetition], raw[repetition:repetition+definition]
	body := raw[repetition+definition:]
	if !header.IsCompressed.Valid || header.IsCompressed.V { // absent means compressed
		var err error
		if body, err = c.expander.expand(c.codec, body, expanded-repetition-definition); err != nil {
			return fmt.Errorf("expand page: %w: the file is corrupt, copy or download it again", err)
		}
	}
	return c.begin(header.NumValues, header.Encoding, repetitions, definitions, body)
}

// begin starts to read a page of count entries. Levels and body may lie in the column's buffers: the next page
// overwrites them, and is read only after the last value of this one.
func (c *columnReader) begin(count int32, encoding format.Encoding, repetitions, definitions, body []byte) error {
	if count < 0 || int64(count) > c.behind {
		return fmt.Errorf("page of %d values where the column has %d left: the file is corrupt", count, c.behind)
	}
	values, err := newValueReader(c.column, encoding, body, c.dictionary)
	if err != nil {
		return err
	}
	c.behind -= int64(count)
	c.left, c.values = int(count), values
	c.repetitions = levelReader(repetitions, len(c.column.lists))
	c.definitions = levelReader(definitions, c.column.definition)
	return nil
}

// levelReader reads levels from 0 to highest, or is nil where there is only one.
func levelReader(src []byte, highest int) *rleReader {
	if highest == 0 {
		return nil
	}
	return &rleReader{src: src, width: bits.Len(uint(highest))}
}

// noEOF reports the end of a file in the middle of a value as what it is.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
