package configs

import (
	"slices"
	"strings"
	"testing"
)

func TestStrictFile(t *testing.T) {
	tests := []struct {
		name, content string
		want          []string
	}{
		{"fraction for an integer", minimal + "train:\n  batch_size: 10.7\n",
			[]string{"train.batch_size: got 10.7, want an integer number of examples >= 1 and <= 1048576, or 0 " +
				"(run.yaml:6)"}},
		{"10.0 for an integer", minimal + "train: {steps: 10.0}\n",
			[]string{"train.steps: got 10.0, want an integer number of steps >= 1, or 0 (run.yaml:5)"}},
		{"1e3 for an integer", minimal + "train: {steps: 1e3}\n",
			[]string{"train.steps: got 1e3, want an integer number of steps >= 1, or 0 (run.yaml:5)"}},
		{"hexadecimal", minimal + "train: {steps: 0x10}\n",
			[]string{"train.steps: got 0x10, want an integer number of steps >= 1, or 0 (run.yaml:5)"}},
		{"too large", minimal + "train: {steps: 99999999999999999999}\n",
			[]string{"train.steps: got 99999999999999999999, want an integer number of steps >= 1, or 0 (run.yaml:5)"}},
		{"quoted number", minimal + "train: {steps: \"10\"}\n",
			[]string{`train.steps: got "10" (text), want an integer number of steps >= 1, or 0: remove the quotes ` +
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
			[]string{`"quite\nanother thing": unknown key: the sections are output, model, tokenizer, data, objective, task, lora, distill, train, optimizer, schedule, eval, checkpoint (run.yaml:5)`}},
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
		"train.batch_size: got 10.7, want an integer number of examples >= 1 and <= 1048576, or 0 (run.yaml:3)",
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
