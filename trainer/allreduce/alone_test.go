package allreduce

import (
	"errors"
	"testing"
)

func TestNil(t *testing.T) {
	var g *Group
	if g.Rank() != 0 || g.Size() != 1 || !g.First() || g.Threads(0) != 0 || g.Close() != nil {
		t.Error("a process on its own is not rank 0 of 1")
	}
	want := errors.New("mine")
	if got := g.Agree(want); got != want {
		t.Errorf("it agrees with itself on %v, want %v", got, want)
	}
	if all, err := Gather(g, 7); err != nil || len(all) != 1 || all[0] != 7 {
		t.Errorf("it gathers %v, %v", all, err)
	}
}

// TestReductionStops gives up on gradients of which none comes: what waits for them ends.
func TestReductionStops(t *testing.T) {
	r := &Reducer{units: []unit{{params: 1}}}
	r.Start().Stop()
}
