package predict

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"t5train/checkpoints"
	"t5train/data/objective"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/predict/inputfile"
)

// OpenOptions say which checkpoint answers by which task. What changes answers is in madeBy too.
type OpenOptions struct {
	Adapter    string           // beside the checkpoint, as [checkpoints.OpenOptions] has it
	Unverified bool             // take weights as they are, whatever their checksums say
	Task       task.Spec        // what corrects the task that the checkpoint remembers, or names another one
	Component  string           // of the mixture that it was trained on, whose task that is
	Limits     PredictorOptions // of inputs and outputs
	Threads    int              // 0 is all
	Sink       ui.Sink

	// Of the linear layers in memory. BFloat16 takes half of what float32 does, and rounds their inputs too.
	DType kernel.Precision
}

// Open returns the predictor of a checkpoint, a run or a folder of Hugging Face.
func Open(path string, o OpenOptions) (*Predictor, error) {
	folder, err := OpenFolder(path, o)
	if err != nil {
		return nil, err
	}
	SayUnread(folder, o.Sink, "generation.output_prefix")
	spec, err := folder.PredictionTask(o.Task)
	if err != nil {
		return nil, err
	}
	return NewPredictor(folder, spec, kernel.NewWorkers(o.Threads), o.Limits), nil
}

// OpenFolder reads a checkpoint, a run or a folder of Hugging Face. The task of one that was trained on several is that
// of the component, unless the options name another task.
func OpenFolder(path string, o OpenOptions) (*checkpoints.Folder, error) {
	return o.openBy(checkpoints.OpenOptions{Adapter: o.Adapter, BFloat16: o.DType == kernel.BFloat16}, path)
}

// OpenEither is OpenFolder for a model or for an encoder, where that is all that there is.
func OpenEither(path string, o OpenOptions) (*checkpoints.Folder, error) {
	return o.openBy(checkpoints.OpenOptions{Adapter: o.Adapter, BFloat16: o.DType == kernel.BFloat16, Either: true},
		path)
}

// OpenEncoder is OpenFolder for the encoder of a model, which may be all that there is.
func OpenEncoder(path string, o OpenOptions) (*checkpoints.Folder, error) {
	return o.openBy(checkpoints.OpenOptions{Encoder: true}, path)
}

func (o OpenOptions) openBy(how checkpoints.OpenOptions, path string) (*checkpoints.Folder, error) {
	how.Unverified = o.Unverified
	folder, said, err := checkpoints.OpenWith(path, how)
	if err != nil {
		return nil, err
	}
	ui.Say(o.Sink, "", "%s", said)
	if o.Component != "" || o.Task.Name == "" {
		err = folder.ChooseTask(o.Component)
	}
	return folder, err
}

// SayUnread notes that a model makes nothing of its inputs; prefix is what sets the beginning of outputs.
func SayUnread(folder *checkpoints.Folder, sink ui.Sink, prefix string) {
	o := folder.Info.Objective
	if folder.Info.Task != nil || o == nil {
		return
	}
	if kind, known := objective.KindOf(o.Name); known && !kind.ReadsInput {
		ui.Say(
			sink,
			"",
			"the checkpoint is pre-trained by objective %s, so it reads no inputs: it continues the text that "+
				"an output begins with (%s)",
			o.Name, prefix,
		)
	}
}

// Output is where answers go: a file with which the same command resumes when it is interrupted, or a device.
type Output struct {
	Path      string
	Format    table.Format // one of table.OutputFormats
	Overwrite bool         // answer all inputs again
	Device    io.Writer
}

// FileOptions configure File and ScoreFile. What changes answers is in madeBy too.
type FileOptions struct {
	Generation Generation // of texts
	BatchSize  int        // inputs that are answered together
	// Group, if not nil, are ranks that share the work. The first one reads the inputs and writes the answers.
	Group *allreduce.Group
	Sink  ui.Sink
}

// File answers inputs, in order, as the task and the checkpoint say, and Generation in its place.
func (p *Predictor) File(ctx context.Context, in inputfile.Source, out Output, o FileOptions) error {
	err := p.generation(o.Generation, o.Sink)
	var total int64
	if err == nil && o.Group.First() {
		if err = inputfile.Say(ctx, o.Sink, in.Path, in.Format); err == nil {
			total, err = in.Count(ctx, p.spec.TextColumns)
		}
	}
	before := o.Group.SetTimeout(0) // inputs may be counted for long
	err = o.Group.Agree(err)
	o.Group.SetTimeout(before)
	if err != nil {
		return err
	}
	made := p.madeBy(in.Keep)
	if err := SameOnRanks(o.Group, p.folder, onRanks{made, in.Texts, in.Path, in.Format, out.Path}); err != nil {
		return err
	}
	var cuts Cuts
	err = WriteAnswers(
		ctx,
		out,
		func() (Job, error) { return JobOf(p.folder, "predict", out.Format, made) },
		Stream[inputfile.Input, Prediction]{
			Read: func(yield func(inputfile.Input) error) error { return in.Read(ctx, p.spec, yield) },
			Answer: func(ctx context.Context, first int64, batch []inputfile.Input) ([][]Prediction, error) {
				predictions, err := p.Predict(ctx, first, batch, p.how, &cuts)
				return slices.Collect(slices.Chunk(predictions, 1)), err
			},
			Total: total, BatchSize: o.BatchSize, Beginnings: inputfile.Input.Beginnings, What: "predict",
			Sink: o.Sink, Group: o.Group,
		},
		FormsOf(in.Keep, Prediction.Rows),
	)
	if err != nil {
		return err
	}
	if !o.Group.First() {
		o.Group.SetTimeout(0) // the first rank may make a parquet file of the answers
	}
	all, err := allreduce.Gather(o.Group, cuts)
	if err != nil {
		return err
	}
	cuts = Cuts{}
	for _, of := range all {
		cuts.Add(of)
	}
	cuts.Report(o.Sink, p)
	return nil
}

// ScoreFile scores the targets of inputs, in order.
func (p *Predictor) ScoreFile(ctx context.Context, in inputfile.Source, out Output, o FileOptions) error {
	if err := inputfile.Say(ctx, o.Sink, in.Path, in.Format); err != nil {
		return err
	}
	columns := p.spec.TextColumns
	if len(in.Targets) == 0 && in.Format != table.Text {
		var err error
		if in.TargetColumn, err = inputfile.TargetColumn(p.spec, in.TargetColumn); err != nil {
			return err
		}
	}
	if len(in.Targets) == 0 {
		columns = append(slices.Clone(columns), in.TargetColumn)
	}
	total, err := in.Count(ctx, columns)
	if err != nil {
		return err
	}
	made := madeBy{Task: p.spec, MaxInputLength: p.maxInput}
	var cuts Cuts
	err = WriteAnswers(
		ctx,
		out,
		func() (Job, error) { return JobOf(p.folder, "score", out.Format, made) },
		Stream[inputfile.Pair, PairScore]{
			Read: func(yield func(inputfile.Pair) error) error { return in.ReadPairs(ctx, p.spec, yield) },
			Answer: func(ctx context.Context, _ int64, batch []inputfile.Pair) ([][]PairScore, error) {
				return p.ScorePairs(ctx, batch, &cuts)
			},
			Total: total, BatchSize: o.BatchSize, Beginnings: inputfile.Pair.Beginnings, What: "score", Sink: o.Sink,
		},
		FormsOf(nil, func(s PairScore) []PairScore { return []PairScore{s} }),
	)
	if err == nil {
		cuts.Report(o.Sink, p)
	}
	return err
}

// WriteAnswers runs a stream into its output. What the job is, is asked for a file only: to know it, all weights are
// read.
func WriteAnswers[In, Out any](
	ctx context.Context, out Output, job func() (Job, error), s Stream[In, Out],
	forms func(table.Format) Form,
) (err error) {
	if !s.Group.First() {
		_, err := s.Run(ctx)
		return err
	}
	if out.Device != nil {
		s.To = device{bufio.NewWriter(out.Device)}
		answered, err := s.Run(ctx)
		if Stopped(err) {
			ui.Say(s.Sink, "", "stopped after %d inputs", answered)
		}
		return err
	}
	j, err := job()
	if err != nil {
		return err
	}
	file, err := OpenAnswers(out.Path, j, out.Overwrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	s.To = file
	there := file.Complete()
	answered, err := s.Run(ctx)
	switch {
	case err != nil && answered > 0 && out.Overwrite:
		ui.Say(
			s.Sink,
			"",
			"the answers to %d inputs are kept: the same command without run.overwrite resumes from there",
			answered,
		)
	case err != nil && answered > 0:
		ui.Say(s.Sink, "", "the answers to %d inputs are kept: the same command resumes from there", answered)
	case Stopped(err):
		ui.Say(s.Sink, "", "stopped after %d inputs", answered)
	}
	if err != nil {
		return err
	}
	if err = file.Finish(forms(out.Format)); err == nil && there {
		ui.Say(
			s.Sink,
			"",
			"%s has the answers to all %d inputs: nothing is left to do (run.overwrite answers them again)",
			out.Path,
			answered,
		)
	}
	return err
}

// device takes answers that no later command can resume.
type device struct{ *bufio.Writer }

func (device) Match(...[]byte) (bool, error) { return false, nil }

func (d device) Flush() error {
	if err := d.Writer.Flush(); err != nil {
		return fmt.Errorf("write answers: %w", err)
	}
	return nil
}
