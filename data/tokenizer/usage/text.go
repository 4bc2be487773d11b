package usage

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"t5train/internal/clip"
	"t5train/internal/ui"
)

// Write shows the use of the tokenizers in these places for a person.
func (u *Report) Write(l ui.Lines, paths []string) {
	l.Line("texts", "%d, %d bytes, %d characters, %d words", u.Texts, u.Bytes, u.Characters, u.Words)
	w := tabwriter.NewWriter(l, 0, 0, 2, ' ', 0)
	row := func(name string, value func(v Use) string) {
		line := []string{name}
		for _, v := range u.Vocabularies {
			line = append(line, value(v))
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	fmt.Fprintf(w, "\n\t%s\n", strings.Join(paths, "\t"))
	row("vocabulary", func(v Use) string {
		return fmt.Sprintf("%d tokens, %d pieces", v.Size, v.Pieces)
	})
	row("tokens", func(v Use) string { return fmt.Sprint(v.Tokens) })
	row("tokens per word", func(v Use) string { return fmt.Sprintf("%.4f", v.TokensPerWord) })
	row("tokens per byte", func(v Use) string {
		return fmt.Sprintf("%.4f (%.2f bytes a token)", v.TokensPerByte, v.BytesPerToken)
	})
	row("unknown", func(v Use) string {
		return fmt.Sprintf("%.4f %% of tokens, in %d texts", 100*v.UnknownRate, v.UnknownTexts)
	})
	if slices.ContainsFunc(u.Vocabularies, func(v Use) bool { return v.ByteTokens > 0 }) {
		row("bytes", func(v Use) string {
			return fmt.Sprintf("%.4f %% of tokens", 100*ratio(v.ByteTokens, v.Tokens))
		})
	}
	row("used pieces", func(v Use) string {
		return fmt.Sprintf("%d (%.1f %%)", v.Used, 100*ratio(int64(v.Used), int64(v.Pieces)))
	})
	for i, cover := range u.Vocabularies[0].Covers {
		row(fmt.Sprintf("%d %% of tokens", cover.Percent), func(v Use) string {
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
