package predict

import (
	"context"
	"math"

	"t5train/trainer/predict/inputfile"
)

// PairScore says how probable a target is after its input.
type PairScore struct {
	Input  string `json:"input" parquet:"input,zstd"`
	Target string `json:"target" parquet:"target,zstd"`
	// sum over the tokens, in nats
	LogProb     float64 `json:"log_prob" parquet:"log_prob"`
	Tokens      int     `json:"tokens" parquet:"tokens"`               // with EOS
	MeanLogProb float64 `json:"mean_log_prob" parquet:"mean_log_prob"` // of a token
	// e^-mean; none where that is no number
	Perplexity *float64 `json:"perplexity,omitempty" parquet:"perplexity,optional"`
	// for characters that the tokenizer lacks, if there are some
	Unknown *int `json:"unknown_tokens,omitempty" parquet:"unknown_tokens,optional"`
	// among the targets of the input, if there are several
	Probability *float64 `json:"probability,omitempty" parquet:"probability,optional"`
}

// ScorePairs scores a batch of pairs, each with its targets in order. It adds to cuts.
func (p *Predictor) ScorePairs(ctx context.Context, pairs []inputfile.Pair, cuts *Cuts) ([][]PairScore, error) {
	texts, targets := make([]string, len(pairs)), make([][]string, len(pairs))
	for i, pair := range pairs {
		texts[i], targets[i] = pair.Text, pair.Targets
	}
	scored, err := p.Score(ctx, texts, targets)
	if err != nil {
		return nil, err
	}
	lines := make([][]PairScore, len(pairs))
	for i, s := range scored {
		cuts.count(s.InputCut, false, false)
		logProbs := make([]float64, len(s.Targets))
		for j, t := range s.Targets {
			logProbs[j] = t.LogProb
			mean := t.LogProb / float64(t.Tokens)
			line := PairScore{Input: pairs[i].Shown, Target: pairs[i].Targets[j], LogProb: t.LogProb, Tokens: t.Tokens,
				MeanLogProb: mean}
			if perplexity := math.Exp(-mean); !math.IsInf(perplexity, 0) {
				line.Perplexity = &perplexity
			}
			if t.Unknown > 0 {
				line.Unknown = &t.Unknown
				cuts.Unknown++
			}
			lines[i] = append(lines[i], line)
		}
		if len(logProbs) > 1 {
			for j, share := range Softmax(logProbs) {
				lines[i][j].Probability = &share
			}
		}
	}
	return lines, nil
}
