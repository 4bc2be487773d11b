package metric

import (
	"fmt"
	"math"
	"testing"
)

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

// TestWholeGroups: a sample of groups has all examples of each, and where all of a group are alike, the interval is
// that of so many groups and not of so many examples.
func TestWholeGroups(t *testing.T) {
	const groups, of = 40, 25
	var g Groups
	m := newClassification(t, 2)
	for example := range groups * of {
		group := example % groups
		right := group < groups/2
		g.Add(fmt.Sprint(group), right)
		add(t, m, 1, answered(right))
	}
	w := g.Whole(m)
	if got := w.Sample([]int{0, 0, groups - 1})[0].Value; w.Len() != groups || math.Abs(got-2./3) > 1e-12 {
		t.Errorf("a sample of %d groups: got %g, want 2/3", w.Len(), got)
	}
	alone, together, match := bootstrap(t, m, 1)[0], bootstrap(t, w, 1)[0], bootstrap(t, &g, 1)[0]
	if together.Low != match.Low || together.High != match.High ||
		together.High-together.Low < 4*(alone.High-alone.Low) {
		t.Errorf("intervals: of examples %v, of groups %v, of their exact match %v", alone, together, match)
	}
}
