package evaluate

import (
	"context"
	"fmt"
	"io"

	"t5train/checkpoints"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/model/generate"
	"t5train/trainer/metric"
	"t5train/trainer/predict"
	"t5train/trainer/runlog"
)

// Output is where metrics go: a file, or Stdout for the path -.
type Output struct {
	Path   string
	Stdout io.Writer
}

// File evaluates a checkpoint as [Evaluate] does, and writes the metrics as JSON. Answers that are texts are generated
// greedily, or as g says. Of several ranks the first one writes.
func File(ctx context.Context, folder *checkpoints.Folder, g predict.Generation, out Output, o Options) error {
	var err error
	if len(g.Given) > 0 {
		var own generate.Options
		own, _, err = g.Over(generate.Options{}, folder.Tokenizer)
		o.Generation = &own
	}
	if err := o.Group.Agree(err); err != nil {
		return err
	}
	if err := predict.SameOnRanks(o.Group, folder, nil); err != nil {
		return err
	}
	if !o.Group.First() {
		_, err := Evaluate(ctx, folder, o)
		return err
	}
	w, finish, err := atomicfile.OpenOutput(out.Stdout, out.Path)
	if err != nil {
		return err
	}
	e, err := Evaluate(ctx, folder, o)
	if err == nil {
		e.say(o, out.Path != "-") // said first, so that a full disk does not lose them
		err = e.WriteJSON(w)
	}
	return finish(err)
}

// say shows the notes of the evaluation, and its values where they are not on the screen already.
func (e *Evaluation) say(o Options, values bool) {
	if values {
		all := e.Map()
		ui.Metrics(o.Sink, runlog.OnlyFinite(all), "%s", metric.Format(all, o.Task.Metrics...))
		for _, line := range ConstantLines(e.Constants, o.Task.Metrics...) {
			ui.Say(o.Sink, "", "%s", line)
		}
	}
	for _, n := range e.Notes {
		ui.Say(o.Sink, "note", "%s", n.Text)
	}
}

// ConstantLines says what constant answers are worth, to compare with the metrics above; first are the metrics to begin
// with.
func ConstantLines(constants []runlog.Constant, first ...string) []string {
	var lines []string
	for _, c := range constants {
		of := ""
		if c.Component != "" {
			of = " to " + c.Component
		}
		lines = append(lines, fmt.Sprintf("constant answer%s, %.80q: %s", of, c.Answer,
			metric.Format(c.Values, first...)))
	}
	return lines
}
