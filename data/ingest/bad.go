package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// BadLine is the error of a line that does not parse, or of a row of several lines.
type BadLine struct {
	First, Last int    // lines of the row, from 1
	Reason      error  // which names the line
	Remedy      string // may be ""
}

// Error implements error.
func (b BadLine) Error() string {
	if b.Remedy == "" {
		return b.Reason.Error()
	}
	return b.Reason.Error() + ": " + b.Remedy
}

// Unwrap returns the reason.
func (b BadLine) Unwrap() error { return b.Reason }

func (b BadLine) lines() int { return b.Last - b.First + 1 }

// badByte is the error of a byte that is no text.
func badByte(line int, b byte) BadLine {
	if b == 0 {
		return BadLine{line, line, onLine(line, errors.New("a zero byte, want text")),
			"is the file UTF-16 (convert it with iconv -f UTF-16LE -t UTF-8), or no text?"}
	}
	return BadLine{line, line, onLine(line, fmt.Errorf("byte 0x%02x is not UTF-8", b)),
		"convert the file, as with iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"}
}

// findBadByte returns the error of the first byte that is no text, in what begins on a line.
func findBadByte(text string, line int) (BadLine, bool) {
	at := strings.IndexByte(text, 0)
	if !utf8.ValidString(text) {
		for i, r := range text {
			if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
				if at < 0 || i < at {
					at = i
				}
				break
			}
		}
	}
	if at < 0 {
		return BadLine{}, false
	}
	return badByte(line+strings.Count(text[:at], "\n"), text[at]), true
}

// inHeader makes an error of a header that does not parse, which no option leaves out.
func inHeader(err error) error {
	if bad, ok := errors.AsType[BadLine](err); ok {
		return errors.New(bad.Error())
	}
	return err
}

// linesCanBeBad are the formats of which lines that do not parse can be left out: what follows them can be read.
var linesCanBeBad = []Format{CSV, TSV, JSONL, Text, CoNLL}

// checkSkip reports inputs of which no line can be left out.
func (o Options) checkSkip(groups []Group) error {
	for _, g := range groups {
		if format := g.Inputs[0].Format; o.SkipBadLines > 0 && !slices.Contains(linesCanBeBad, format) {
			return fmt.Errorf("import: %s is %s, of which no line can be left out, but of %v: leave out --skip-bad-lines, "+
				"or name another format with --format", g.Argument, format, linesCanBeBad)
		}
	}
	return nil
}

// skipWay adds to the error of a line that does not parse how such lines are left out.
func skipWay(in Input, err error) error {
	if _, ok := errors.AsType[BadLine](err); ok && slices.Contains(linesCanBeBad, in.Format) {
		return fmt.Errorf("%w; --skip-bad-lines N leaves out up to N lines that do not parse", err)
	}
	return err
}

// mostListed is the number of rows that do not parse and are listed; more of them are counted.
const mostListed = 5

// leaveOut counts lines of the first reading that do not parse, and lists the first ones.
func (im *importing) leaveOut(in Input, b BadLine) error {
	im.badLines += b.lines()
	im.badRows++
	im.index.leaveOut(in, b.lines())
	if im.badLines > im.SkipBadLines {
		return fmt.Errorf("import: more than %d lines do not parse, the last of them in %s: %w: correct them, "+
			"or leave out more with a larger --skip-bad-lines", im.SkipBadLines, in.Path, b.Reason)
	}
	if im.badRows <= mostListed {
		span := ""
		if b.lines() > 1 {
			span = fmt.Sprintf(" (lines %d to %d)", b.First, b.Last)
		}
		im.say("  left out: %s: %v%s", in.Path, b.Reason, span)
	}
	return nil
}

// sayBadLines says how many lines were left out.
func (im *importing) sayBadLines() {
	if im.badLines > 0 {
		im.say("  left out: %d lines that do not parse, of at most %d (--skip-bad-lines)", im.badLines, im.SkipBadLines)
	}
}
