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
	resume  bool
	dir     string // of the checkpoint
	state   state
	replace *checkpoints.Run // earlier run to remove first
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
		return start{replace: run}, nil
	case !o.Resume:
		return start{}, fmt.Errorf("%s already holds a run, saved at step %d: add --resume to go on with it, --overwrite to start again, or choose another --output", c.Output, step)
	}
	s := start{resume: true, dir: run.Dir(step)}
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

// discard removes the checkpoints of the run that this one replaces.
func (s start) discard() error {
	if s.replace == nil {
		return nil
	}
	return s.replace.Clear()
}

// harmless are the keys that do not change what a run computes.
func harmless(key string) bool {
	return key == "output" || key == "train.threads" || key == "train.log_every" || strings.HasPrefix(key, "checkpoint.")
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
