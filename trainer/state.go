package trainer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/trainer/optim"
)

// The files of a checkpoint that only training needs.
const (
	stateName     = "trainer/state.json"
	optimizerName = "trainer/optimizer.safetensors"
)

// state is what a run needs to go on besides weights, optimizer state and config.
type state struct {
	Step         int      `json:"step"`          // optimizer steps done
	MicroBatches int64    `json:"micro_batches"` // batches consumed, over all epochs
	Position     int64    `json:"position"`      // examples consumed, over all epochs
	Evaluated    int      `json:"evaluated"`     // step of the last evaluation
	EvaluateNext bool     `json:"evaluate_next"` // stopped before the evaluation of this step was done
	Best         *float64 `json:"best"`          // value of eval.metric of the best checkpoint; null without one
	BestStep     int      `json:"best_step"`
	Waited       int      `json:"waited"` // evaluations since the best one
	Finished     bool     `json:"finished"`
	LossSum      float64  `json:"loss_sum"` // of the steps since the last line of the log
	LossSteps    int      `json:"loss_steps"`

	Examples int64             `json:"examples"`         // of an epoch
	Stores   []string          `json:"stores,omitempty"` // names of the token stores: they change with what is in them
	Config   map[string]string `json:"config"`           // the keys that decide about the numbers
}

// write adds the training files to a checkpoint.
func (s state) write(d *checkpoints.Dir, o optim.Optimizer) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := d.WriteFile(stateName, raw); err != nil {
		return err
	}
	var tensors []safetensors.Tensor
	for _, t := range o.State() {
		tensors = append(tensors, safetensors.FromFloat32(t.Name, t.Shape, t.Data))
	}
	return d.WriteTensors(optimizerName, tensors, nil)
}

// readState reads the state of a training checkpoint.
func readState(dir string) (state, error) {
	raw, err := os.ReadFile(filepath.Join(dir, stateName))
	if err != nil {
		return state{}, cannotResume(dir, err)
	}
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		return state{}, cannotResume(dir, fmt.Errorf("read %s: %w", stateName, err))
	}
	return s, nil
}

// loadOptimizer gives an optimizer the state of a training checkpoint.
func loadOptimizer(dir string, o optim.Optimizer) error {
	file, err := safetensors.Open(filepath.Join(dir, optimizerName))
	if err != nil {
		return cannotResume(dir, err)
	}
	defer file.Close()
	var tensors []optim.StateTensor
	for _, name := range file.Names() {
		t, _ := file.Tensor(name)
		values, err := t.Float32()
		if err != nil {
			return cannotResume(dir, err)
		}
		tensors = append(tensors, optim.StateTensor{Name: name, Shape: t.Shape, Data: values})
	}
	if err := o.Load(tensors); err != nil {
		return cannotResume(dir, err)
	}
	return nil
}

// cannotResume says what to do with a checkpoint whose training files are missing or damaged.
func cannotResume(dir string, err error) error {
	return fmt.Errorf("resume: %w: copy %s again, or train its model further with --model %s and another --output", err, dir, dir)
}
