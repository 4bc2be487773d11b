package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"t5train/checkpoints/builtin"
	"t5train/cmd/t5train/next"
	"t5train/configs"
	"t5train/internal/ui"
	"t5train/trainer"
	"t5train/trainer/allreduce"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
	"t5train/trainer/setup"
)

func finetuneCommand(a app) *cobra.Command {
	return runCommand(a, &cobra.Command{
		Use:   finetuneName,
		Short: "Fine-tune a model on a task",
		Long: `Fine-tune a model on a task: the one of --model, new random weights of a --size, or where neither is named
` + builtin.Default + `. Settings that suit the data are chosen and said; flags, --set and --config say otherwise. The
same command resumes a run that was stopped.`,
		Example: `  t5train finetune --config configs/quickstart.yaml
  t5train finetune --task classification --train reviews --validation reviews --output runs/first
  t5train finetune --config my.yaml --set train.batch_size=16 --resume`,
	}, trainer.Finetune)
}

// runCommand makes a command that runs a configuration.
func runCommand(a app, c *cobra.Command,
	run func(context.Context, *configs.Config, trainer.Options) (*trainer.Result, error)) *cobra.Command {
	sources := configSources{command: c.Use}
	if c.Use == distillName {
		sources.command, sources.distill = finetuneName, true
	}
	var o trainer.Options
	var ranks rankFlags
	c.Args = noArguments
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.Extend && o.Overwrite {
			return misuse(c, "got both --extend and --overwrite: the one keeps the run that the other removes")
		}
		if o.Resume && o.Overwrite {
			return misuse(c, "got both --resume and --overwrite: the one keeps the run that the other removes")
		}
		return ranks.share(c.Context(), a,
			func(a app, console ui.Sink, group *allreduce.Group) (stopped bool, err error) {
				sources.sink = console
				config, err := sources.load(c)
				if err := group.Agree(err); err != nil {
					return false, err
				}
				o.Sink, o.Group, o.Timeout = console, group, ranks.timeout
				collectEarly()
				result, err := run(c.Context(), config, o)
				if err != nil {
					return false, err
				}
				if group.First() {
					printResult(a, config, result)
				}
				return result.Interrupted, nil
			})
	}
	sources.add(c)
	ranks.add(c)
	c.Flags().BoolVar(&o.Resume, "resume", false, "resume the run in the output folder, and fail if there is none")
	c.Flags().BoolVar(&o.Extend, "extend", false, "train the finished run in --output by --epochs or --steps more")
	c.Flags().BoolVar(&o.Overwrite, "overwrite", false, "start again although the output folder holds a run")
	addNoVerify(c, &o.NoVerify)
	c.Flags().StringVar(&o.Initial, "save-initial", "",
		"new folder for the untrained model, to train it elsewhere too")
	return c
}

// printResult says how the run ended and what to do next.
func printResult(a app, c *configs.Config, r *trainer.Result) {
	if r.Interrupted {
		if r.Step == 0 {
			a.tell("stopped before the first step: nothing was saved")
			return
		}
		a.tell("stopped at step %d and saved: the same command resumes from there", r.Step)
		return
	}
	fmt.Fprintf(a.stdout, "checkpoint %s\n", r.Checkpoint)
	if r.Metrics != nil {
		first := setup.ShownFirst(c, r.Metric)
		fmt.Fprintf(a.stdout, "validation, step %d: %s\n", r.BestStep, metric.Format(r.Metrics, first...))
		for _, line := range evaluate.ConstantLines(r.Constants, first...) {
			fmt.Fprintln(a.stdout, line)
		}
		if t, ok := r.Metrics["temperature"]; ok && t != 1 { // 1 changes nothing, and a note tells why
			fmt.Fprintf(a.stdout,
				"calibration: temperature %.4f, expected calibration error %.4f before and %.4f after\n", t,
				r.Metrics["ece"], r.Metrics["calibrated_ece"])
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(a.stdout, "note: %s\n", a.names.text(n.Text))
	}
	fmt.Fprintf(a.stdout, "next: t5train predict --model %s %s\n", next.Quoted(c.Output),
		next.Input(c.Objective.Name, r.Checkpoint))
}
