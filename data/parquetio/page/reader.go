package page

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
	"t5train/internal/bounded"
)

// Page headers take some 50 bytes, more where the smallest and the largest string of the page are in them.
const (
	firstHeaderRead = 4 << 10
	maxHeaderBytes  = 64 << 20
)

// Column is how a file stores the values of a leaf of its schema.
type Column struct {
	Type
	Definition int   // level of an entry that holds a value
	Lists      []int // definition level of each list's emptiness, from the outermost: below it, the list is null
}

// File is where pages are.
type File struct {
	io.ReaderAt
	Size   int64
	Limits Limits
}

// Reader hands out the cells of one column of one row group. It is not safe for concurrent use.
type Reader interface {
	Next() (table.Cell, error)
	More() bool // whether a cell follows
}

// reader reads a column without lists.
type reader struct {
	column  *Column
	r       io.ReaderAt
	at, end int64 // bytes of the chunk that are left
	codec   format.CompressionCodec
	Limits
	expander *Expander // the column's own

	raw         []byte // the page as stored
	dictionary  *dictionary
	behind      int64      // entries of the chunk behind the page
	left        int        // entries left in the page: values, nulls and empty lists
	repetitions *rleReader // nil for a column without lists
	definitions *rleReader // nil for a column that cannot be null
	values      values
}

// Chunk reads a column, whose place among the leaves of the schema is leaf, of a row group. The expander is the
// column's own.
func (f File) Chunk(group *format.RowGroup, leaf int, column *Column, expander *Expander) (Reader, error) {
	r, err := f.chunk(group, leaf, column, expander)
	if err == nil && len(column.Lists) > 0 {
		return &listReader{reader: r}, nil
	}
	return r, err
}

func (f File) chunk(group *format.RowGroup, leaf int, column *Column, expander *Expander) (*reader, error) {
	chunk := &group.Columns[leaf]
	meta := &chunk.MetaData
	switch {
	case chunk.FilePath != "":
		return nil, notRead("data lies in another file, %q: merge the files into one", chunk.FilePath)
	case chunk.CryptoMetadata.Value != nil:
		return nil, notRead("column is encrypted: decrypt it first")
	case !canDecompress(meta.Codec):
		return nil, notRead("compressed with %v, which cannot be read: rewrite the file, "+
			`e.g. with pyarrow: pq.write_table(pq.read_table(old), new, compression="zstd")`, meta.Codec)
	case meta.Type != column.Physical:
		return nil, fmt.Errorf("stored as %v, the schema says %v: the file is corrupt", meta.Type, column.Physical)
	case meta.NumValues < group.NumRows || len(column.Lists) == 0 && meta.NumValues > group.NumRows:
		return nil, fmt.Errorf("%d values for %d rows: the file is corrupt", meta.NumValues, group.NumRows)
	}
	start := meta.DataPageOffset
	// Writers disagree on an absent dictionary's offset: some store 0, some that of the first data page.
	if d := meta.DictionaryPageOffset; d > 0 && d < start {
		start = d
	}
	if start < 0 || meta.TotalCompressedSize < 0 || start > f.Size || meta.TotalCompressedSize > f.Size-start {
		return nil, fmt.Errorf("bytes %d to %d+%d are outside the file of %d: is the file truncated?",
			start, start, meta.TotalCompressedSize, f.Size)
	}
	return &reader{
		column: column, r: f, at: start, end: start + meta.TotalCompressedSize,
		codec: meta.Codec, behind: meta.NumValues, Limits: f.Limits, expander: expander,
	}, nil
}

// Next returns the next cell.
func (c *reader) Next() (table.Cell, error) {
	_, definition, err := c.entry()
	if err != nil || definition < c.column.Definition {
		return table.Cell{}, err
	}
	return c.value()
}

// More reports whether the chunk has another entry.
func (c *reader) More() bool { return c.left > 0 || c.behind > 0 }

// value reads the next value of the page.
func (c *reader) value() (table.Cell, error) {
	cell, err := c.values()
	if n := len(cell.Str); n > c.Cell {
		return table.Cell{}, c.tooLargeCell(n)
	}
	return cell, err
}

func (c *reader) tooLargeCell(size int) error {
	return tooLarge("a cell has %d bytes of text or more, at most %d are read: cut it in several rows, leave the "+
		"column out, or %s", size, c.Cell, bounded.Raise(int64(size)))
}

// entry moves to the next entry and returns its levels. With that of a value, it is to be read.
func (c *reader) entry() (repetition, definition int, err error) {
	for c.left == 0 {
		if err := Recovered(c.page); err != nil {
			return 0, 0, err
		}
	}
	c.left--
	if c.repetitions != nil {
		if repetition, err = level(c.repetitions, len(c.column.Lists)); err != nil {
			return 0, 0, err
		}
	}
	if c.definitions != nil {
		definition, err = level(c.definitions, c.column.Definition)
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
func (c *reader) page() error {
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
		return fmt.Errorf("page of %d bytes (%d expanded) where the column has %d left: the file is corrupt",
			stored, expanded, c.end-c.at)
	case stored > c.Page || expanded > c.Page:
		return tooLarge("page of %d bytes (%d expanded), at most %d are read: rewrite the file with smaller pages, "+
			"or %s",
			stored, expanded, c.Page, bounded.Raise(int64(max(stored, expanded))))
	}
	// Before the page is expanded: all its text may be of one cell.
	if least := leastCell(&header); c.column.Physical == format.ByteArray && least > c.Cell {
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
	if sum, want := crc32.ChecksumIEEE(raw), uint32(header.CRC); want != 0 && sum != want {
		return fmt.Errorf("page has checksum %08x, its header says %08x: the file is corrupt", sum, want)
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
func (c *reader) header(header *format.PageHeader) error {
	for size := int64(firstHeaderRead); ; size *= 4 {
		size = min(size, c.end-c.at)
		b := make([]byte, size)
		if _, err := c.r.ReadAt(b, c.at); err != nil && !(err == io.EOF && size == c.end-c.at) {
			return fmt.Errorf("read page header: %w", noEOF(err))
		}
		n, err := Decode(b, header)
		if err == nil {
			c.at += int64(n)
			return nil
		}
		if !errors.Is(err, errShort) || size == c.end-c.at || size >= maxHeaderBytes {
			return fmt.Errorf("decode page header: %w", err)
		}
	}
}

func (c *reader) dictionaryPage(header *format.DictionaryPageHeader, raw []byte, expanded int) error {
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
func (c *reader) dataPageV1(header *format.DataPageHeader, raw []byte, expanded int) error {
	body, err := c.expander.expand(c.codec, raw, expanded)
	if err != nil {
		return fmt.Errorf("expand page: %w: the file is corrupt, copy or download it again", err)
	}
	var repetitions, definitions []byte
	if len(c.column.Lists) > 0 {
		if repetitions, body, err = levelsV1(header.RepetitionLevelEncoding, body); err != nil {
			return err
		}
	}
	if c.column.Definition > 0 {
		if definitions, body, err = levelsV1(header.DefinitionLevelEncoding, body); err != nil {
			return err
		}
	}
	return c.begin(header.NumValues, header.Encoding, repetitions, definitions, body)
}

// levelsV1 cuts levels from the head of a page.
func levelsV1(encoding format.Encoding, body []byte) (levels, rest []byte, err error) {
	if encoding != format.RLE {
		return nil, nil, notRead("levels in encoding %v cannot be read", encoding)
	}
	return cutBytes(body)
}

// dataPageV2 reads a page whose levels lie uncompressed before the values.
func (c *reader) dataPageV2(header *format.DataPageHeaderV2, raw []byte, expanded int) error {
	repetition, definition := int(header.RepetitionLevelsByteLength), int(header.DefinitionLevelsByteLength)
	if repetition < 0 || definition < 0 || repetition+definition > min(len(raw), expanded) {
		return fmt.Errorf("levels of %d+%d bytes in a page of %d: the page is corrupt", repetition, definition,
			len(raw))
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
func (c *reader) begin(count int32, encoding format.Encoding, repetitions, definitions, body []byte) error {
	if count < 0 || int64(count) > c.behind {
		return fmt.Errorf("page of %d values where the column has %d left: the file is corrupt", count, c.behind)
	}
	values, err := newValues(c.column, encoding, body, c.dictionary)
	if err != nil {
		return err
	}
	c.behind -= int64(count)
	c.left, c.values = int(count), values
	c.repetitions = levelReader(repetitions, len(c.column.Lists))
	c.definitions = levelReader(definitions, c.column.Definition)
	return nil
}

// noEOF reports the end of a file in the middle of a value as what it is.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
