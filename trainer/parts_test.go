package trainer

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/data/dataset"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/model"
	"t5train/trainer/metric"
	"t5train/trainer/predict/inputfile"
	"t5train/trainer/runlog"
)

func write(t *testing.T, b *checkpoints.Folder) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "checkpoint")
	if err := checkpoints.Create(dir, b.Write); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFolderRoundTrip(t *testing.T) {
	b := testrun.TinyFolder(t)
	got, _, err := checkpoints.Open(write(t, b))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range b.Model.Params {
		if q := got.Model.Params[i]; q.Name != p.Name || !slices.Equal(q.Value, p.Value) {
			t.Errorf("%s is not what was written", p.Name)
		}
	}
	const text = "Déjà vu <extra_id_0> 123"
	if !slices.Equal(got.Tokenizer.Encode(text), b.Tokenizer.Encode(text)) {
		t.Error("the tokenizer makes other ids")
	}
	if testrun.InputOf(t, *got.Info.Task, "x") != testrun.InputOf(t, *b.Info.Task, "x") || got.Info.Step != 7 ||
		got.Info.MaxInputLength != 30 || got.Info.Metrics["accuracy"] != 0.5 {
		t.Errorf("read %+v", got.Info)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   string
	}{
		"damaged info": {func(t *testing.T, dir string) { testdir.Write(t, dir, checkpoints.InfoName, "{") },
			checkpoints.InfoName},
		"impossible task": {func(t *testing.T, dir string) {
			testdir.Write(t, dir, checkpoints.InfoName,
				`{"task": {"name": "classification", "text_columns": ["a"], "label_column": "b", "labels": []}}`)
		}, "0 labels, want at least 2"},
		"no tokenizer": {func(t *testing.T, dir string) {
			for _, f := range []string{"spiece.model", "tokenizer.json"} {
				if err := os.Remove(filepath.Join(dir, f)); err != nil {
					t.Fatal(err)
				}
			}
		}, "spiece.model"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, testrun.TinyFolder(t))
			c.damage(t, dir)
			if _, _, err := checkpoints.Open(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	t.Run("no info", func(t *testing.T) {
		dir := write(t, testrun.TinyFolder(t))
		if err := os.Remove(filepath.Join(dir, checkpoints.InfoName)); err != nil {
			t.Fatal(err)
		}
		if b, _, err := checkpoints.Open(dir); err != nil || b.Info.Task != nil {
			t.Errorf("a Hugging Face folder: %v", err)
		}
	})
}

func TestCheckTokenizer(t *testing.T) {
	b := testrun.TinyFolder(t)
	for name, c := range map[string]struct {
		change func(c *model.Config)
		want   string
	}{
		"fits": {func(c *model.Config) { c.VocabSize = 32100 }, ""},
		"too small": {func(c *model.Config) { c.VocabSize = 32099 },
			"the tokenizer has 32100 tokens but the model only 32099"},
		"other end": {func(c *model.Config) { c.EOSTokenID = 5 }, "eos_token_id of the model is 5"},
	} {
		config := b.Model.Config
		c.change(&config)
		err := checkpoints.CheckTokenizer(config, b.Tokenizer)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestCheckLabels(t *testing.T) {
	tok := testrun.TinyFolder(t).Tokenizer
	for name, c := range map[string]struct {
		labels []string
		want   string
	}{
		"good":        {[]string{"yes", "no"}, ""},
		"too long":    {[]string{"yes", "a very long answer indeed"}, "data.max_target_length is 5"},
		"unknown":     {[]string{"☃", "no"}, "characters that the tokenizer does not know"},
		"same tokens": {[]string{"a b", "a  b"}, `"a b" and "a  b" are the same tokens`},
	} {
		classes, people := task.Spec{Name: task.Classification}, task.Spec{Name: task.NER}
		for _, text := range c.labels {
			classes.Labels = append(classes.Labels, task.Label{Name: text, Text: text})
		}
		people.Entities = classes.Labels
		for _, spec := range []task.Spec{classes, people} {
			err := dataset.CheckLabels(spec, tok, 5)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s of %s: error %v, want %q", name, spec.Name, err, c.want)
			}
		}
	}

	// A label may fill the limit to the last token, which is its end.
	label := task.Spec{Labels: []task.Label{{Name: "long", Text: "a very long answer indeed"}}}
	n := len(tok.Encode(label.Labels[0].Text))
	if err := dataset.CheckLabels(label, tok, n+1); err != nil {
		t.Errorf("%d tokens in a limit of %d: %v", n, n+1, err)
	}
	if err := dataset.CheckLabels(label, tok, n); err == nil {
		t.Errorf("%d tokens and their end in a limit of %d are no error", n, n)
	}
}

func TestBetter(t *testing.T) {
	for _, c := range []struct {
		name        string
		value, best float64
		want        bool
	}{
		{"accuracy", 0.5, 0.4, true}, {"accuracy", 0.4, 0.4, false}, {"loss", 1, 2, true}, {"loss", 2, 1, false},
		{"loss", 1, 1, false}, {"perplexity", 1, 2, true}, {"sst2/loss", 1, 2, true}, {"sst2/accuracy", 1, 2, false},
	} {
		if got := metric.Better(c.name, c.value, c.best); got != c.want {
			t.Errorf("%s %g after %g: better is %v", c.name, c.value, c.best, got)
		}
	}
}

func TestPredictionTask(t *testing.T) {
	b := testrun.TinyFolder(t)
	if spec, err := b.PredictionTask(task.Spec{}); err != nil || spec.Name != task.Classification {
		t.Errorf("the checkpoint's own task: %+v, %v", spec, err)
	}
	spec, err := b.PredictionTask(task.Spec{Name: task.Seq2Seq})
	if err != nil || len(spec.Labels) > 0 || testrun.InputOf(t, spec, "x") != testrun.InputOf(t, *b.Info.Task, "x") {
		t.Errorf("generation from a classification: %+v, %v", spec, err)
	}
	if _, err := b.PredictionTask(task.Spec{LabelTexts: []string{"a", "b", "c"}}); err == nil ||
		!strings.Contains(err.Error(), "want 2 as the checkpoint") {
		t.Errorf("three labels for two: %v", err)
	}
	if _, err := b.PredictionTask(task.Spec{Name: "nonsense"}); err == nil {
		t.Error("an unknown task is no error")
	}
	b.Info.Task = nil
	if spec, err := b.PredictionTask(task.Spec{}); err != nil || testrun.InputOf(t, spec, "x") != "x" {
		t.Errorf("a Hugging Face checkpoint: %+v, %v", spec, err)
	}
	if _, err := b.PredictionTask(task.Spec{Name: task.Classification}); err == nil ||
		!strings.Contains(err.Error(), "task.labels") {
		t.Errorf("a classification without labels: %v", err)
	}
}

// Of what a run has written after its last checkpoint, nothing stays: it comes again.
func TestHistoryDropsWhatWillComeAgain(t *testing.T) {
	const (
		train1 = `{"kind":"train","step":1}` + "\n"
		eval1  = `{"kind":"eval","step":1}` + "\n"
		train2 = `{"kind":"train","step":2}` + "\n"
		eval2  = `{"kind":"eval","step":2}` + "\n"
		train3 = `{"kind":"train","step":3}` + "\n"
	)
	for name, c := range map[string]struct {
		content   string
		step      int
		evaluated bool
		want      string
	}{
		"a new run": {train1 + eval1, 0, true, ""},
		"an evaluated step": {train1 + eval1 + train2 + eval2 + train3, 2, true,
			train1 + eval1 + train2 + eval2},
		"a step yet to be evaluated": {train1 + eval1 + train2 + eval2 + train3, 2, false, train1 + eval1 + train2},
		"part of a line":             {train1 + train2[:9], 2, true, train1},
		"no end of line":             {train1 + train2[:len(train2)-1], 2, true, train1 + train2},
		"nothing":                    {"", 2, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			testdir.Write(t, dir, runlog.HistoryName, c.content)
			path := filepath.Join(dir, runlog.HistoryName)
			h, err := runlog.OpenLog(path, c.step, c.evaluated)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.AddEval(runlog.Eval{Kind: runlog.KindEval, Step: 9,
				Metrics: runlog.OnlyFinite(map[string]float64{"loss": math.NaN(), "perplexity": math.Inf(1),
					"f1": 1})}); err != nil {
				t.Fatal(err)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			want := c.want + `{"kind":"eval","step":9,"epoch":0,"metrics":{"f1":1}}` + "\n"
			if got := string(testdir.Read(t, path)); got != want {
				t.Errorf("the file holds\n%swant\n%s", got, want)
			}
			events, err := filepath.Glob(filepath.Join(dir, runlog.EventsName, "*"))
			if err != nil || len(events) != 1 {
				t.Fatalf("files of events %q, %v, want one", events, err)
			}
			for tag, want := range map[string]int{"train/loss": strings.Count(c.want, `"kind":"train"`),
				"validation/f1": 1} {
				if got := bytes.Count(testdir.Read(t, events[0]), []byte(tag)); got != want {
					t.Errorf("%d events of %s, want %d", got, tag, want)
				}
			}
		})
	}
}

func TestReadInputsKeepsEveryLine(t *testing.T) {
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}}
	long := strings.Repeat("x", 200_000)
	var got []string
	err := inputfile.Read(t.Context(), "-", table.Text, spec, nil, strings.NewReader("\ufeffa\r\n\n"+long+"\nlast"),
		func(in inputfile.Input) error {
			got = append(got, in.Shown)
			return nil
		})
	if err != nil || !slices.Equal(got, []string{"a", "", long, "last"}) {
		t.Errorf("%d lines, %v", len(got), err)
	}
	if err := inputfile.Read(t.Context(), "-", table.Parquet, spec, nil, io.MultiReader(), nil); err == nil {
		t.Error("parquet from standard input is no error")
	}
}
