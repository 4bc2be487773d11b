package inspect

import (
	"fmt"
	"slices"
	"strings"
	"t5train/internal/clip"
	"t5train/internal/ui"
	"text/tabwriter"
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
	if b.Strange > 0 {
		l.Printf(", of no class: %d", b.Strange)
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

func percent(part, whole int64) float64 { return 100 * ratio(part, whole) }

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

// Write shows the use of the tokenizers in these places for a person.
func (u *Usage) Write(l ui.Lines, paths []string) {
	l.Line("texts", "%d, %d bytes, %d characters, %d words", u.Texts, u.Bytes, u.Characters, u.Words)
	w := tabwriter.NewWriter(l, 0, 0, 2, ' ', 0)
	row := func(name string, value func(v VocabularyUse) string) {
		line := []string{name}
		for _, v := range u.Vocabularies {
			line = append(line, value(v))
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	fmt.Fprintf(w, "\n\t%s\n", strings.Join(paths, "\t"))
	row("vocabulary", func(v VocabularyUse) string {
		return fmt.Sprintf("%d tokens, %d pieces", v.Size, v.Pieces)
	})
	row("tokens", func(v VocabularyUse) string { return fmt.Sprint(v.Tokens) })
	row("tokens per word", func(v VocabularyUse) string { return fmt.Sprintf("%.4f", v.TokensPerWord) })
	row("tokens per byte", func(v VocabularyUse) string {
		return fmt.Sprintf("%.4f (%.2f bytes a token)", v.TokensPerByte, v.BytesPerToken)
	})
	row("unknown", func(v VocabularyUse) string {
		return fmt.Sprintf("%.4f %% of tokens, in %d texts", 100*v.UnknownRate, v.UnknownTexts)
	})
	if slices.ContainsFunc(u.Vocabularies, func(v VocabularyUse) bool { return v.ByteTokens > 0 }) {
		row("bytes", func(v VocabularyUse) string {
			return fmt.Sprintf("%.4f %% of tokens", percent(v.ByteTokens, v.Tokens))
		})
	}
	row("used pieces", func(v VocabularyUse) string {
		return fmt.Sprintf("%d (%.1f %%)", v.Used, percent(int64(v.Used), int64(v.Pieces)))
	})
	for i, cover := range u.Vocabularies[0].Covers {
		row(fmt.Sprintf("%d %% of tokens", cover.Percent), func(v VocabularyUse) string {
			if v.Covers[i].Pieces == 0 {
				return "not reached: unknown ones"
			}
			return fmt.Sprintf("%d pieces", v.Covers[i].Pieces)
		})
	}
	w.Flush() // to a buffer, whose error Finish returns
	if c := u.Comparison; c != nil {
		l.Printf("\n%s takes %.4f tokens for one of %s: fewer in %d texts, as many in %d, more in %d; "+
			"%d pieces are in both\n",
			paths[1], c.TokenRatio, paths[0], c.Shorter, c.Equal, c.Longer, c.SharedPieces)
	}
	for i, v := range u.Vocabularies {
		l.Printf("\n%s\n", paths[i])
		for _, list := range []struct {
			name   string
			pieces []PieceCount
		}{{"longest", v.Longest}, {"rarest", v.Rarest}, {"unused", v.Unused}} {
			if len(list.pieces) > 0 {
				l.Line("  "+list.name, "%s", piecesText(list.pieces))
			}
		}
		if len(v.MostUnknown) > 0 {
			var shown []string
			for _, c := range v.MostUnknown {
				shown = append(shown, fmt.Sprintf("%q %d", c.Text, c.Count))
			}
			l.Line("  unknown", "%d characters: %s", v.UnknownCharacters, strings.Join(shown, ", "))
		}
	}
}

// piecesText shows pieces with how often they are there.
func piecesText(pieces []PieceCount) string {
	var shown []string
	for _, piece := range pieces {
		text := clip.Text(piece.Piece, 60)
		if piece.Count > 0 {
			text += fmt.Sprintf(" %d", piece.Count)
		}
		shown = append(shown, text)
	}
	return strings.Join(shown, ", ")
}
