package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/internal/sysinfo"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer"
	"t5train/trainer/bench/plan"
	"t5train/trainer/setup"
)

// PlanResult is a measurement and what it lets expect of a cluster.
type PlanResult struct {
	Measured plan.Measured `json:"measured"`
	Nodes    int           `json:"nodes"`
	Layouts  []plan.Layout `json:"layouts"`
	Pays     int           `json:"pays_nodes"` // up to this number of nodes half of what they add is gained, or more
}

// Plan measures some steps of a configuration on this machine, with 1, 2, 4 and so on threads, and predicts those of a
// cluster of such processors. It begins no run.
func Plan(ctx context.Context, config *configs.Config, cluster plan.Cluster, steps int, sink ui.Sink) (*PlanResult,
	error) {
	if err := cluster.Validate(); err != nil {
		return nil, err
	}
	var measured plan.Measured
	err := trainer.WithDatasets(ctx, config, sink,
		func(c *configs.Config, b *checkpoints.Folder, m *setup.Datasets) (err error) {
			measured, err = measurePlan(ctx, c, b, m, steps, sink)
			return err
		})
	if err != nil {
		return nil, err
	}
	layouts, err := plan.Fit(measured, cluster)
	if err != nil {
		return nil, err
	}
	return &PlanResult{Measured: measured, Nodes: cluster.Nodes, Layouts: layouts,
		Pays: layouts[plan.Pays(layouts)].Nodes}, nil
}

func measurePlan(ctx context.Context, c *configs.Config, b *checkpoints.Folder, m *setup.Datasets, steps int,
	sink ui.Sink) (plan.Measured, error) {
	all, err := trainer.TrainBatches(c, m)
	if err != nil {
		return plan.Measured{}, err
	}
	const warmup = 1
	var batches []model.Batch
	var tokens, position int64
	for range warmup + steps {
		var batch data.Batch
		position = all.Read(position, &batch)
		batches = append(batches, batch.Batch)
		tokens += int64(batch.Tokens())
	}
	r := plan.Measured{Tokens: float64(tokens) / float64(len(batches)), MicroBatches: c.Train.Accumulate,
		Gradients: 4 * b.Model.Config.Parameters()}
	most := kernel.NewWorkers(c.Train.Threads).Threads()
	for threads := 1; ; threads = min(2*threads, most) {
		w := kernel.NewWorkers(threads)
		t, err := timeSteps(ctx, c, b, w, batches, warmup)
		if err != nil {
			return r, err
		}
		ui.Say(sink, "", "measure on %d of %d threads: micro-batch %.3f s, update %.3f s", threads, most, t.pass,
			t.update)
		if t.delayed > undisturbed {
			ui.Detail(sink, ui.Warning,
				"threads waited for a processor for %.0f %% of the time: something else runs here, or "+
					"there are more threads than processors: measure again without that", 100*t.delayed)
		}
		r.Threads, r.MicroBatch, r.Update = append(r.Threads, threads), append(r.MicroBatch, t.pass),
			append(r.Update, t.update)
		if r.Memory == 0 { // with more threads come other graphs, whose memory a run does not have
			r.Memory = int64(sysinfo.PeakRSS() * 1e6)
		}
		if threads == most {
			break
		}
	}
	r.Rate = addRate()
	return r, nil
}

// stepTimes are median seconds of a micro-batch and of an update, and for which part of the time threads that were
// ready to compute had no processor, 0 if that is not known.
type stepTimes struct{ pass, update, delayed float64 }

// undisturbed is the largest part of the time that threads wait where nothing else runs.
const undisturbed = 0.2

// timeSteps measures some steps. The weights are those that training would have.
func timeSteps(ctx context.Context, c *configs.Config, b *checkpoints.Folder, w *kernel.Workers, batches []model.Batch,
	warmup int) (stepTimes, error) {
	s, err := trainer.NewProbe(c, b.Model, w, len(batches))
	if err != nil {
		return stepTimes{}, err
	}
	defer s.Graph.Close()
	updates := &timedOptimizer{Optimizer: s.Optimizer}
	s.Optimizer = updates
	var passes []float64
	all := time.Now()
	before, counted := sysinfo.RunDelay()
	for i, batch := range batches {
		if err := ctx.Err(); err != nil {
			return stepTimes{}, err
		}
		begun := time.Now()
		if _, err := s.Step(i, int64(i), []model.Batch{batch}); err != nil {
			return stepTimes{}, err
		}
		passes = append(passes, time.Since(begun).Seconds()-updates.seconds[i])
	}
	t := stepTimes{pass: median(passes[warmup:]), update: median(updates.seconds[warmup:])}
	if after, ok := sysinfo.RunDelay(); ok && counted {
		t.delayed = (after - before).Seconds() / (time.Since(all).Seconds() * float64(w.Threads()))
	}
	return t, nil
}

// addRate returns the bytes a second at which one thread adds up gradients that no cache holds.
func addRate() float64 {
	const elements, times = 1 << 25, 5
	w := kernel.NewWorkers(1)
	x, y := make([]float32, elements), make([]float32, elements)
	kernel.Add(w, y, x) // the system gives memory when it is touched
	var seconds []float64
	for range times {
		begun := time.Now()
		kernel.Add(w, y, x)
		seconds = append(seconds, time.Since(begun).Seconds())
	}
	return 4 * elements / median(seconds)
}

// shortStep is a step in seconds of which messages take a part that counts.
const shortStep = 0.1

// String is the result for a person.
func (r *PlanResult) String() string {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "nodes\tranks a node\tthreads a rank\tmicro-batches a rank\tstep\tof it "+
		"gradients\ttokens/s\tefficiency\tmemory a node\t")
	for _, l := range r.Layouts {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%.3f s\t%.3f s\t%s\t%.0f %%\t%s MB\t\n", l.Nodes, l.Ranks, l.Threads,
			l.MicroBatches,
			l.Step, l.Reduction, ui.Grouped(int(l.TokensPerS)), 100*l.Efficiency, ui.Grouped(int(l.Memory/1e6)))
	}
	_ = t.Flush() // a strings.Builder does not fail
	if len(r.Layouts) == 0 {
		return text.String()
	}
	last, best := r.Layouts[len(r.Layouts)-1], r.Best()
	if r.Pays < last.Nodes {
		fmt.Fprintf(&text, "scaling stops paying beyond %s: the next ones give less than half of what they could\n",
			Nodes(r.Pays))
	}
	if last.Nodes < r.Nodes {
		fmt.Fprintf(&text, "a step has %d micro-batches, which %d nodes cannot divide evenly: set train.accumulate "+
			"to a multiple of %d\n", r.Measured.MicroBatches, r.Nodes, r.Nodes)
	}
	most := r.Measured.Threads[len(r.Measured.Threads)-1]
	switch more := slices.ContainsFunc(r.Layouts, func(l plan.Layout) bool { return l.Threads > most }); {
	case more && most == 1:
		fmt.Fprintln(&text, "only 1 thread was measured: more are taken to gain nothing")
	case more:
		fmt.Fprintf(&text, "more than %d threads a rank were not measured: they follow from fewer\n", most)
	}
	if best.Nodes*best.Ranks > 1 && best.Step < shortStep {
		fmt.Fprintln(&text, "a step is short: ranks exchange messages that take some milliseconds of each, which is "+
			"not in the table")
	}
	return text.String()
}

// Best returns the layout of the largest cluster that pays; r has layouts.
func (r *PlanResult) Best() plan.Layout {
	best := r.Layouts[0]
	for _, l := range r.Layouts {
		if l.Nodes <= r.Pays {
			best = l
		}
	}
	return best
}

// Nodes writes a number of machines.
func Nodes(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}
