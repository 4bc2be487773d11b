package generate

import (
	"math"
	"slices"

	"t5train/internal/random"
	"t5train/model/kernel"
)

// distribution is what the filters of Sampling have left of the next token's distribution.
type distribution struct {
	logits []float32 // [vocab] divided by the temperature
	weight []float32 // [vocab] e^(logit - largest): probabilities but for a factor
	kept   []int32   // tokens that are left, ascending
	total  float64   // of their weights

	order  []keyed // scratch of leading
	best   []kernel.Candidate
	sorted []float32
}

// filter sets d to what s leaves of logits, which it overwrites. Filters apply in the order of transformers 5. Nothing
// is kept of logits without a finite one, or with a NaN.
func (s *Sampling) filter(w *kernel.Workers, d *distribution, logits []float32) {
	d.logits = logits
	if t := float32(s.Temperature); t != 1 {
		for i := range logits {
			logits[i] /= t
		}
	}
	least := never
	if s.TopK > 0 && s.TopK < len(logits) {
		least = d.largest(w, s.TopK)
	}
	d.weight = append(d.weight[:0], logits...)
	largest, _, _ := kernel.LogSumExp(w, d.weight)
	d.kept = d.kept[:0]
	for id, v := range logits {
		if v > never && v >= least {
			d.kept = append(d.kept, int32(id))
		}
	}
	d.sum()
	if !(d.total > 0) { // nothing is left, or NaN
		d.kept = d.kept[:0]
		return
	}
	if s.TopP > 0 && s.TopP < 1 {
		last := d.leading(s.TopP, func(id int32) float64 { return -float64(logits[id]) })
		d.keep(func(id int32) bool { return !last.before(keyed{key: -float64(logits[id]), id: id}) })
	}
	if s.MinP > 0 {
		d.keep(func(id int32) bool { return float64(d.weight[id]) >= s.MinP }) // the largest weight is 1
	}
	if s.TypicalP > 0 && s.TypicalP < 1 {
		entropy, logTotal := d.entropy(largest), math.Log(d.total)+largest
		surprise := func(id int32) float64 { return math.Abs(logTotal - float64(logits[id]) - entropy) }
		last := d.leading(s.TypicalP, surprise)
		d.keep(func(id int32) bool { return surprise(id) <= last.key })
	}
	if s.Epsilon > 0 {
		d.atLeast(s.Epsilon)
	}
	if s.Eta > 0 {
		d.atLeast(min(s.Eta, math.Sqrt(s.Eta)*math.Exp(-d.entropy(largest))))
	}
}

// insertedAtMost is up to how many largest elements kernel.TopK, which inserts each of them, finds sooner than sorting
// does.
const insertedAtMost = 1024

// largest returns the k-th largest logit, minus infinity if fewer are finite.
func (d *distribution) largest(w *kernel.Workers, k int) float32 {
	if k > insertedAtMost {
		d.sorted = append(d.sorted[:0], d.logits...)
		slices.Sort(d.sorted)
		return d.sorted[len(d.sorted)-k]
	}
	d.best = kernel.TopK(w, d.logits, k, d.best[:0])
	if len(d.best) < k {
		return never
	}
	return d.best[k-1].Value
}

// keep drops the tokens that ok does not want.
func (d *distribution) keep(ok func(id int32) bool) {
	kept := d.kept[:0]
	for _, id := range d.kept {
		if ok(id) {
			kept = append(kept, id)
		}
	}
	d.kept = kept
	d.sum()
}

func (d *distribution) sum() {
	d.total = 0
	for _, id := range d.kept {
		d.total += float64(d.weight[id])
	}
}

// atLeast keeps the tokens of this probability, and the most probable ones in any case.
func (d *distribution) atLeast(probability float64) {
	least := probability * d.total
	var largest float64
	for _, id := range d.kept {
		largest = max(largest, float64(d.weight[id]))
	}
	least = min(least, largest)
	d.keep(func(id int32) bool { return float64(d.weight[id]) >= least })
}

// entropy returns -Σ p·ln p in nats; largest is the logit whose weight is 1.
func (d *distribution) entropy(largest float64) float64 {
	var sum float64
	for _, id := range d.kept {
		sum += float64(d.weight[id]) * (float64(d.logits[id]) - largest)
	}
	return math.Log(d.total) - sum/d.total
}

// draw returns the token at the part u, in [0, 1), of the probabilities and the logarithm of its own.
func (d *distribution) draw(u float64) (token int32, logProb float64) {
	rest := u * d.total
	for _, id := range d.kept {
		if p := float64(d.weight[id]); p > 0 { // at 0, rest may be 0 too
			token = id
			if rest -= p; rest < 0 {
				break
			}
		}
	}
	return token, math.Log(float64(d.weight[token]) / d.total)
}

// uniform returns the number in [0, 1) that decides about one token.
func (s *Sampling) uniform(input, number, position int) float64 {
	if s.Indices != nil {
		input = s.Indices[input]
	}
	r := random.New(s.Seed, uint64(input), uint64(number), uint64(position))
	return float64(r.Uint64()>>11) / (1 << 53)
}

// keyed is a token in an order: by key, then by id.
type keyed struct {
	key, weight float64
	id          int32
}

func (a keyed) before(b keyed) bool { return a.key < b.key || a.key == b.key && a.id < b.id }

// leading returns the last of the first tokens by key that have this part of the probability together, without sorting
// all: a half that is decided is looked at no more.
func (d *distribution) leading(part float64, key func(id int32) float64) keyed {
	d.order = d.order[:0]
	for _, id := range d.kept {
		d.order = append(d.order, keyed{key: key(id), weight: float64(d.weight[id]), id: id})
	}
	items, mass := d.order, part*d.total
	for len(items) > 1 {
		pivot := median(items[0], items[len(items)/2], items[len(items)-1])
		var first int // items before the pivot are moved to the front
		var before float64
		for i, x := range items {
			if x.before(pivot) {
				before += x.weight
				items[i], items[first] = items[first], x
				first++
			}
		}
		if before >= mass && first > 0 {
			items = items[:first]
			continue
		}
		mass -= before
		items = items[first:]
		var at int
		for items[at].id != pivot.id {
			at++
		}
		if pivot.weight >= mass || len(items) == 1 {
			return pivot
		}
		mass -= pivot.weight
		items[at] = items[0]
		items = items[1:]
	}
	return items[0]
}

func median(a, b, c keyed) keyed {
	if b.before(a) {
		a, b = b, a
	}
	switch {
	case c.before(a):
		return a
	case c.before(b):
		return c
	}
	return b
}
