package trainer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"t5train/checkpoints"
	"t5train/internal/durable"
)

// historyName is the file of a run folder that holds one JSON object a line for each logged step and evaluation.
const historyName = "metrics.jsonl"

// history appends to the metrics of a run.
type history struct{ file *os.File }

// openHistory opens the metrics of a run that goes on from a step. What a stopped run has written after its last
// checkpoint is dropped, for it will come again: lines of later steps, and, unless that step is evaluated, evaluations of
// the step itself.
func openHistory(path string, step int, evaluated bool) (*history, error) {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	var kept bytes.Buffer
	for text := range bytes.Lines(old) {
		var line struct {
			Kind string
			Step int
		}
		if json.Unmarshal(text, &line) != nil { // the part of a line that a full disk has left
			continue
		}
		if line.Step < step || line.Step == step && (line.Kind == kindTrain || evaluated) {
			kept.Write(bytes.TrimSuffix(text, []byte("\n")))
			kept.WriteByte('\n')
		}
	}
	if len(old) > 0 {
		if err := checkpoints.ReplaceFile(path, kept.Bytes()); err != nil {
			return nil, fmt.Errorf("open metrics: %w", durable.WithRemedy(err))
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	return &history{file}, nil
}

// The kinds of lines.
const (
	kindTrain = "train"
	kindEval  = "eval"
)

// trainRecord is a line about training steps; the loss is the mean over the steps since the last such line.
type trainRecord struct {
	Kind            string  `json:"kind"` // kindTrain
	Step            int     `json:"step"`
	Epoch           float64 `json:"epoch"`
	Position        int64   `json:"position"` // examples consumed, over all epochs
	Loss            float64 `json:"loss"`
	LearningRate    float64 `json:"learning_rate"`
	GradNorm        float64 `json:"grad_norm"`
	TokensPerSecond float64 `json:"tokens_per_second"` // input and target tokens
	PeakShare       float64 `json:"fma_peak_share"`    // part of the measured peak that matrix products reach
	Seconds         float64 `json:"seconds"`           // since the start of this process
	SecondsLeft     float64 `json:"seconds_left"`      // estimated
}

// evalRecord is a line about an evaluation.
type evalRecord struct {
	Kind    string             `json:"kind"` // kindEval
	Step    int                `json:"step"`
	Epoch   float64            `json:"epoch"`
	Metrics map[string]float64 `json:"metrics"`
}

// add writes one record as a line, in one call, so that a killed process leaves whole lines.
func (h *history) add(record any) error {
	line, err := json.Marshal(record)
	if err == nil {
		_, err = h.file.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write metrics: %w", durable.WithRemedy(err))
	}
	return nil
}

// close ends the file. One without a line would say nothing: it is removed.
func (h *history) close() error {
	info, err := h.file.Stat()
	err = errors.Join(err, h.file.Close())
	if err == nil && info.Size() == 0 {
		err = os.Remove(h.file.Name())
	}
	return err
}

// onlyFinite keeps what JSON can hold: a perplexity may be infinite.
func onlyFinite(metrics map[string]float64) map[string]float64 {
	kept := make(map[string]float64, len(metrics))
	for name, v := range metrics {
		if finite(v) {
			kept[name] = v
		}
	}
	return kept
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
