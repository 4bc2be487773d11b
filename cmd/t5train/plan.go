package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/trainer/bench"
	"t5train/trainer/bench/plan"
)

func planCommand(a app) *cobra.Command {
	sources := configSources{noRun: true}
	cluster := plan.Cluster{}
	var f benchFlags
	var gigabits float64
	c := &cobra.Command{
		Use:   "plan",
		Short: "Predict how fast a cluster trains a configuration",
		Long: `Measure some steps of a configuration on this machine, and predict step time, efficiency and memory for clusters of
1, 2, 4 and so on nodes with processors like this one, each divided as is best for it. No run begins; token stores are
made if they are missing. A step's micro-batches (train.accumulate) are divided over the ranks, so their number bounds
how many ranks can work. docs/several-machines.md has the rest.`,
		Example: `  t5train plan --config my.yaml --nodes 4 --cores 16 --set train.accumulate=64
  t5train plan --config my.yaml --nodes 4 --bandwidth 25 --set train.accumulate=64
  t5train plan --config configs/quickstart.yaml --cores 8 --set train.accumulate=8`,
		RunE: func(c *cobra.Command, args []string) error {
			sources.sink = a.console()
			if err := sources.readKind(c, strings.Join(args, ""), pretrainName); err != nil {
				return err
			}
			if err := requireAtLeast(c, 1, "nodes", "cores", "measured-steps"); err != nil {
				return err
			}
			if gigabits <= 0 {
				return misuse(c, "--bandwidth %g: want Gbit/s, more than 0", gigabits)
			}
			config, err := sources.load(c)
			if err != nil {
				return err
			}
			cluster.Bandwidth = gigabits * 1e9 / 8
			r, err := bench.Plan(c.Context(), config, cluster, f.steps, a.console())
			if err := f.report(a, r, err); err != nil || f.json {
				return err
			}
			_, err = fmt.Fprint(a.stdout, launchLine(r))
			return err
		},
	}
	sources.add(c)
	sources.takesKind(c)
	p := c.Flags()
	p.IntVar(&cluster.Nodes, "nodes", 1, "machines")
	p.IntVar(&cluster.Cores, "cores", 1, "cores of each")
	p.Float64Var(&gigabits, "bandwidth", 10, "of each machine's network, each way, in Gbit/s")
	p.IntVar(&f.steps, "measured-steps", 5, "steps to measure, for each number of threads")
	p.BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// launchLine says how to start the largest cluster that pays, "" where that is one process.
func launchLine(r *bench.PlanResult) string {
	if len(r.Layouts) == 0 {
		return ""
	}
	best := r.Best()
	n := best.Nodes * best.Ranks
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("start %s with: mpirun -n %d --map-by ppr:%d:node:pe=%d t5train ... --threads %d\n",
		bench.Nodes(best.Nodes), n, best.Ranks, best.Threads, best.Threads)
}
