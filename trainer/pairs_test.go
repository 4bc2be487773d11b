package trainer

import (
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/data/task"
)

// What a pair says about itself is one number told in several ways, and targets of one input share it all.
func TestScorePairs(t *testing.T) {
	b := untrained(t)
	p := newTestPredictor(t, b, *b.Info.Task)
	pairs := []Pair{
		{Input{Text: "win a prize", Shown: "1"}, []string{"spam", "ham", "eggs"}},
		{Input{Text: "see you", Shown: "2"}, []string{"ham"}},
	}
	scores, err := p.ScorePairs(t.Context(), pairs, new(Cuts))
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for i, pair := range pairs {
		for j, s := range scores[i] {
			mean := s.LogProb / float64(s.Tokens)
			if s.Input != pair.Shown || s.Target != pair.Targets[j] || s.Tokens != len(b.Tokenizer.Encode(s.Target))+1 ||
				s.MeanLogProb != mean || !(math.Abs(*s.Perplexity-math.Exp(-mean)) <= 1e-9**s.Perplexity) {
				t.Errorf("%+v", s)
			}
			if i == 0 {
				sum += *s.Probability
				if odds := *s.Probability / *scores[0][0].Probability; !(math.Abs(odds-math.Exp(s.LogProb-scores[0][0].LogProb)) <= 1e-9*odds) {
					t.Errorf("%s is %g times as probable as %s", s.Target, odds, scores[0][0].Target)
				}
			}
		}
	}
	if !(math.Abs(sum-1) <= 1e-12) || scores[1][0].Probability != nil {
		t.Errorf("the probabilities add up to %g; of one target it is %v", sum, scores[1][0].Probability)
	}
}

func TestPairsOfLines(t *testing.T) {
	spec := task.Spec{Name: task.Seq2Seq, Prefix: "p: ", TextColumns: []string{"a"}}
	for name, c := range map[string]struct {
		format, line string
		targets      []string
		want         string // of the error
	}{
		"a tab":              {FormatText, "x\ty z", []string{"y z"}, ""},
		"two tabs":           {FormatText, "x\ty\tz", []string{"y", "z"}, ""},
		"an empty target":    {FormatText, "x\t", []string{""}, ""},
		"no tab":             {FormatText, "x y", nil, "want an input, a tab and a target"},
		"JSON":               {FormatJSONL, `{"a": "x", "b": "y"}`, []string{"y"}, ""},
		"JSON list":          {FormatJSONL, `{"a": "x", "b": ["y", "z"]}`, []string{"y", "z"}, ""},
		"JSON without":       {FormatJSONL, `{"a": "x"}`, nil, `in the field "b"`},
		"JSON null":          {FormatJSONL, `{"a": "x", "b": null}`, nil, `in the field "b"`},
		"JSON empty list":    {FormatJSONL, `{"a": "x", "b": []}`, nil, `in the field "b"`},
		"JSON list of more":  {FormatJSONL, `{"a": "x", "b": ["y", 1]}`, nil, `in the field "b"`},
		"JSON without input": {FormatJSONL, `{"b": "y"}`, nil, `"a"`},
	} {
		var got []Pair
		err := ReadPairs(t.Context(), "-", c.format, spec, "b", strings.NewReader(c.line), func(p Pair) error { got = append(got, p); return nil })
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "line 1") {
				t.Errorf("%s: error %v, want %q in it", name, err, c.want)
			}
			continue
		}
		if err != nil || len(got) != 1 || got[0].Text != "p: x" || got[0].Shown != "x" || !slices.Equal(got[0].Targets, c.targets) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}
