package ingest

import (
	"encoding/csv"
	"io"
	"os"
	"strings"
)

// sniff finds the delimiter of a table whose name tells another one, and says it.
func (im *importing) sniff(in Input) {
	o, found := im.Read.Sniff(in)
	if !found {
		return
	}
	if im.delimiters == nil {
		im.delimiters = map[string]rune{}
	}
	im.delimiters[in.Path] = o.Delimiter
	im.say("  %s: cells are divided by %q, by its first lines (--delimiter chooses another)", in.Path, o.Delimiter)
}

// Sniff returns the options with the delimiter of a table whose first lines tell another one than its name, and whether they do.
// It reads regular files only: a pipe could not be read again. What cannot be read fails later.
func (o ReadOptions) Sniff(in Input) (ReadOptions, bool) {
	usual := o.table(in.Format).delimiter
	if info, err := os.Stat(in.Path); o.Delimiter != 0 || usual == 0 || err != nil || !info.Mode().IsRegular() {
		return o, false
	}
	f, err := Open(in.Path)
	if err != nil {
		return o, false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return o, false
	}
	if found := sniffDelimiter(string(head), usual); found != usual {
		o.Delimiter = found
		return o, true
	}
	return o, false
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
