package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/configs/suit"
	"t5train/internal/testdir"
	"t5train/trainer/optim"
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

// Random weights have settings of their own, each of which gives way to a key that is set, and which are said.
func TestNewWeights(t *testing.T) {
	type settings struct {
		epochs    float64
		steps     int
		schedule  string
		optimizer string
		rate      float64
		scaled    bool
	}
	for name, c := range map[string]struct {
		set  []string
		want settings
		said string // the keys that are chosen
	}{
		"nothing": {nil, settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"trained weights": {[]string{"model.size=", "model.path=runs/first"},
			settings{3, 0, "constant", optim.NameAdafactor, 1e-3, false}, ""},
		"epochs": {[]string{"train.epochs=2"}, settings{2, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"steps": {[]string{"train.steps=2"}, settings{0, 2, "linear", optim.NameAdafactor, 1e-2, true},
			"schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"a rate": {[]string{"optimizer.learning_rate=1e-3"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-3, false}, "train.epochs 10, schedule.name linear"},
		"no scaling": {[]string{"optimizer.scale_parameter=false"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-3, false},
			"train.epochs 10, schedule.name linear, optimizer.learning_rate 0.001"},
		"scaling": {[]string{"optimizer.scale_parameter=true"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.learning_rate 0.01"},
		"unset again": {[]string{"optimizer.scale_parameter=null"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"adamw": {[]string{"optimizer.name=adamw"}, settings{10, 0, "linear", optim.NameAdamW, 1e-3, false},
			"train.epochs 10, schedule.name linear, optimizer.learning_rate 0.001"},
		"no steps": {[]string{"train.steps=0"}, settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"sgd": {[]string{"optimizer.name=sgd"}, settings{10, 0, "linear", optim.NameSGD, 1e-2, false},
			"train.epochs 10, schedule.name linear"},
		"a schedule": {[]string{"schedule.name=constant"}, settings{10, 0, "constant", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"all that it sets": {[]string{"train.epochs=1", "schedule.name=linear", "optimizer.learning_rate=1"},
			settings{1, 0, "linear", optim.NameAdafactor, 1, false}, ""},
	} {
		said := ""
		got := mustLoad(t, minimal, LoadOptions{Set: c.set,
			Sink: testdir.Sink{Said: func(line string) {
				said, _, _ = strings.Cut(strings.TrimPrefix(line, "settings for random weights: "), " (their")
			}}})
		is := settings{got.Train.Epochs, got.Train.Steps, got.Schedule.Name, got.Optimizer.Name,
			*got.Optimizer.LearningRate, got.Optimizer.ScaleParameter != nil && *got.Optimizer.ScaleParameter}
		if is != c.want || said != c.said {
			t.Errorf("%s: got %+v, said %q, want %+v, %q", name, is, said, c.want, c.said)
		}
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

func TestStrictFile(t *testing.T) {
	tests := []struct {
		name, content string
		want          []string
	}{
		{"fraction for an integer", minimal + "train:\n  batch_size: 10.7\n",
			[]string{"train.batch_size: got 10.7, want an integer number of examples >= 1 and <= 1048576 " +
				"(run.yaml:6)"}},
		{"10.0 for an integer", minimal + "train: {steps: 10.0}\n",
			[]string{"train.steps: got 10.0, want an integer number of steps >= 1 (run.yaml:5)"}},
		{"1e3 for an integer", minimal + "train: {steps: 1e3}\n",
			[]string{"train.steps: got 1e3, want an integer number of steps >= 1 (run.yaml:5)"}},
		{"hexadecimal", minimal + "train: {steps: 0x10}\n",
			[]string{"train.steps: got 0x10, want an integer number of steps >= 1 (run.yaml:5)"}},
		{"too large", minimal + "train: {steps: 99999999999999999999}\n",
			[]string{"train.steps: got 99999999999999999999, want an integer number of steps >= 1 (run.yaml:5)"}},
		{"quoted number", minimal + "train: {steps: \"10\"}\n",
			[]string{`train.steps: got "10" (text), want an integer number of steps >= 1: remove the quotes ` +
				`(run.yaml:5)`}},
		{"number for text", minimal + "tokenizer: {path: 5}\n",
			[]string{"tokenizer.path: got 5, want a path: put it in quotes (run.yaml:5)"}},
		{"quoted bool", minimal + "optimizer: {scale_parameter: \"true\"}\n",
			[]string{`optimizer.scale_parameter: got "true" (text), want true or false: remove the quotes (run.yaml:5)`}},
		{"yes for a bool", minimal + "optimizer: {scale_parameter: yes}\n",
			[]string{`optimizer.scale_parameter: got "yes" (text), want true or false (run.yaml:5)`}},
		{"1 for a bool", minimal + "optimizer: {scale_parameter: 1}\n",
			[]string{`optimizer.scale_parameter: got 1, want true or false (run.yaml:5)`}},
		{"not a number", minimal + "train: {clip_norm: .nan}\n",
			[]string{"train.clip_norm: got .nan, want a number >= 0 (run.yaml:5)"}},
		{"text for a number", minimal + "train: {clip_norm: one}\n",
			[]string{`train.clip_norm: got "one" (text), want a number >= 0 (run.yaml:5)`}},
		{"nothing for a number", minimal + "train: {clip_norm: }\n",
			[]string{`train.clip_norm: got nothing, want a number >= 0 (run.yaml:5)`}},
		{"text for a list", strings.Replace(minimal, "[a.parquet]", "a.parquet", 1),
			[]string{`data.train: got "a.parquet" (text), want a list of paths: write [a.parquet] (run.yaml:3)`}},
		{"number in a list", minimal + "data: 1\n",
			[]string{"data: given twice, in lines 3 and 5: keep one (run.yaml)"}},
		{"numbers as labels", strings.Replace(minimal, "classification", "classification, labels: [ham, 1]", 1),
			[]string{`task.labels: got 1 as number 2, want a list of label strings: put it in quotes, "1" (run.yaml:4)`}},
		{"list in a list", strings.Replace(minimal, "classification", "classification, labels: [[a]]", 1),
			[]string{`task.labels: got a list as number 1, want a list of label strings (run.yaml:4)`}},
		{"section for a value", minimal + "train: {seed: {a: 1}}\n",
			[]string{"train.seed: got a section, want an integer >= 0 (run.yaml:5)"}},
		{"value for a section", strings.Replace(minimal, "{size: small}", "small", 1),
			[]string{`model: got "small" (text), want a section with keys such as path and size (run.yaml:2)`}},
		{"section of an objective, misspelt",
			"output: a\nmodel: {size: small}\ndata: {train: [a.parquet]}\nobjectve: {name: lm}\n",
			[]string{"objectve: unknown key: did you mean objective? (run.yaml:4)"}},
		{"name of an objective, misspelt",
			"output: a\nmodel: {size: small}\ndata: {train: [a.parquet]}\nobjective: {nam: lm}\n",
			[]string{"objective.nam: unknown key: did you mean objective.name? (run.yaml:4)"}},
		{"entry of a mixture, misspelt",
			"output: a\nmodel: {size: small}\ndata: {mixture: [{name: a, train: [a.parquet], rat: 2}]}\nobjective: " +
				"{name: lm}\n",
			[]string{"data.mixture: entry 1: rat: unknown key: did you mean rate? (run.yaml:3)"}},
		{"unknown key", minimal + "train:\n  stesp: 5\n",
			[]string{"train.stesp: unknown key: did you mean train.steps? (run.yaml:6)"}},
		{"key of another section", minimal + "train: {learning_rate: 1}\n",
			[]string{"train.learning_rate: unknown key: did you mean optimizer.learning_rate? (run.yaml:5)"}},
		{"key without its section", minimal + "learning_rate: 1\n",
			[]string{"learning_rate: unknown key: did you mean optimizer.learning_rate? (run.yaml:5)"}},
		{"capital letters", minimal + "train: {Seed: 1}\n",
			[]string{"train.Seed: unknown key: did you mean train.seed? (run.yaml:5)"}},
		{"misspelt section", strings.Replace(minimal, "data", "dat", 1),
			[]string{"dat: unknown key: did you mean data? (run.yaml:3)"}},
		{"misspelt required key", strings.Replace(minimal, "output", "outptu", 1),
			[]string{"outptu: unknown key: did you mean output? (run.yaml:1)"}},
		{"strange key", minimal + "checkpoint: {quite_another_thing: 1}\n",
			[]string{"checkpoint.quite_another_thing: unknown key: the keys of checkpoint are every_steps, " +
				"every_minutes, keep_last (run.yaml:5)"}},
		{"strange section", minimal + "\"quite\\nanother thing\": 1\n",
			[]string{`"quite\nanother thing": unknown key: the sections are output, model, tokenizer, data, objective, task, train, optimizer, schedule, eval, checkpoint (run.yaml:5)`}},
		{"dotted key", minimal + "train.seed: 1\n",
			[]string{"train.seed: got a dotted key, want the key seed in the section train: (run.yaml:5)"}},
		{"list as a key", minimal + "? [a]\n: 1\n",
			[]string{"got a list as a key, want a word (run.yaml:5)"}},
		{"duplicate key", minimal + "train:\n  seed: 1\n  steps: 2\n  seed: 3\n",
			[]string{"train.seed: given twice, in lines 6 and 8: keep one (run.yaml)"}},
		{"alias", minimal + "train: {seed: &a 1, threads: *a}\n", []string{
			"train.seed: got an alias or anchor, want an integer >= 0: write the value out (run.yaml:5)",
			"train.threads: got an alias or anchor, want an integer number of threads >= 0 and <= 1024: write the " +
				"value out (run.yaml:5)"}},
		{"several documents", minimal + "---\noutput: b\n",
			[]string{"got a second document, want one: remove the line --- (run.yaml:5)"}},
		{"empty", "", []string{"is empty, want at least one key, such as output: runs/first (run.yaml)"}},
		{"only comments", "# nothing\n\n",
			[]string{"is empty, want at least one key, such as output: runs/first (run.yaml)"}},
		{"tab", minimal + "train:\n\tseed: 1\n \tsteps: 1\n", []string{
			"indented with a tab, want spaces: replace the tab (run.yaml:6)",
			"indented with a tab, want spaces: replace the tab (run.yaml:7)"}},
		{"no mapping", "- a\n", []string{"got a list, want sections such as train: with keys below (run.yaml:1)"}},
		{"syntax", minimal + "train: {seed: 1\n", []string{
			"is not YAML: did not find expected ',' or '}': check the indentation, and put text with special " +
				"characters in quotes (run.yaml:5)"}},
		{"binary", "PAR1\x00\x01", []string{
			"is not YAML: control characters are not allowed: check the indentation, and put text with special " +
				"characters in quotes (run.yaml)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := mistakes(t, test.content, LoadOptions{}); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// The parser counts lines from 0 in some errors and from 1 in others; the messages count from 1.
func TestSyntaxErrorLine(t *testing.T) {
	for content, want := range map[string]int{
		"a: @x\n": 1, "x: 1\na: @x\n": 2, "a: 1\nb\nc: 2\n": 2, "a: 1\nb: c: 2\n": 2, "a: b: c\n": 1,
		"a: [1\nb: 2\n": 2, "a:\n  b: 1\n c: 2\n": 3, "x: 1\n- b\n": 2, "x: 1\n\ny: {a: 1\n": 3,
	} {
		if _, got, wrong := parseYAML([]byte(content)); got != want || wrong == "" {
			t.Errorf("%q: got line %d (%s), want line %d", content, got, wrong, want)
		}
	}
}

func TestFileAccepts(t *testing.T) {
	tests := []struct{ name, content string }{
		{"section with all keys commented out", minimal + "train:\n  # seed: 1\n"},
		{"windows line ends", strings.ReplaceAll(minimal, "\n", "\r\n")},
		{"start of the document", "---\n" + minimal},
		{"end of the document", minimal + "...\n"},
		{"byte order mark", "\ufeff" + minimal},
		{"underscores", minimal + "train: {steps: 1_000_000}\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { mustLoad(t, test.content, LoadOptions{}) })
	}
	if got := mustLoad(t, minimal+"train: {seed: 010}\n", LoadOptions{}).Train.Seed; got != 10 {
		t.Errorf("train.seed 010: got %d, want 10, not an octal number", got)
	}
}

func TestStrictEnvironmentAndFlags(t *testing.T) {
	tests := []struct {
		name string
		opts LoadOptions
		want string
	}{
		{"fraction", LoadOptions{Env: []string{"T5TRAIN_TRAIN_SEED=1.5"}},
			"train.seed: got 1.5, want an integer >= 0 (T5TRAIN_TRAIN_SEED)"},
		{"unknown variable", LoadOptions{Env: []string{"T5TRAIN_TRAIN_SEEDS=1"}},
			"T5TRAIN_TRAIN_SEEDS: unknown variable: did you mean T5TRAIN_TRAIN_SEED?"},
		{"lower case variable", LoadOptions{Env: []string{"T5TRAIN_train_seed=1"}},
			"T5TRAIN_train_seed: unknown variable: did you mean T5TRAIN_TRAIN_SEED?"},
		{"strange variable", LoadOptions{Env: []string{"T5TRAIN_QUITE_ANOTHER_THING=1"}},
			"T5TRAIN_QUITE_ANOTHER_THING: unknown variable: want T5TRAIN_SECTION_KEY, such as T5TRAIN_TRAIN_SEED"},
		{"variable out of range", LoadOptions{Env: []string{"T5TRAIN_TRAIN_LOG_EVERY=0"}},
			"train.log_every: got 0, want an integer number of steps >= 1 (T5TRAIN_TRAIN_LOG_EVERY)"},
		{"list without brackets", LoadOptions{Env: []string{"T5TRAIN_DATA_TRAIN=a.parquet"}},
			`data.train: got "a.parquet" (text), want a list of paths: write [a.parquet] (T5TRAIN_DATA_TRAIN)`},
		{"no value", LoadOptions{Set: []string{"train.seed"}},
			`--set "train.seed": got no value, want key=value, such as train.seed=1`},
		{"unknown key", LoadOptions{Set: []string{"train.sede=1"}},
			"train.sede: unknown key: did you mean train.seed? (--set)"},
		{"section", LoadOptions{Set: []string{"checkpoint={keep_last: 1}"}},
			"checkpoint: is a section: set one of its keys, every_steps, every_minutes, keep_last (--set)"},
		{"bad YAML", LoadOptions{Set: []string{"data.train=[*.parquet]"}},
			`data.train: got "[*.parquet]", want a list of paths: put text with special characters in quotes (--set)`},
		{"empty number", LoadOptions{Set: []string{"train.seed="}},
			"train.seed: got nothing, want an integer >= 0 (--set)"},
		{"wrong type of a flag", LoadOptions{Overrides: map[string]any{"train.seed": "1"}},
			`train.seed: got "1" (text), want an integer >= 0: remove the quotes (command line)`},
		{"flag that is no UTF-8", LoadOptions{Overrides: map[string]any{"tokenizer.path": "caf\xe9"}},
			"tokenizer.path: got bytes that are no UTF-8, want a path (command line)"},
		{"unknown key of a flag", LoadOptions{Overrides: map[string]any{"seed": 1}},
			"seed: unknown key: did you mean train.seed? (command line)"},
		{"unknown size", LoadOptions{Sizes: []string{"tiny", "smalls"}},
			`model.size: got "small", want one of tiny, smalls: did you mean smalls? (run.yaml:2)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := mistakes(t, minimal, test.opts)
			if !slices.Equal(got, []string{test.want}) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

// One load tells all: every source, types, unknown keys and the rules between keys.
func TestAllMistakesAtOnce(t *testing.T) {
	got := mistakes(t, `output: runs/a
train:
  batch_size: 10.7
  stesp: 3
  log_every: 0
schedule: {warmup_steps: 5}
`, LoadOptions{Env: []string{"T5TRAIN_TRAIN_SEED=x"}, Set: []string{"eval.patience=-1"}})
	want := []string{
		"train.batch_size: got 10.7, want an integer number of examples >= 1 and <= 1048576 (run.yaml:3)",
		"train.stesp: unknown key: did you mean train.steps? (run.yaml:4)",
		`train.seed: got "x" (text), want an integer >= 0 (T5TRAIN_TRAIN_SEED)`,
		"task.name: got nothing, want one of classification, regression, ner, translation, summarization, " +
			"question_answering, seq2seq, template, or a task of T5 such as glue/cola, squad or wmt/en-de",
		"train.log_every: got 0, want an integer number of steps >= 1 (run.yaml:5)",
		"eval.patience: got -1, want an integer number of evaluations >= 0 (--set)",
		"model.path, model.size: neither is set, want exactly one of them",
		"data.train: got nothing, want a list of parquet files, such as [train.parquet]",
		"schedule.warmup_steps: got 5, want 0 with schedule.name constant: use constant_with_warmup (run.yaml:6)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A file that cannot be parsed does not hide mistakes elsewhere, and nothing is said about what it may hold.
func TestUnparsedFileStillReportsFlags(t *testing.T) {
	got := mistakes(t, "train: [\n", LoadOptions{Set: []string{"train.seed=x"}})
	if len(got) != 2 || !strings.HasPrefix(got[0], "is not YAML") || !strings.HasPrefix(got[1], "train.seed: ") {
		t.Errorf("got\n%s\nwant the syntax error and that of train.seed", strings.Join(got, "\n"))
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

// Fine-tuning that says nothing about its model starts from the usual one.
func TestLoadDefaultModel(t *testing.T) {
	const tuning = "output: runs/a\ndata: {train: [a.parquet]}\ntask: {name: classification}\n"
	for _, test := range []struct{ name, content, path, said string }{
		{"nothing", tuning, "builtin:a", "no model is named, so training starts from builtin:a"},
		{"dropout", tuning + "model: {dropout_rate: 0.1}\n", "builtin:a", "no model is named"},
		{"a model", tuning + "model: {path: here}\n", "here", ""},
		{"a size", tuning + "model: {size: small}\n", "", "settings for random weights"},
	} {
		said := ""
		sink := testdir.Sink{Said: func(line string) { said += line }}
		c := mustLoad(t, test.content, LoadOptions{DefaultModel: "builtin:a", Sink: sink})
		if c.Model.Path != test.path || !strings.HasPrefix(said, test.said) || test.said == "" && said != "" {
			t.Errorf("%s: got model %q, said %q", test.name, c.Model.Path, said)
		}
	}
	for _, part := range []string{"model: {d_model: 64}\n", "tokenizer: {path: voc}\n", "objective: {name: ul2}\n"} {
		content := tuning + part
		if strings.HasPrefix(part, "objective") {
			content = strings.Replace(content, "task: {name: classification}\n", "", 1)
		}
		got := mistakes(t, content, LoadOptions{DefaultModel: "builtin:a"})
		if !strings.Contains(got[0], "neither is set") {
			t.Errorf("%s: got %q", part, got)
		}
	}
}

func TestLoadUnknownBuiltin(t *testing.T) {
	content := strings.Replace(minimal, "size: small", "path: 'builtin:none'", 1)
	got := mistakes(t, content, LoadOptions{Paths: true, Open: func(string, string) error { return nil }})
	if !strings.Contains(got[0], `there is no built-in model "builtin:none"`) {
		t.Errorf("got %q", got)
	}
}

// Settings that nobody gives follow from the model and its data.
func TestLoadSuitsTheData(t *testing.T) {
	minimal := strings.Replace(minimal, "[a.parquet]", "[a.parquet], validation: [b.parquet]", 1)
	trained := strings.Replace(minimal, "size: small", "path: here", 1)
	small := suit.Facts{Pretrained: true, Parameters: 9e6, NoDropout: true, HeldOut: 300}
	large := suit.Facts{Pretrained: true, Parameters: 60e6, NoDropout: true, HeldOut: 300}
	type settings struct {
		batch    int
		epochs   float64
		every    int
		heldOut  int
		dropout  float64
		schedule string
		rate     float64
	}
	for name, test := range map[string]struct {
		content string
		facts   suit.Facts
		rows    int
		set     []string
		want    settings
		said    string
	}{
		"a small model": {trained, small, 100, nil, settings{16, 50, 44, 0, 0.1, "linear", 1e-2},
			"settings for 100 rows and trained weights of a small model: train.batch_size 16, train.epochs 50, " +
				"eval.every_steps 44, model.dropout_rate 0.1, schedule.name linear, optimizer.scale_parameter true, " +
				"optimizer.learning_rate 0.01 (their"},
		"1,000 rows": {trained, small, 1000, nil, settings{16, 16, 126, 0, 0.1, "linear", 1e-2}, "train.epochs 16"},
		"a large model": {trained, large, 100, nil, settings{32, 50, 25, 0, -1, "constant", 1e-3},
			"settings for 100 rows and trained weights: train.epochs 50, eval.every_steps 25 (their"},
		"many rows": {trained, large, 64_000, nil, settings{32, 3, 750, 0, -1, "constant", 1e-3},
			"eval.every_steps 750"},
		"new weights": {minimal, suit.Facts{}, 100, nil, settings{32, 50, 25, 0, -1, "linear", 1e-2},
			"train.epochs 50"},
		"unknown": {trained, large, 0, nil, settings{32, 3, 0, 0, -1, "constant", 1e-3}, ""},
		"given": {trained, small, 100, []string{"train.batch_size=8", "train.epochs=2", "eval.every_steps=0",
			"data.max_validation_examples=0", "model.dropout_rate=0", "schedule.name=constant",
			"optimizer.learning_rate=1e-3"}, settings{8, 2, 0, 0, 0, "constant", 1e-3}, ""},
		"few epochs": {trained, small, 100, []string{"train.epochs=2"}, settings{16, 2, 20, 200, 0.1, "linear", 1e-2},
			"data.max_validation_examples 200"},
		"steps": {trained, large, 100, []string{"train.steps=400"},
			settings{32, 0, 50, 0, -1, "constant", 1e-3}, "steps 50"},
		"minutes": {trained, large, 100, []string{"train.minutes=2"},
			settings{32, 0, 100, 0, -1, "constant", 1e-3}, "eval.every_steps 100 (their"},
		"adamw": {trained, small, 100, []string{"optimizer.name=adamw"}, settings{16, 50, 44, 0, 0.1, "constant", 3e-4},
			"model.dropout_rate 0.1 (their"},
		"batches of tokens": {trained, small, 100, []string{"train.batch_tokens=4096"},
			settings{0, 3, 0, 0, 0.1, "linear", 1e-2}, "model.dropout_rate 0.1, schedule.name linear"},
		"no evaluation": {strings.Replace(trained, ", validation: [b.parquet]", "", 1), large, 100, nil,
			settings{32, 50, 0, 0, -1, "constant", 1e-3}, "trained weights: train.epochs 50 (their"},
	} {
		said := ""
		c := mustLoad(t, test.content, LoadOptions{
			Set:  test.set,
			Sink: testdir.Sink{Said: func(line string) { said += line }},
			Facts: func(Config) suit.Facts {
				test.facts.Rows = test.rows
				return test.facts
			},
		})
		dropout := -1.0
		if c.Model.DropoutRate != nil {
			dropout = *c.Model.DropoutRate
		}
		got := settings{c.Train.BatchSize, c.Train.Epochs, c.Eval.EverySteps, c.Data.MaxValidationExamples, dropout,
			c.Schedule.Name, *c.Optimizer.LearningRate}
		if got != test.want || !strings.Contains(said, test.said) || test.said == "" && said != "" {
			t.Errorf("%s: got %+v, said %q, want %+v, %q", name, got, said, test.want, test.said)
		}
	}
}
