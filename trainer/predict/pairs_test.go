package predict

import (
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/testrun"
	"t5train/trainer/predict/inputfile"
)

// What a pair says about itself is one number told in several ways, and targets of one input share it all.
func TestScorePairs(t *testing.T) {
	b := untrained(t)
	p := newTestPredictor(t, b, *b.Info.Task)
	pairs := []inputfile.Pair{
		{Input: inputfile.Input{Text: "win a prize", Shown: "1"}, Targets: []string{"spam", "ham", "eggs"}},
		{Input: inputfile.Input{Text: "see you", Shown: "2"}, Targets: []string{"ham"}},
	}
	scores, err := p.ScorePairs(t.Context(), pairs, new(Cuts))
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for i, pair := range pairs {
		for j, s := range scores[i] {
			mean := s.LogProb / float64(s.Tokens)
			if s.Input != pair.Shown || s.Target != pair.Targets[j] ||
				s.Tokens != len(b.Tokenizer.Encode(s.Target))+1 ||
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

// An input of JSON lines is the text that training on the same lines has.
func TestInputsAreTrainedTexts(t *testing.T) {
	spec := task.Spec{Name: task.Seq2Seq, Prefix: new(""), TextColumns: []string{"x"}}
	for _, value := range []string{"1.0", "1e3", "-0.50", "[1.0, true]", `"1.0"`, "12345678901"} {
		line := `{"x": ` + value + `}`
		var trained string
		file := table.Input{Format: table.JSONL}
		row := func(r table.Row) (err error) { trained, err = spec.Text(r.Fields[0].Cell); return err }
		err := table.Read(t.Context(), strings.NewReader(line), file, table.ReadOptions{}, row)
		if err != nil {
			t.Fatal(err)
		}
		err = inputfile.Read(t.Context(), "-", table.JSONL, spec, nil, strings.NewReader(line),
			func(in inputfile.Input) error {
				if in.Text != trained {
					t.Errorf("%s is trained as %q and predicted as %q", value, trained, in.Text)
				}
				return nil
			})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestPairsOfLines(t *testing.T) {
	texts := task.Spec{Name: task.Seq2Seq, Prefix: new("p: "), TextColumns: []string{"a"}}
	labels := task.Spec{Name: task.Classification, TextColumns: []string{"a"}, LabelColumn: "l", Labels: []task.Label{
		{Name: "ham", Text: "ham", Value: "0"}, {Name: "spam", Text: "junk", Value: "1"},
	}}
	for name, c := range map[string]struct {
		spec    task.Spec
		column  string
		format  table.Format
		line    string
		targets []string
		want    string // of the error
	}{
		"a number":        {texts, "b", table.JSONL, `{"a": "x", "b": 1234567.50}`, []string{"1.2345675e+06"}, ""},
		"numbers":         {texts, "b", table.JSONL, `{"a": "x", "b": [1.50, "y"]}`, []string{"1.5", "y"}, ""},
		"a tab":           {texts, "b", table.Text, "x\ty z", []string{"y z"}, ""},
		"two tabs":        {texts, "b", table.Text, "x\ty\tz", []string{"y", "z"}, ""},
		"an empty target": {texts, "b", table.Text, "x\t", []string{""}, ""},
		"no tab":          {texts, "b", table.Text, "x y", nil, "want an input, a tab and a target"},
		"JSON":            {texts, "b", table.JSONL, `{"a": "x", "b": "y"}`, []string{"y"}, ""},
		"JSON list": {texts, "b", table.JSONL, `{"a": "x", "b": ["y", 1.5, true]}`,
			[]string{"y", "1.5", "true"}, ""},
		"JSON number": {texts, "b", table.JSONL, `{"a": "x", "b": 3}`, []string{"3"}, ""},
		"JSON in an object": {texts, "t.de", table.JSONL, `{"a": "x", "t": {"en": "x", "de": "y"}}`,
			[]string{"y"}, ""},
		"JSON without": {texts, "b", table.JSONL, `{"a": "x"}`, nil, `lacks the field "b"`},
		"JSON null":    {texts, "b", table.JSONL, `{"a": "x", "b": null}`, nil, "target column b is null"},
		"JSON empty list": {texts, "b", table.JSONL, `{"a": "x", "b": []}`, nil,
			"target column b holds an empty list"},
		"JSON list and null": {texts, "b", table.JSONL, `{"a": "x", "b": ["y", null]}`, nil,
			"b is null"},
		"JSON object":        {texts, "b", table.JSONL, `{"a": "x", "b": {"c": "y"}}`, nil, "b is an object"},
		"JSON empty object":  {texts, "b", table.JSONL, `{"a": "x", "b": {}}`, nil, "b is an object"},
		"JSON without input": {texts, "b", table.JSONL, `{"b": "y"}`, nil, `"a"`},
		"JSON label":         {labels, "l", table.JSONL, `{"a": "x", "l": "spam"}`, []string{"junk"}, ""},
		"JSON label's value": {labels, "l", table.JSONL, `{"a": "x", "l": 1}`, []string{"junk"}, ""},
		"JSON labels": {labels, "l", table.JSONL, `{"a": "x", "l": ["ham", "spam"]}`,
			[]string{"ham", "junk"}, ""},
		"JSON of no label": {labels, "l", table.JSONL, `{"a": "x", "l": "eggs"}`, nil, `label column l holds "eggs"`},
		"CSV label":        {labels, "l", table.CSV, "a,l\nx,spam", []string{"junk"}, ""},
	} {
		var got []inputfile.Pair
		err := inputfile.ReadPairs(t.Context(), "-", c.format, c.spec, c.column, strings.NewReader(c.line),
			func(p inputfile.Pair) error { got = append(got, p); return nil })
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "line 1") {
				t.Errorf("%s: error %v, want %q in it", name, err, c.want)
			}
			continue
		}
		if err != nil || len(got) != 1 || got[0].Text != testrun.InputOf(t, c.spec, "x") || got[0].Shown != "x" ||
			!slices.Equal(got[0].Targets, c.targets) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}
