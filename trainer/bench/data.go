package bench

import (
	"context"
	"fmt"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/internal/sysinfo"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer"
	"t5train/trainer/setup"
)

// DataOptions say how much to measure.
type DataOptions struct {
	Batches int // read in a row
	Steps   int // of the model on such batches; 0: the model is not measured
	Warmup  int // steps before those
}

// DataResult compares what the input pipeline delivers with what the model takes. Tokens are inputs and targets.
type DataResult struct {
	Batches         int     `json:"batches"`
	Examples        int     `json:"examples"`
	TokensPerS      float64 `json:"tokens_per_s"` // of the pipeline, on one thread: store, noise, order, batch
	ModelTokensPerS float64 `json:"model_tokens_per_s,omitempty"`
	Times           float64 `json:"times_model,omitempty"` // how many times as fast as the model the pipeline is
	ReadRSS         float64 `json:"read_peak_rss_mb"`      // after reading; the mapped pages of the stores count
	CorpusTokens    int64   `json:"corpus_tokens"`
	Threads         int     `json:"threads"` // of the model
}

// Data measures how fast a configuration of pre-training reads its text, from the token stores, which are made first
// if they are missing, to ragged batches, and how fast its model trains on them. It begins no run.
func Data(ctx context.Context, config *configs.Config, o DataOptions, sink ui.Sink) (*DataResult, error) {
	var r *DataResult
	err := trainer.WithDatasets(ctx, config, sink,
		func(c *configs.Config, b *checkpoints.Folder, m *setup.Datasets) error {
			all, err := trainer.TrainBatches(c, m)
			if err != nil {
				return err
			}
			r = &DataResult{Batches: o.Batches, CorpusTokens: m.Tokens}
			var batch data.Batch
			tokens, position := 0, int64(0)
			begun := time.Now()
			for range o.Batches {
				if err := ctx.Err(); err != nil {
					return err
				}
				position = all.Read(position, &batch)
				tokens, r.Examples = tokens+batch.Tokens(), r.Examples+batch.Sequences()
			}
			r.TokensPerS = float64(tokens) / time.Since(begun).Seconds()
			r.ReadRSS = sysinfo.PeakRSS()
			if o.Steps == 0 {
				return nil
			}
			r.ModelTokensPerS, r.Threads, err = modelSpeed(ctx, c, b, all, o)
			r.Times = r.TokensPerS / r.ModelTokensPerS
			return err
		})
	return r, err
}

// modelSpeed returns the tokens a second of training steps, reading included.
func modelSpeed(ctx context.Context, c *configs.Config, b *checkpoints.Folder, batches *data.Batches,
	o DataOptions) (rate float64, threads int, err error) {
	w := kernel.NewWorkers(c.Train.Threads)
	s, err := trainer.NewProbe(c, b.Model, w, o.Warmup+o.Steps)
	if err != nil {
		return 0, 0, err
	}
	defer s.Graph.Close()
	tokens, position := 0, int64(0)
	var begun time.Time
	for n := range o.Warmup + o.Steps {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		if n == o.Warmup {
			begun, tokens = time.Now(), 0
		}
		var batch data.Batch
		position = batches.Read(position, &batch)
		result, err := s.Step(n, int64(n), []model.Batch{batch.Batch})
		if err != nil {
			return 0, 0, err
		}
		tokens += result.Tokens
	}
	return float64(tokens) / time.Since(begun).Seconds(), w.Threads(), nil
}

// String is the result for a person.
func (r *DataResult) String() string {
	text := fmt.Sprintf("input: %s tokens/s on one thread (%d batches, %s examples)\npeak memory after reading %.0f "+
		"MB, of a corpus of %s tokens\n",
		ui.Grouped(int(r.TokensPerS)), r.Batches, ui.Grouped(r.Examples), r.ReadRSS, ui.Grouped(int(r.CorpusTokens)))
	if r.ModelTokensPerS > 0 {
		text += fmt.Sprintf("model: %s tokens/s on %d threads: the input is %.0f times as fast\n",
			ui.Grouped(int(r.ModelTokensPerS)), r.Threads, r.Times)
	}
	return text
}
