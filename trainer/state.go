package trainer

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"

	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/internal/bounded"
	"t5train/internal/floats"
	"t5train/trainer/metric"
	"t5train/trainer/optim"
	"t5train/trainer/runlog"
)

// The files of a checkpoint that only training needs.
const (
	stateName     = runlog.StateName
	optimizerName = "trainer/optimizer.safetensors"
)

// state is what a run needs to be resumed besides weights, optimizer state and configuration.
type state struct {
	Step         int      `json:"step"`          // optimizer steps done
	MicroBatches int64    `json:"micro_batches"` // batches consumed, over all epochs
	Position     int64    `json:"position"`      // examples consumed, over all epochs
	LastEvalStep int      `json:"evaluated"`     // step of the last evaluation
	EvalPending  bool     `json:"evaluate_next"` // stopped before the evaluation of this step was done
	Metric       string   `json:"metric"`        // that decides which checkpoint is the best; "" without evaluation
	Best         *float64 `json:"best"`          // its value of the best checkpoint; null without one
	// validation loss of the best checkpoint: it decides between equal ones
	BestLoss       *float64 `json:"best_loss"`
	BestStep       int      `json:"best_step"`
	EvalsSinceBest int      `json:"waited"` // evaluations since the best one
	Finished       bool     `json:"finished"`
	LossSum        float64  `json:"loss_sum"` // of the steps since the last line of the log
	LossSteps      int      `json:"loss_steps"`

	// train.minutes, and the number of steps that it became, of a run that was given a time; else 0
	Minutes float64 `json:"minutes,omitempty"`
	Total   int     `json:"steps_of_minutes,omitempty"`

	// Of a run that was extended: steps and examples that were done when its schedule began; else 0.
	ScheduleStep     int   `json:"schedule_step,omitempty"`
	SchedulePosition int64 `json:"schedule_position,omitempty"`

	Examples   int64             `json:"examples"`   // of an epoch
	Data       map[string]string `json:"data"`       // digests of what is read, by what it is: see setup.Datasets
	Config     map[string]string `json:"config"`     // the keys that decide about the numbers
	Processors []string          `json:"processors"` // kinds that have computed steps, of all ranks: see processor
}

// improves reports whether an evaluation is better than the best one so far: by the metric that decides, and where its
// value is the same by the loss. Of a metric that has reached 1 a model may still learn much.
func (s state) improves(name string, value, loss float64) bool {
	switch {
	case !floats.IsFinite(value):
		return false
	case s.Best == nil:
		return true
	case value == *s.Best:
		return s.BestLoss != nil && loss < *s.BestLoss
	}
	return metric.Better(name, value, *s.Best)
}

// keepDecay lets all weights of a run decay that older versions began: they spared none.
func (s state) keepDecay(o *optim.Spec) {
	const key = "optimizer.decay_all"
	if _, known := s.Config[key]; !known && o.WeightDecay > 0 {
		o.DecayAll, s.Config[key] = true, "true"
	}
}

// processor names what of this machine decides about rounding: the architecture, for which the compiler may fuse
// multiplications and additions, and the ISA of the kernels of the steps, each of which adds in an order of its own.
func (l *loop) processor() string { return runtime.GOARCH + " " + l.stepper.workers.RoundingISA() }

// file returns the state as a file of a checkpoint.
func (s state) file() (tokenizer.File, error) {
	raw, err := json.MarshalIndent(s, "", "  ")
	return tokenizer.File{Name: stateName, Data: raw}, err
}

// tensorsOf returns tensors of an optimizer, which share its memory.
func tensorsOf(state []optim.StateTensor) []safetensors.Tensor {
	var tensors []safetensors.Tensor
	for _, t := range state {
		tensors = append(tensors, safetensors.FromFloat32(t.Name, t.Shape, t.Data))
	}
	return tensors
}

// readState reads the state of a training checkpoint.
func readState(dir string) (state, error) {
	raw, err := bounded.ReadFile(filepath.Join(dir, stateName))
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
	return fmt.Errorf("resume: %w: copy %s again; remove it, and the files latest and best beside it if they name it, "+
		"to resume from the checkpoint before; train its model further with model.path %s and another run.output, "+
		"if its weights are whole; or start again with run.overwrite", err, dir, dir)
}
