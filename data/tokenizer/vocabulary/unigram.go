package vocabulary

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/bits"
	"slices"
	"strings"

	"t5train/data/tokenizer/internal/spiece"
	"t5train/internal/parallel"
)

// minExpected is how often a piece must be expected to occur to stay: kExpectedFrequencyThreshold of
// unigram_model_trainer.cc.
const minExpected = 0.5

// keepMore is the part of the wanted pieces down to which the loss decides which go; of those the most probable stay.
const keepMore = 1.1

// unigramTrainer finds the pieces whose probabilities make the text most probable (Kudo 2018, section 3.2): it starts
// from many, and in each round estimates their probabilities by expectation and maximization and takes those away whose
// loss changes the probability of the text the least.
type unigramTrainer struct {
	o       *Options
	units   *counts
	model   *pieces
	workers []unigramWorker
	shift   int // expected counts are summed up as integers of 2^-shift: their order does not matter then
}

type unigramWorker struct {
	lattice lattice
	sums    []int64
}

// unitsAtOnce is how many units a thread takes at a time.
const unitsAtOnce = 1 << 10

// trainUnigram returns the pieces of text: the alphabet and the best of the others, the most probable first, at most
// wanted.
func trainUnigram(ctx context.Context, c *counts, a *alphabet, o *Options, wanted int) ([]spiece.Piece, error) {
	o.progress("find seed pieces", "characters", 0, int64(len(a.chars)))
	seeds, err := findSeeds(ctx, c, a, o)
	if err != nil {
		return nil, err
	}
	t := &unigramTrainer{o: o, units: c, workers: make([]unigramWorker, o.threads())}
	t.model = seedModel(seeds, a)
	characters := int64(0)
	for _, u := range c.units {
		characters += u.count * int64(u.size)
	}
	t.shift = 62 - bits.Len64(uint64(characters))

	desired := int(float64(o.VocabSize) * keepMore)
	rounds := 1 + max(0, int64(math.Ceil(math.Log(float64(desired)/float64(len(t.model.texts)))/math.Log(o.ShrinkingFactor))))
	for round := int64(0); ; round++ {
		o.progress("train", "rounds", min(round, rounds-1), rounds)
		for range o.SubIterations {
			if err := t.estimate(ctx); err != nil {
				return nil, err
			}
		}
		if err := t.prune(ctx, desired); err != nil {
			return nil, err
		}
		if len(t.model.texts) <= desired {
			break
		}
	}
	o.progress("train", "rounds", rounds, rounds)
	return t.finish(a, wanted), ctx.Err()
}

// seedModel gives each seed the probability that its score says.
func seedModel(seeds []seed, a *alphabet) *pieces {
	texts, scores := make([]string, 0, len(a.chars)+len(seeds)), make([]float64, 0, len(a.chars)+len(seeds))
	sum := 0.0
	add := func(text string, score float64) {
		texts, scores, sum = append(texts, text), append(scores, score), sum+score
	}
	for _, ch := range a.chars {
		add(string(ch.r), float64(ch.count))
	}
	for _, s := range seeds {
		add(s.text, s.score)
	}
	for i, s := range scores {
		scores[i] = math.Log(s) - math.Log(sum)
	}
	return newPieces(texts, scores)
}

// eachUnit calls f for the units, a part of them a thread at a time.
func (t *unigramTrainer) eachUnit(ctx context.Context, f func(w *unigramWorker, u unit)) error {
	units := t.units.units
	t.prepare()
	parallel.Each(len(t.workers), (len(units)+unitsAtOnce-1)/unitsAtOnce, func(thread, i int) {
		if ctx.Err() != nil {
			return
		}
		for _, u := range units[i*unitsAtOnce : min((i+1)*unitsAtOnce, len(units))] {
			f(&t.workers[thread], u)
		}
	})
	return ctx.Err()
}

func (t *unigramTrainer) prepare() {
	for i := range t.workers {
		w := &t.workers[i]
		w.lattice.m = t.model
		w.sums = grown(w.sums, len(t.model.texts))
	}
}

// total returns the sums of all workers.
func (t *unigramTrainer) total() []int64 {
	total := t.workers[0].sums
	for _, w := range t.workers[1:] {
		for i, n := range w.sums {
			total[i] += n
		}
	}
	return total
}

// estimate is one step of expectation and maximization. The maximization is that of variational Bayes with a sparse
// prior, which takes from the rare pieces (Liang and Klein 2007, "Structured Bayesian Nonparametric Models with
// Variational Inference").
func (t *unigramTrainer) estimate(ctx context.Context) error {
	scale := math.Ldexp(1, t.shift)
	err := t.eachUnit(ctx, func(w *unigramWorker, u unit) {
		weight := float64(u.count) * scale
		w.lattice.marginals(t.units.of(u), func(id int32, probability float64) {
			w.sums[id] += int64(probability*weight + 0.5)
		})
	})
	if err != nil {
		return err
	}
	var texts []string
	var scores []float64
	sum := 0.0
	for i, n := range t.total() {
		if expected := float64(n) / scale; expected >= minExpected {
			texts, scores, sum = append(texts, t.model.texts[i]), append(scores, expected), sum+expected
		}
	}
	if len(texts) == 0 {
		return errors.New("the text is too short to tell its pieces apart: give more text")
	}
	all := digamma(sum)
	for i, expected := range scores {
		scores[i] = digamma(expected) - all
	}
	t.model = newPieces(texts, scores)
	return nil
}

// digamma is the derivative of the logarithm of the gamma function: the recurrence up to 7, and then the asymptotic
// series around x-1/2.
func digamma(x float64) float64 {
	sum := 0.0
	for ; x < 7; x++ {
		sum -= 1 / x
	}
	x -= 0.5
	y := 1 / (x * x)
	return sum + math.Log(x) + y*(1.0/24-y*(7.0/960-y*(31.0/8064-y*(127.0/30720))))
}

// prune keeps the shrinking factor's part of the pieces, but not less than desired: those without which the probability
// of the text, cut the most probable way, would fall the most.
func (t *unigramTrainer) prune(ctx context.Context, desired int) error {
	err := t.eachUnit(ctx, func(w *unigramWorker, u unit) {
		path, _, _ := w.lattice.viterbi(t.units.of(u), -1)
		for _, id := range path {
			w.sums[counted(id)] += u.count
		}
	})
	if err != nil {
		return err
	}
	used := t.total()
	sum := 0.0
	for _, n := range used {
		sum += float64(n)
	}
	loss := make([]float64, len(used)) // NaN: the piece goes anyway
	parallel.Each(len(t.workers), len(used), func(thread, i int) {
		loss[i] = t.loss(&t.workers[thread], int32(i), used, sum)
	})
	var order []int
	for i, l := range loss {
		if !math.IsNaN(l) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(loss[b], loss[a]) })
	t.keep(order[:min(len(order), max(desired, int(t.o.ShrinkingFactor*float64(len(used)))))])
	return nil
}

// loss estimates by how much the mean log probability of a piece of the text falls without piece id, when the pieces of
// the next best way to cut it take its place. It is infinite where there is no other way, and NaN where the text can be
// cut without it anyway.
func (t *unigramTrainer) loss(w *unigramWorker, id int32, used []int64, sum float64) float64 {
	n := float64(used[id])
	if n == 0 {
		return math.NaN()
	}
	others, score, ok := w.lattice.viterbi([]byte(t.model.texts[id]), id)
	switch {
	case !ok:
		return math.Inf(1)
	case score > t.model.scores[id]:
		return math.NaN()
	}
	without := math.Log(sum + n*float64(len(others)-1))
	fall := math.Log(n) - math.Log(sum)
	for _, other := range others {
		fall -= math.Log(float64(used[counted(other)])+n) - without
	}
	return n / sum * fall
}

// keep leaves the pieces of some numbers.
func (t *unigramTrainer) keep(numbers []int) {
	texts, scores := make([]string, len(numbers)), make([]float64, len(numbers))
	for i, n := range numbers {
		texts[i], scores[i] = t.model.texts[n], t.model.scores[n]
	}
	t.model = newPieces(texts, scores)
}

// finish takes the alphabet and the most probable of the other pieces.
func (t *unigramTrainer) finish(a *alphabet, wanted int) []spiece.Piece {
	t.prepare()
	score := make(map[string]float64, len(t.model.texts))
	worst := math.Inf(1)
	for i, text := range t.model.texts {
		worst = min(worst, t.model.scores[i])
		if _, others, ok := t.workers[0].lattice.viterbi([]byte(text), int32(i)); ok && others > t.model.scores[i] {
			continue // it is never taken
		}
		score[text] = t.model.scores[i]
	}
	var chosen []spiece.Piece
	missing := 0.0
	for _, ch := range a.chars {
		text := string(ch.r)
		s, ok := score[text]
		if !ok { // kMinScorePenaltyDelta: the scores differ, that of the more frequent character is less
			s = worst + 0.0001*missing
			missing++
		}
		delete(score, text)
		chosen = append(chosen, spiece.Piece{Text: text, Score: s, Type: spiece.Normal})
	}
	best := func(a, b spiece.Piece) int { // by the scores as the file holds them
		return cmp.Or(cmp.Compare(float32(b.Score), float32(a.Score)), strings.Compare(a.Text, b.Text))
	}
	var others []spiece.Piece
	for text, s := range score {
		others = append(others, spiece.Piece{Text: text, Score: s, Type: spiece.Normal})
	}
	slices.SortFunc(others, best)
	chosen = append(chosen, others[:min(len(others), wanted-len(chosen))]...)
	slices.SortFunc(chosen, best)
	return chosen
}
