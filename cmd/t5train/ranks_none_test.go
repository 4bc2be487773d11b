//go:build !mpi

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestRanksWithoutMPI starts ranks of the program that has no MPI: it ends before any work and says how to get the
// other one.
func TestRanksWithoutMPI(t *testing.T) {
	predict := []string{"predict", "--model", "x", "--text", "y"}
	train := trainCommand("x").Args[1:]
	for name, c := range map[string]struct {
		args        []string
		environment []string
	}{
		"Open MPI": {predict, []string{"OMPI_COMM_WORLD_RANK=0", "OMPI_COMM_WORLD_SIZE=2"}},
		"MPICH":    {train, []string{"PMI_RANK=0", "PMI_SIZE=2"}},
		"Slurm": {[]string{"evaluate", "--model", "x", "--input", "y"},
			[]string{"SLURM_PROCID=0", "SLURM_STEP_NUM_TASKS=2"}},
		"--distributed": {append(train, "--distributed"), nil},
	} {
		cmd := exec.Command("t5train", c.args...)
		cmd.Env = append(os.Environ(), c.environment...)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out),
			"go build -tags mpi ./cmd/t5train") {
			t.Errorf("%s: exit status %d, want 1 and one line with the remedy\n%s", name,
				cmd.ProcessState.ExitCode(), out)
		}
	}
}
