package predict

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/table"
	"t5train/data/tokenizer"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/model/generate"
	"t5train/trainer/predict/inputfile"
)

// A word is banned as a word, and as the end of a longer one.
func TestBadWords(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	words, err := BadWords(tok)([]string{"day", "day"})
	if err != nil {
		t.Fatal(err)
	}
	var pieces []string
	for _, w := range words {
		text := ""
		for _, id := range w {
			text += tok.Piece(id)
		}
		pieces = append(pieces, text)
	}
	if !slices.Equal(pieces, []string{"▁day", "day"}) {
		t.Errorf("banned %q, want the word with a space and without", pieces)
	}
	for _, text := range []string{"", " ", "日本"} {
		if words, err := BadWords(tok)([]string{text}); err == nil {
			t.Errorf("%q: banned %v, want an error", text, words)
		}
	}
}

// What outputs shall begin with must be text that they can begin with.
func TestPrefix(t *testing.T) {
	b := testrun.TinyFolder(t)
	if ids, err := Prefix(b.Tokenizer, "a day"); err != nil || !slices.Equal(ids, b.Tokenizer.Encode("a day")) {
		t.Errorf("got %v, %v", ids, err)
	}
	for text, want := range map[string]string{"日本": "does not know", "{": "does not know", " ": "has no token"} {
		if _, err := Prefix(b.Tokenizer, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	p := newTestPredictor(t, b, *b.Info.Task)
	if _, err := p.Generate(t.Context(), []string{"a"}, generate.Options{Prefix: b.Tokenizer.Encode("{")}); err == nil {
		t.Error("the unknown token as a beginning: no error")
	}
	var cuts Cuts
	lines, err := p.ScorePairs(t.Context(),
		[]inputfile.Pair{{Input: inputfile.Input{Text: "a"}, Targets: []string{"a {", "a"}}}, &cuts)
	if err != nil || cuts.Unknown != 1 || lines[0][0].Unknown == nil || *lines[0][0].Unknown != 1 ||
		lines[0][1].Unknown != nil {
		t.Errorf("scored %+v, %d unknown, %v, want it said of the first target", lines, cuts.Unknown, err)
	}
}

// A choice is the most probable text, which is not always where the most probable token leads.
func TestChoose(t *testing.T) {
	b := testrun.TinyFolder(t)
	p := newTestPredictor(t, b, *b.Info.Task)
	choices := []string{"a day", "a year and a day", "yes", "day", "no", "never"}
	var options generate.Options
	if err := Choose(&options, b.Tokenizer, choices); err != nil {
		t.Fatal(err)
	}
	options.MaxTokens = options.Allowed.Longest()
	stepwise, differs := options, false
	stepwise.Beams = 1
	for i := range 20 {
		text := fmt.Sprint("question ", i)
		answers, err := p.Generate(t.Context(), []string{text}, options)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := p.Score(t.Context(), []string{text}, [][]string{choices})
		if err != nil {
			t.Fatal(err)
		}
		best := 0
		for j, s := range scores[0].Targets {
			if s.LogProb > scores[0].Targets[best].LogProb {
				best = j
			}
		}
		if got := answers[0].Sequences[0]; got.Text != choices[best] ||
			math.Abs(got.LogProb-scores[0].Targets[best].LogProb) > 1e-4 {
			t.Errorf("%s: got %q at %g, want %q at %g", text, got.Text, got.LogProb, choices[best],
				scores[0].Targets[best].LogProb)
		}
		tokenwise, err := p.Generate(t.Context(), []string{text}, stepwise)
		if err != nil {
			t.Fatal(err)
		}
		differs = differs || tokenwise[0].Sequences[0].Text != choices[best]
	}
	if !differs {
		t.Error("token by token gives the same, so that the test shows nothing")
	}
}

func TestChoose_Options(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	asked := generate.Options{Beams: 4, LengthPenalty: new(2.0)}
	if err := Choose(&asked, tok, []string{"a day", "yes"}); err != nil || asked.Beams != 4 ||
		*asked.LengthPenalty != 2 {
		t.Errorf("beams that are asked for become %+v, %v", asked, err)
	}
	if want := len(tok.Encode("a day")) + 1; asked.Allowed.Longest() != want {
		t.Errorf("the longest choice has %d tokens, want %d", asked.Allowed.Longest(), want)
	}
	for name, texts := range map[string][]string{"none": nil, "an empty one": {"a", ""}, "unknown characters": {"日本"}} {
		if err := Choose(&generate.Options{}, tok, texts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCountInputs(t *testing.T) {
	dir := t.TempDir()
	testrun.WriteRows(t, filepath.Join(dir, "in.parquet"), 7)
	for name, c := range map[string]struct {
		content string
		want    int64
	}{"in.txt": {"a\n\nb\r\n", 3}, "no end.txt": {"a\nb", 2}, "empty.txt": {"", 0}, "in.jsonl": {"{}\n\n{}\n \n", 2},
		"in.csv": {"n,sms\n1,\"a\nb\"\n2,c\n", 2}, "in.parquet": {"", 7}} {
		path := filepath.Join(dir, name)
		if name != "in.parquet" {
			testdir.Write(t, dir, name, c.content)
		}
		if n, err := inputfile.Count(t.Context(), path, inputfile.FormatOf(path), []string{"sms"}); n != c.want ||
			err != nil {
			t.Errorf("%s: %d, %v, want %d", name, n, err, c.want)
		}
	}
	if n, err := inputfile.Count(t.Context(), "-", table.Text, nil); n >= 0 || err != nil {
		t.Errorf("standard input: %d, %v", n, err)
	}
	if n, err := inputfile.Count(t.Context(), os.DevNull, table.Text, nil); n >= 0 || err != nil {
		t.Errorf("a device: %d, %v", n, err)
	}
	if _, err := inputfile.Count(t.Context(), filepath.Join(dir, "in.parquet"), table.Parquet,
		[]string{"text"}); err == nil {
		t.Error("a column that is not there: no error")
	}
	if _, err := inputfile.Count(t.Context(), filepath.Join(dir, "in.csv"), table.CSV, []string{"text"}); err == nil {
		t.Error("a column that the table does not have: no error")
	}
	if _, err := inputfile.Count(t.Context(), filepath.Join(dir, "nothing.txt"), table.Text, nil); err == nil {
		t.Error("no file: no error")
	}
}
