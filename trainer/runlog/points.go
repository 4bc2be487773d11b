package runlog

import (
	"maps"
	"slices"
	"time"
)

// pointsOf returns the lines of a run as TensorBoard has them, in order of their steps. Lines of older versions have no
// time; they get one.
func pointsOf(h History, otherwise time.Time) []Point {
	var points []Point
	for _, t := range h.Train {
		points = append(points, trainPoint(t))
	}
	for _, e := range h.Eval {
		points = append(points, evalPoint(e))
	}
	for i := range points {
		if points[i].Time.IsZero() {
			points[i].Time = otherwise
		}
	}
	slices.SortStableFunc(points, func(a, b Point) int { return a.Step - b.Step })
	return points
}

func trainPoint(t Train) Point {
	return Point{Time: t.Time, Step: t.Step, Scalars: []Scalar{
		{Tag: "train/loss", Value: t.Loss}, {Tag: "train/learning_rate", Value: t.LearningRate},
		{Tag: "train/grad_norm", Value: t.GradNorm},
		{Tag: "train/epoch", Value: t.Epoch}, {Tag: "machine/tokens_per_second", Value: t.TokensPerSecond},
		{Tag: "machine/fma_peak_share", Value: t.PeakShare}, {Tag: "machine/peak_memory_mb", Value: t.PeakMemoryMB},
	}}
}

func evalPoint(e Eval) Point {
	p := Point{Time: e.Time, Step: e.Step}
	for _, name := range slices.Sorted(maps.Keys(e.Metrics)) {
		p.Scalars = append(p.Scalars, Scalar{Tag: "validation/" + name, Value: e.Metrics[name]})
	}
	return p
}
