package configs

import (
	"errors"
	"slices"
	"strings"
)

// maxProblems bounds what is said of a file that is no configuration.
const maxProblems = 120

// problem is one mistake: one line of the error that Load and Validate return.
type problem struct {
	keys []string // what it is about; empty for a mistake of the file as a whole
	text string   // what was got, what is wanted, the remedy
	at   string   // where it stands: run.yaml:7, --set, T5TRAIN_TRAIN_SEED; empty when unknown
}

func (p problem) Error() string {
	line := p.text
	if len(p.keys) > 0 {
		line = strings.Join(p.keys, ", ") + ": " + line
	}
	if p.at != "" {
		line += " (" + p.at + ")"
	}
	return line
}

// join makes one error of all problems, nil of none.
func join(problems []problem) error {
	shown := problems[:min(len(problems), maxProblems)]
	errs := make([]error, len(shown))
	for i, p := range shown {
		errs[i] = p
	}
	if len(shown) < len(problems) {
		errs = append(errs, errors.New("and more: mend these first"))
	}
	return errors.Join(errs...)
}

// about reports whether p concerns one of the keys in the set.
func (p problem) about(keys map[string]bool) bool {
	return slices.ContainsFunc(p.keys, func(k string) bool { return keys[k] })
}
