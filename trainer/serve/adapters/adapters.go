// Package adapters opens the adapters (LoRA) that a server has beside one model.
package adapters

import (
	"fmt"
	"regexp"
	"slices"

	"t5train/checkpoints"
	"t5train/model/op"
	"t5train/trainer/predict"
)

// Adapter is an adapter that requests ask for by its name: a folder, or a run that trained one.
type Adapter struct{ Name, Path string }

// Loaded is an adapter that is open.
type Loaded struct {
	Name    string
	Folder  *checkpoints.Folder // of the model with it
	Adapter *op.Adapter
}

// named is what a name may be: it stands in paths.
var named = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// IsName reports whether an adapter can be called so.
func IsName(name string) bool { return named.MatchString(name) }

// Open opens adapters beside the model of a folder, which is called model. how is how that was opened.
func Open(list []Adapter, folder *checkpoints.Folder, model string, how predict.OpenOptions) ([]Loaded, error) {
	var all []Loaded
	for i, a := range list {
		twice := slices.ContainsFunc(list[:i], func(b Adapter) bool { return a.Name == b.Name })
		switch {
		case !IsName(a.Name):
			return nil, fmt.Errorf("serve: the adapter %s is called %.80q: want letters and digits, . _ and -",
				a.Path, a.Name)
		case twice || a.Name == model:
			return nil, fmt.Errorf("serve: the adapter %s is called %s, as the model or another adapter is: name it "+
				"otherwise", a.Path, a.Name)
		}
		with, adapter, err := folder.Beside(a.Path, !how.Unverified)
		if err == nil && (how.Component != "" || how.Task.Name == "") {
			err = with.ChooseTask(how.Component)
		}
		if err != nil {
			return nil, fmt.Errorf("serve: adapter %s: %w", a.Name, err)
		}
		all = append(all, Loaded{a.Name, with, adapter})
	}
	return all, nil
}

// Longest returns the longest input of all, for they are in one batch: the one that is asked for, or else what the
// model or any of its adapters takes. Without adapters 0, whatever the model takes, is left as it is.
func Longest(folder *checkpoints.Folder, loaded []Loaded, asked int) int {
	if asked > 0 || len(loaded) == 0 {
		return asked
	}
	longest := predict.FirstPositive(folder.Info.MaxInputLength, 512)
	for _, a := range loaded {
		longest = max(longest, a.Folder.Info.MaxInputLength)
	}
	return longest
}
