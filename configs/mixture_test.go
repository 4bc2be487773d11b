package configs

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"t5train/data/task"
)

// pretrain is the shortest valid configuration of pre-training.
const pretrain = `output: runs/a
model: {size: small}
data: {train: [a.parquet]}
objective: {name: span_corruption}
`

func TestPretrainingDefaults(t *testing.T) {
	c := mustLoad(t, pretrain, LoadOptions{})
	if got := [...]any{c.Schedule, *c.Optimizer.LearningRate, *c.Optimizer.ScaleParameter, *c.Objective.InputLength,
		*c.Objective.Density,
		*c.Objective.MeanSpanLength, *c.Model.DropoutRate, c.Eval.Metric, c.Train.ZLoss}; got != [...]any{
		Schedule{"rsqrt", 10000}, 1.0, true, 512, 0.15, 3.0, 0.0, "loss", 1e-4} {
		t.Errorf("got %v", got)
	}
	for name, test := range map[string]struct {
		set  []string
		rate float64
	}{
		"shorter at the peak": {[]string{"schedule.warmup_steps=400"}, 0.2},
		"another schedule":    {[]string{"schedule.name=constant"}, 0.01},
		"adamw":               {[]string{"optimizer.name=adamw"}, 0.03},
		"given":               {[]string{"optimizer.learning_rate=7"}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			if got := *mustLoad(t, pretrain, LoadOptions{Set: test.set}).Optimizer.LearningRate; got != test.rate {
				t.Errorf("got learning rate %g, want %g", got, test.rate)
			}
		})
	}
}

// The command decides what a configuration is of; without one, the configuration itself.
func TestKindOfRun(t *testing.T) {
	c := mustLoad(t, strings.Replace(pretrain, "objective: {name: span_corruption}", "", 1),
		LoadOptions{Command: "pretrain"})
	if c.Objective.Name != "span_corruption" {
		t.Errorf("got objective %q, want the default", c.Objective.Name)
	}
	for name, test := range map[string]struct {
		content, command string
		want             []string
	}{
		"pre-training by finetune": {pretrain + "task: {name: classification}", "finetune", []string{
			`objective.name: is a key of pre-training, but this is fine-tuning: remove it, or say pretrain in the command (run.yaml:4)`}},
		"task in pre-training": {pretrain + "task: {name: classification, prefix: a}", "", []string{
			`task.name: is a key of fine-tuning, but this is pre-training: remove it, or say finetune in the command`,
			`task.prefix: is a key of fine-tuning, but this is pre-training`}},
		"vectors of no text": {strings.Replace(pretrain, "{train: [a.parquet]}",
			"{mixture: [{name: a, train: [a.parquet], task: seq2seq, vector_column: v}]}", 1), "", []string{
			`data.mixture: entry 1: vector_column: got "v", which is for text, but task is seq2seq: remove one (run.yaml:3)`}},
		"a weight of no vectors": {strings.Replace(pretrain, "span_corruption", "span_corruption, vector_weight: 3",
			1), "",
			[]string{"objective.vector_weight: got 3, but no component of data.mixture has a vector_column"}},
		"pre-training keys in fine-tuning": {minimal + "objective: {density: 0.2}\neval: {samples: 3}", "", []string{
			"objective.density: is a key of pre-training", "eval.samples: is a key of pre-training"}},
		"nothing to train on": {"output: a\nmodel: {size: small}\n", "pretrain", []string{"data.train: got nothing"}},
		"two sources":         {pretrain + "", "", []string{"data.train, data.mixture: got both"}},
	} {
		t.Run(name, func(t *testing.T) {
			content := test.content
			if name == "two sources" {
				content = strings.Replace(content, "train: [a.parquet]",
					"train: [a.parquet], mixture: [{name: a, train: [b]}]", 1)
			}
			got := mistakes(t, content, LoadOptions{Command: test.command})
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestObjectiveKeys(t *testing.T) {
	for name, test := range map[string]struct {
		set  []string
		want []string
	}{
		"density of lm": {[]string{"objective.name=lm", "objective.density=0.5"},
			[]string{"objective.density: is a key of span_corruption and iid and prefix_lm, but objective.name is lm"}},
		"mode tokens elsewhere": {[]string{"objective.mode_tokens=true"},
			[]string{"objective.mode_tokens: is a key of ul2"}},
		"misspelt": {[]string{"objective.name=span_coruption"},
			[]string{`objective.name: got "span_coruption", want one of span_corruption, iid, prefix_lm, lm, ul2: did you mean span_corruption?`}},
		"density of 1": {[]string{"objective.density=1"},
			[]string{"objective.density: got 1, want a number > 0 and < 1"}},
		"metric of a task": {[]string{"eval.metric=f1"},
			[]string{`eval.metric: got "f1", want one of loss, perplexity, loss_per_byte, bits_per_byte, token_accuracy, span_accuracy for span_corruption`}},
		"spans of lm": {[]string{"objective.name=lm", "eval.metric=span_accuracy"},
			[]string{`eval.metric: got "span_accuracy", want one of loss, perplexity, loss_per_byte, bits_per_byte, token_accuracy for lm`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := mistakes(t, pretrain, LoadOptions{Set: test.set})
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestMixture(t *testing.T) {
	half := 0.5
	want := []Component{
		{Name: "books", Train: []string{"b*.parquet"}, MixingRate: &half,
			Task: task.Spec{Name: "text", TextColumns: []string{"body"}}},
		{Name: "sst2", Train: []string{"s.parquet"}, Task: task.Spec{
			Name: "classification", Prefix: new("sst2"), LabelTexts: []string{"bad", "good"}}},
	}
	const list = `[{name: books, train: [b*.parquet], rate: 0.5, text_columns: [body]}, {name: sst2, train: [s.parquet], task: classification, prefix: sst2, labels: [bad, good]}]`
	// A mixture replaces the files of a lower layer.
	c := mustLoad(t, pretrain, LoadOptions{Set: []string{"data.mixture=" + list}})
	if !reflect.DeepEqual(c.Data.Mixture, want) || c.Data.Train != nil {
		t.Fatalf("got %+v and %v, want %+v alone", c.Data.Mixture, c.Data.Train, want)
	}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again := mustLoad(t, string(text), LoadOptions{}); !reflect.DeepEqual(again, c) {
		t.Errorf("written and read: got %+v, want %+v from\n%s", again, c, text)
	}
}

func TestMixtureMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		list string
		want []string
	}{
		"a path": {"[a.parquet]",
			[]string{`data.mixture: entry 1: got "a.parquet" (text), want keys such as {name: books`}},
		"no list": {"{name: a}", []string{"data.mixture: got a section, want a list of entries"}},
		"all of decode": {"[{nam: a, train: b, rate: x, rate: 1}]",
			[]string{`data.mixture: entry 1: nam: unknown key: did you mean name?; entry 1: train: got "b" (text), want a list of paths: write [b]; entry 1: rate: got "x" (text), want a number > 0; entry 1: rate: given twice: keep one`}},
		"both": {"[{name: a, train: [b], ratte: 1, rate: -1}, {name: c, train: [d], rate: 0}]",
			[]string{`data.mixture: entry 1: ratte: unknown key: did you mean rate?; entry 1: rate: got -1, want a number > 0; entry 2: rate: got 0, want a number > 0`}},
		"empty": {"[{}, {name: a, train: [b]}, {name: a, train: [b], rate: -1}]",
			[]string{"data.mixture: entry 1: name: got nothing", "data.mixture: entry 1: train: got nothing",
				`data.mixture: entry 3: name: got "a", which another`,
				"data.mixture: entry 3: rate: got -1, want a number > 0"}},
		"keys of tasks": {"[{name: a, train: [b], labels: [x, y]}, {name: b, train: [b], task: seq2seq, " +
			"label_column: c}]",
			[]string{
				"data.mixture: entry 1: labels: is a key of tasks, but task is text",
				`data.mixture: entry 2: label_column: is a key of classification, regression, ner, but task is "seq2seq"`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := mistakes(t, pretrain, LoadOptions{Set: []string{"data.mixture=" + test.list}})
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// The parts of a mixture for fine-tuning are tasks, each with its own validation.
func TestMixtureOfTasks(t *testing.T) {
	const start = "output: runs/a\nmodel: {size: small}\n"
	const parts = `data: {mixture: [{name: a, train: [a], validation: [v], task: glue/sst2, metrics: [accuracy]}, {name: b, train: [b], task: translation, source_language: en, target_language: de, prefix: "", rate: 2}]}` + "\n"
	c := mustLoad(t, start+parts+"eval: {patience: 2}\n", LoadOptions{})
	if len(c.Data.Mixture) != 2 || c.Data.Mixture[1].Task.Prefix == nil || c.Eval.Metric != "" ||
		c.Data.MixtureTemperature != 1 {
		t.Errorf("got %+v", c)
	}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again := mustLoad(t, string(text), LoadOptions{}); !reflect.DeepEqual(again, c) {
		t.Errorf("written and read: got %+v, want %+v from\n%s", again, c, text)
	}
	for name, test := range map[string]struct {
		content string
		want    []string
	}{
		"text": {start + "data: {mixture: [{name: a, train: [a], validation: [v], task: text}]}",
			[]string{"data.mixture: entry 1: task: got text, which is for pre-training"}},
		"no task": {start + "data: {mixture: [{name: a, train: [a], validation: [v]}]}",
			[]string{"data.mixture: entry 1: task: got nothing, want one of text, classification"}},
		"the section task": {start + parts + "task: {name: seq2seq, labels: [a, b]}",
			[]string{"task.name: got \"seq2seq\", want it unset with data.mixture",
				"task.labels: got [a b], want it unset"}},
		"validation": {start + parts + "", nil},
		"both validations": {start + strings.Replace(parts, "data: {", "data: {validation: [x], ", 1),
			[]string{"data.validation: got [x], want none with data.mixture"}},
		"both trainings": {start + strings.Replace(parts, "data: {", "data: {train: [x], ", 1),
			[]string{"data.train, data.mixture: got both"}},
		"a wrong metric": {start + strings.Replace(parts, "[accuracy]", "[bleu]", 1),
			[]string{`data.mixture: entry 1: metrics: got "bleu", want some of accuracy`}},
		"for pre-training": {pretrain + "", nil},
	} {
		_, err := load([]byte(test.content), LoadOptions{File: "run.yaml"})
		if test.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, part := range test.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: got %v, want %q in it", name, err, part)
			}
		}
	}
	_, err = load([]byte(strings.Replace(pretrain, "train: [a.parquet]",
		"mixture: [{name: a, train: [a], validation: [v]}]", 1)), LoadOptions{File: "run.yaml"})
	if err == nil || !strings.Contains(err.Error(), "validation: is a key of fine-tuning, but this is pre-training") {
		t.Errorf("validation of a part in pre-training: got %v", err)
	}
}

// Without a command the keys tell what a configuration is for.
func TestKind(t *testing.T) {
	const start = "output: runs/a\nmodel: {size: small}\ndata: {train: [a]}\n"
	for content, want := range map[string]bool{
		start + "task: {name: seq2seq}\n":                                           false,
		start + "objective: {name: lm}\n":                                           true,
		start + "objective: {input_length: 64}\n":                                   true,
		start + "eval: {samples: 1}\n":                                              true,
		strings.Replace(start, "train: [a]", "train: [a], tokens: t", 1):            true,
		strings.Replace(start, "train: [a]", "mixture: [{name: a, train: [a]}]", 1): true,
		strings.Replace(start, "train: [a]", "mixture: [{name: a, train: [a]}, {name: b, train: [b], task: squad}]",
			1): true,
		strings.Replace(start, "train: [a]", "mixture: [{name: b, train: [b], task: squad}]",
			1): false,
	} {
		if c := mustLoad(t, content, LoadOptions{}); c.Pretraining() != want {
			t.Errorf("%s: pre-training is %t, want %t", content, c.Pretraining(), want)
		}
	}
	for content, want := range map[string]string{
		start:                                                "",
		start + "task: {name: seq2seq}\n":                    "finetune",
		start + "task: {prefix: a}\n":                        "finetune",
		start + "task: {nam: seq2seq}\n":                     "finetune",
		start + "task: {name: [x]}\n":                        "finetune",
		start + "objective: {name: lm}\ntask: {prefix: a}\n": "pretrain",
		start + "objective: {density: 0.2}\n":                "pretrain",
		strings.Replace(start, "train: [a]", "mixture: [{name: a, train: [a]}]", 1):              "pretrain",
		strings.Replace(start, "train: [a]", "mixture: [{name: b, train: [b], task: squad}]", 1): "finetune",
		"train: [": "",
	} {
		if got := CommandOf(LoadOptions{File: "run.yaml", Content: []byte(content)}); got != want {
			t.Errorf("%s: its keys are of %q, want %q", content, got, want)
		}
	}
	if got := CommandOf(LoadOptions{Env: []string{"T5TRAIN_TASK_NAME=seq2seq"}}); got != "finetune" {
		t.Errorf("the environment is of %q, want finetune", got)
	}
	for content, want := range map[string]string{
		start + "task: {name: seq2seq}\nobjective: {input_length: 64}\n": "objective.input_length: is a key of " +
			"pre-training, but this is fine-tuning",
		start + "objective: {input_length: 1.5}\n": "objective.input_length: got 1.5",
		start: "task.name: got nothing",
	} {
		if _, err := load([]byte(content), LoadOptions{File: "run.yaml"}); err == nil ||
			!strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: got %v, want only %q", content, err, want)
		}
	}
}

// What says how a mixture is made is a mistake without one.
func TestMixtureKeysAlone(t *testing.T) {
	got := mistakes(t, pretrain, LoadOptions{Set: []string{"data.mixture_cap=5", "data.mixture_temperature=2"}})
	want := []string{"data.mixture_cap: got 5, want none without data.mixture",
		"data.mixture_temperature: got 2, want none without data.mixture"}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A rate that is a peak's is told where it is none, and one that is none where it is a peak's.
func TestRateWarning(t *testing.T) {
	for _, test := range []struct{ set, want string }{
		{"", ""},
		{"optimizer.learning_rate=1", ""},
		{"optimizer.learning_rate=0.1", ""}, // a peak of 1e-3, as after T5's million steps
		{"optimizer.learning_rate=0.005",
			"0.005, by the root of warmup_steps, so that training begins at 5.00e-05: for a peak of 0.005 set it to " +
				"0.5"},
		{"optimizer.learning_rate=0.03", "training begins at 3.00e-04"},
		{"optimizer.name=adamw", ""},
		{"optimizer.name=adamw optimizer.learning_rate=3e-4", "training begins at 3.00e-06"},
		{"optimizer.name=adamw optimizer.learning_rate=0.01", ""},
		{"optimizer.learning_rate=0.005 schedule.warmup_steps=50", ""},
		{"optimizer.learning_rate=1 schedule.warmup_steps=100", "a peak of 0.1: .* set it to 0.1$"},
		{"optimizer.learning_rate=1 schedule.name=linear", "a peak of 1: .* set it to 0.01$"},
		{"optimizer.learning_rate=0.03 schedule.name=linear", ""},
		{"optimizer.name=sgd optimizer.learning_rate=1 schedule.name=linear", ""},
		{"optimizer.relative_step=true schedule.name=constant", ""},
		{"model.path=t5-small", "begins at 1.00e-02, as for new weights, and may undo what the model has learnt"},
		{"model.path=t5-small optimizer.learning_rate=1e-3 schedule.name=constant", ""},
		{"model.path=t5-small optimizer.name=adamw", ""},
	} {
		c := mustLoad(t, pretrain, LoadOptions{Set: strings.Fields(test.set)})
		if got := c.RateWarning(); (got == "") != (test.want == "") || !regexp.MustCompile(test.want).MatchString(got) {
			t.Errorf("%s: got %q, want %q", test.set, got, test.want)
		}
	}
}
