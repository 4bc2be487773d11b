package baseline

import (
	"context"
	"math"
	"slices"
)

// linear is a model whose scores [rows, outputs] are the product of the features with its weights.
type linear struct {
	weights []float32 // [columns, outputs], then the intercepts
	outputs int
	threads int
}

func (l *linear) scores(x *matrix) []float32 {
	y := make([]float32, x.rows()*l.outputs)
	x.times(y, l.weights, l.outputs, l.threads)
	for i := range x.rows() {
		for j, b := range l.weights[x.columns*l.outputs:] {
			y[i*l.outputs+j] += b
		}
	}
	return y
}

// loss turns the scores of row i into their gradient, in place, and returns the loss.
type loss func(i int, scores []float32) float64

// crossEntropy is that of a softmax over classes.
func crossEntropy(class []int) loss {
	return func(i int, s []float32) float64 {
		top, sum := slices.Max(s), 0.0
		right := s[class[i]] - top
		for j, v := range s {
			e := math.Exp(float64(v - top))
			s[j], sum = float32(e), sum+e
		}
		for j := range s {
			s[j] /= float32(sum)
		}
		s[class[i]]--
		return math.Log(sum) - float64(right)
	}
}

// logistic is the cross-entropy of two classes, whose single score is that of the second.
func logistic(class []int) loss {
	return func(i int, s []float32) float64 {
		z, y := float64(s[0]), float64(class[i])
		s[0] = float32(1/(1+math.Exp(-z)) - y)
		return max(z, 0) - z*y + math.Log1p(math.Exp(-math.Abs(z)))
	}
}

func squared(target []float64) loss {
	return func(i int, s []float32) float64 {
		d := float64(s[0]) - target[i]
		s[0] = float32(d)
		return d * d / 2
	}
}

const (
	history       = 10  // steps that L-BFGS knows of
	maxIterations = 200 // of L-BFGS
)

// fit minimises the mean loss and decay/2 times the squared weights without the intercepts, from the weights that l
// has, by L-BFGS (Nocedal and Wright 2006, algorithm 7.5) with backtracking, until no component of the gradient is
// above the tolerance.
func (l *linear) fit(ctx context.Context, x *matrix, of loss, decay, tolerance float64) error {
	n, k, back := x.rows(), l.outputs, x.transposed()
	scaled := make([]float32, n*k)
	evaluate := func(gradient []float32) float64 {
		copy(scaled, l.scores(x))
		sum, intercepts := 0.0, gradient[x.columns*k:]
		clear(intercepts)
		for i := range n {
			row := scaled[i*k : (i+1)*k]
			sum += of(i, row)
			for j := range row {
				row[j] /= float32(n)
				intercepts[j] += row[j]
			}
		}
		back.times(gradient[:x.columns*k], scaled, k, l.threads)
		squares := 0.0
		for i, w := range l.weights[:x.columns*k] {
			gradient[i] += float32(decay) * w
			squares += float64(w) * float64(w)
		}
		return sum/float64(n) + decay/2*squares
	}
	gradient, next := make([]float32, len(l.weights)), make([]float32, len(l.weights))
	direction, start := make([]float32, len(l.weights)), make([]float32, len(l.weights))
	var steps, changes [][]float32
	value := evaluate(gradient)
	for range maxIterations {
		if err := ctx.Err(); err != nil {
			return err
		}
		if largest(gradient) <= tolerance {
			return nil
		}
		descend(direction, gradient, steps, changes)
		slope := dot(direction, gradient)
		copy(start, l.weights)
		rate, better := 1.0, 0.0
		if len(steps) == 0 {
			rate = 1 / math.Sqrt(-slope)
		}
		for ; rate > 1e-10; rate /= 2 {
			for i := range l.weights {
				l.weights[i] = start[i] + float32(rate)*direction[i]
			}
			if better = evaluate(next); better <= value+1e-4*rate*slope {
				break
			}
		}
		if !(better < value) { // the end of what float32 can tell
			copy(l.weights, start)
			return nil
		}
		step, change := make([]float32, len(l.weights)), make([]float32, len(l.weights))
		for i := range step {
			step[i], change[i] = l.weights[i]-start[i], next[i]-gradient[i]
		}
		if dot(step, change) > 0 {
			steps, changes = append(steps, step), append(changes, change)
			steps, changes = steps[max(0, len(steps)-history):], changes[max(0, len(changes)-history):]
		}
		value, gradient, next = better, next, gradient
	}
	return nil
}

// descend sets d to the direction of L-BFGS: the two loops of algorithm 7.4.
func descend(d, gradient []float32, steps, changes [][]float32) {
	for i, g := range gradient {
		d[i] = -g
	}
	a := make([]float64, len(steps))
	for i, step := range slices.Backward(steps) {
		a[i] = dot(step, d) / dot(step, changes[i])
		axpy(d, -a[i], changes[i])
	}
	if last := len(steps) - 1; last >= 0 {
		scale := float32(dot(steps[last], changes[last]) / dot(changes[last], changes[last]))
		for i := range d {
			d[i] *= scale
		}
	}
	for i, step := range steps {
		axpy(d, a[i]-dot(changes[i], d)/dot(step, changes[i]), step)
	}
}

func axpy(y []float32, a float64, x []float32) {
	for i, v := range x {
		y[i] += float32(a) * v
	}
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func largest(v []float32) (most float64) {
	for _, x := range v {
		most = max(most, math.Abs(float64(x)))
	}
	return most
}
