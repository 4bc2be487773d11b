package trainer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/task"
	"t5train/internal/testrun"
	"t5train/internal/ui"
	"t5train/internal/ui/terminal"
	"t5train/trainer/setup"
)

type scored struct {
	Text  string  `parquet:"text"`
	Label float64 `parquet:"label"`
}

type pair struct {
	Input  string `parquet:"input"`
	Target string `parquet:"target"`
}

// labels returns rows with these labels.
func labelled(labels ...string) (rows []testrun.LabelledText) {
	for i, l := range labels {
		rows = append(rows, testrun.LabelledText{Text: fmt.Sprintf("text %c", 'a'+i), Label: l})
	}
	return rows
}

// What can be known before training is known before it: nothing is tokenized, and nothing written.
func TestErrorsBeforeTraining(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	two := testrun.ParquetOf(t, labelled("ham", "spam", "ham"))
	one := testrun.ParquetOf(t, labelled("ham", "ham"))
	empty := testrun.ParquetOf(t, labelled())
	numbers := testrun.ParquetOf(t, []scored{{"a", 0.001}, {"b", 0.02}, {"c", 0.04}})
	same := testrun.ParquetOf(t, []scored{{"a", 1}, {"b", 1}})
	step := 0.2
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		want   []string
	}{
		"output below a file": {func(c *configs.Config) { c.Output = filepath.Join(file, "run") },
			[]string{"output: ", "cannot be written"}},
		"validation without rows": {func(c *configs.Config) { c.Data.Validation = []string{empty} },
			[]string{"data.validation: ", "no rows"}},
		"train without rows": {func(c *configs.Config) { c.Data.Train = []string{empty} },
			[]string{"data.train: ", "no rows"}},
		"both, said at once": {func(c *configs.Config) {
			c.Data.Train, c.Data.Validation = []string{empty},
				[]string{"absent.parquet"}
		},
			[]string{"data.train: ", "no rows", "data.validation: ", "absent.parquet"}},
		"other columns": {func(c *configs.Config) {
			c.Data.Validation = []string{testrun.ParquetOf(t,
				[]pair{{"a", "b"}})}
		}, []string{"data.validation: ", `no column "text"`}},
		"another label": {func(c *configs.Config) {
			c.Data.Validation = []string{testrun.ParquetOf(t,
				labelled("ham", "eggs"))}
		}, []string{`label column label holds "eggs"`}},
		"no such metric": {func(c *configs.Config) { c.Eval.Metric = "bleu" }, []string{"eval.metric", "bleu"}},
		"a metric that can only be 0": {func(c *configs.Config) {
			c.Data.Validation, c.Eval.Metric = []string{one},
				"f1"
		},
			[]string{"eval.metric: f1 can only be 0", "such as loss"}},
		"a correlation of one number": {func(c *configs.Config) {
			c.Task.Name, c.Data.Train, c.Data.Validation, c.Eval.Metric = "regression", []string{numbers},
				[]string{same},
				"pearson"
		}, []string{"eval.metric: pearson can only be 0"}},
		"a step that swallows all": {func(c *configs.Config) {
			c.Task.Name, c.Task.RoundTo, c.Data.Train = "regression", &step, []string{numbers}
		}, []string{"all become the target 0.0", "task.round_to=0.001"}},
		"a prefix without room for text": {func(c *configs.Config) {
			c.Task.Prefix = new(strings.Repeat("a word ",
				30))
		},
			[]string{"the prefix has", "data.max_input_length"}},
		"one label": {func(c *configs.Config) { c.Data.Train = []string{one} },
			[]string{`label column label holds one value alone, "ham"`}},
		"part of a mixture without rows": {func(c *configs.Config) {
			c.Task, c.Data.Train, c.Data.Validation = task.Spec{}, nil, nil
			c.Data.Mixture = []configs.Component{{Name: "first", Task: task.Spec{Name: "classification"},
				Train: []string{two}},
				{Name: "second", Task: task.Spec{Name: "classification"}, Train: []string{two},
					Validation: []string{empty}}}
		}, []string{"data.mixture, second, validation: ", "no rows"}},
		"metric of a part that can only be 0": {func(c *configs.Config) {
			c.Task, c.Data.Train, c.Data.Validation = task.Spec{}, nil, nil
			c.Data.Mixture = []configs.Component{{Name: "first", Task: task.Spec{Name: "classification"},
				Train:      []string{two},
				Validation: []string{one}}}
			c.Eval.Metric = "first/matthews_correlation"
		}, []string{"eval.metric: first/matthews_correlation can only be 0", "such as first/loss"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := testrun.TinyConfig(t)
			config.Data.Train, config.Data.Validation, config.Data.MaxTrainExamples,
				config.Data.MaxValidationExamples = []string{two}, []string{two}, 0, 0
			c.change(config)
			var said bytes.Buffer
			_, err := Finetune(t.Context(), config, Options{Sink: terminal.Plain(&said)})
			if err == nil {
				t.Fatalf("no error; said %s", said.String())
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if strings.Contains(said.String(), "step 1") {
				t.Errorf("a step was trained: %s", said.String())
			}
			if entries, err := os.ReadDir(filepath.Dir(config.Output)); err == nil && len(entries) > 0 {
				t.Errorf("left %v", entries)
			}
		})
	}
}

// Of text the corpora are tokenized one by one: the last of them is looked at before the first is worked on.
func TestErrorsBeforeTokenizing(t *testing.T) {
	empty := testrun.ParquetOf(t, labelled())
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		want   string
	}{
		"validation without rows": {func(c *configs.Config) { c.Data.Validation = []string{empty} },
			"data.validation: "},
		"validation without a column": {func(c *configs.Config) {
			c.Data.TextColumn, c.Data.Validation = "sms", []string{testrun.ParquetOf(t, []pair{{"a", "b"}})}
		}, "data.validation: "},
		"a corpus without rows": {func(c *configs.Config) {
			c.Data.Mixture = []configs.Component{{Name: "one", Train: c.Data.Train},
				{Name: "two", Train: []string{empty}}}
			c.Data.Train = nil
		}, "data.mixture, two, train: "},
	} {
		t.Run(name, func(t *testing.T) {
			config := tinyPretraining(t)
			c.change(config)
			_, err := Pretrain(t.Context(), config, silent())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if _, err := os.Stat(setup.TokensOf(config)); err == nil {
				t.Error("text was tokenized")
			}
		})
	}
}

// Text without a token is found before training too.
func TestBlankCorpus(t *testing.T) {
	c := tinyPretraining(t)
	c.Data.Validation, c.Data.TextColumn = []string{testrun.ParquetOf(t, []struct {
		SMS string `parquet:"sms"`
	}{{""}, {""}})}, "sms"
	_, err := Pretrain(t.Context(), c, silent())
	if err == nil || !strings.Contains(err.Error(), "no text") {
		t.Errorf("error %v, want one that says so", err)
	}
}

// What spoils data without being an error is said before training, and noted in the run.
func TestNotesOnData(t *testing.T) {
	two := testrun.ParquetOf(t, labelled("ham", "spam", "ham"))
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		kind   string
		want   []string
	}{
		"characters that the vocabulary lacks": {func(c *configs.Config) {
			c.Task.Name, c.Data.Train, c.Data.Validation = "seq2seq",
				[]string{testrun.ParquetOf(t, []pair{{"a", "ok"}, {"b", "☃ x"}})}, nil
		}, ui.NoteTexts, []string{"train: 1 of 2 targets (50.0 %) have characters that the vocabulary lacks",
			`"☃ x" comes back as " x"`, "vocabulary.byte_fallback"}},
		"line ends": {func(c *configs.Config) {
			c.Task.Name, c.Data.Train = "seq2seq", []string{testrun.ParquetOf(t, []pair{{"a", "yes\nno"}})}
			c.Data.Validation = c.Data.Train
		}, ui.NoteCeiling, []string{`"yes\nno" comes back as "yes no"`,
			"validation: answers that are right in every row get exact_match 0.0000"}},
		"special tokens": {func(c *configs.Config) {
			c.Task.Name, c.Data.Train, c.Data.Validation = "seq2seq",
				[]string{testrun.ParquetOf(t, []pair{{"a", "the end</s>"}})}, nil
		}, ui.NoteTexts, []string{"the text of a special token"}},
		"empty targets and inputs": {func(c *configs.Config) {
			c.Task.Name, c.Data.Train, c.Data.Validation = "seq2seq",
				[]string{testrun.ParquetOf(t, []pair{{" ", "x"}, {"a", ""}})}, nil
		}, ui.NoteTexts, []string{"1 of 2 targets (50.0 %) are empty", "1 rows have no text"}},
		"one label in the validation": {func(c *configs.Config) {
			c.Data.Validation = []string{testrun.ParquetOf(t,
				labelled("ham", "ham"))}
		}, ui.NoteLabels,
			[]string{`validation: all rows have the label "ham", so metrics say nothing`, "get f1 0.0000"}},
		"a step that changes much": {func(c *configs.Config) {
			step := 0.5
			c.Task.Name, c.Task.RoundTo, c.Data.Validation = "regression", &step, nil
			c.Data.Train = []string{testrun.ParquetOf(t, []scored{{"a", 0.1}, {"b", 0.2}, {"c", 0.6}, {"d", 0.9}})}
		}, ui.NoteRounding, []string{"train: label column label: round_to 0.5 is too large"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := testrun.TinyConfig(t)
			config.Data.Train, config.Data.Validation, config.Train.Epochs, config.Tokenizer.Path = []string{two},
				[]string{two}, 1, ""
			config.Model.VocabSize, config.Data.MaxTrainExamples, config.Data.MaxValidationExamples = nil, 0, 0
			c.change(config)
			var out bytes.Buffer
			r := finetune(t, config, Options{Sink: terminal.Plain(&out)})
			before, _, _ := strings.Cut(out.String(), "step 1")
			for _, want := range c.want {
				if !strings.Contains(before, want) {
					t.Errorf("before the first step it is not said that %q: %s", want, before)
				}
			}
			found := false
			for _, n := range r.Notes {
				found = found || n.Kind == c.kind
			}
			if !found {
				t.Errorf("the run has the notes %v, want one of %s", r.Notes, c.kind)
			}
		})
	}
}

// The step of numbers follows from them, is kept in the checkpoint, and stays when the run goes on.
func TestStepOfNumbers(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Task.Name, c.Data.Validation, c.Data.MaxTrainExamples = "regression", nil, 0
	var rows []scored
	for i := range 48 {
		rows = append(rows, scored{fmt.Sprintf("text %d", i), float64(i%8) / 1000})
	}
	c.Data.Train = []string{testrun.ParquetOf(t, rows)}
	c.Train.LogEvery = 1
	stoppedAt(t, c, "step 2/")
	run, err := checkpoints.OpenRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	latest, _, err := run.Latest()
	if err != nil {
		t.Fatal(err)
	}
	dir := run.Dir(latest)
	kept, err := checkpoints.ReadInfo(dir)
	if err != nil || *kept.Task.RoundTo != 0.001 {
		t.Fatalf("the checkpoint has %+v, %v, want the step 0.001", kept.Task, err)
	}
	// A checkpoint of another step, as a version with a fixed one has made it, would have other targets.
	step := 0.002
	if withStep, err := withRounding(&configs.Config{}, dir); err != nil || *withStep.Task.RoundTo != 0.001 {
		t.Errorf("got %v, %v, want the step of the checkpoint", withStep, err)
	}
	if withStep, err := withRounding(&configs.Config{Task: task.Spec{RoundTo: &step}}, dir); err != nil ||
		*withStep.Task.RoundTo != step {
		t.Errorf("got %v, %v, want the step of the configuration", withStep, err)
	}
	if r := finetune(t, c, Options{Resume: true}); r.Interrupted {
		t.Error("interrupted")
	}
}

func TestSpaceForCheckpoints(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		free, each, most, there int64
		warning, err            string
	}{
		{100 * mb, 10 * mb, 3, 0, "", ""},
		{20 * mb, 10 * mb, 3, 0, "has 20 MB left, but up to 3 checkpoints of 10 MB are there at once", ""},
		{20 * mb, 10 * mb, 3, 1, "", ""},
		{10 * mb, 10 * mb, 3, 3, "", ""}, // the oldest goes before the next but one
		{9 * mb, 10 * mb, 3, 3, "", "has 9 MB left, and a checkpoint takes 10 MB: free some space"},
		{0, 10 * mb, 3, 0, "", "has 0 MB left"},
	} {
		warning, err := spaceFor(c.free, c.each, c.most, c.there)
		if !strings.Contains(warning, c.warning) || (warning == "") != (c.warning == "") ||
			(err == nil) != (c.err == "") ||
			err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%d bytes, %d each, %d, %d there: got %q, %v, want %q, %q", c.free, c.each, c.most, c.there,
				warning, err,
				c.warning, c.err)
		}
	}
}
