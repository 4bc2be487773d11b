package runlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"t5train/internal/bounded"
)

// HistoryName is the file of a run folder that holds one JSON object a line for each logged step and evaluation.
const HistoryName = "metrics.jsonl"

// The kinds of lines.
const (
	KindTrain = "train"
	KindEval  = "eval"
)

// Train is a line about training steps; the loss is the mean over the steps since the last such line.
type Train struct {
	Kind            string  `json:"kind"` // KindTrain
	Step            int     `json:"step"`
	Epoch           float64 `json:"epoch"`
	Position        int64   `json:"position"` // examples consumed, over all epochs
	Loss            float64 `json:"loss"`
	LearningRate    float64 `json:"learning_rate"`
	GradNorm        float64 `json:"grad_norm"`
	TokensPerSecond float64 `json:"tokens_per_second"`        // input and target tokens
	PeakShare       float64 `json:"fma_peak_share"`           // part of the measured peak that matrix products reach
	PeakMemoryMB    float64 `json:"peak_memory_mb,omitempty"` // largest resident memory of this process so far
	// part of the time in which this rank had computed its gradients and waited for their sums
	ReduceShare float64   `json:"reduce_share,omitempty"`
	Seconds     float64   `json:"seconds"`       // since the start of this process
	SecondsLeft float64   `json:"seconds_left"`  // estimated
	Time        time.Time `json:"time,omitzero"` // zero in runs of older versions
}

// Eval is a line about an evaluation.
type Eval struct {
	Kind    string             `json:"kind"` // KindEval
	Step    int                `json:"step"`
	Epoch   float64            `json:"epoch"`
	Metrics map[string]float64 `json:"metrics"`
	Time    time.Time          `json:"time,omitzero"` // zero in runs of older versions
}

// History is the lines of a run, in their order.
type History struct {
	Train   []Train
	Eval    []Eval
	Skipped int // lines that are none: the part of one that a killed process or a full disk has left
}

// ReadHistory reads the lines of a file.
func ReadHistory(path string) (History, error) {
	text, err := bounded.ReadFile(path)
	if err != nil {
		return History{}, fmt.Errorf("read metrics: %w", err)
	}
	return ParseHistory(text), nil
}

// ParseHistory reads lines. Those of a kind that it does not know are for a later version, and left out.
func ParseHistory(text []byte) History {
	var h History
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if h.add(line) != nil {
			h.Skipped++
		}
	}
	return h
}

func (h *History) add(line []byte) error {
	var head struct{ Kind string }
	if err := json.Unmarshal(line, &head); err != nil {
		return err
	}
	switch head.Kind {
	case KindTrain:
		var t Train
		if err := json.Unmarshal(line, &t); err != nil {
			return err
		}
		h.Train = append(h.Train, t)
	case KindEval:
		var e Eval
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		h.Eval = append(h.Eval, e)
	}
	return nil
}
