package inspect

import (
	"fmt"
	"strings"

	"t5train/internal/clip"
	"t5train/internal/ui"
)

// Write describes the data for a person.
func (d *Description) Write(l ui.Lines) {
	var bytes int64
	groups := 0
	for _, s := range d.Shards {
		bytes += s.Bytes
		groups += s.RowGroups
	}
	l.Line("rows", "%d in %d files, %d row groups, %s", d.Rows, len(d.Shards), groups, ui.Bytes(bytes))
	for _, c := range d.Columns {
		kind := c.Type
		if c.Nullable {
			kind += ", may be null"
		}
		if c.Classes != nil {
			kind += fmt.Sprintf(", ClassLabel of %d: %s", len(c.Classes), ui.Shorten(c.Classes, 10))
		}
		l.Line("column", "%s: %s", c.Name, kind)
		if c.Unread != "" {
			l.Line("  not read", "%s", c.Unread)
		}
	}
	for _, e := range d.Examples {
		l.Printf("\n%v\n", e.Place)
		for _, v := range e.Values {
			value := string(v.Value)
			if v.Class != "" {
				value += " (" + v.Class + ")"
			}
			l.Printf("  %s: %s\n", v.Column, clip.Text(value, 200))
		}
	}
	for _, b := range d.Labels {
		b.write(l)
	}
	for _, lengths := range d.Lengths {
		lengths.write(l)
	}
}

// mostClasses is the number of classes that text shows; JSON has all.
const mostClasses = 30

func (b Balance) write(l ui.Lines) {
	total := int64(0)
	for _, c := range b.Classes {
		total += c.Count
	}
	l.Printf("\nlabels of column %s: %d", b.Column, total)
	if b.Nulls > 0 {
		l.Printf(", null: %d", b.Nulls)
	}
	if b.OutOfRange > 0 {
		l.Printf(", of no class: %d", b.OutOfRange)
	}
	l.Printf("\n")
	shown := b.Classes[:min(mostClasses, len(b.Classes))]
	var bars []bar
	for _, c := range shown {
		bars = append(bars, bar{clip.Text(c.Name, 40), c.Count, total})
	}
	draw(l, bars)
	if more := len(b.Classes) - len(shown); more > 0 || b.TooMany {
		l.Printf("  ... %d more%s\n", more, map[bool]string{true: ", and those that were not counted"}[b.TooMany])
	}
}

func (n Lengths) write(l ui.Lines) {
	l.Printf("\ntokens of column %s: %d in %d texts", n.Column, n.Tokens, n.Texts)
	if n.Nulls > 0 {
		l.Printf(", null: %d", n.Nulls)
	}
	if n.Blank > 0 {
		l.Printf(", empty: %d", n.Blank)
	}
	l.Printf("\n")
	if n.Texts == 0 {
		return
	}
	var percentiles []string
	for _, q := range n.Percent {
		percentiles = append(percentiles, fmt.Sprintf("%d %%: %d", q.Percent, q.Tokens))
	}
	l.Printf("  mean %.1f, percentiles %s\n", n.Mean, strings.Join(percentiles, ", "))
	var bars []bar
	for _, b := range n.Histogram {
		bars = append(bars, bar{fmt.Sprintf("%d-%d", b.From, b.To), b.Texts, n.Texts})
	}
	draw(l, bars)
	l.Printf("  longer than %d tokens: %d texts (%.2f %%); %.2f %% of the tokens would be cut\n",
		n.Limit, n.Cut, percent(n.Cut, n.Texts), 100*(1-n.Kept))
	if n.Unknown > 0 {
		l.Printf("  with characters that the vocabulary lacks: %d texts (%.2f %%)\n",
			n.Unknown, percent(n.Unknown, n.Texts))
	}
}

// percent is 0 where there is nothing to divide by.
func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * (float64(part) / float64(whole))
}

// bar is a line with a name, a count, its part of all and a bar.
type bar struct {
	name         string
	count, whole int64
}

// draw writes bars; the longest one has 40 characters, and what is not 0 has one at least.
func draw(l ui.Lines, bars []bar) {
	const longest = 40
	names, counts, most := 0, 0, int64(1)
	for _, b := range bars {
		names, counts = max(names, len([]rune(b.name))), max(counts, len(fmt.Sprint(b.count)))
		most = max(most, b.count)
	}
	for _, b := range bars {
		length := (int(b.count)*longest + int(most) - 1) / int(most)
		line := fmt.Sprintf("  %-*s  %*d  %5.1f %%  %s",
			names, b.name, counts, b.count, percent(b.count, b.whole), strings.Repeat("#", length))
		l.Printf("%s\n", strings.TrimRight(line, " "))
	}
}

// Write lists what was found for a person.
func (r *Report) Write(l ui.Lines) {
	for _, s := range r.Splits {
		l.Line(s.Name, "%d rows", s.Rows)
	}
	for _, f := range r.Findings {
		severity := map[bool]string{true: "error", false: "warning"}[f.Error]
		detail := ""
		if f.Detail != "" {
			detail = " (" + f.Detail + ")"
		}
		l.Printf("\n%s: %s: %s%s: %d\n", severity, f.Split, f.Message, detail, f.Count)
		for _, at := range f.Instances {
			line := "  " + at.Place.String()
			if at.Other != nil {
				line += " and " + at.Other.String()
			}
			if at.Text != "" {
				line += ": " + at.Text
			}
			l.Printf("%s\n", line)
		}
		l.Printf("  remedy: %s\n", f.Remedy)
	}
	if len(r.Unknown) > 0 {
		l.Printf("\ncharacters that the vocabulary lacks, the most frequent first\n")
		for _, c := range r.Unknown {
			l.Printf("  %q %s: %d\n", c.Text, c.Code, c.Count)
		}
	}
	if len(r.Findings) == 0 {
		l.Printf("nothing found\n")
	}
	if r.Clean != "" {
		l.Printf("\nrows that are missing something, double or in two splits are dropped by\n  %s\n", r.Clean)
	}
}

// Write says what was cleaned for a person.
func (r *CleanReport) Write(l ui.Lines) {
	for _, s := range r.Splits {
		l.Line(s.Name, "%d of %d rows stay", s.Kept, s.Rows)
		for _, d := range s.Dropped {
			text := d.Kind.Message()
			if d.Detail != "" {
				text += " (" + d.Detail + ")"
			}
			l.Line("", "dropped: %s: %d", text, d.Count)
		}
		if s.Hidden {
			l.Line("", "no row has a label, so none is dropped for that")
		}
		if s.Fixed > 0 {
			l.Line("", "texts of which the encoding is repaired: %d, such as %s",
				s.Fixed, strings.Join(s.Example, " -> "))
		}
	}
	for _, path := range r.Files {
		l.Line("file", "%s", path)
	}
}
