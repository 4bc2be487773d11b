package metric

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// everySampled returns each metric by a name, with the same number of examples.
func everySampled(t *testing.T, n int) map[string]Sampled {
	t.Helper()
	all := make(map[string]Sampled)
	random := rand.New(rand.NewPCG(3, 4))
	classes, numbers, tags := newClassification(t, 3), &Regression{}, &Tagging{}
	for range n {
		label := random.IntN(3)
		add(t, classes, label, max(label, random.IntN(4)))
		x := random.NormFloat64()
		if err := numbers.Add(x, x+random.NormFloat64()); err != nil {
			t.Fatal(err)
		}
		expected, predicted := randomTags(random, 8), randomTags(random, 8)
		if random.IntN(3) > 0 {
			predicted = slices.Clone(expected)
		}
		if err := tags.Add(expected, predicted); err != nil {
			t.Fatal(err)
		}
	}
	all["Classification"], all["Regression"], all["Tagging"] = classes, numbers, tags
	return all
}

func randomTags(random *rand.Rand, n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = []string{"O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "E-LOC", "S-ORG"}[random.IntN(8)]
	}
	return tags
}

func TestBootstrap(t *testing.T) {
	for name, m := range everySampled(t, 60) {
		t.Run(name, func(t *testing.T) {
			intervals, again, other := bootstrap(t, m, 1), bootstrap(t, m, 1), bootstrap(t, m, 2)
			if !slices.Equal(intervals, again) {
				t.Errorf("a second time the intervals are %v, not %v", again, intervals)
			}
			if slices.Equal(intervals, other) {
				t.Errorf("another seed has the same intervals %v", other)
			}
			result := m.Result()
			if len(intervals) != len(result) {
				t.Fatalf("%d intervals of %d values", len(intervals), len(result))
			}
			for k, v := range result {
				if in := intervals[k]; in.Name != v.Name || !(in.Low <= v.Value && v.Value <= in.High) {
					t.Errorf("%s is %v, its interval %+v", v.Name, v.Value, in)
				}
			}
		})
	}
}

// The values of all examples are those of a sample that has each of them once, in any order.
func TestSampleOfAll(t *testing.T) {
	for name, m := range everySampled(t, 20) {
		index := make([]int, m.Len())
		for i := range index {
			index[i] = len(index) - 1 - i
		}
		got := m.Sample(index)
		for k, v := range m.Result() {
			if got[k].Name != v.Name || !(math.Abs(got[k].Value-v.Value) <= 1e-9) {
				t.Errorf("%s: %s is %v, of the sample %v", name, v.Name, v.Value, got[k])
			}
		}
	}
}

// Of a share p of n examples the interval is close to the normal one, p +- 1.96 sqrt(p(1-p)/n).
func TestBootstrapOfAShare(t *testing.T) {
	m := newClassification(t, 2)
	const n, right = 1000, 700
	for i := range n {
		add(t, m, 1, answered(i < right))
	}
	in := bootstrap(t, m, 5)[0]
	half := 1.96 * math.Sqrt(0.7*0.3/n)
	if !(math.Abs(in.Low-(0.7-half)) <= 0.005 && math.Abs(in.High-(0.7+half)) <= 0.005) {
		t.Errorf("interval %v to %v, want about %.3f to %.3f", in.Low, in.High, 0.7-half, 0.7+half)
	}
}

// What two models do on the same examples differs far less than what they do on two test sets.
func TestBootstrapDifference(t *testing.T) {
	before, after := newClassification(t, 2), newClassification(t, 2)
	const n = 1000
	for i := range n {
		add(t, before, 1, answered(i >= 300))
		add(t, after, 1, answered(i >= 300 && i < n-10 || i < 30)) // 30 more, 10 less
	}
	name := before.Result()[0].Name
	in, err := BootstrapDifference(t.Context(), before, after, name, 5)
	if err != nil {
		t.Fatal(err)
	}
	half := 1.96 * math.Sqrt((0.04-0.02*0.02)/n)
	if !(math.Abs(in.Low-(0.02-half)) <= 0.003 && math.Abs(in.High-(0.02+half)) <= 0.003) {
		t.Errorf("interval %v to %v, want about %.3f to %.3f", in.Low, in.High, 0.02-half, 0.02+half)
	}
	add(t, after, 1, answered(true))
	if _, err := BootstrapDifference(t.Context(), before, after, name, 5); err == nil {
		t.Error("models that have answered different examples are compared")
	}
}

func TestBootstrapOfNothing(t *testing.T) {
	for name, m := range everySampled(t, 0) {
		for k, in := range bootstrap(t, m, 1) {
			if v := m.Result()[k]; in.Low != v.Value || in.High != v.Value {
				t.Errorf("%s: %s is %v, its interval %+v", name, v.Name, v.Value, in)
			}
		}
	}
}

func TestBootstrapStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Bootstrap(ctx, &Regression{}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that the context was cancelled", err)
	}
}

func bootstrap(t *testing.T, m Sampled, seed uint64) []Interval {
	t.Helper()
	intervals, err := Bootstrap(t.Context(), m, seed)
	if err != nil {
		t.Fatal(err)
	}
	return intervals
}

// answered is the prediction of an answer to the class 1.
func answered(right bool) int {
	if right {
		return 1
	}
	return 0
}
