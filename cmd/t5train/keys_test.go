package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestMessagesNameTheFlagsOfTheCommand(t *testing.T) {
	for _, c := range []struct{ command, message, want string }{
		{"finetune", "choose with task.text_columns", "choose with --text-column"},
		{"finetune", "text column: sms (task.text_columns)", "text column: sms (--text-column)"},
		{"finetune", "task.template '{q}', or task.target_column and task.round_to",
			"--template '{q}', or --target-column and task.round_to"},
		{"finetune", "lower optimizer.learning_rate or add schedule.warmup_steps",
			"lower optimizer.learning_rate or add schedule.warmup_steps"},
		{"pretrain", "choose with data.text_column, or task.text_columns",
			"choose with --text-column, or task.text_columns"},
		{"evaluate", "choose with task.label_column", "choose with --label-column"},
		{"predict", "choose with task.label_column", "choose with task.label_column"},
		{"predict", "generation.alpha does nothing without generation.beams 2 or more",
			"--alpha does nothing without --beams 2 or more"},
		{"predict", "predict: predict.top: the task has no labels", "predict: --top: the task has no labels"},
		{"evaluate", "leave out task.target_language, evaluate.max_input_length",
			"leave out --target-lang, --max-input-length"},
		{"score", "goes on without run.overwrite", "goes on without --overwrite"},
		{"finetune", "task.prefix: unset -> \"x\"", "task.prefix: unset -> \"x\""},
		{"finetune", "infer: task.template: it ends", "infer: --template: it ends"},
		{"finetune", "--set task.prefix=x, runs/task.labels, task.labels.parquet",
			"--set task.prefix=x, runs/task.labels, task.labels.parquet"},
		{"data import", "leave it out with import.drop c", "leave it out with --drop c"},
		{"predict", "choose with import.delimiter", "choose with t5train data import --delimiter"},
		{"finetune", "with import.output x x.csv", "with t5train data import --output x x.csv"},
		{"finetune", "open import.csv: no such file", "open import.csv: no such file"}, // a file, no key
		{"tokenizer train", "raise vocabulary.max_line_bytes", "raise --max-line-bytes"},
		{"data check", "vocabulary.byte_fallback, then convert.tokenizer",
			"t5train tokenizer train --byte-fallback, then t5train convert --tokenizer"},
		{"tokenizer train", "say vocabulary.hard_vocab_limit=false", "say --hard-vocab-limit=false"},
		{"data clean", "with run.overwrite", "with --overwrite"},
		{"inspect", "with run.overwrite", "with run.overwrite"},
	} {
		names := &flagNames{}
		root := rootCommand(app{stdout: io.Discard, names: names, log: &logFormat{}})
		if got := names.text(c.message); got != c.message {
			t.Errorf("before a command runs, %q is %q", c.message, got)
		}
		command, _, err := root.Find(strings.Fields(c.command))
		if err != nil {
			t.Fatal(err)
		}
		names.running = command
		if got := names.text(c.message); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.command, c.message, got, c.want)
		}
		wrong := fmt.Errorf("load: %w", configError{errors.New(c.message)})
		if got := names.error(wrong); got != wrong.Error() {
			t.Errorf("%s: an error of the configuration, %q, is %q", c.command, wrong, got)
		}
	}
}
