package trainer

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
	"t5train/trainer/optim"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// The probability of a label is its share of the probabilities of all labels' texts with EOS, which the loss graph
// computes as well.
func TestLabelProbability(t *testing.T) {
	l := newTestLoop(t, testrun.TinyConfig(t), nil)
	b := l.folder
	spec := *b.Info.Task
	spec.Labels = []task.Label{{Name: "short", Text: "a"}, {Name: "long", Text: "ham"}, {Name: "other", Text: "spam"}}
	w := kernel.NewWorkers(1)
	graph, err := b.Model.LossGraph(w, model.LossOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	p := predict.NewPredictor(b, spec, w, predict.PredictorOptions{})
	for _, text := range []string{"see you", "win a prize", ""} {
		var logProbs []float64
		for _, label := range spec.Labels {
			target := append(b.Tokenizer.Encode(label.Text), b.Tokenizer.EOS())
			input := append(b.Tokenizer.Encode(text), b.Tokenizer.EOS())
			totals, err := graph.Run(model.Batch{
				Inputs: op.Ragged{IDs: input, Offsets: []int32{0, int32(len(input))}},
				Labels: op.Ragged{IDs: target, Offsets: []int32{0, int32(len(target))}},
			}, op.Pass{})
			if err != nil {
				t.Fatal(err)
			}
			logProbs = append(logProbs, -totals.NLL)
		}
		shares := predict.Softmax(logProbs)
		best := predict.Largest(shares)
		want := shares[best]
		inputs := []inputfile.Input{{Text: text, Shown: "shown"}}
		got, err := p.Predict(t.Context(), 0, inputs, generate.Options{}, new(predict.Cuts))
		if err != nil {
			t.Fatal(err)
		}
		if a := got[0]; a.Label != spec.Labels[best].Name || a.Output != spec.Labels[best].Text || a.Input != "shown" ||
			!(math.Abs(*a.Probability-want) <= 1e-5) {
			t.Errorf("%q: answered %+v with probability %.7f, want %s with %.7f", text, a, *a.Probability,
				spec.Labels[best].Name, want)
		}
	}
}

func TestSoftmax(t *testing.T) {
	for name, c := range map[string]struct {
		logits []float64
		best   int
		share  float64
	}{
		"three to one": {[]float64{math.Log(0.1), math.Log(0.3)}, 1, 0.75},
		"equal":        {[]float64{-2, -2, -2, -2}, 0, 0.25},
		"tiny":         {[]float64{-5000, -5000 + math.Log(4)}, 1, 0.8},
		"one":          {[]float64{-3}, 0, 1},
	} {
		shares := predict.Softmax(c.logits)
		var sum float64
		for _, s := range shares {
			sum += s
		}
		if best := predict.Largest(shares); best != c.best || !(math.Abs(shares[best]-c.share) <= 1e-12) ||
			!(math.Abs(sum-1) <= 1e-12) {
			t.Errorf("%s: %v, want %g at %d", name, shares, c.share, c.best)
		}
	}
}

// generating trains a model that writes its answer, and opens it.
func generating(t *testing.T) *checkpoints.Folder {
	t.Helper()
	c := testrun.TinyConfig(t)
	file := filepath.Join(t.TempDir(), "pairs.parquet")
	testrun.WriteRows(t, file, 48)
	c.Data.Train, c.Data.Validation = []string{file}, nil
	c.Task = task.Spec{Name: "seq2seq", TextColumns: []string{"sms"}, TargetColumn: "label"}
	rate, zero := 0.03, 0.0
	c.Optimizer = optim.Spec{Name: "adamw", LearningRate: &rate}
	c.Model.DropoutRate, c.Train.Epochs = &zero, 40
	b, _, err := checkpoints.Open(finetune(t, c, Options{}).Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A model that learned to write answers writes them, in order, and says which were cut.
func TestGeneratedAnswers(t *testing.T) {
	b := generating(t)
	inputs := []inputfile.Input{{Text: "win a prize q", Shown: "1"}, {Text: "see you at b", Shown: "2"},
		{Text: "win a prize d", Shown: "3"}}
	for name, c := range map[string]struct {
		options            predict.PredictorOptions
		want               []string
		truncated          []bool
		inputsCut, outsCut int
	}{
		"limits of the checkpoint": {predict.PredictorOptions{}, []string{"spam", "ham", "spam"},
			[]bool{false, false, false}, 0, 0},
		// A word is its letters behind a "▁", and EOS: 6 tokens and 5.
		"5 tokens of output": {predict.PredictorOptions{MaxOutputLength: 5}, []string{"spam", "ham", "spam"},
			[]bool{true, false, true}, 0, 2},
		"2 tokens of output": {predict.PredictorOptions{MaxOutputLength: 2}, []string{"s", "h", "s"},
			[]bool{true, true, true}, 0, 3},
		// The letters of "see you at b", a "▁" before each word, and EOS are 9, 4 and 1; those of the others one more.
		"14 tokens of input": {predict.PredictorOptions{MaxInputLength: 14}, []string{"spam", "ham", "spam"},
			[]bool{false, false, false}, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := predict.NewPredictor(b, *b.Info.Task, kernel.NewWorkers(1), c.options)
			var cuts predict.Cuts
			answers, err := p.Predict(t.Context(), 0, inputs, generate.Options{}, &cuts)
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range answers {
				if a.Output != c.want[i] || a.Truncated != c.truncated[i] || a.Input != inputs[i].Shown ||
					a.Label != "" ||
					a.Probability != nil {
					t.Errorf("input %d: %+v, want %q, truncated %v", i, a, c.want[i], c.truncated[i])
				}
			}
			if cuts != (predict.Cuts{Answered: len(inputs), Inputs: c.inputsCut, Outputs: c.outsCut}) {
				t.Errorf("%d inputs and %d outputs cut, want %d and %d", cuts.Inputs, cuts.Outputs, c.inputsCut,
					c.outsCut)
			}
			var said bytes.Buffer
			cuts.Report(terminal.Plain(&said), p)
			if strings.Contains(said.String(), "predict.max_input_length") != (c.inputsCut > 0) ||
				strings.Contains(said.String(), "predict.max_output_length") != (c.outsCut > 0) {
				t.Errorf("said %q", said.String())
			}
		})
	}
}

// What is behind the limit of tokens does not count.
func TestPredictCutsInputs(t *testing.T) {
	b := newTestLoop(t, testrun.TinyConfig(t), nil).folder
	p := predict.NewPredictor(b, *b.Info.Task, kernel.NewWorkers(1), predict.PredictorOptions{MaxInputLength: 5})
	var cuts predict.Cuts
	inputs := []inputfile.Input{{Text: "abc"}, {Text: "abcdefg"}, {Text: "abd"}} // "▁abc" and EOS are 5
	answers, err := p.Predict(t.Context(), 0, inputs, generate.Options{}, &cuts)
	if err != nil {
		t.Fatal(err)
	}
	short, long, other := *answers[0].Probability, *answers[1].Probability, *answers[2].Probability
	if !(math.Abs(short-long) <= 1e-9) || !(math.Abs(short-other) > 1e-9) || cuts.Inputs != 1 {
		t.Errorf("probabilities %g and %g, other %g, %d cut: want two equal ones, another, and 1", short, long, other,
			cuts.Inputs)
	}
}

func TestEvaluateFindsItsTask(t *testing.T) {
	b := newTestLoop(t, testrun.TinyConfig(t), nil).folder
	evaluate := func(b *checkpoints.Folder, o task.Spec) (map[string]float64, error) {
		e, err := evaluate.Evaluate(t.Context(), b, evaluate.Options{
			Data: []string{testrun.ValidationFile}, Task: o, MaxExamples: 20, MaxInputLength: 24, BatchSize: 8,
			Threads: 1,
		})
		if err != nil {
			return nil, err
		}
		return metric.Map(e.Values), nil
	}
	own, err := evaluate(b, task.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	prefix := "sort"
	prefixed, err := evaluate(b, task.Spec{Prefix: &prefix})
	if err != nil || prefixed["loss"] == own["loss"] {
		t.Errorf("another prefix gives %v, %v, want another loss than %g", prefixed, err, own["loss"])
	}
	bare := *b
	bare.Info = checkpoints.Info{} // as from Hugging Face
	told, err := evaluate(&bare, task.Spec{Name: task.Classification, Prefix: &prefix})
	if err != nil || told["loss"] != prefixed["loss"] || told["accuracy"] != prefixed["accuracy"] {
		t.Errorf("the task by option gives %v, %v, want %v", told, err, prefixed)
	}
	if _, err := evaluate(&bare, task.Spec{}); err == nil || !strings.Contains(err.Error(), "task.name") {
		t.Errorf("no task at all: error %v", err)
	}
	if _, err := evaluate(b, task.Spec{LabelTexts: []string{"a", "b", "c"}}); err == nil ||
		!strings.Contains(err.Error(), "want 2") {
		t.Errorf("three labels: error %v", err)
	}
	if other, err := evaluate(b, task.Spec{LabelTexts: []string{"a", "b"}}); err != nil ||
		other["loss"] == own["loss"] {
		t.Errorf("other label strings give %v, %v, want another loss than %g", other, err, own["loss"])
	}
}

func TestTaskCorrections(t *testing.T) {
	prefix := "other"
	stored := task.Spec{
		Name: task.Classification, Prefix: new("p"), TextColumns: []string{"text"}, LabelColumn: "label",
		Labels: []task.Label{{Name: "no", Text: "no", Value: "0"}, {Name: "yes", Text: "yes", Value: "1"}},
	}
	got, err := stored.Correct(task.Spec{Prefix: &prefix, TextColumns: []string{"a", "b"}, LabelColumn: "c",
		LabelTexts: []string{"minus", "plus"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []task.Label{{Name: "no", Text: "minus", Value: "0"}, {Name: "yes", Text: "plus", Value: "1"}}
	if got.InputPrefix() != "other" || !slices.Equal(got.Columns(), []string{"a", "b", "c"}) ||
		!slices.Equal(got.Labels, want) {
		t.Errorf("corrected to %+v", got)
	}
	if stored.Labels[0].Text != "no" {
		t.Error("the checkpoint's own task has changed")
	}
	if got, err := stored.Correct(task.Spec{}); err != nil || !slices.Equal(got.Labels, stored.Labels) ||
		got.InputPrefix() != "p" {
		t.Errorf("nothing to correct: %+v, %v", got, err)
	}
	if _, err := stored.Correct(task.Spec{LabelTexts: []string{"same", "same"}}); err == nil {
		t.Error("two labels of one text are no error")
	}
	got, err = new(checkpoints.Folder).PredictionTask(task.Spec{Name: task.Classification,
		LabelTexts: []string{"a", "b"}, TextColumns: []string{"x"}})
	if err != nil || len(got.Labels) != 2 || got.Labels[1].Text != "b" || got.TextColumns[0] != "x" {
		t.Errorf("a classification by options: %+v, %v", got, err)
	}
}

func TestReadInputsOfEachFormat(t *testing.T) {
	dir := t.TempDir()
	testdir.Write(t, dir, "in.txt", "one\ntwo\n")
	testdir.Write(t, dir, "in.jsonl", `{"sms": "one", "n": 1}`+"\n"+`{"n": 2, "sms": 2}`+"\n")
	testdir.Write(t, dir, "lacks.jsonl", `{"sms": "one"}`+"\n"+`{"text": "two"}`+"\n")
	testdir.Write(t, dir, "no.jsonl", "one\n")
	testdir.Write(t, dir, "blank.jsonl", "{\"sms\": \"one\"}\n\n \r\n{\"sms\": \"two\"}\n\n")
	testdir.Write(t, dir, "array.json", "[\n{\"sms\": \"one\"}]\n")
	testdir.Write(t, dir, "several.json", "{\n\"sms\": \"one\"}\n")
	testdir.Write(t, dir, "latin.txt", "one\ncaf\xe9\n")
	testdir.Write(t, dir, "wide.txt", "\xff\xfeo\x00")
	testdir.Write(t, dir, "endless.txt", "one\n"+strings.Repeat("x", 65<<20))
	testdir.Write(t, dir, "latin.jsonl", "{\"sms\": \"one\"}\n{\"sms\": \"caf\xe9\"}\n")
	testdir.Write(t, dir, "in.csv", "n,sms,label\n1,\"one,\"\"1\"\"\nmore\",\n2,two,spam\n")
	testdir.Write(t, dir, "in.TSV", "\ufeffsms\tn\r\none\t1\r\ntwo\t2\r\n")
	testdir.Write(t, dir, "long.csv", "sms\none\ntwo,three\n")
	testdir.Write(t, dir, "semicolons.csv", "n;sms\n1;one, or 1\n2;\"two;\"\n")
	testdir.Write(t, dir, "tabs.csv.gz", packed(t, "sms\tn\none\t1\ntwo\t2\n"))
	testdir.Write(t, dir, "commas.tsv", "sms,n\none,1\n")
	testdir.Write(t, dir, "in.csv.gz", packed(t, "sms\none\ntwo\n"))
	testdir.Write(t, dir, "in.jsonl.gz", packed(t, `{"sms": "one"}`))
	testrun.WriteRows(t, filepath.Join(dir, "in.parquet"), 2)
	one := task.Spec{Name: task.Seq2Seq, Prefix: new("p"), TextColumns: []string{"sms"}}
	two := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"label", "sms"}}
	for name, c := range map[string]struct {
		file  string
		spec  task.Spec
		shown []string
		want  []string // parts of the error
	}{
		"text":    {"in.txt", one, []string{"one", "two"}, nil},
		"JSON":    {"in.jsonl", one, []string{"one", "2"}, nil},
		"parquet": {"in.parquet", one, []string{"win a prize a", "see you at b"}, nil},
		"parquet, two columns": {"in.parquet", two,
			[]string{testrun.InputOf(t, two, "spam", "win a prize a"),
				testrun.InputOf(t, two, "ham", "see you at b")}, nil},
		"table": {"in.csv", one, []string{"one,\"1\"\nmore", "two"}, nil},
		"table, two columns": {"in.csv", two,
			[]string{testrun.InputOf(t, two, "", "one,\"1\"\nmore"), testrun.InputOf(t, two, "spam", "two")}, nil},
		"tabs":                 {"in.TSV", one, []string{"one", "two"}, nil},
		"semicolons":           {"semicolons.csv", one, []string{"one, or 1", "two;"}, nil},
		"tabs by another name": {"tabs.csv.gz", one, []string{"one", "two"}, nil},
		"commas":               {"commas.tsv", one, []string{"one"}, nil},
		"packed":               {"in.csv.gz", one, []string{"one", "two"}, nil},
		"packed JSON":          {"in.jsonl.gz", one, []string{"one"}, nil},
		"a column is missing": {"in.TSV", two, nil,
			[]string{`in.TSV has no column "label": its columns, by its first line, are sms, n:`,
				"predict.input_format text"}},
		"a row is long": {"long.csv", one, []string{"one"},
			[]string{"long.csv: line 3: 2 cells, want 1:", "import.delimiter"}},
		"lines for two columns": {"in.txt", two, nil, []string{"in.txt, line 1", "JSON"}},
		"a field is missing":    {"lacks.jsonl", one, []string{"one"}, []string{"lacks.jsonl, line 2", "sms"}},
		"no JSON":               {"no.jsonl", one, nil, []string{"no.jsonl, line 1", "no JSON object"}},
		"Latin-1": {"latin.txt", one, []string{"one"},
			[]string{"read inputs: read ", "latin.txt: line 2: byte 0xe9 is not UTF-8: convert the file"}},
		"UTF-16": {"wide.txt", one, nil, []string{"wide.txt: the file is UTF-16"}},
		"a line without an end": {"endless.txt", one, []string{"one"},
			[]string{"endless.txt: line 2: a row of more than 65536 KB"}},
		"Latin-1 in JSON": {"latin.jsonl", one, []string{"one"},
			[]string{"latin.jsonl: line 2: byte 0xe9 is not UTF-8"}},
		"blank lines in JSON": {"blank.jsonl", one, []string{"one", "two"}, nil},
		"an array": {"array.json", one, nil,
			[]string{"array.json, line 1: got \"[\", want one object a line; t5train data import reads arrays"}},
		"an object on lines": {"several.json", one, nil,
			[]string{"several.json, line 1: got \"{\", want one object a line"}},
		"no file":         {"nothing.txt", one, nil, []string{"nothing.txt"}},
		"no parquet file": {"nothing.parquet", one, nil, []string{"nothing.parquet"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, c.file)
			var shown []string
			err := inputfile.Read(t.Context(), path, inputfile.FormatOf(path), c.spec, nil, nil,
				func(in inputfile.Input) error {
					shown = append(shown, in.Shown)
					if len(c.spec.TextColumns) == 1 && in.Text != testrun.InputOf(t, c.spec, in.Shown) {
						t.Errorf("the input %q becomes %q", in.Shown, in.Text)
					}
					return nil
				})
			if !slices.Equal(shown, c.shown) || len(c.want) == 0 && err != nil {
				t.Errorf("read %q, %v, want %q", shown, err, c.shown)
			}
			for _, part := range c.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want %q in it", err, part)
				}
			}
		})
	}
}

// packed returns a text as gzip packs it.
func packed(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]table.Format{
		"a.parquet": table.Parquet, "A.PARQUET": table.Parquet,
		"a.jsonl": table.JSONL, "a.json": table.JSONL, "a.ndjson": table.JSONL,
		"a.csv": table.CSV, "a.tsv": table.TSV, "a.csv.gz": table.CSV, "a.gz": table.Text,
		"a.txt": table.Text, "a": table.Text, "-": table.Text, "parquet": table.Text,
	} {
		if got := inputfile.FormatOf(path); got != want || !slices.Contains(table.InputFormats(), got) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
