package allreduce

import (
	"strings"
	"testing"
)

func TestLauncherFrom(t *testing.T) {
	for _, c := range []struct {
		environment string
		want        Launcher
		several     bool
		turn        int
	}{
		{"", Launcher{"", -1, 0, true}, false, 0},
		{"OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4 PMIX_RANK=2", Launcher{OpenMPI, 2, 4, true}, true, 1},
		{"OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1", Launcher{OpenMPI, 0, 1, true}, false, 0},
		{"OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_RANK=1", Launcher{OpenMPI, 2, 4, false},
			true, 2},
		{"PMI_RANK=0 PMI_SIZE=2", Launcher{MPICH, 0, 2, true}, true, 0},
		{"PMIX_RANK=3 SLURM_PROCID=3 SLURM_STEP_NUM_TASKS=8", Launcher{"PMIx", 3, 8, true}, true, 1},
		{"PMIX_RANK=3", Launcher{"PMIx", 3, 0, true}, true, 1},
		{"SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=8", Launcher{"Slurm", 1, 8, true}, true, 1},
		{"SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1", Launcher{"Slurm", 0, 1, true}, false, 0},
		// the script of a batch job, which is no rank
		{"SLURM_PROCID=0 SLURM_NTASKS=8", Launcher{"", -1, 0, true}, false, 0},
	} {
		getenv := func(name string) string {
			for _, v := range strings.Fields(c.environment) {
				if value, ok := strings.CutPrefix(v, name+"="); ok {
					return value
				}
			}
			return ""
		}
		if got := LauncherFrom(getenv); got != c.want || got.Several() != c.several || got.Turn() != c.turn {
			t.Errorf("%s: %+v, several %v, turn %d, want %+v, %v, %d", c.environment, got, got.Several(), got.Turn(),
				c.want,
				c.several, c.turn)
		}
	}
}
