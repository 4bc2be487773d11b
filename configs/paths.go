package configs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"t5train/checkpoints/builtin"
	"t5train/checkpoints/hub"
	"t5train/data/remote"
	"t5train/internal/atomicfile"
	"t5train/internal/glob"
	"t5train/internal/splits"
)

// CheckPaths checks that what the configuration names is there: the model, the tokenizer and the data, every glob with
// at least one match. Its error joins all mistakes, one a line. It reads no file and writes nothing.
func (c *Config) CheckPaths() error { return join(c.missing(nil)) }

// missing are the problems of CheckPaths, and those that open finds in data that is there.
func (c *Config) missing(open func(split, pattern string) error) []problem {
	var ps []problem
	exists := func(key, path, what string) {
		if path == "" {
			return
		}
		if builtin.IsName(path) {
			if err := builtin.Check(path); err != nil {
				ps = append(ps, mistake(key, "%v", err))
			}
			return
		}
		_, err := os.Stat(path)
		_, isName := hub.ParseName(path)
		switch {
		case err == nil || hub.Has(path):
		case errors.Is(err, fs.ErrNotExist) && isName:
			ps = append(ps, mistake(key, "got %s, want %s: %s", quote(path), what, hub.Absent()))
		default:
			ps = append(ps, mistake(key, "got %s, want %s: %v", quote(path), what, atomicfile.Cause(err)))
		}
	}
	exists("model.path", c.Model.Path, "a model or checkpoint folder")
	exists("lora.adapter", c.LoRA.Adapter, "the folder of an adapter, or a run that trained one")
	exists("distill.teacher", c.Distill.Teacher, "a model or checkpoint folder")
	exists("tokenizer.path", c.Tokenizer.Path, "a spiece.model or its folder")
	patterns := func(key, split string, list []string) {
		for _, pattern := range list {
			if len(ps) > maxProblems {
				return // more are not shown
			}
			folder, _ := splits.Chosen(pattern)
			// What is there may have a bracket in its name, and is no glob.
			if _, err := os.Stat(folder); err != nil && !remote.IsURL(pattern) {
				matches, err := glob.Files(pattern)
				if err != nil {
					ps = append(ps, mistake(key, "got %s, want a path or a glob: %v", quote(pattern), err))
					continue
				}
				if matches == nil {
					ps = append(ps, mistake(key, "got %s, want files that exist: nothing matches%s", quote(pattern),
						seenFrom(pattern)))
					continue
				}
			}
			if open != nil {
				if err := open(split, pattern); err != nil {
					ps = append(ps, mistake(key, "%v", err))
				}
			}
		}
	}
	patterns("data.train", splits.Train, c.Data.Train)
	for _, p := range c.Data.Mixture {
		patterns("data.mixture", splits.Train, p.Train)
		patterns("data.mixture", splits.Validation, p.Validation)
	}
	patterns("data.validation", splits.Validation, c.Data.Validation)
	if c.Output != "" {
		switch info, err := os.Stat(c.Output); {
		case err == nil && !info.IsDir():
			ps = append(ps, mistake("output", "got %s, want a folder: this is a file", quote(c.Output)))
		case err != nil && !errors.Is(err, fs.ErrNotExist): // a parent is a file, or may not be entered
			ps = append(ps, mistake("output", "got %s, want a folder: %v", quote(c.Output), atomicfile.Cause(err)))
		}
	}
	return ps
}

// seenFrom says, for a relative path, where it was looked for: the file of the configuration may be elsewhere.
func seenFrom(path string) string {
	folder, err := os.Getwd()
	if err != nil || filepath.IsAbs(path) {
		return ""
	}
	return " in " + folder
}
