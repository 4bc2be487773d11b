package runlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"t5train/checkpoints"
	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/internal/floats"
)

// EventsName is the folder of a run that holds for TensorBoard what [HistoryName] holds.
const EventsName = "tensorboard"

// Log appends to the metrics of a run: to its lines, and to the events that are made of them.
type Log struct {
	file   *atomicfile.File
	events *EventWriter
}

// OpenLog opens the metrics of a run that resumes from a step. What a stopped run has written after its last
// checkpoint is dropped, for it will come again: lines of later steps, and, unless that step is evaluated, evaluations
// of the step itself.
func OpenLog(path string, step int, evaluated bool) (*Log, error) {
	old, err := bounded.ReadFile(path)
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
		if line.Step < step || line.Step == step && (line.Kind == KindTrain || evaluated) {
			kept.Write(bytes.TrimSuffix(text, []byte("\n")))
			kept.WriteByte('\n')
		}
	}
	if len(old) > 0 {
		if err := checkpoints.ReplaceFile(path, kept.Bytes()); err != nil {
			return nil, fmt.Errorf("open metrics: %w", atomicfile.WithRemedy(err))
		}
	}
	file, err := atomicfile.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	at := Now()
	events, err := ReplaceEvents(filepath.Join(filepath.Dir(path), EventsName), at,
		pointsOf(ParseHistory(kept.Bytes()), at))
	if err != nil {
		return nil, errors.Join(atomicfile.WithRemedy(err), file.Close())
	}
	return &Log{file, events}, nil
}

// AddTrain adds a line about steps.
func (h *Log) AddTrain(t Train) error {
	if err := h.add(t); err != nil {
		return err
	}
	return atomicfile.WithRemedy(h.events.Add(trainPoint(t)))
}

// AddEval adds a line about an evaluation.
func (h *Log) AddEval(e Eval) error {
	if err := h.add(e); err != nil {
		return err
	}
	return atomicfile.WithRemedy(h.events.Add(evalPoint(e)))
}

// add writes one record as a line, in one call, so that a killed process leaves whole lines.
func (h *Log) add(line any) error {
	text, err := json.Marshal(line)
	if err == nil {
		_, err = h.file.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write metrics: %w", atomicfile.WithRemedy(err))
	}
	return nil
}

// Close ends the files. Those without a line would say nothing: they are removed.
func (h *Log) Close() error {
	info, err := h.file.Stat()
	err = errors.Join(err, h.file.Close())
	if err == nil && info.Size() == 0 {
		return errors.Join(atomicfile.Remove(h.file.Name()), h.events.Discard())
	}
	return errors.Join(err, h.events.Close())
}

// OnlyFinite keeps what JSON can hold: a perplexity may be infinite.
func OnlyFinite(metrics map[string]float64) map[string]float64 {
	kept := make(map[string]float64, len(metrics))
	for name, v := range metrics {
		if floats.IsFinite(v) {
			kept[name] = v
		}
	}
	return kept
}

// Now is the time as lines tell it.
func Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
