package predict

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"t5train/checkpoints"
	"t5train/data"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/internal/floats"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/model/op"
)

// Predictor answers texts with one model: it classifies, generates and scores. Each call is one batch. Texts are what
// goes into the model: see [inputfile.FromText].
//
// A Predictor is not safe for concurrent use. Several may share a Folder, which they only read, and Workers.
type Predictor struct {
	folder    *checkpoints.Folder
	spec      task.Spec
	generator *generate.Generator
	loss      *generate.Loss
	labels    LabelScorer
	maxInput  int
	maxOutput int
	topLabels int

	minConfidence float64

	ownMaxOutput int              // that was asked for
	how          generate.Options // of File
	choices      string           // digest of those that how allows
	// how has a length penalty of 0 that does not follow from the choices
	noLengthPenalty bool
	vocab           objective.Vocabulary
}

// PredictorOptions are the limits of a predictor, in tokens with EOS; zero means the checkpoint's, or else T5's
// 512 for inputs and 128 for outputs. What changes answers is in madeBy too.
type PredictorOptions struct {
	MaxInputLength  int
	MaxOutputLength int
	Top             int // most probable labels of a Prediction; zero means DefaultTop

	MinConfidence float64 // answers that are right with a smaller probability are marked unsure; zero marks none
}

// NewPredictor returns a predictor for a task, such as that of [checkpoints.Folder.PredictionTask]. Nil workers are all
// processors.
func NewPredictor(folder *checkpoints.Folder, spec task.Spec, w *kernel.Workers, o PredictorOptions) *Predictor {
	if folder.IsEmpty() { // whose methods return the error
		return &Predictor{spec: spec, maxInput: FirstPositive(o.MaxInputLength, 512),
			maxOutput: FirstPositive(o.MaxOutputLength, 128)}
	}
	return &Predictor{
		folder: folder, spec: spec, generator: generate.New(folder.Model, w), loss: generate.NewLoss(folder.Model, w),
		labels: NewLabelScorer(folder, spec), vocab: objective.VocabularyOf(folder.Tokenizer),
		topLabels: o.Top, minConfidence: o.MinConfidence, ownMaxOutput: o.MaxOutputLength,
		maxInput:  FirstPositive(o.MaxInputLength, folder.Info.MaxInputLength, 512),
		maxOutput: FirstPositive(o.MaxOutputLength, folder.Info.MaxTargetLength, 128),
	}
}

// FirstPositive returns the first value above 0: the option that is set, or else its default.
func FirstPositive(values ...int) int {
	for _, v := range values {
		if v > 0 {
			return v
		}
	}
	return 0
}

// Task returns the task that the predictor was made for.
func (p *Predictor) Task() task.Spec { return p.spec }

// MaxInputLength and MaxOutputLength return the limits in use, in tokens with EOS.
func (p *Predictor) MaxInputLength() int  { return p.maxInput }
func (p *Predictor) MaxOutputLength() int { return p.maxOutput }

// Classified is the answer to one text of a classification.
type Classified struct {
	Label         task.Label // the most probable one
	Probability   float64    // of that label among all labels
	Probabilities []float64  // of all labels, in the order of the task; they add up to 1
	InputCut      bool       // the text was longer than the limit and lost its end
}

// Adapted returns a predictor for one call whose texts have these adapters beside the model, nil for none. It computes
// in the memory of p, so that only one of the two may be in use.
func (p *Predictor) Adapted(adapters []*op.Adapter) *Predictor {
	own := *p
	own.generator, own.loss = p.generator.Adapted(adapters), p.loss.Adapted(adapters)
	return &own
}

// Classify returns the most probable label of each text. by are the scorers of the texts where they are not that of the
// task: all of the same labels.
func (p *Predictor) Classify(ctx context.Context, texts []string, by ...LabelScorer) ([]Classified, error) {
	if by == nil {
		by = slices.Repeat([]LabelScorer{p.labels}, max(1, len(texts)))
	}
	if len(by[0].targets) == 0 {
		return nil, errors.New("classify: the task has no labels: name them, or generate text")
	}
	ids, cut := p.encode(texts)
	logits, err := by[0].Logits(ctx, p.generator, ids)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	answers := make([]Classified, len(texts))
	for i, row := range logits {
		row = by[i].shares(row)
		best := Largest(row)
		answers[i] = Classified{Label: by[i].labels[best], Probability: row[best], Probabilities: row,
			InputCut: cut[i]}
	}
	return answers, nil
}

// Generated is what the model writes for one text.
type Generated struct {
	Sequences []Sequence // best first
	InputCut  bool       // the text was longer than the limit and lost its end
}

// Sequence is a generated text.
type Sequence struct {
	Text      string  `json:"output"`
	LogProb   float64 `json:"log_prob"`            // of all its tokens, EOS included, in nats
	Score     float64 `json:"score"`               // what sequences of one input are ordered by: see generate.Output
	Tokens    int     `json:"-"`                   // EOS included, where it came
	Truncated bool    `json:"truncated,omitempty"` // it reached the limit of tokens before its end

	// Of a task of entities: those of the text, and how many of them stand nowhere in the input.
	Entities []task.Entity `json:"entities,omitzero"`
	Unplaced int           `json:"unplaced,omitempty"`
}

// checkGeneration finds what Generate would refuse about options, before there is any text, with the names that name
// gives them.
func (p *Predictor) checkGeneration(o generate.Options, name func(generate.Option) string) error {
	if p.folder.IsEmpty() {
		return fmt.Errorf("check generation: %w", model.ErrNoModel)
	}
	if errs := p.limited(o).Problems(p.folder.Model.Config.VocabSize, name); len(errs) > 0 {
		return fmt.Errorf("options of generation: %w", errors.Join(errs...))
	}
	return p.checkPrefix(o)
}

// checkPrefix refuses a beginning that no text can have.
func (p *Predictor) checkPrefix(o generate.Options) error {
	if slices.Contains(o.Prefix, p.folder.Tokenizer.Unk()) {
		return errors.New("options of generation: Prefix holds the unknown token, which stands for characters that " +
			"the tokenizer does not know: leave them out")
	}
	return nil
}

// limited gives the options the limit of this predictor, unless they have their own.
func (p *Predictor) limited(o generate.Options) generate.Options {
	o.MaxTokens = FirstPositive(o.MaxTokens, p.maxOutput)
	return o
}

// Generate returns what the model writes for each text. MaxTokens 0 is MaxOutputLength.
func (p *Predictor) Generate(ctx context.Context, texts []string, o generate.Options) ([]Generated, error) {
	if p.folder.IsEmpty() {
		return nil, fmt.Errorf("generate: %w", model.ErrNoModel)
	}
	if err := p.checkPrefix(o); err != nil {
		return nil, err
	}
	o = p.limited(o)
	ids, cut := p.encode(texts)
	outputs, err := p.generator.Generate(ctx, ids, o)
	if err != nil {
		return nil, err
	}
	answers := make([]Generated, len(texts))
	for i, sequences := range outputs {
		answers[i].InputCut = cut[i]
		// Whoever asks for the text of spans wants to see which is which.
		spans := objective.HasSentinel(p.vocab, ids[i])
		for _, out := range sequences {
			tokens := len(out.IDs)
			if out.Finished {
				tokens++
			}
			answers[i].Sequences = append(answers[i].Sequences, Sequence{
				Text:    p.folder.Tokenizer.Decode(out.IDs, !spans),
				LogProb: out.LogProb, Score: out.Score, Tokens: tokens,
				Truncated: !out.Finished || o.ForcedEOS && tokens == o.MaxTokens, // an end that is forced is none
			})
		}
	}
	return answers, nil
}

// Scored are the scores of the targets of one text.
type Scored struct {
	Targets  []TargetScore // in the order of the targets
	InputCut bool          // the text was longer than the limit and lost its end
}

// TargetScore is how probable a target is after its input.
type TargetScore struct {
	LogProb float64 `json:"log_prob"` // of all its tokens, EOS included, in nats
	Tokens  int     `json:"tokens"`   // EOS included
	// of those, which stand for characters that the tokenizer does not know: the score is not that of the text then
	Unknown int `json:"unknown_tokens,omitempty"`
}

// Score returns how probable the targets of each text are. Targets are never cut.
func (p *Predictor) Score(ctx context.Context, texts []string, targets [][]string) ([]Scored, error) {
	if p.folder.IsEmpty() {
		return nil, fmt.Errorf("score: %w", model.ErrNoModel)
	}
	if len(targets) != len(texts) {
		return nil, fmt.Errorf("score: %d lists of targets for %d texts, want one for each", len(targets), len(texts))
	}
	ids, cut := p.encode(texts)
	all := make([][][]int32, len(texts))
	for i, list := range targets {
		for _, t := range list {
			all[i] = append(all[i], append(p.folder.Tokenizer.Encode(t), p.folder.Tokenizer.EOS()))
		}
	}
	scores, err := p.loss.TargetLogProbs(ctx, ids, all)
	if err != nil {
		return nil, err
	}
	answers := make([]Scored, len(texts))
	for i, list := range all {
		answers[i] = Scored{Targets: make([]TargetScore, len(list)), InputCut: cut[i]}
		for j, t := range list {
			answers[i].Targets[j] = TargetScore{LogProb: scores[i][j], Tokens: len(t),
				Unknown: countOf(t, p.folder.Tokenizer.Unk())}
			if !floats.IsFinite(scores[i][j]) {
				return nil, fmt.Errorf("score: %w", errNoNumber)
			}
		}
	}
	return answers, nil
}

// countOf returns how often a token is among others.
func countOf(ids []int32, id int32) (n int) {
	for _, other := range ids {
		if other == id {
			n++
		}
	}
	return n
}

// encode returns the ids of texts, and which of them were cut.
func (p *Predictor) encode(texts []string) (ids [][]int32, cut []bool) {
	ids, cut = make([][]int32, len(texts)), make([]bool, len(texts))
	for i, text := range texts {
		ids[i], cut[i] = data.AppendText(nil, p.folder.Tokenizer, text, p.maxInput)
	}
	return ids, cut
}
