package configs

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/task"
	"t5train/trainer/optim"
)

// valid returns a configuration without a mistake.
func valid() *Config {
	c := Default()
	c.Output, c.Model.Size, c.Task.Name = "runs/a", "small", task.Classification
	c.Data.Train, c.Data.Validation = []string{"a.parquet"}, []string{"b.parquet"}
	c.Resolve()
	return c
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *Config)
		want   []string // beginnings of the lines of the error
	}{
		{"nothing wrong", func(c *Config) {}, nil},
		{"no output", func(c *Config) { c.Output = "" }, []string{"output: got nothing, want a folder"}},
		{"no training data", func(c *Config) { c.Data.Train = nil }, []string{"data.train: got nothing, want a list"}},
		{"empty path", func(c *Config) { c.Data.Validation = []string{"a", ""} },
			[]string{`data.validation: got "" in the list`}},
		{"no task", func(c *Config) { c.Task.Name = "" },
			[]string{"task.name: got nothing, want one of classification, regression"}},
		{"no model", func(c *Config) { c.Model.Size = "" }, []string{"model.path, model.size: neither is set"}},
		{"two models", func(c *Config) { c.Model.Path = "m" },
			[]string{`model.path, model.size: got both, "m" and "small"`}},
		{"two lengths", func(c *Config) { c.Train.Steps = 5 },
			[]string{"train.steps, train.epochs: got both, 5 and 3"}},
		{"no length", func(c *Config) { c.Train.Epochs = 0 },
			[]string{"train.steps, train.epochs, train.minutes: none is set"}},
		{"two lengths", func(c *Config) { c.Train.Minutes = 10 },
			[]string{"train.epochs, train.minutes: got both, 3 and 10, want exactly one"}},
		{"three lengths", func(c *Config) { c.Train.Minutes, c.Train.Steps = 10, 5 },
			[]string{"train.steps, train.epochs, train.minutes: got 5 and 3 and 10, want exactly one"}},
		{"two batch sizes", func(c *Config) { c.Train.BatchTokens = 4096 },
			[]string{"train.batch_size, train.batch_tokens: got both, 32 and 4096"}},
		{"negative epochs", func(c *Config) { c.Train.Epochs = -1 },
			[]string{"train.epochs: got -1, want a number of epochs > 0 and <= 1000000, or 0"}},
		{"not a number", func(c *Config) { c.Train.ClipNorm = math.NaN() },
			[]string{"train.clip_norm: got NaN, want a number >= 0"}},
		{"infinite", func(c *Config) { c.Train.ClipNorm = math.Inf(1) },
			[]string{"train.clip_norm: got +Inf, want a number >= 0"}},
		{"dropout of 1", func(c *Config) { c.Model.DropoutRate = new(1.0) },
			[]string{"model.dropout_rate: got 1, want a number >= 0 and < 1"}},
		{"dropout of a checkpoint", func(c *Config) { c.Model = Model{Path: "m", DropoutRate: new(0.0)} }, nil},
		{"shape of a checkpoint",
			func(c *Config) { c.Model = Model{Path: "m", DModel: new(64), TieWordEmbeddings: new(true)} },
			[]string{"model.d_model: got 64, want it unset with model.path",
				"model.tie_word_embeddings: got true, want it unset"}},
		{"odd buckets", func(c *Config) { c.Model.RelativeAttentionNumBuckets = new(31) },
			[]string{"model.relative_attention_num_buckets: got 31, want an even number"}},
		{"short distance", func(c *Config) { c.Model.RelativeAttentionMaxDistance = new(16) },
			[]string{"model.relative_attention_max_distance: got 16, want more than 16"}},
		{"small buckets", func(c *Config) {
			c.Model.RelativeAttentionNumBuckets, c.Model.RelativeAttentionMaxDistance = new(16), new(20)
		}, nil},
		{"token budget below an example", func(c *Config) { c.Train.BatchSize, c.Train.BatchTokens = 0, 639 },
			[]string{"train.batch_tokens: got 639, want >= 640"}},
		{"token budget of one example", func(c *Config) { c.Train.BatchSize, c.Train.BatchTokens = 0, 640 }, nil},
		{"target column in classification", func(c *Config) { c.Task.TargetColumn = "a" },
			[]string{`task.target_column: is a key of translation, summarization, question_answering, seq2seq, template, but task.name is "classification"`}},
		{"two inputs of seq2seq", func(c *Config) {
			c.Task, c.Eval.Metric = task.Spec{Name: task.Seq2Seq, TextColumns: []string{"a", "b"}}, "loss"
		}, []string{"task.text_columns: got 2 columns, want 1 for seq2seq, or a task.template that has them all"}},
		{"labels in seq2seq", func(c *Config) {
			c.Task.Name, c.Eval.Metric, c.Task.LabelTexts = task.Seq2Seq, "loss", []string{"a", "b"}
		},
			[]string{`task.labels: is a key of classification, ner, but task.name is "seq2seq"`}},
		{"every task", func(c *Config) { c.Task.Name, c.Eval.Metric = "super_glue/boolq", "accuracy" }, nil},
		{"a task with a step", func(c *Config) {
			c.Task, c.Eval.Metric = task.Spec{Name: task.Regression, RoundTo: new(0.5),
				Metrics: []string{task.Pearson}}, ""
		}, nil},
		{"a translation", func(c *Config) {
			c.Task, c.Eval.Metric = task.Spec{Name: task.Translation, Prefix: new(""), SourceLanguage: "en",
				TargetLanguage: "de"}, ""
		}, nil},
		{"a template", func(c *Config) {
			c.Task, c.Eval.Metric = task.Spec{Name: task.Template, Template: "{a}", TargetTemplate: "{b}"}, ""
		}, nil},
		{"misspelt task", func(c *Config) { c.Task.Name, c.Eval.Metric = "glue/colla", "" },
			[]string{`task.name: got "glue/colla", want one of classification, regression, ner, translation, summarization, question_answering, seq2seq, template, or a task of T5 such as glue/cola, squad or wmt/en-de: did you mean glue/cola?`}},
		{"keys of other tasks", func(c *Config) {
			c.Task.TargetTemplate, c.Task.SourceLanguage, c.Task.RoundTo = "{a}", "en", new(1.0)
		}, []string{`task.target_template: is a key of template, but`,
			`task.source_language: is a key of translation, but`,
			`task.round_to: is a key of regression, but`}},
		{"a template for T5's task", func(c *Config) { c.Task.Name, c.Task.Template = "glue/cola", "{a}" },
			[]string{`task.template: got "{a}", but glue/cola has the input of T5: remove it, or set task.name to classification`}},
		{"a damaged template", func(c *Config) { c.Task.Template = "{a" },
			[]string{`task.template: "{a" has a { without its }`}},
		{"a template without columns", func(c *Config) { c.Task.Template = "a" },
			[]string{`task.template: it has no column`}},
		{"no template", func(c *Config) { c.Task, c.Eval.Metric = task.Spec{Name: task.Template}, "" },
			[]string{"task.template: got nothing", "task.target_template, task.target_column: want exactly one"}},
		{"columns beside a template", func(c *Config) { c.Task.Template, c.Task.TextColumns = "{a}", []string{"a"} },
			[]string{"task.text_columns: got a list, want none beside task.template"}},
		{"one language twice", func(c *Config) {
			c.Task, c.Eval.Metric = task.Spec{Name: task.Translation, SourceLanguage: "en", TargetLanguage: "en"}, ""
		}, []string{`task.target_language: got "en", which is task.source_language too`}},
		{"metrics of another task", func(c *Config) { c.Task.Metrics = []string{"acuracy"} },
			[]string{`task.metrics: got "acuracy", want some of accuracy, `}},
		{"a metric twice", func(c *Config) { c.Task.Metrics = []string{"f1", "f1"} },
			[]string{`task.metrics: got "f1" twice`}},
		{"a step of nothing", func(c *Config) {
			c.Task,
				c.Eval.Metric = task.Spec{Name: task.Regression, RoundTo: new(0.0)}, ""
		},
			[]string{"task.round_to: got 0, want a number > 0"}},
		{"repeated label", func(c *Config) { c.Task.LabelTexts = []string{"a", "b", "a"} },
			[]string{`task.labels: got "a" twice`}},
		{"one label", func(c *Config) { c.Task.LabelTexts = []string{"a"} },
			[]string{"task.labels: got 1 label, want at least 2"}},
		{"empty label", func(c *Config) { c.Task.LabelTexts = []string{"a", ""} },
			[]string{`task.labels: got "" in the list`}},
		{"repeated column", func(c *Config) { c.Task.TextColumns = []string{"a", "a"} },
			[]string{`task.text_columns: got "a" twice`}},
		{"label in the input", func(c *Config) { c.Task.TextColumns, c.Task.LabelColumn = []string{"a"}, "a" },
			[]string{`task.label_column: got "a", which is in task.text_columns too`}},
		{"target in the input", func(c *Config) {
			c.Task, c.Eval.Metric = task.Spec{Name: task.Seq2Seq, TextColumns: []string{"a"}, TargetColumn: "a"}, "loss"
		},
			[]string{`task.target_column: got "a", which is in task.text_columns too`}},
		{"unknown optimizer", func(c *Config) { c.Optimizer.Name = "adam" },
			[]string{`optimizer.name: got "adam", want one of adafactor, adamw, sgd: did you mean adamw?`}},
		{"keys of another optimizer",
			func(c *Config) { c.Optimizer = optim.Spec{Name: optim.NameSGD, Beta1: new(0.9), Eps: new(1e-8)} },
			[]string{"optimizer.beta1: is a key of adafactor and adamw, but optimizer.name is sgd: remove it",
				"optimizer.eps: is a key of adamw"}},
		{"rate under relative step", func(c *Config) { c.Optimizer.RelativeStep = new(true) },
			[]string{"optimizer.learning_rate: got 0.001, want it unset"}},
		{"schedule under relative step", func(c *Config) {
			c.Optimizer.RelativeStep, c.Optimizer.LearningRate, c.Schedule.Name = new(true), nil, "linear"
		},
			[]string{`schedule.name: got "linear", want constant with optimizer.relative_step`}},
		{"warm-up without relative step", func(c *Config) { c.Optimizer.WarmupInit = new(true) },
			[]string{"optimizer.warmup_init: got true, want false"}},
		{"warm-up of a constant", func(c *Config) { c.Schedule.WarmupSteps = 1 },
			[]string{"schedule.warmup_steps: got 1, want 0"}},
		{"rsqrt without warm-up", func(c *Config) { c.Schedule.Name = "rsqrt" },
			[]string{"schedule.warmup_steps: got 0, want >= 1"}},
		{"warm-up longer than the run", func(c *Config) {
			c.Schedule, c.Train.Steps, c.Train.Epochs = Schedule{"linear", 11}, 10, 0
		}, []string{"schedule.warmup_steps: got 11, want at most train.steps, 10"}},
		{"misspelt metric", func(c *Config) { c.Eval.Metric = "acuracy" },
			[]string{`eval.metric: got "acuracy", want one of accuracy, `}},
		{"evaluation without data", func(c *Config) {
			c.Data.Validation, c.Eval.EverySteps, c.Eval.Patience = nil, 5,
				2
		},
			[]string{"eval.every_steps: got 5, want 0 without data.validation",
				"eval.patience: got 2, want 0 without data.validation"}},
		{"room for the end token only", func(c *Config) { c.Data.MaxInputLength, c.Data.MaxTargetLength = 1, 1 },
			[]string{"data.max_input_length: got 1, want an integer number of tokens >= 2 and <= 1048576",
				"data.max_target_length: got 1, want an integer number of tokens >= 2 and <= 1048576"}},
		{"no checkpoint kept", func(c *Config) { c.Checkpoint.KeepLast = 0 },
			[]string{"checkpoint.keep_last: got 0, want an integer number of checkpoints >= 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := valid()
			test.change(c)
			var got []string
			if err := c.Validate(); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Every option of the chosen optimizer is filled, none of the others.
func TestResolveOptimizer(t *testing.T) {
	for _, name := range optim.Names() {
		t.Run(name, func(t *testing.T) {
			c := Config{Optimizer: optim.Spec{Name: name}}
			o := &c.Optimizer
			o.Resolve(false, 1)
			for _, f := range fields() {
				_, set := f.value(&c)
				if owned := slices.Contains(f.of, name); len(f.of) > 0 && set != owned {
					t.Errorf("%s: got set %t, want %t", f.path, set, owned)
				}
			}
			if o.LearningRate == nil {
				t.Error("optimizer.learning_rate: got unset, want a default")
			}
		})
	}
	o := optim.Spec{Name: optim.NameAdafactor, RelativeStep: new(true), Eps2: new(0.5)}
	o.Resolve(false, 1)
	if o.LearningRate != nil || *o.Eps2 != 0.5 {
		t.Errorf("got rate %v and eps2 %v, want it unset under relative_step and 0.5 kept", o.LearningRate, *o.Eps2)
	}
}

// Every optional key of the section optimizer but the learning rate has owners.
func TestOptimizerKeysAreComplete(t *testing.T) {
	var want, got []string
	for _, f := range fields() {
		if strings.HasPrefix(f.path, "optimizer.") && f.optional() && f.path != "optimizer.learning_rate" {
			want = append(want, f.path)
		}
		if strings.HasPrefix(f.path, "optimizer.") && len(f.of) > 0 {
			got = append(got, f.path)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCheckPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a-1.parquet", "[odd.parquet", "file"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("HF_HUB_CACHE", dir)
	c := valid()
	c.Data.Train, c.Data.Validation = []string{"a-*.parquet", "[odd.parquet"}, []string{dir}
	if err := c.CheckPaths(); err != nil {
		t.Errorf("paths that exist: %v", err)
	}

	c.Output, c.Model, c.Tokenizer.Path = "file", Model{Path: "m"}, "file/voc"
	c.Data.Train, c.Data.Validation = []string{"a-*.parquet", "b.parquet"}, []string{"b-*.parquet", "[x"}
	err := c.CheckPaths()
	want := []string{
		`model.path: got "m", want a model or checkpoint folder: there is no such folder, nor such a model in the ` +
			`cache of Hugging Face, ` + dir + ` (t5train pull downloads one)`,
		`tokenizer.path: got "file/voc", want a spiece.model or its folder: not a directory`,
		`data.train: got "b.parquet", want files that exist: nothing matches in ` + dir,
		`data.validation: got "b-*.parquet", want files that exist: nothing matches in ` + dir,
		`data.validation: got "[x", want a path or a glob: syntax error in pattern`,
		`output: got "file", want a folder: this is a file`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
	c.Output, c.Model, c.Tokenizer.Path, c.Data = "file/run", Model{}, "", Data{}
	if err := c.CheckPaths(); err == nil || err.Error() != `output: got "file/run", want a folder: not a directory` {
		t.Errorf("a file above the output: got error %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("got %d entries, %v, want the 3 there were", len(entries), err)
	}
}

// No key takes what can be of no use.
func TestAbsurdValues(t *testing.T) {
	absurd := map[reflect.Kind][]any{
		reflect.Int:     {math.MaxInt, math.MinInt, 1 << 31},
		reflect.Float64: {math.NaN(), math.Inf(1), math.Inf(-1)},
		reflect.String:  {"a\x00b"},
		reflect.Slice:   {[]string{"a", ""}, []string{"a\x00b"}},
	}
	for _, f := range append(fields(), componentFields()...) {
		for _, value := range absurd[f.kind()] {
			if f.kind() == reflect.Int && f.unit == "" && value != math.MinInt ||
				f.typ == reflect.TypeFor[[]Component]() {
				continue // seeds may be any
			}
			if wrong := f.check(reflect.ValueOf(value)); !strings.HasPrefix(wrong, "got ") {
				t.Errorf("%s: %v is taken: %q", f.path, value, wrong)
			}
		}
	}
}
