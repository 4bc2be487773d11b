package ingest

import (
	"encoding/csv"
	"io"
	"strings"
)

// sniff finds the delimiter of a table whose name tells another one, and says it. What cannot be read fails later.
func (im *importing) sniff(in Input) {
	usual := im.Read.table(in.Format).delimiter
	if im.Read.Delimiter != 0 || usual == 0 {
		return
	}
	f, err := Open(in.Path)
	if err != nil {
		return
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return
	}
	if found := sniffDelimiter(string(head), usual); found != usual {
		if im.delimiters == nil {
			im.delimiters = map[string]rune{}
		}
		im.delimiters[in.Path] = found
		im.say("  %s: cells are divided by %q, by its first lines (--delimiter chooses another)", in.Path, found)
	}
}

// sniffDelimiter returns what divides the cells of a table that begins with head: the usual delimiter, unless that makes
// one cell of the header, or rows of different lengths, and another one makes rows of one length.
func sniffDelimiter(head string, usual rune) rune {
	if end := strings.LastIndexByte(head, '\n'); len(head) == 1<<16 && end > 0 {
		head = head[:end]
	}
	head = strings.TrimPrefix(head, "\ufeff")
	for _, quarters := range []int{0, 1} { // first one that no row contradicts
		for _, delimiter := range string(usual) + ",;\t|" {
			if divides(head, delimiter, quarters) {
				return delimiter
			}
		}
	}
	return usual
}

// divides says whether a delimiter cuts the first lines, two at least, into the same number of cells, two at least. So many
// quarters of them may be wrong.
func divides(head string, delimiter rune, quarters int) bool {
	const most = 20 // rows
	r := csv.NewReader(strings.NewReader(head))
	r.Comma = delimiter
	r.LazyQuotes = true // of texts with quotes in them
	rows, wrong := 0, 0
	for rows < most {
		cells, err := r.Read()
		if err == io.EOF {
			break
		}
		if rows++; rows == 1 && (err != nil || len(cells) < 2) {
			return false
		}
		if err != nil { // such as a row of another length
			wrong++
		}
	}
	return rows > 1 && 4*wrong <= quarters*rows
}
