//go:build mpi

package allreduce

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// scenario is the environment variable that makes a process of this test a rank that does what it names.
const scenario = "T5_ALLREDUCE_SCENARIO"

// scenarios are what ranks do. What they return is their exit status.
var scenarios = map[string]func(g *Group) error{}

// absent is the scenario of a rank that does not open the library.
const absent = "absent"

func TestMain(m *testing.M) {
	name := os.Getenv(scenario)
	if name == "" {
		os.Exit(m.Run())
	}
	launcher, timeout := LauncherFrom(os.Getenv), time.Duration(0)
	if name == absent {
		timeout = time.Second
		if launcher.Rank == 1 {
			time.Sleep(time.Hour) // it ends with the job
		}
	}
	g, err := Open(launcher, timeout)
	failed := err
	if err == nil {
		if failed = scenarios[name](g); failed == nil {
			failed = g.Close()
		}
	}
	if failed != nil {
		fmt.Fprintln(os.Stderr, failed)
		g.Abort() // ends this process too, if there is a group
		os.Exit(1)
	}
}

// launchers are the commands that start ranks, by the family of the library.
var launchers = map[string][]string{
	OpenMPI: {"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe"},
	MPICH:   {"mpirun.mpich"},
}

// launch runs a scenario in a number of ranks of a family and returns what they write.
func launch(t testing.TB, family string, ranks int, name string) (out string, err error) {
	t.Helper()
	command := launchers[family]
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skipf("%s is not installed (Debian: %s): nothing is tested with it", family,
			map[string]string{OpenMPI: "openmpi-bin", MPICH: "mpich"}[family])
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // a launcher that gives up may hang itself
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], "-n", fmt.Sprint(ranks), os.Args[0])...)
	cmd.Env = append(os.Environ(), scenario+"="+name)
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &b, &b, 10*time.Second
	err = cmd.Run()
	return b.String(), err
}

// eachFamily runs a scenario with the libraries that are installed, in 2 and 4 ranks.
func eachFamily(t *testing.T, name string) {
	for family := range launchers {
		for _, ranks := range []int{2, 4} {
			t.Run(fmt.Sprintf("%s/%d ranks", strings.ReplaceAll(family, " ", ""), ranks), func(t *testing.T) {
				if out, err := launch(t, family, ranks, name); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}
