package page

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// canDecompress reports whether a codec can be read. LZ4 is not: the frames that it has are Hadoop's, and
// format.Lz4Raw has taken its place.
func canDecompress(codec format.CompressionCodec) bool {
	switch codec {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4Raw:
		return true
	}
	return false
}

// Expander decompresses the pages of a column, of one chunk after the other, into a buffer of exactly the size that the
// page header states: a page that expands to more is an error, not an allocation. Its zero value is ready.
type Expander struct {
	buffer []byte
	zstd   *zstd.Decoder
}

// Close frees what it holds.
func (d *Expander) Close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// expand returns src decompressed: src itself, or the buffer that the next call overwrites.
func (d *Expander) expand(codec format.CompressionCodec, src []byte, size int) ([]byte, error) {
	if codec == format.Uncompressed {
		return exactly(src, len(src), size)
	}
	if size == 0 {
		return nil, nil // some writers put no bytes at all for an empty page
	}
	if cap(d.buffer) < size {
		d.buffer = make([]byte, size)
	}
	dst := d.buffer[:size:size]
	switch codec {
	case format.Snappy:
		n, err := snappy.DecodedLen(src)
		if err != nil {
			return nil, err
		}
		if n != size {
			return exactly(nil, n, size)
		}
		return snappy.Decode(dst, src)
	case format.Lz4Raw:
		n, err := lz4.UncompressBlock(src, dst)
		if err != nil {
			return nil, err
		}
		return exactly(dst, n, size)
	case format.Gzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, err
		}
		return fill(dst, r)
	case format.Brotli:
		return fill(dst, brotli.NewReader(bytes.NewReader(src)))
	case format.Zstd:
		if d.zstd == nil {
			var err error
			d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
			if err != nil {
				return nil, err
			}
		}
		out, err := d.zstd.DecodeAll(src, dst[:0])
		if err != nil {
			return nil, err
		}
		return exactly(out, len(out), size)
	}
	return nil, fmt.Errorf("compression %v cannot be read", codec)
}

// fill reads dst to its last byte, and the stream to its end, which checks the stream's checksum.
func fill(dst []byte, r io.Reader) ([]byte, error) {
	n, err := io.ReadFull(r, dst)
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		return exactly(nil, n, len(dst))
	}
	if err != nil {
		return nil, err
	}
	var more [1]byte
	if _, err := io.ReadFull(r, more[:]); err != io.EOF {
		if err == nil {
			err = fmt.Errorf("page expands to more than the %d bytes that its header states", len(dst))
		}
		return nil, err
	}
	return dst, nil
}

func exactly(b []byte, got, want int) ([]byte, error) {
	if got != want {
		return nil, fmt.Errorf("page expands to %d bytes, its header states %d", got, want)
	}
	return b, nil
}
