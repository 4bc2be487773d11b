package importer

import (
	"errors"
	"fmt"
	"slices"

	"t5train/data/table"
)

// checkSkip reports inputs of which no line can be left out.
func (o Options) checkSkip(groups []table.Group) error {
	for _, g := range groups {
		if format := g.Inputs[0].Format; o.SkipBadLines > 0 && !slices.Contains(table.LineFormats(), format) {
			return fmt.Errorf("import: %s is %s, of which no line can be left out, but of %v: leave out "+
				"import.skip_bad_lines, or name another format with "+
				"import.format", g.Argument, format, table.LineFormats())
		}
	}
	return nil
}

// skipWay adds to the error of a line that does not parse how such lines are left out.
func skipWay(in table.Input, err error) error {
	if _, ok := errors.AsType[table.BadLine](err); ok && slices.Contains(table.LineFormats(), in.Format) {
		return fmt.Errorf("%w; import.skip_bad_lines N leaves out up to N lines that do not parse", err)
	}
	return err
}

// mostListed is the number of rows that do not parse and are listed; more of them are counted.
const mostListed = 5

// leaveOut counts lines of the first reading that do not parse, and lists the first ones.
func (im *importing) leaveOut(in table.Input, b table.BadLine) error {
	im.badLines += b.Lines()
	im.badRows++
	im.index.leaveOut(in, b.Lines())
	if im.badLines > im.SkipBadLines {
		return fmt.Errorf("import: more than %d lines do not parse, the last of them in %s: %w: correct them, "+
			"or leave out more with a larger import.skip_bad_lines", im.SkipBadLines, in.Path, b.Reason)
	}
	if im.badRows <= mostListed {
		span := ""
		if b.Lines() > 1 {
			span = fmt.Sprintf(" (lines %d to %d)", b.First, b.Last)
		}
		im.detail("left out", "%s: %v%s", in.Path, b.Reason, span)
	}
	return nil
}

// sayBadLines says how many lines were left out.
func (im *importing) sayBadLines() {
	if im.badLines > 0 {
		im.detail("left out", "%d lines that do not parse, of at most %d (import.skip_bad_lines)",
			im.badLines, im.SkipBadLines)
	}
}

// sniff finds the delimiter of a table whose name tells another one, and says it.
func (im *importing) sniff(in table.Input) {
	o, found := im.Read.Sniff(in)
	if !found {
		return
	}
	if im.delimiters == nil {
		im.delimiters = map[string]rune{}
	}
	im.delimiters[in.Path] = o.Delimiter
	im.detail("", "%s: cells are divided by %q, by its first lines (import.delimiter chooses another)",
		in.Path, o.Delimiter)
}
