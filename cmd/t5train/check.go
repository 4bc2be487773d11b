package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"t5train/checkpoints"
	"t5train/checkpoints/builtin"
	"t5train/data/dataset"
	"t5train/data/inspect"
	"t5train/data/parquetio"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
	"t5train/trainer"
)

func checkCommand(a app) *cobra.Command {
	sources := &configSources{}
	var d dataCheck
	c := &cobra.Command{
		Use:   "check [PATH]",
		Short: "Find what is wrong with data, a configuration, a checkpoint or a run",
		Long: `Find what is wrong. Of data: what would spoil a training or falsify its evaluation, within its splits and between
them. Of a configuration, a .yaml file: every mistake at once; --set and the flags of finetune and pretrain add to it.
Of a checkpoint or a run: weights that are not those of their checksums, not finite or not those of config.json. The
exit status is 1 where something is wrong, and 0 for warnings alone. docs/data.md lists what is found in data.`,
		Example: `  t5train check reviews
  t5train check --train train.parquet --validation validation.parquet --text-column text
  t5train check my.yaml --set train.batch_size=16`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return misuse(c, "got %d paths, want one: put globs in quotes", len(args))
			case len(args) == 1 && isConfig(args[0]) && sources.file == "":
				sources.file, args = args[0], nil
			case len(args) == 1 && (sources.file != "" || d.files.any()): // as of a glob that the shell has expanded
				return noArguments(c, args)
			}
			if err := onlyFor(c, sources.file != ""); err != nil {
				return err
			}
			switch {
			case sources.file != "":
				return checkConfig(c, a, sources, "")
			case len(args) == 1 && isModel(args[0]):
				return checkModel(a, args[0])
			case len(args) == 1:
				if err := d.files.find(args[0]); err != nil {
					return err
				}
			}
			return d.run(c, a)
		},
	}
	f := c.Flags()
	f.StringVar(&sources.file, "config", "", "configuration to check, as PATH")
	f.StringArrayVar(&sources.set, "set", nil, setHelp)
	sources.addKind(c)
	d.add(c)
	for _, name := range sources.addKeys(c) {
		f.Lookup(name).Hidden = true
	}
	return c
}

// validateCommand is check for a configuration, by its old name.
func validateCommand(a app) *cobra.Command {
	sources := &configSources{}
	c := &cobra.Command{
		Use:    "validate",
		Short:  "Report every mistake of a configuration, without running it",
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			if err := requireFlags(c, "config"); err != nil {
				return err
			}
			a.sayMoved(c, "check")
			return checkConfig(c, a, sources, strings.Join(args, ""))
		},
	}
	sources.add(c)
	sources.takesKind(c)
	return c
}

// dataCheckCommand is check for data, by its old name.
func dataCheckCommand(a app) *cobra.Command {
	var d dataCheck
	c := &cobra.Command{
		Use:    "check",
		Short:  "Find what would spoil a training or falsify its evaluation",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			a.sayMoved(c, "check")
			return d.run(c, a)
		},
	}
	d.add(c)
	return c
}

// sayMoved says what a command is called now.
func (a app) sayMoved(c *cobra.Command, now string) {
	ui.Say(a.console(), "note", "%s is now t5train %s", c.CommandPath(), now)
}

// isConfig reports whether a path is that of a configuration.
func isConfig(path string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))
}

// isModel reports whether a path is a checkpoint, a run or a name of a model.
func isModel(path string) bool {
	if builtin.IsName(path) {
		return true
	}
	_, _, err := checkpoints.Resolve(path)
	return err == nil
}

// checkModel reads all weights of a checkpoint.
func checkModel(a app, path string) error {
	dir, _, err := checkpoints.Resolve(path)
	if err != nil {
		return err
	}
	p := ui.NewLines(a.stdout)
	if err := checkpoints.Describe(p, dir, true); err != nil {
		return p.Finish(err)
	}
	p.Line("weights", "are those of their checksums and finite")
	return p.Finish(nil)
}

// onlyFor refuses flags that say nothing about what is checked: a configuration, or else data or a model.
func onlyFor(c *cobra.Command, config bool) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		of := func(g configFlag) bool { return g.name == f.Name }
		sources := slices.Contains([]string{"config", "set", "for"}, f.Name)
		switch {
		case c.InheritedFlags().Lookup(f.Name) != nil:
		case config && !sources && !slices.ContainsFunc(configFlags[:], of):
			err = cmp.Or(err, misuse(c, "--%s is about data, but this checks a configuration: leave it out", f.Name))
		case !config && (sources || f.Hidden):
			err = cmp.Or(err, misuse(c, "--%s is about a configuration: name one with --config, or leave it out", f.Name))
		}
	})
	return err
}

func checkConfig(c *cobra.Command, a app, s *configSources, kind string) error {
	s.sink = a.console()
	s.open = func(split, pattern string) error { // to tell what is wrong with data beside all other mistakes
		_, err := dataset.OpenFiles(c.Context(), []string{pattern}, []string{split})
		return err
	}
	if err := s.readKind(c, kind, ""); err != nil {
		return err
	}
	config, err := s.load(c)
	if err != nil && kind == "" && s.kind == "" {
		err = fmt.Errorf("%w\nits keys told what it is for: --for pretrain or --for finetune says it", err)
	}
	if err != nil {
		return err
	}
	if err := trainer.Check(c.Context(), config, s.sink); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s is valid\n", s.file)
	return err
}

// dataCheck is what is asked about data.
type dataCheck struct {
	survey surveyFlags
	files  splitFiles
	o      inspect.CheckOptions
}

func (d *dataCheck) add(c *cobra.Command) {
	d.survey.add(c)
	d.files.add(c)
	f := c.Flags()
	f.IntVar(&d.o.Examples, "examples", 3, "rows to name for each finding")
	f.Float64Var(&d.o.MaxShared, "max-shared", 0,
		"share of a split's rows, such as 0.01, that another may have too")
	addMinShared(c, &d.o.MinShared)
}

func (d *dataCheck) run(c *cobra.Command, a app) error {
	if err := requireAtLeast(c, 1, "examples", "min-shared-length"); err != nil {
		return err
	}
	if len(d.files.train) == 0 {
		return misuse(c, "--train is missing")
	}
	if !(d.o.MaxShared >= 0 && d.o.MaxShared <= 1) {
		return misuse(c, "--max-shared %g: want a share of the rows from 0 to 1, such as 0.01", d.o.MaxShared)
	}
	measure, err := d.survey.measure(c)
	if err != nil {
		return err
	}
	sets, rows, err := d.files.open(a, func(patterns, wanted []string) (*parquetio.Dataset, error) {
		return dataset.OpenFiles(c.Context(), patterns, wanted)
	})
	if err != nil {
		return err
	}
	roles, err := inspect.FindRoles(sets[0].Set.Columns(), d.survey.roles)
	if err != nil {
		return fmt.Errorf("check data: %w", err)
	}
	console := a.console()
	sayRoles(console, roles)
	if len(roles.Targets)+len(roles.Labels) == 0 && !c.Flags().Changed("max-input-length") {
		ui.Say(console, "plain text",
			"of any length, for pre-training cuts it into chunks (another limit with --max-input-length)")
		measure.MaxInput = 0
	}
	ui.Say(console, "memory", "about %s for %d rows", ui.Bytes(rows*inspect.BytesPerRow), rows)
	d.o.Roles, d.o.Measure, d.o.Sink = roles, measure, console
	report, err := inspect.Check(c.Context(), sets, d.o)
	if err != nil {
		return err
	}
	for i := range report.Findings {
		f := &report.Findings[i]
		f.Remedy = a.names.text(f.Remedy)
	}
	if report.Cleanable() {
		report.Clean = d.files.cleanCommand(d.survey.roles, d.o.MinShared)
	}
	if d.survey.json {
		err = jsonlines.NewEncoder(a.stdout).Encode(report)
	} else {
		p := ui.NewLines(a.stdout)
		report.Write(p)
		err = p.Finish(nil)
	}
	if n := report.Errors(); err == nil && n > 0 {
		return fmt.Errorf("check data: %d of %d findings falsify an evaluation", n, len(report.Findings))
	}
	return err
}

// sayRoles says what columns are taken for.
func sayRoles(console ui.Sink, r inspect.Roles) {
	for _, role := range []struct {
		name, option string
		columns      []string
	}{{"texts", "--text-column", r.Texts}, {"targets", "--target-column", r.Targets},
		{"labels", "--label-column", r.Labels}} {
		if len(role.columns) > 0 {
			ui.Say(console, role.name, "%s (choose others with %s)", strings.Join(role.columns, ", "), role.option)
		}
	}
}
