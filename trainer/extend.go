package trainer

import (
	"fmt"
	"maps"
	"math"
	"strings"

	"t5train/configs"
	"t5train/data"
)

// mayChangeOnExtension reports whether a key may differ when a finished run is extended: how long, by which rates and
// how often it is evaluated.
func mayChangeOnExtension(key string) bool {
	switch key {
	case "train.epochs", "train.steps", "train.minutes", "optimizer.learning_rate", "eval.every_steps", "eval.patience":
		return true
	}
	return strings.HasPrefix(key, "schedule.")
}

// extend makes a finished run one that goes on by the steps of the configuration, with a schedule that begins there.
// An extension that was interrupted is resumed. Steps, positions in the data, the state of the optimizer and the best
// checkpoint go on. was and is are the keys to compare.
func (s *resumePoint) extend(output string, was, is map[string]string) error {
	if !s.state.Finished {
		if s.state.ScheduleStep > 0 {
			return nil
		}
		return fmt.Errorf("extend: the run in %s is not finished, at step %d: the same command without run.extend "+
			"resumes it", output, s.step)
	}
	may := func(key, _ string) bool { return mayChangeOnExtension(key) }
	maps.DeleteFunc(was, may)
	maps.DeleteFunc(is, may)
	s.extended = true
	s.state.Finished, s.state.ScheduleStep, s.state.SchedulePosition = false, s.state.Step, s.state.Position
	s.state.EvalsSinceBest, s.state.Minutes, s.state.Total = 0, 0, 0
	return nil
}

// totalSteps returns the last step of a run that has s as its state: train.steps, or the whole steps that the
// micro-batches of train.epochs make, at least one, behind those that the schedule begins after. A part of an epoch is
// rounded to the nearest micro-batch: 1.1 epochs of 10 are 11, though 1.1-1 is a little more than 0.1.
func (s state) totalSteps(t configs.Train, batches *data.Batches) int {
	if t.Steps > 0 {
		return s.ScheduleStep + t.Steps
	}
	first, whole := batches.Epoch(s.SchedulePosition), int64(t.Epochs)
	micro := 0
	for epoch := range whole {
		micro += batches.Count(first + epoch)
	}
	micro += int(math.Round((t.Epochs - float64(whole)) * float64(batches.Count(first+whole))))
	return s.ScheduleStep + max(1, micro/t.Accumulate)
}
