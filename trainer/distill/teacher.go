package distill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/data"
	"t5train/data/task"
	"t5train/internal/optional"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
)

// Teacher answers examples.
type Teacher struct {
	Folder  *checkpoints.Folder
	Student *checkpoints.Folder // for which it answers
	Spec    Spec                // resolved
	Task    task.Spec
	Limits  data.Limits
	Workers *kernel.Workers

	// Examples are those that the student is trained on, and Own the same as the teacher reads them: with another
	// vocabulary they are others.
	Examples, Own *data.Examples

	generator *generate.Generator
	loss      *generate.Loss
	options   generate.Options
	labels    [][]int32 // of a classification, in its vocabulary
}

// Check makes sure that a teacher can teach a student the task.
func (t *Teacher) Check() error {
	if t.soft() && !t.Folder.Tokenizer.SameVocabulary(t.Student.Tokenizer) {
		return fmt.Errorf("distill.teacher: %s has another vocabulary than the student, so that their probabilities "+
			"are of different tokens: learn from its answers with distill.targets=teacher and distill.weight=0, or "+
			"give the student its tokenizer (tokenizer.path)", t.Spec.Teacher)
	}
	own := t.Folder.Info.Task
	if own == nil {
		return nil // of a model that does not say what it was trained for
	}
	texts := func(s task.Spec) (all []string) {
		for _, l := range s.Labels {
			all = append(all, l.Text)
		}
		slices.Sort(all)
		return all
	}
	for _, c := range []struct{ key, own, student string }{
		{"task.name", own.Name, t.Task.Name},
		{"task.prefix", own.InputPrefix(), t.Task.InputPrefix()},
		{"task.template", own.Template, t.Task.Template},
		{"task.labels", strings.Join(texts(*own), ","), strings.Join(texts(t.Task), ",")},
	} {
		if c.own != c.student {
			return fmt.Errorf("distill.teacher: %s was trained with %s %q, and the student is to have %q: set it to "+
				"the teacher's, or name another teacher", t.Spec.Teacher, c.key, c.own, c.student)
		}
	}
	return nil
}

// soft reports whether the student learns probabilities.
func (t *Teacher) soft() bool { return optional.Value(t.Spec.Weight) > 0 }

// Key returns the key of the teacher's outputs.
func (t *Teacher) Key() (Key, error) {
	digest, err := t.Folder.Digest()
	k := Key{Teacher: digest, Data: t.Examples.Digest(), Targets: optional.Value(t.Spec.Targets),
		Examples: t.Examples.Len()}
	if t.Own != t.Examples {
		k.Data += " " + t.Own.Digest()
	}
	if t.soft() {
		k.TopK = t.topK()
		k.Temperature = optional.Value(t.Spec.Temperature)
	}
	if t.Spec.FromTeacher() {
		k.Beams = optional.Value(t.Spec.Beams)
	}
	return k, err
}

// vocab is how many tokens both models have rows for.
func (t *Teacher) vocab() int {
	return min(t.Folder.Model.Config.VocabSize, t.Student.Model.Config.VocabSize)
}

// topK is how many tokens have a probability of their own.
func (t *Teacher) topK() int { return min(optional.Value(t.Spec.TopK), t.vocab()) }

// Compute returns the outputs for the examples from lo to hi.
func (t *Teacher) Compute(ctx context.Context, lo, hi int) ([]Example, error) {
	if t.loss == nil {
		if err := t.start(); err != nil {
			return nil, err
		}
	}
	examples := make([]Example, hi-lo)
	for i := range examples {
		examples[i].Target = t.Examples.Target(lo + i)
	}
	if t.Spec.FromTeacher() {
		if err := t.answer(ctx, lo, examples); err != nil {
			return nil, err
		}
	}
	if !t.soft() {
		return examples, nil
	}
	var b model.Batch
	for i, e := range examples {
		b.Inputs.Append(t.Own.Input(lo + i)...)
		b.Labels.Append(e.Target...)
	}
	k := t.topK()
	soft, err := t.loss.Soft(b, k, t.vocab(), float32(optional.Value(t.Spec.Temperature)))
	if err != nil {
		return nil, err
	}
	for i := range examples {
		n := len(examples[i].Target)
		examples[i].IDs, soft.IDs = soft.IDs[:n*k], soft.IDs[n*k:]
		examples[i].Probabilities, soft.Probabilities = soft.Probabilities[:n*(k+1)], soft.Probabilities[n*(k+1):]
	}
	return examples, nil
}

// start prepares the teacher for its first answer.
func (t *Teacher) start() error {
	t.loss, t.generator = generate.NewLoss(t.Folder.Model, t.Workers), generate.New(t.Folder.Model, t.Workers)
	for _, l := range t.Task.Labels {
		t.labels = append(t.labels, append(t.Folder.Tokenizer.Encode(l.Text), t.Folder.Tokenizer.EOS()))
	}
	var err error
	t.options, _, err = checkpoints.ReadGeneration(t.Folder.Dir)
	t.options.Beams, t.options.Sampling, t.options.NumReturnSequences = optional.Value(t.Spec.Beams), nil, 1
	if t.options.MaxTokens == 0 {
		t.options.MaxTokens = t.Limits.MaxTarget
	}
	return err
}

// answer puts the teacher's best outputs in the place of the targets: the most probable label of a classification, else
// what it writes.
func (t *Teacher) answer(ctx context.Context, lo int, examples []Example) error {
	inputs := make([][]int32, len(examples))
	for i := range inputs {
		inputs[i] = t.Own.Input(lo + i)
	}
	tok := t.Student.Tokenizer
	if len(t.labels) > 0 {
		best, _, err := t.generator.Best(ctx, inputs, t.labels)
		for i, label := range best {
			examples[i].Target = append(tok.Encode(t.Task.Labels[label].Text), tok.EOS())
		}
		return err
	}
	outputs, err := t.generator.Generate(ctx, inputs, t.options)
	if err != nil {
		return err
	}
	for i, list := range outputs {
		ids := list[0].IDs
		if t.Own != t.Examples { // of another vocabulary
			ids = tok.Encode(t.Folder.Tokenizer.Decode(ids, true))
		}
		examples[i].Target = append(slices.Clone(ids[:min(len(ids), t.Limits.MaxTarget-1)]), tok.EOS())
	}
	return nil
}
