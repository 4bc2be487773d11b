package trainer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
)

// start says where a run begins: anew, or at a checkpoint of the same run.
type start struct {
	found  bool // the output folder holds a run
	step   int  // of its latest checkpoint
	resume bool // go on with that run; else it is replaced
	dir    string
	state  state
}

// startOf looks at what the output folder holds.
func startOf(run *checkpoints.Run, c *configs.Config, o FinetuneOptions) (start, error) {
	step, found, err := run.Latest()
	if err != nil {
		return start{}, err
	}
	switch {
	case !found && o.Resume:
		return start{}, fmt.Errorf("resume: %s holds no checkpoint: start without --resume", c.Output)
	case !found:
		return start{}, nil
	case o.Overwrite:
		return start{found: true, step: step}, nil
	case !o.Resume:
		return start{}, fmt.Errorf("%s already holds a run, saved at step %d: add --resume to go on with it, --overwrite to start again, or choose another --output", c.Output, step)
	}
	s := start{found: true, step: step, resume: true, dir: run.Dir(step)}
	if s.state, err = readState(s.dir); err != nil {
		return start{}, err
	}
	if s.state.Finished {
		return start{}, fmt.Errorf("resume: the run in %s is finished, at step %d: choose another --output to train further from --model %s", c.Output, step, c.Output)
	}
	if changes := difference(s.state.Config, decisive(c)); len(changes) > 0 {
		return start{}, fmt.Errorf("resume: the configuration is not that of the run in %s, so the result would be neither's:\n  %s\nundo the changes, or choose another --output",
			c.Output, strings.Join(changes, "\n  "))
	}
	return s, nil
}

// check makes sure that no other process has trained in the output folder since startOf looked. The lock must be held.
func (s start) check(run *checkpoints.Run, output string) error {
	step, found, err := run.Latest()
	if err != nil {
		return err
	}
	if found != s.found || step != s.step {
		return fmt.Errorf("another process has trained in %s just now, to step %d: start again, with --resume to go on from there, or choose another --output", output, step)
	}
	return nil
}

// discard removes the checkpoints of the run that this one replaces.
func (s start) discard(run *checkpoints.Run) error {
	if !s.found || s.resume {
		return nil
	}
	return run.Clear()
}

// harmless are the keys that do not change what a run computes.
func harmless(key string) bool {
	switch key {
	case "output", "data.tokens", "train.threads", "train.recompute", "train.log_every", "eval.samples":
		return true
	}
	return strings.HasPrefix(key, "checkpoint.")
}

// decisive returns the keys of a configuration that decide about the numbers.
func decisive(c *configs.Config) map[string]string {
	values := make(map[string]string)
	for _, v := range c.Values() {
		if !harmless(v.Key) {
			values[v.Key] = v.Text
		}
	}
	return values
}

// difference describes the keys whose values differ.
func difference(before, after map[string]string) []string {
	keys := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(keys)
	var changes []string
	for _, key := range slices.Compact(keys) {
		if before[key] != after[key] {
			changes = append(changes, fmt.Sprintf("%s: was %s, is %s", key, cmp.Or(before[key], "unset"), cmp.Or(after[key], "unset")))
		}
	}
	return changes
}
