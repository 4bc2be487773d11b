package metric

import "testing"

func TestGroups(t *testing.T) {
	var g Groups
	if got := g.Result()[0].Value; got != 0 {
		t.Errorf("without groups: got %g, want 0", got)
	}
	for _, a := range []struct {
		key   string
		right bool
	}{{"q1", true}, {"q2", true}, {"q1", false}, {"q2", true}, {"q1", true}, {"q3", false}, {"q4", true}} {
		g.Add(a.key, a.right)
	}
	if got := g.Result()[0].Value; got != 0.5 {
		t.Errorf("got %g, want 0.5: q2 and q4 of four", got)
	}
	if got := g.Sample([]int{1, 1, 3, 0})[0].Value; g.Len() != 4 || got != 0.75 {
		t.Errorf("a sample of %d groups: got %g, want 0.75", g.Len(), got)
	}
}
