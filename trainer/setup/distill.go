package setup

import (
	"context"
	"fmt"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/dataset"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/distill"
)

// teach gives the examples to train on what a teacher says about them, computed now or by an earlier call. begins says
// that no run is resumed: then outputs of another teacher in the folder of the run are replaced.
func teach(ctx context.Context, c *configs.Config, b *checkpoints.Folder, d *Datasets, begins bool,
	w *kernel.Workers, sink ui.Sink) error {
	folder, how, err := checkpoints.Open(c.Distill.Teacher)
	if err != nil {
		return fmt.Errorf("distill.teacher: %w", err)
	}
	ui.Say(sink, "teacher", "%s, %s parameters", how, ui.Grouped(int(folder.Model.Config.Parameters())))
	examples := d.Train.(*data.Examples) // of a task alone, by the configuration
	t := &distill.Teacher{
		Folder: folder, Student: b, Spec: c.Distill, Task: *b.Info.Task, Workers: w, Examples: examples, Own: examples,
		Limits: data.Limits{MaxInput: c.Data.MaxInputLength, MaxTarget: c.Data.MaxTargetLength},
	}
	if err := t.Check(); err != nil {
		return err
	}
	if !folder.Tokenizer.SameVocabulary(b.Tokenizer) {
		rows, err := dataset.Open(ctx, c.Data.Train, dataset.ForTraining, c.Data.MaxTrainExamples, uint64(c.Train.Seed))
		if err != nil {
			return err
		}
		t.Own, err = rows.Build(ctx, "train, for the teacher", t.Task, data.ForTraining, folder.Tokenizer, t.Limits,
			w.Threads(), sink)
		if err != nil {
			return err
		}
		if t.Own.Len() != examples.Len() {
			return fmt.Errorf("distill.teacher: %s makes %d examples of the rows, and the student %d: raise "+
				"data.max_input_length until neither is cut", c.Distill.Teacher, t.Own.Len(), examples.Len())
		}
	}
	key, err := t.Key()
	if err != nil {
		return fmt.Errorf("distill.teacher: %w", err)
	}
	path := c.Distill.Outputs
	if path == "" {
		path = filepath.Join(c.Output, "teacher.outputs")
	}
	outputs, err := distill.Open(ctx, path, key, begins && c.Distill.Outputs == "", t.Compute, sink)
	if err != nil {
		return err
	}
	ui.Detail(sink, "", "%s of its outputs in %s", ui.Bytes(int64(outputs.Bytes())), path)
	d.closers = append(d.closers, outputs.Close)
	d.Train = &distill.Taught{Examples: examples, Outputs: outputs, Spec: c.Distill}
	d.AddDigest("distill.teacher", fmt.Sprint(key))
	return nil
}
