package metric

import (
	"cmp"
	"math"
	"slices"
)

// Confidence compares a score of answers, such as the mean log-probability of their tokens, with whether they are
// right: 16 bytes an answer.
type Confidence struct{ answers []scored }

type scored struct {
	score float64
	right bool
}

// Add counts an answer. A score that is not finite does not count.
func (c *Confidence) Add(score float64, right bool) {
	if !math.IsNaN(score) && !math.IsInf(score, 0) {
		c.answers = append(c.answers, scored{score, right})
	}
}

// Fit returns the logistic function of the score that says best how probable it is that an answer is right,
//
//	1 / (1 + exp(-(slope*score + bias)))
//
// with the targets of Platt 1999, section 2.2. ok is false where all answers are right, or all wrong, or where a larger
// score does not make it more probable.
func (c *Confidence) Fit() (slope, bias float64, ok bool) {
	n, right, mean := float64(len(c.answers)), 0.0, 0.0
	for _, a := range c.answers {
		mean += a.score / n
		if a.right {
			right++
		}
	}
	if right == 0 || right == n {
		return 0, 0, false
	}
	yes, no := (right+1)/(right+2), 1/(n-right+2)
	bias = math.Log(right / (n - right))
	// Newton's method on the convex loss, with scores around their mean. A step that is too long is halved.
	loss := func(slope, bias float64) (sum float64) {
		for _, a := range c.answers {
			z, target := slope*(a.score-mean)+bias, no
			if a.right {
				target = yes
			}
			sum += math.Max(z, 0) - target*z + math.Log1p(math.Exp(-math.Abs(z)))
		}
		return sum
	}
	now := loss(slope, bias)
	for range 100 {
		var gs, gb, ss, sb, bb float64
		for _, a := range c.answers {
			x, target := a.score-mean, no
			if a.right {
				target = yes
			}
			p := Logistic(slope*x + bias)
			gs, gb = gs+(p-target)*x, gb+p-target
			ss, sb, bb = ss+p*(1-p)*x*x, sb+p*(1-p)*x, bb+p*(1-p)
		}
		ss, bb = ss+1e-9, bb+1e-9
		det := ss*bb - sb*sb
		ds, db := (bb*gs-sb*gb)/det, (ss*gb-sb*gs)/det
		size := 1.0
		next := loss(slope-ds, bias-db)
		for ; !(next <= now) && size > 1e-6; next = loss(slope-size*ds, bias-size*db) {
			size /= 2
		}
		slope, bias = slope-size*ds, bias-size*db
		if now-next < 1e-10*n {
			break
		}
		now = next
	}
	return slope, bias - slope*mean, slope > 0
}

// Logistic returns 1 / (1 + exp(-x)).
func Logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Coverage is how good the answers are of which the model is the surest.
type Coverage struct {
	Share      float64 `json:"share"`      // of all answers
	Confidence float64 `json:"confidence"` // probability of being right that the least sure of them has
	Accuracy   float64 `json:"accuracy"`   // share of them that is right
}

// Curve returns how good the surest answers are, from a twentieth of them to all. probability makes the probability of
// being right of a score, which grows with it. Answers of equal scores are not told apart: they come together.
func (c *Confidence) Curve(probability func(score float64) float64) (curve []Coverage) {
	const points = 20
	sorted := slices.Clone(c.answers)
	slices.SortStableFunc(sorted, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	right, due := 0, 1
	for i, a := range sorted {
		if a.right {
			right++
		}
		if n := i + 1; n*points >= due*len(sorted) && (n == len(sorted) || sorted[n].score != a.score) {
			due = n*points/len(sorted) + 1
			curve = append(curve, Coverage{float64(n) / float64(len(sorted)), probability(a.score),
				float64(right) / float64(n)})
		}
	}
	return curve
}

// Confidence returns the probabilities of the most probable labels at a temperature, and whether they are right.
func (c *Calibration) Confidence(temperature float64) *Confidence {
	all := new(Confidence)
	for i, logits := range c.logits {
		best, share := top(logits, temperature)
		all.Add(share, best == c.labels[i])
	}
	return all
}
