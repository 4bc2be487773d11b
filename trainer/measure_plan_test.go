package trainer

import (
	"strings"
	"testing"

	"t5train/trainer/plan"
)

// The command that is named is that of the largest cluster that pays.
func TestPlanNamesWhatPays(t *testing.T) {
	r := PlanResult{Measured: plan.Measured{Threads: []int{1, 8}, MicroBatches: 8}, Nodes: 4, Pays: 2, Layouts: []plan.Layout{
		{Nodes: 1, Ranks: 1, Threads: 8}, {Nodes: 2, Ranks: 2, Threads: 4}, {Nodes: 4, Ranks: 1, Threads: 8},
	}}
	got := r.String()
	for _, want := range []string{"beyond 2 nodes", "start 2 nodes with: mpirun -n 4 --map-by ppr:2:node:pe=4 t5train ... --threads 4"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	r.Pays = 1
	if got := r.String(); !strings.Contains(got, "beyond 1 node:") || strings.Contains(got, "mpirun") {
		t.Errorf("one process needs no launcher:\n%s", got)
	}
}
