package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/internal/testdir"
)

// load is Load with the content of the file at hand.
func load(content []byte, opts LoadOptions) (*Config, error) {
	opts.Content = append([]byte{}, content...)
	return Load(opts)
}

// minimal is the shortest valid configuration.
const minimal = `output: runs/a
model: {size: small}
data: {train: [a.parquet]}
task: {name: classification}
`

// mustLoad loads YAML content as the file run.yaml.
func mustLoad(t *testing.T, content string, opts LoadOptions) *Config {
	t.Helper()
	opts.File = "run.yaml"
	c, err := load([]byte(content), opts)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return c
}

// mistakes loads what must fail and returns the lines of the error.
func mistakes(t *testing.T, content string, opts LoadOptions) []string {
	t.Helper()
	opts.File, opts.SetName = "run.yaml", "--set"
	c, err := load([]byte(content), opts)
	if err == nil {
		t.Fatal("load: got no error")
	}
	if c != nil {
		t.Error("load: got a configuration beside the error")
	}
	return strings.Split(err.Error(), "\n")
}

func TestLoadDefaults(t *testing.T) {
	want := Default()
	want.Output, want.Model.Size, want.Data.Train, want.Task.Name = "runs/a", "small", []string{"a.parquet"},
		"classification"
	rate, scaled := 1e-2, true
	// of random weights
	want.Train.Epochs, want.Schedule.Name, want.Optimizer.LearningRate, want.Optimizer.ScaleParameter = 10, "linear",
		&rate, &scaled
	want.Resolve()
	if got := mustLoad(t, minimal, LoadOptions{}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSizeByTheNameOfItsModel(t *testing.T) {
	for name, want := range map[string]string{"t5-small": "small", "google/t5-v1_1-base": "v1_1-base",
		"small": "small"} {
		if got := mustLoad(t, minimal, LoadOptions{Set: []string{"model.size=" + name},
			Sizes: []string{"small", "v1_1-base"}}).Model.Size; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// An old name of a key is read from every source, and answered with the one it has now.
func TestRenamedKey(t *testing.T) {
	regression := strings.Replace(minimal, "classification", "regression", 1)
	for name, test := range map[string]struct {
		content string
		opts    LoadOptions
	}{
		"file":        {strings.Replace(regression, "task: {", "task: {step: 0.5, ", 1), LoadOptions{}},
		"environment": {regression, LoadOptions{Env: []string{"T5TRAIN_TASK_STEP=0.5"}}},
		"set":         {regression, LoadOptions{Set: []string{"task.step=0.5"}}},
	} {
		said := ""
		test.opts.Sink = testdir.Sink{Said: func(line string) { said += line }}
		c := mustLoad(t, test.content, test.opts)
		text, err := c.YAML()
		if c.Task.RoundTo == nil || *c.Task.RoundTo != 0.5 || !strings.Contains(said,
			"task.step is called task.round_to now") {
			t.Errorf("%s: got %v, said %q", name, c.Task.RoundTo, said)
		}
		if err != nil || !strings.Contains(string(text), "round_to: 0.5") {
			t.Errorf("%s: written as %s, %v", name, text, err)
		}
	}
	const entries = "data.mixture=[{name: a, train: [b], task: regression, step: 0.5}]"
	c := mustLoad(t, strings.Replace(regression, "task: {name: regression}", "", 1),
		LoadOptions{Set: []string{"data.train=[]", entries}})
	if got := c.Data.Mixture[0].Task.RoundTo; got == nil || *got != 0.5 {
		t.Errorf("entry of a mixture: got %v", got)
	}
	both := strings.Replace(regression, "task: {", "task: {step: 0.5, round_to: 1, ", 1)
	if got := mistakes(t, both, LoadOptions{}); !strings.Contains(got[0], "task.round_to: given twice") {
		t.Errorf("both names: got %q", got)
	}
}

func TestFlagAndSet(t *testing.T) {
	got := mistakes(t, minimal, LoadOptions{Set: []string{"train.seed=4"}, Overrides: map[string]any{"train.seed": 6}})
	if want := "train.seed: given twice, by a flag of its own and by --set: keep one (command line)"; len(got) != 1 ||
		got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPrecedence(t *testing.T) {
	file := minimal + "train: {seed: 2}\n"
	env := []string{"T5TRAIN_TRAIN_SEED=3", "HOME=/root"}
	tests := []struct {
		name    string
		content string
		opts    LoadOptions
		want    int
	}{
		{"default", minimal, LoadOptions{}, 1},
		{"file over default", file, LoadOptions{}, 2},
		{"environment over file", file, LoadOptions{Env: env}, 3},
		{"environment over default", minimal, LoadOptions{Env: env}, 3},
		{"--set over environment", file, LoadOptions{Env: env, Set: []string{"train.seed=4"}}, 4},
		{"the later --set", file, LoadOptions{Set: []string{"train.seed=4", "train.seed=5"}}, 5},
		{"named flag over environment", file, LoadOptions{Env: env, Set: []string{"train.steps=4"},
			Overrides: map[string]any{"train.seed": 6}}, 6},
		{"zero over file", file, LoadOptions{Set: []string{"train.seed=0"}}, 0},
		{"empty variable is not set", file, LoadOptions{Env: []string{"T5TRAIN_TRAIN_SEED="}}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := mustLoad(t, test.content, test.opts).Train.Seed; got != test.want {
				t.Errorf("train.seed: got %d, want %d", got, test.want)
			}
		})
	}
}

// Every way to give a value reaches every type of key: text, integer, number, bool, list, optional.
func TestEveryTypeFromEverySource(t *testing.T) {
	want := mustLoad(t, minimal, LoadOptions{})
	want.Task.Prefix = new("sms: ")
	want.Train.LogEvery = 7
	want.Train.ClipNorm = 0.5
	want.Data.Validation = []string{"b c.parquet", "d-*.parquet"}
	want.Model.DModel = new(96)
	want.Model.DropoutRate = new(0.0)
	want.Model.TieWordEmbeddings = new(false)
	want.Model.FeedForwardProj = new("relu")

	sources := map[string]struct {
		content string
		opts    LoadOptions
	}{
		"file": {content: `output: runs/a
model: {size: small, d_model: 96, dropout_rate: 0, tie_word_embeddings: false, feed_forward_proj: relu}
data: {train: [a.parquet], validation: [b c.parquet, "d-*.parquet"]}
task: {name: classification, prefix: "sms: "}
train: {log_every: 7, clip_norm: 0.5}
`},
		"environment": {content: minimal, opts: LoadOptions{Env: []string{
			"T5TRAIN_TASK_PREFIX=sms: ", "T5TRAIN_TRAIN_LOG_EVERY=7", "T5TRAIN_TRAIN_CLIP_NORM=.5",
			"T5TRAIN_DATA_VALIDATION=[b c.parquet, d-*.parquet]", "T5TRAIN_MODEL_D_MODEL=96",
			"T5TRAIN_MODEL_DROPOUT_RATE=0",
			"T5TRAIN_MODEL_TIE_WORD_EMBEDDINGS=false", "T5TRAIN_MODEL_FEED_FORWARD_PROJ=relu"}}},
		"--set": {content: minimal, opts: LoadOptions{Set: []string{
			"task.prefix=sms: ", "train.log_every=7", "train.clip_norm=5e-1",
			`data.validation=["b c.parquet",d-*.parquet]`,
			"model.d_model=96", "model.dropout_rate=0.0", "model.tie_word_embeddings=false",
			"model.feed_forward_proj='relu'"}}},
		"named flags": {content: minimal, opts: LoadOptions{Overrides: map[string]any{
			"task.prefix": "sms: ", "train.log_every": 7, "train.clip_norm": 0.5,
			"data.validation": []string{"b c.parquet", "d-*.parquet"},
			"model.d_model":   96, "model.dropout_rate": 0.0, "model.tie_word_embeddings": false,
			"model.feed_forward_proj": "relu"}}},
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			if got := mustLoad(t, source.content, source.opts); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestNullUnsets(t *testing.T) {
	content := minimal + "optimizer: {name: adamw, beta2: 0.98}\ntokenizer: {path: voc}\n"
	c := mustLoad(t, content, LoadOptions{Set: []string{
		"optimizer.name=adafactor", "optimizer.beta2=null", "tokenizer.path=null"}})
	if c.Optimizer.Beta2 != nil || c.Tokenizer.Path != "" {
		t.Errorf("got beta2 %v and tokenizer.path %q, want both unset", c.Optimizer.Beta2, c.Tokenizer.Path)
	}
	c = mustLoad(t, content, LoadOptions{Env: []string{"T5TRAIN_OPTIMIZER_BETA2=null"}})
	if got := *c.Optimizer.Beta2; got != 0.999 {
		t.Errorf("got beta2 %v, want adamw's default 0.999", got)
	}
	c = mustLoad(t, content, LoadOptions{Set: []string{"tokenizer.path="}})
	if c.Tokenizer.Path != "" {
		t.Errorf("got tokenizer.path %q, want it unset by an empty value", c.Tokenizer.Path)
	}
}

// A text on the command line is taken as it stands, whatever YAML would make of it.
func TestTextNeedsNoQuotes(t *testing.T) {
	for _, text := range []string{"spam: ", "2024", "true", "[x]", "a # b", "*", "- a", "{"} {
		c := mustLoad(t, minimal, LoadOptions{
			Set: []string{"task.prefix=" + text}, Env: []string{"T5TRAIN_TASK_LABEL_COLUMN=" + text}})
		if c.Task.Prefix == nil || *c.Task.Prefix != text || c.Task.LabelColumn != text {
			t.Errorf("got %v and %q, want %q", c.Task.Prefix, c.Task.LabelColumn, text)
		}
	}
}

func TestAlternatives(t *testing.T) {
	file := minimal + "train: {epochs: 5}\n"
	tests := []struct {
		name    string
		content string
		opts    LoadOptions
		steps   int
		epochs  float64
	}{
		{"default", minimal, LoadOptions{}, 0, 10},
		{"fractional epochs", minimal + "train: {epochs: 0.5}\n", LoadOptions{}, 0, 0.5},
		{"file replaces the default", minimal + "train: {steps: 9}\n", LoadOptions{}, 9, 0},
		{"--set replaces the file", file, LoadOptions{Set: []string{"train.steps=9"}}, 9, 0},
		{"environment replaces the file", file, LoadOptions{Env: []string{"T5TRAIN_TRAIN_STEPS=9"}}, 9, 0},
		{"--set replaces the environment", file, LoadOptions{Env: []string{"T5TRAIN_TRAIN_STEPS=9"},
			Set: []string{"train.epochs=2"}}, 0, 2},
		{"off replaces nothing", file, LoadOptions{Set: []string{"train.steps=0"}}, 0, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := mustLoad(t, test.content, test.opts).Train
			if got.Steps != test.steps || got.Epochs != test.epochs {
				t.Errorf("got steps %d and epochs %g, want %d and %g", got.Steps, got.Epochs, test.steps, test.epochs)
			}
		})
	}
	c := mustLoad(t, minimal+"tokenizer: {path: voc}\n",
		LoadOptions{Overrides: map[string]any{"model.path": "m", "train.batch_tokens": 4096}})
	if c.Model.Size != "" || c.Train.BatchSize != 0 {
		t.Errorf("got model.size %q and train.batch_size %d, want both replaced", c.Model.Size, c.Train.BatchSize)
	}
}

// Columns whose names are no UTF-8 are named as the data names them, and as they are in the file.
func TestColumnsThatAreNoUTF8(t *testing.T) {
	for name, o := range map[string]LoadOptions{
		"escaped": {Overrides: map[string]any{"task.label_column": `caf\xe9`,
			"task.text_columns": []string{`\xff`, "b"}}},
		"raw": {Overrides: map[string]any{"task.label_column": "caf\xe9",
			"task.text_columns": []string{"\xff", "b"}}},
		"raw, by --set": {Set: []string{"task.label_column=caf\xe9", "task.text_columns=['\\xff', b]"}},
	} {
		c := mustLoad(t, minimal, o)
		if c.Task.LabelColumn != `caf\xe9` || !slices.Equal(c.Task.TextColumns, []string{`\xff`, "b"}) {
			t.Errorf("%s: got %q and %q", name, c.Task.LabelColumn, c.Task.TextColumns)
		}
	}
}

func TestLoadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(LoadOptions{File: path})
	if err != nil || c.Model.Size != "small" {
		t.Errorf("got %+v, %v, want the file's values", c, err)
	}
	if _, err := Load(LoadOptions{File: path + "x"}); err == nil ||
		!strings.HasPrefix(err.Error(), "read config: open ") {
		t.Errorf("missing file: got %v", err)
	}
	if _, err := Load(LoadOptions{File: filepath.Dir(path)}); err == nil ||
		!strings.HasPrefix(err.Error(), "read config: ") {
		t.Errorf("folder: got %v", err)
	}
	if err := os.WriteFile(path, make([]byte, maxFileSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(LoadOptions{File: path}); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Errorf("large file: got %v", err)
	}
}

// Without a file, flags alone make a run.
func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(LoadOptions{Overrides: map[string]any{
		"output": "runs/a", "model.path": "m", "data.train": []string{"a.parquet"}, "task.name": "classification"}})
	if err != nil {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(minimal), "train.seed=1")
	f.Add([]byte("train: {seed: &a 1, threads: *a, <<: *a}\n"), "data.train=[a, *b]")
	f.Add([]byte("train:\n\tseed: 1\n"), "=")
	f.Add([]byte("a: b\n---\nc: d\n"), "task.prefix='")
	f.Add([]byte("? [a, b]\n: !!binary 5\n"), "model.d_model=~")
	f.Add([]byte("train: {epochs: 1e999, steps: -0, batch_size: !!int x}\n"), "train.epochs=.inf")
	f.Add([]byte("\xff\xfea\x00"), "train.seed=\x00")
	f.Add([]byte(pretrain),
		"data.mixture=[{name: a, train: [b], rate: 1}, {name: c, train: [d], task: seq2seq, prefix: \"\"}]")
	f.Add([]byte("tokenizer: spiece.model\ndata: [a]\ntrain: 5\ncheckpoint: &x {}\n"), "tokenizer=a")
	f.Add([]byte(pretrain), "data.mixture=[&a {name: a}, *a, [b], {? [c] : d, <<: *a}]")
	f.Add([]byte("a: &a [x, x]\nb: &b [*a, *a]\ndata: {train: *b, mixture: &c [*c]}\n"), "data.train=&a [*a]")
	f.Add([]byte("output: "+strings.Repeat("[{a: ", 500)), "output="+strings.Repeat("- ", 500))
	f.Fuzz(func(t *testing.T, content []byte, set string) {
		opts := LoadOptions{File: "fuzz.yaml", Set: []string{set}, Env: []string{"T5TRAIN_" + set}}
		c, err := load(content, opts)
		if err != nil {
			return
		}
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		back, err := load(text, LoadOptions{File: "back.yaml"})
		if err != nil {
			t.Fatalf("a valid configuration does not load again: %v\n%s", err, text)
		}
		if !reflect.DeepEqual(back, c) {
			t.Fatalf("got %+v, want %+v", back, c)
		}
	})
}
