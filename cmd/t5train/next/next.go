// Package next says which commands a person may want after a run.
//
//	for _, line := range next.Commands(run) { fmt.Println(line) }
package next

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/data/objective"
	"t5train/internal/ui"
	"t5train/trainer/report"
	"t5train/trainer/runlog"
)

// Commands returns the commands for what a run is good for now: to see it grow, to resume it, to train it
// further where that still helps, to use it.
func Commands(r *report.Run) (lines []string) {
	path, command := Quoted(r.Path), "finetune"
	kind := r.Setting("objective.name")
	if kind != "" {
		command = "pretrain"
	}
	again := "t5train " + command + " --config " + Quoted(filepath.Join(r.Path, runlog.ConfigName))
	checkpoint, _, err := checkpoints.Resolve(r.Path)
	switch {
	case r.State == report.Running:
		lines = append(lines, "t5train report "+path+" --watch")
	case r.State == report.Stopped:
		lines = append(lines, again)
	case slices.ContainsFunc(r.Findings, func(n ui.Note) bool { return n.Kind == ui.NoteImproving }):
		lines = append(lines, again+" --extend")
	}
	if err != nil {
		return lines
	}
	lines = append(lines, "t5train predict --model "+path+" "+Input(kind, checkpoint))
	if r.State != report.Finished {
		return lines
	}
	if kind != "" {
		return append(lines, "t5train finetune --model "+path+" --task classification --train FILE --output FOLDER")
	}
	return append(lines, "t5train evaluate --model "+path+" --input FILE --output "+Quoted(filepath.Join(r.Path,
		"test.json")), "t5train serve --model "+path)
}

// Input returns the flags by which predict gets an input of a checkpoint, which was trained by an objective or, where
// that has no name, on tasks.
func Input(trainedBy, checkpoint string) string {
	kind, pretrained := objective.KindOf(trainedBy)
	switch {
	case !pretrained:
	case !kind.ReadsInput:
		return `--text "" --output-prefix "The capital of France"`
	case !kind.Spans:
		return `--text "The capital of France"`
	default:
		return `--text "The <extra_id_0> of France is Paris."`
	}
	info, err := checkpoints.ReadInfo(checkpoint)
	switch {
	case err == nil && len(info.Tasks) > 0:
		return "--component " + Quoted(slices.Sorted(maps.Keys(info.Tasks))[0]) + " --input FILE"
	case err == nil && info.Task != nil && len(info.Task.TextColumns) > 1:
		fields := make([]string, len(info.Task.TextColumns))
		for i, column := range info.Task.TextColumns {
			name, _ := json.Marshal(column) // a string cannot fail
			fields[i] = string(name) + `: "..."`
		}
		return "--text " + Quoted("{"+strings.Join(fields, ", ")+"}")
	}
	return `--text "..."`
}

var safe = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// Quoted returns an argument as a shell reads it.
func Quoted(text string) string {
	if safe.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
