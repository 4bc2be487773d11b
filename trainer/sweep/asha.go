package sweep

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"t5train/trainer/metric"
)

// job is a trial that is to train up to a rung.
type job struct{ trial, rung int }

// jobs yields what may be done next, in order: what was begun, then the best of each rung that may go on, from the last
// rung down, then a new trial. They follow from the trials alone.
func jobs(trials []Trial, metric string, rungs, reduction, most int) iter.Seq[job] {
	return func(yield func(job) bool) {
		for i, t := range trials {
			if t.Failed == "" && len(t.Rungs) <= t.Target && !yield(job{i, t.Target}) {
				return
			}
		}
		for rung := rungs - 2; rung >= 0; rung-- {
			order := ranked(trials, metric, rung)
			for _, i := range order[:len(order)/reduction] {
				if t := trials[i]; t.Failed == "" && t.Target == rung && !yield(job{i, rung + 1}) {
					return
				}
			}
		}
		switch n := len(trials); {
		case n >= most:
		case n == 0:
			yield(job{0, rungs - 1}) // whose time says what fits, and which others are compared with
		default:
			yield(job{n, 0})
		}
	}
}

// ranked returns the trials that have reached a rung, the best there first, and those that failed last.
func ranked(trials []Trial, metric string, rung int) []int {
	var order []int
	for i, t := range trials {
		if t.Failed != "" || len(t.Rungs) > rung {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(trials[a].compare(trials[b], metric, rung), cmp.Compare(a, b))
	})
	return order
}

// compare orders two trials by what they had reached at a rung: the better one is less.
func (t Trial) compare(o Trial, name string, rung int) int {
	a, b := t.at(rung), o.at(rung)
	switch {
	case a == nil || b == nil:
		return cmp.Compare(btoi(a == nil), btoi(b == nil))
	case metric.Better(name, *a.Value, *b.Value):
		return -1
	case metric.Better(name, *b.Value, *a.Value):
		return 1
	}
	return cmp.Compare(a.Loss, b.Loss)
}

// at returns what a trial had reached at a rung, nil for nothing that counts.
func (t Trial) at(rung int) *Rung {
	if t.Failed != "" || rung < 0 || len(t.Rungs) <= rung || t.Rungs[rung].Value == nil {
		return nil
	}
	return &t.Rungs[rung]
}

// Last returns what a trial had reached at its last rung, nil for nothing that counts.
func (t Trial) Last() *Rung { return t.at(len(t.Rungs) - 1) }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// best returns the best of the trials that came farthest, -1 for none.
func best(trials []Trial, metric string, rungs int) int {
	for rung := rungs - 1; rung >= 0; rung-- {
		if order := ranked(trials, metric, rung); len(order) > 0 && trials[order[0]].at(rung) != nil {
			return order[0]
		}
	}
	return -1
}

// share returns the part of its steps that a trial has done, which has reached a rung.
func (t Trial) share(shares []float64) float64 {
	return cmp.Or(t.Rungs[len(t.Rungs)-1].Share, shares[len(t.Rungs)-1])
}

// spare yields what may be done with the time that is left when it takes no new trial any more: the best of the paused
// trials go on to their end, those that came farther first.
func spare(trials []Trial, metric string, rungs int) iter.Seq[job] {
	return func(yield func(job) bool) {
		for rung := rungs - 2; rung >= 0; rung-- {
			for _, i := range ranked(trials, metric, rung) {
				if t := trials[i]; t.Failed == "" && t.Target == rung && !yield(job{i, rungs - 1}) {
					return
				}
			}
		}
	}
}

// remaining estimates how many seconds a trial still takes to its end, 0 where nothing is known: by its own pace, or by
// that of the trials so far.
func remaining(trials []Trial, shares []float64, trial int) float64 {
	done, pace := 0.0, 0.0
	if trial < len(trials) {
		if t := trials[trial]; len(t.Rungs) > 0 {
			done = t.share(shares)
			pace = t.Seconds() / done
		}
	}
	if pace == 0 {
		n := 0.0
		for _, t := range trials {
			if t.Failed == "" && len(t.Rungs) > 0 && t.Seconds() > 0 {
				pace += t.Seconds() / t.share(shares)
				n++
			}
		}
		pace /= math.Max(1, n)
	}
	return (1 - done) * pace
}
