package table

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"t5train/internal/bounded"
	"t5train/internal/visible"
)

// maxRowBytes bounds a row in memory, as [bounded.Raised]. A quote that is not closed makes a row of the rest of its
// file.
const maxRowBytes = 64 << 20

// text reads a file without its byte order mark. Bytes that are not UTF-8 are an error; with skip they are not, and the
// caller checks each line.
type text struct {
	r     io.Reader
	limit int64 // of a row, in bytes
	skip  func(BadLine) error
	begun bool
	err   error  // that ended the text: a json.Decoder may pass over an error once
	part  []byte // of a character that the next bytes complete
	line  int    // that the next byte is on, from 1

	offset   int64   // of the next byte, without the mark
	rowStart int64   // where the row begins that is being read,
	rowLine  int     // and on which line
	breaks   []int64 // offsets of the ends of lines behind rowStart
}

func newText(r io.Reader) *text {
	limit, err := bounded.Raised(maxRowBytes)
	return &text{r: r, limit: limit, err: err, line: 1, rowLine: 1}
}

// Read hands out what is good. An error says the line.
func (t *text) Read(p []byte) (n int, err error) {
	if t.err == nil {
		n, t.err = t.read(p)
	}
	return n, t.err
}

func (t *text) read(p []byte) (int, error) {
	if !t.begun {
		t.begun = true
		if err := t.begin(); err != nil {
			return 0, err
		}
	}
	if t.offset-t.rowStart > t.limit {
		return 0, fmt.Errorf("line %d: a row of more than %d KB begins here: is a quote or a bracket not closed, or "+
			"is the format another one? If the row is right, %s", t.rowLine, t.limit>>10, bounded.Raise(2*t.limit))
	}
	n, err := t.r.Read(p)
	good, bad := n, error(nil)
	if t.skip == nil {
		good, bad = t.check(p[:n])
	}
	for at, next := 0, 0; ; at += next + 1 {
		if next = bytes.IndexByte(p[at:good], '\n'); next < 0 {
			break
		}
		t.breaks = append(t.breaks, t.offset+int64(at+next))
		t.line++
	}
	t.offset += int64(good)
	if bad == nil && err == io.EOF && len(t.part) > 0 {
		bad = badByte(t.line, t.part[0])
	}
	if bad != nil {
		return good, bad
	}
	return good, err
}

// escapeFirstLine makes escapes of bytes of the first line that are no UTF-8, as parquetio does in names of columns,
// and reports whether there are any. A line of more than 64 KB, and one of UTF-16, stays as it is.
func (t *text) escapeFirstLine() bool {
	in := bufio.NewReaderSize(t.r, 1<<16)
	head, _ := in.ReadSlice('\n') // an error comes again, or is not one: a line may be long or the last
	line := string(head)
	escape := !utf8.ValidString(line) && !strings.HasPrefix(line, "\xff\xfe") && !strings.HasPrefix(line, "\xfe\xff") &&
		len(line) < 1<<16
	if escape {
		line = visible.UTF8(line)
	}
	t.r = io.MultiReader(strings.NewReader(line), in)
	return escape
}

// begin passes over a byte order mark, and refuses that of another encoding.
func (t *text) begin() error {
	var begin []byte
	// No byte is waited for that is none of a mark: the first line may be short, and its writer wait for an answer.
	for maybe := true; maybe && len(begin) < 3; {
		var next [1]byte
		_, err := io.ReadFull(t.r, next[:])
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		begin = append(begin, next[0])
		maybe = slices.ContainsFunc([]string{"\ufeff", "\xff\xfe", "\xfe\xff"}, func(mark string) bool {
			return strings.HasPrefix(mark, string(begin))
		})
	}
	if bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")) {
		return fmt.Errorf("the file is UTF-16, want UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8 OLD > NEW")
	}
	if string(begin) != "\ufeff" {
		t.r = io.MultiReader(bytes.NewReader(begin), t.r)
	}
	return nil
}

// check returns how many bytes are good, and what is wrong behind them.
func (t *text) check(p []byte) (good int, err error) {
	for good < len(p) && len(t.part) > 0 {
		t.part = append(t.part, p[good])
		if utf8.FullRune(t.part) {
			if r, n := utf8.DecodeRune(t.part); r == utf8.RuneError && n == 1 {
				return 0, badByte(t.line, t.part[0])
			}
			t.part = t.part[:0]
		}
		good++
	}
	if zero := bytes.IndexByte(p[good:], 0); zero >= 0 {
		p = p[:good+zero]
		err = badByte(t.line+bytes.Count(p, []byte{'\n'}), 0)
	}
	if utf8.Valid(p[good:]) {
		return len(p), err
	}
	for good < len(p) {
		r, n := utf8.DecodeRune(p[good:])
		if r == utf8.RuneError && n == 1 {
			if utf8.FullRune(p[good:]) || err != nil {
				return good, badByte(t.line+bytes.Count(p[:good], []byte{'\n'}), p[good])
			}
			t.part = append(t.part, p[good:]...)
			return len(p), nil
		}
		good += n
	}
	return good, err
}

// bad leaves out what does not parse, or returns it as an error.
func (t *text) bad(b BadLine) error {
	if t.skip == nil {
		return b
	}
	return t.skip(b)
}

// badByteIn is findBadByte of text that Read has not checked.
func (t *text) badByteIn(text string, line int) (BadLine, bool) {
	if t.skip == nil {
		return BadLine{}, false
	}
	return findBadByte(text, line)
}

// row notes that a row begins at an offset, and returns its line.
func (t *text) row(offset int64) int {
	passed := sort.Search(len(t.breaks), func(i int) bool { return t.breaks[i] >= offset })
	t.breaks = t.breaks[passed:]
	t.rowStart = offset
	t.rowLine += passed
	return t.rowLine
}
