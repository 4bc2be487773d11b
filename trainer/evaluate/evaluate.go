package evaluate

import (
	"context"
	"errors"
	"fmt"

	"t5train/checkpoints"
	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/floats"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
	"t5train/trainer/predict"
	"t5train/trainer/runlog"
)

// Evaluator computes the loss and the metrics of a task on held-out examples. It holds no more than a batch of
// activations, and is not safe for concurrent use.
type Evaluator struct {
	model     *model.T5
	spec      task.Spec
	loss      *generate.Loss
	generator *generate.Generator
	labels    predict.LabelScorer // of a task that is answered by label scoring
	how       generate.Options    // of answers that are generated: greedily unless the caller changes it

	// Group, if not nil, divides the work over its ranks, which must evaluate the same. All get the result, the same
	// bits as one process on its own.
	Group *allreduce.Group

	// Fit finds the temperature of the labels' probabilities anew, or how probable it is that a text is right: the
	// examples are those to calibrate on.
	Fit bool

	// Compared is the metric that is compared with its value of a constant answer; "" is the best one of the task.
	Compared string

	tokenizer *tokenizer.Tokenizer
	seen      runlog.Evaluation // of the last evaluation
	known     knownConstant
}

// NewEvaluator returns an evaluator of a model for a task, which writes answers of limit tokens at most, EOS included;
// 0 is the checkpoint's limit, or else 128.
func NewEvaluator(folder *checkpoints.Folder, spec task.Spec, limit int, w *kernel.Workers) *Evaluator {
	if folder.IsEmpty() { // which Evaluate says
		return &Evaluator{spec: spec}
	}
	limit = predict.FirstPositive(limit, folder.Info.MaxTargetLength, 128)
	e := &Evaluator{
		model: folder.Model, spec: spec, loss: generate.NewLoss(folder.Model, w),
		generator: generate.New(folder.Model, w),
		how:       generate.Options{MaxTokens: limit}, tokenizer: folder.Tokenizer,
	}
	if spec.ScoresLabels() {
		e.labels = predict.NewLabelScorer(folder, spec)
	}
	return e
}

// answerEvaluator computes and takes the model's answers to held-out examples, of one kind.
type answerEvaluator interface {
	// compute gets the answers to the examples of a batch, whose loss has the totals.
	compute(ctx context.Context, batch *data.Batch, totals kernel.Totals) (batchResult, error)
	// add counts the answers to a batch.
	add(a batchResult) error
	// values returns the metrics in the order in which they are shown.
	values() []metric.Value
	// sampled returns the metrics that have an interval, and signatures how they were computed.
	sampled() []metric.Sampled
	signatures() []string
	// oneAnswer returns the answer that all examples got, if their targets differ.
	oneAnswer() (string, bool)
	// constant returns the answer that is right most often, and what it is worth; without values if there is none.
	constant() (runlog.Constant, error)
	// close returns what an evaluation shows besides its metrics.
	close() runlog.Evaluation
}

// batchResult are the answers to a batch, and its loss.
type batchResult struct {
	NLL             float64
	Tokens, Correct int

	Index     []int       // numbers of the examples
	Answers   []int       // labels, of a classification
	Logits    [][]float64 // of all labels, where they were computed
	Texts     []string    // else
	Losses    []float64   // of each text, the mean of the tokens of its target
	LogProbs  []float64   // of each text, the mean of its own tokens
	Truncated int         // texts that reached the limit before their end
}

const defaultBatch = 32 // examples

// Evaluation is the result of an evaluation.
type Evaluation struct {
	Values     []metric.Value // in the order in which they are shown
	Intervals  []metric.Interval
	Signatures []string         // how values were computed, by those tools that have a form for it
	Sampled    []metric.Sampled // what the intervals are taken from, to compare models on the same examples

	Constants []runlog.Constant // what a constant answer is worth; none where no answer would be right twice
	Notes     []ui.Note
}

// Map returns the values by their names.
func (e *Evaluation) Map() map[string]float64 { return metric.Map(e.Values) }

// Evaluate returns the metrics of the examples, in the order in which they are shown: the loss per target token in
// nats and its perplexity, then the metrics of the task. Labels are answered by label scoring; other answers are
// generated greedily, and truncated counts those that reached the limit before their end, unreadable those to a
// regression that are no numbers, and lost the entities that are nowhere in the input.
//
// Where the task names its metrics, those of them are left out that it does not name.
//
// A classification has besides the scores of the most probable labels how good their probabilities are: ece, the
// expected calibration error, and label_nll, the mean of minus the log-probability of the right label in nats, both of
// the model alone. Of many labels they are those of a random sample of the examples, which every evaluation of them
// draws again. calibrated_ece and calibrated_label_nll are those with the temperature of the checkpoint, if it has one
// for these labels, or with Fit that of these examples, which goes before them. A loss that is not finite is an error.
func (e *Evaluator) Evaluate(ctx context.Context, examples *data.Examples, batchSize int,
	done func(n int64)) ([]metric.Value, error) {
	values, _, err := e.run(ctx, examples, batchSize, done)
	return values, err
}

// run is Evaluate, and returns the answers too.
func (e *Evaluator) run(ctx context.Context, examples *data.Examples, batchSize int,
	done func(n int64)) ([]metric.Value, answerEvaluator, error) {
	if e.model == nil {
		return nil, nil, fmt.Errorf("evaluate: %w", model.ErrNoModel)
	}
	if examples == nil {
		examples = new(data.Examples)
	}
	if done == nil {
		done = func(int64) {}
	}
	var loss metric.Loss
	answers, err := e.newAnswerEvaluator(examples)
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	correct, seen := 0, int64(0)
	compute := func(batch *data.Batch) (batchResult, error) {
		totals, err := e.loss.Run(batch.Batch)
		if err != nil || !floats.IsFinite(totals.NLL) {
			return batchResult{NLL: totals.NLL}, err
		}
		a, err := answers.compute(ctx, batch, totals)
		a.NLL, a.Tokens, a.Correct, a.Index = totals.NLL, totals.Tokens, totals.Correct, batch.Index
		return a, err
	}
	err = allreduce.Distribute(ctx, e.Group,
		func(ctx context.Context, next func(func() (batchResult, error)) error) error {
			return eachBatch(ctx, examples, predict.FirstPositive(batchSize, defaultBatch),
				func(read func() *data.Batch) error {
					return next(func() (batchResult, error) { return compute(read()) })
				})
		}, func(a batchResult) error {
			if !floats.IsFinite(a.NLL) {
				return fmt.Errorf("the loss is %g: %w", a.NLL, ErrDiverged)
			}
			loss.Add(a.NLL, int64(a.Tokens))
			correct += a.Correct
			if err := answers.add(a); err != nil {
				return err
			}
			seen += int64(len(a.Index))
			done(seen)
			return nil
		})
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	values := append([]metric.Value{{Name: task.Examples, Value: float64(examples.Len())}}, loss.Result()...)
	if tokens := loss.Tokens(); tokens > 0 {
		values = append(values, metric.Value{Name: task.TokenAccuracy, Value: float64(correct) / float64(tokens)})
	}
	values = append(values, answers.values()...)
	e.seen = answers.close()
	if err := e.inspect(ctx, examples, answers, values); err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	return values, answers, nil
}

// newAnswerEvaluator returns what takes the answers of the task.
func (e *Evaluator) newAnswerEvaluator(examples *data.Examples) (answerEvaluator, error) {
	x := exampleCollector{examples: examples, tokenizer: e.tokenizer}
	if e.spec.ScoresLabels() {
		return newLabelEvaluator(e, x)
	}
	g, err := newGrader(e.spec, e.copied)
	return &generationEvaluator{evaluator: e, collector: x, grader: g}, err
}

// copied returns a text as a model that copies it generates it.
func (e *Evaluator) copied(text string) string {
	return e.tokenizer.Decode(e.tokenizer.Encode(text), true)
}

// ErrDiverged marks a run whose loss or gradient is no longer a number.
var ErrDiverged = errors.New("training diverged")
