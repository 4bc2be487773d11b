//go:build !mpi

package allreduce

import (
	"strings"
	"testing"
)

// TestWithoutMPI starts ranks of a program that has no MPI: the error says how to get one that has.
func TestWithoutMPI(t *testing.T) {
	for _, l := range []Launcher{{OpenMPI, 1, 2, true}, {}} {
		if _, err := Open(l, 0); err == nil || !strings.Contains(err.Error(), "go build -tags mpi ./cmd/t5train") {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
