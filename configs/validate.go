package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"t5train/data/objective"
	"t5train/data/task"
	"t5train/internal/nearest"
	"t5train/trainer/optim"
)

// alternatives are the keys of which exactly one of each group is set, that is, not zero.
var alternatives = [...][]string{
	{"model.path", "model.size"},
	{"train.steps", "train.epochs", "train.minutes"},
	{"train.batch_size", "train.batch_tokens"},
}

// trainOrMixture are alternatives too, but where neither is set, only the first is spoken of.
var trainOrMixture = []string{"data.train", "data.mixture"}

// Validate checks a resolved configuration: every range and every rule between keys. Its error joins all mistakes, one
// a line. It looks at no file: see [Config.CheckPaths].
func (c *Config) Validate() error { return join(c.problems(c.kind())) }

func (c *Config) problems(kind string) []problem {
	return slices.Concat(
		c.foreign(kind),
		c.ranges(kind),
		c.exclusions(),
		c.required(),
		c.Model.problems(),
		c.mixture(kind),
		c.task(kind),
		c.ofOthers(),
		c.batchTokens(),
		c.sections(),
		optimizerProblems(c.Optimizer),
		c.schedule(),
		c.evaluation(kind),
	)
}

// foreign reports the keys that are set and that the kind of run does not have.
func (c *Config) foreign(kind string) []problem {
	remedy := "remove it, or say pretrain in the command"
	if kind == pretraining {
		remedy = "remove it, or say finetune in the command, without objective; tasks to mix with text are entries " +
			"of data.mixture"
	}
	var ps []problem
	for _, f := range fields() {
		v, ok := f.value(c)
		if !ok || !f.foreign(kind) || v.IsZero() {
			continue
		}
		// What Resolve fills in behind a foreign key follows from it and is no mistake of its own.
		if strings.HasPrefix(f.path, "objective.") && f.path != "objective.name" && c.Pretraining() {
			continue
		}
		ps = append(ps, mistake(f.path, "is a key of %s, but this is %s: %s", f.use, kind, remedy))
	}
	return ps
}

// mistake is a problem of one key.
func mistake(key, format string, args ...any) problem {
	return problem{keys: []string{key}, text: fmt.Sprintf(format, args...)}
}

// ranges checks every value that is set against the tags of its field.
func (c *Config) ranges(kind string) []problem {
	var ps []problem
	for _, f := range fields() {
		v, ok := f.value(c)
		if !ok || f.foreign(kind) || f.path == "task.name" && len(c.Data.Mixture) > 0 {
			continue
		}
		if wrong := f.check(v); wrong != "" {
			ps = append(ps, mistake(f.path, "%s", wrong))
		}
	}
	return ps
}

// exclusions checks that exactly one of each group of alternatives is set.
func (c *Config) exclusions() []problem {
	values := map[string]reflect.Value{}
	for _, f := range fields() {
		values[f.path], _ = f.value(c)
	}
	var ps []problem
	for _, group := range alternatives {
		var set, shown []string
		for _, path := range group {
			if v := values[path]; !v.IsZero() {
				set, shown = append(set, path), append(shown, show(v))
			}
		}
		got, none := "both, ", "neither"
		if len(set) > 2 {
			got = ""
		}
		if len(group) > 2 {
			none = "none"
		}
		switch {
		case len(set) == 0:
			ps = append(ps, problem{keys: group, text: none + " is set, want exactly one of them"})
		case len(set) > 1:
			ps = append(ps, problem{keys: set, text: fmt.Sprintf("got %s%s, want exactly one: remove the others", got,
				strings.Join(shown, " and "))})
		}
	}
	return ps
}

func (c *Config) required() []problem {
	var ps []problem
	if c.Output == "" {
		ps = append(ps, mistake("output", "got nothing, want a folder for the run, such as runs/first"))
	}
	switch {
	case len(c.Data.Train) == 0 && len(c.Data.Mixture) == 0:
		ps = append(ps, mistake("data.train", "got nothing, want a list of parquet files, such as [train.parquet]"))
	case len(c.Data.Train) > 0 && len(c.Data.Mixture) > 0:
		ps = append(ps, problem{keys: trainOrMixture[:],
			text: "got both, want exactly one: make an entry of the mixture of the files to train on, " +
				"or leave the mixture out with data.mixture=[]"})
	}
	return ps
}

// ofOthers reports the keys of other optimizers and objectives than the chosen one; of an unknown one nothing is
// foreign.
func (c *Config) ofOthers() []problem {
	var ps []problem
	var name string
	var known []string
	for _, f := range fields() {
		section, key, _ := strings.Cut(f.path, ".")
		v, ok := f.value(c)
		switch {
		case key == "name":
			name, known = v.String(), f.oneof
		case ok && len(f.of) > 0 && slices.Contains(known, name) && !slices.Contains(f.of, name):
			ps = append(ps, mistake(f.path, "is a key of %s, but %s.name is %s: remove it, or unset it with %s=null",
				strings.Join(f.of, " and "), section, name, f.path))
		}
	}
	return ps
}

func (c *Config) sections() (ps []problem) {
	for _, p := range slices.Concat(c.LoRA.Problems(c.Model.Path != "", len(c.Train.Freeze) > 0),
		c.Distill.Problems(len(c.Data.Mixture) > 0)) {
		ps = append(ps, mistake(p.Key, "%s", p.Text))
	}
	return ps
}

func optimizerProblems(o optim.Spec) []problem {
	var ps []problem
	if o.OwnRate() && o.LearningRate != nil {
		ps = append(ps, mistake("optimizer.learning_rate",
			"got %g, want it unset with optimizer.relative_step, which computes its own: remove one of the two",
			*o.LearningRate))
	}
	if err := o.CheckGroups(); err != nil {
		ps = append(ps, mistake("optimizer.groups", "%v", err))
	}
	if o.WarmupInit != nil && *o.WarmupInit && !o.OwnRate() {
		ps = append(ps, mistake("optimizer.warmup_init",
			"got true, want false without optimizer.relative_step: set that too"))
	}
	return ps
}

// unknownSize checks the name of a size; the list comes from whoever knows the sizes.
func (c *Config) unknownSize(sizes []string) []problem {
	name := c.Model.Size
	if sizes == nil || name == "" || slices.Contains(sizes, name) {
		return nil
	}
	return []problem{mistake("model.size", "got %s, want one of %s%s",
		quote(name), strings.Join(sizes, ", "), nearest.DidYouMean(name, sizes, ": "))}
}

func (m *Model) problems() []problem {
	var ps []problem
	if m.Path != "" {
		// All optional keys of the section but dropout_rate are the shape of a new model.
		for _, f := range fields() {
			shape := strings.HasPrefix(f.path, "model.") && f.optional() && f.path != "model.dropout_rate"
			if v, ok := f.value(&Config{Model: *m}); shape && ok {
				ps = append(ps, mistake(f.path,
					"got %s, want it unset with model.path: a checkpoint brings its own shape; "+
						"remove it, or use model.size to start from random weights", show(v)))
			}
		}
		return ps
	}
	buckets, distance := 32, 128 // of every T5 size: t5/models/gin
	if m.RelativeAttentionNumBuckets != nil {
		buckets = *m.RelativeAttentionNumBuckets
	}
	if m.RelativeAttentionMaxDistance != nil {
		distance = *m.RelativeAttentionMaxDistance
	}
	if buckets%2 != 0 {
		ps = append(ps, mistake("model.relative_attention_num_buckets",
			"got %d, want an even number: the encoder gives half of them to each direction", buckets))
	}
	if distance <= buckets/2 { // the decoder's logarithmic buckets begin at half of them
		ps = append(ps, mistake("model.relative_attention_max_distance",
			"got %d, want more than %d, half of model.relative_attention_num_buckets", distance, buckets/2))
	}
	return ps
}

// batchTokens checks that the longest example fits into a batch. That of an objective is known once the vocabulary is.
func (c *Config) batchTokens() []problem {
	if c.Pretraining() {
		return nil
	}
	longest := c.Data.MaxInputLength + c.Data.MaxTargetLength
	if c.Train.BatchTokens <= 0 || c.Train.BatchTokens >= longest {
		return nil
	}
	return []problem{mistake("train.batch_tokens",
		"got %d, want >= %d, data.max_input_length + data.max_target_length: raise it or lower those",
		c.Train.BatchTokens, longest)}
}

// schedule checks the schedule against the optimizer and the length of the run.
func (c *Config) schedule() []problem {
	var ps []problem
	s, kind := c.Schedule, c.Schedule.kind()
	if kind.Flat && s.WarmupSteps > 0 {
		ps = append(ps, mistake("schedule.warmup_steps",
			"got %d, want 0 with schedule.name %s: use constant_with_warmup", s.WarmupSteps, s.Name))
	}
	if kind.UsualWarmup > 0 && s.WarmupSteps == 0 {
		ps = append(ps, mistake("schedule.warmup_steps",
			"got 0, want >= 1 with schedule.name %s, learning_rate/sqrt(max(step, warmup_steps)): T5 has %d", s.Name,
			kind.UsualWarmup))
	}
	if c.Train.Steps > 0 && s.WarmupSteps > c.Train.Steps && !kind.Divides {
		ps = append(ps, mistake("schedule.warmup_steps",
			"got %d, want at most train.steps, %d", s.WarmupSteps, c.Train.Steps))
	}
	if c.Optimizer.OwnRate() && !kind.Flat {
		ps = append(ps, mistake("schedule.name",
			"got %s, want %s with optimizer.relative_step, which has its own schedule",
			quote(s.Name), optim.NameConstant))
	}
	return ps
}

// evaluates reports whether there is anything to evaluate on.
func (c *Config) evaluates() bool {
	return len(c.Data.Validation) > 0 || slices.ContainsFunc(c.Data.Mixture, isEvaluated)
}

// evaluation checks the section eval against the task and the data.
func (c *Config) evaluation(kind string) []problem {
	var ps []problem
	if c.Eval.Metric != "" {
		name := c.Task.Name
		known := task.ValuesOf(name, c.Task.Metrics)
		if kind == pretraining {
			name = c.Objective.Name
			known = metrics(name)
		}
		if known != nil && !slices.Contains(known, c.Eval.Metric) {
			ps = append(ps, mistake("eval.metric", "got %s, want one of %s for %s%s", quote(c.Eval.Metric),
				strings.Join(known, ", "), name, nearest.DidYouMean(c.Eval.Metric, known, ": ")))
		}
	}
	if c.evaluates() {
		return ps
	}
	if c.Eval.EverySteps > 0 {
		ps = append(ps, mistake("eval.every_steps",
			"got %d, want 0 without data.validation: there is nothing to evaluate on", c.Eval.EverySteps))
	}
	if c.Eval.Patience > 0 {
		ps = append(ps, mistake("eval.patience",
			"got %d, want 0 without data.validation: there is nothing to evaluate on", c.Eval.Patience))
	}
	return ps
}

// metrics lists what can decide which checkpoint of an objective is best; nil for an unknown one, which is a mistake of
// its own.
func metrics(name string) []string {
	kind, known := objective.KindOf(name)
	if !known {
		return nil
	}
	return task.TextValues(kind.Spans)
}
