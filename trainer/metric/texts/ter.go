package texts

import (
	"math"
	"slices"

	"t5train/data/task"
	"t5train/trainer/metric"
)

// TER is the translation edit rate (Snover et al. 2006) as sacrebleu computes it, on the scale of percent and above 100
// where predictions are long: edits over the length of the references. Smaller is better. Case does not count. Of
// several references the one with the fewest edits counts, and their mean length.
//
// The statistics of an example are its edits and the length of the reference in words.
type TER struct{}

// Statistics implements [Metric].
func (TER) Statistics(prediction string, references []string) []float64 {
	p := fields(lower(prediction))
	fewest, length := -1, 0
	for _, reference := range references {
		r := fields(lower(reference))
		if edits := Edits(p, r); fewest < 0 || edits < fewest {
			fewest = edits
		}
		length += len(r)
	}
	return []float64{float64(fewest), float64(length) / float64(len(references))}
}

// Score returns ter.
func (TER) Score(sum []float64) []metric.Value {
	edits, length := sum[0], sum[1]
	if length == 0 && edits > 0 {
		length = edits // nothing was to be said: 100
	}
	return []metric.Value{{Name: task.TER, Value: 100 * metric.Ratio(edits, length)}}
}

// Signature implements [Metric]: sacrebleu's line.
func (TER) Signature(references string) string {
	return sacrebleuSignature(references, "case:lc|tok:tercom|norm:no|punct:yes|asian:no")
}

// What tercom looks at, and after sacrebleu/metrics/lib_ter.py how much of it.
const (
	maxShiftSize       = 10   // words of a run
	maxShiftDistance   = 50   // words between its places in both texts
	maxShiftCandidates = 1000 // shifts that are tried in a text
)

// Edits is the number of words to insert, delete or replace, and of runs of words to move, that make a reference of a
// prediction: translation_edit_rate of sacrebleu/metrics/lib_ter.py. To find the fewest is too hard, so it is greedy:
// the move that saves the most other edits is made as long as one saves any.
func Edits(prediction, reference []string) int {
	if len(reference) == 0 {
		return len(prediction)
	}
	distance := newEditDistance(reference, len(prediction))
	moves, tried := 0, 0
	for {
		moved, saved := bestShift(prediction, reference, distance, &tried)
		if tried >= maxShiftCandidates || saved <= 0 {
			return moves + distance.to(prediction)
		}
		prediction = moved
		moves++
	}
}

// shift is a move of a run of words and what it saves.
type shift struct{ saved, length, start, target int }

// better tells which of two shifts tercom takes: the one that saves more, then the longer one, then the earlier one.
func (s shift) better(than shift) bool {
	switch {
	case s.saved != than.saved:
		return s.saved > than.saved
	case s.length != than.length:
		return s.length > than.length
	case s.start != than.start:
		return s.start < than.start
	default:
		return s.target < than.target
	}
}

// bestShift returns the prediction after the best move and how many edits that saves, 0 where there is none to try.
// tried goes up with each move that is.
func bestShift(prediction, reference []string, distance *editDistance, tried *int) (moved []string, saved int) {
	before := distance.to(prediction)
	a := align(distance.trace())
	best := shift{length: -1}
	for start := range prediction {
		for at := range reference {
			if d := start - at; d > maxShiftDistance || d < -maxShiftDistance {
				continue
			}
			for length := 1; length <= maxShiftSize && start+length <= len(prediction) && at+length <= len(reference) &&
				prediction[start+length-1] == reference[at+length-1]; length++ {
				// A run moves only if it is wrong where it is, and the words are missing where it belongs.
				if !slices.Contains(a.wrong[start:start+length], true) || !slices.Contains(a.missing[at:at+length],
					true) {
					continue
				}
				if place := a.places[at]; start <= place && place < start+length {
					continue
				}
				last := -1
				for offset := -1; offset < length; offset++ {
					target := 0
					if at+offset >= 0 {
						target = a.places[at+offset] + 1
					}
					if target == last {
						continue
					}
					last = target
					words := move(prediction, start, length, target)
					*tried++
					if s := (shift{before - distance.to(words), length, start, target}); best.length < 0 ||
						s.better(best) {
						best, moved = s, words
					}
				}
				if *tried >= maxShiftCandidates {
					return moved, best.saved
				}
			}
		}
	}
	return moved, best.saved
}

// move puts a run of words before a target, which is a place in words. A target inside of the run means as many words
// after it.
func move(words []string, start, length, target int) []string {
	end := start + length
	run, moved := words[start:end], make([]string, 0, len(words))
	switch {
	case target < start:
		moved = append(append(append(append(moved, words[:target]...), run...), words[target:start]...), words[end:]...)
	case target > end:
		moved = append(append(append(append(moved, words[:start]...), words[end:target]...), run...), words[target:]...)
	default:
		after := min(length+target, len(words))
		moved = append(append(append(append(moved, words[:start]...), words[end:after]...), run...), words[after:]...)
	}
	return moved
}

// edit is one step of making a reference of a prediction.
type edit uint8

const (
	keep edit = iota
	substitute
	remove // a word of the prediction
	insert // a word of the reference
)

// beamWidth is how far from the diagonal words are compared: sacrebleu/metrics/lib_ter.py.
const beamWidth = 25

// farAway is more than any distance.
const farAway = 1 << 40

// editDistance computes Levenshtein distances of many texts to one reference. It keeps its table from one text to the
// next: moves of words leave beginnings as they are. Texts have to be equally long.
type editDistance struct {
	reference []string
	text      []string
	costs     [][]int  // [words of the text + 1][words of the reference + 1]
	edits     [][]edit // the last step to there
}

// newEditDistance returns the table for texts of these numbers of words.
func newEditDistance(reference []string, words int) *editDistance {
	d := &editDistance{reference: reference}
	for range words + 1 {
		d.costs = append(d.costs, make([]int, len(reference)+1))
		d.edits = append(d.edits, make([]edit, len(reference)+1))
	}
	for j := range d.costs[0] {
		d.costs[0][j], d.edits[0][j] = j, insert
	}
	return d
}

// to returns the distance of a text.
func (d *editDistance) to(text []string) int {
	known := 0
	for known < len(d.text) && text[known] == d.text[known] {
		known++
	}
	d.text = append(d.text[:known], text[known:]...)
	// A reference that is long for its text needs a wider beam, or the rows would not meet.
	slope, width := 1.0, beamWidth
	if len(text) > 0 {
		slope = float64(len(d.reference)) / float64(len(text))
	}
	if beamWidth < slope/2 {
		width = int(math.Ceil(slope/2 + beamWidth))
	}
	for i := known + 1; i <= len(text); i++ {
		diagonal := int(float64(i) * slope)
		from, to := max(0, diagonal-width), min(len(d.reference)+1, diagonal+width)
		if i == len(text) {
			to = len(d.reference) + 1
		}
		d.compute(i, from, to)
	}
	return d.costs[len(text)][len(d.reference)]
}

// compute fills the row of the i-th word, from one place to before another. Of edits that cost the same, keep and
// substitute go before remove, and remove before insert: other choices would lead to other moves.
func (d *editDistance) compute(i, from, to int) {
	word, above, costs, edits := d.text[i-1], d.costs[i-1], d.costs[i], d.edits[i]
	for j := range costs {
		costs[j] = farAway
	}
	for j := from; j < to; j++ {
		if j == 0 {
			costs[0], edits[0] = above[0]+1, remove
			continue
		}
		cost, step := above[j-1], keep
		if word != d.reference[j-1] {
			cost, step = cost+1, substitute
		}
		if c := above[j] + 1; c < cost {
			cost, step = c, remove
		}
		if c := costs[j-1] + 1; c < cost {
			cost, step = c, insert
		}
		costs[j], edits[j] = cost, step
	}
}

// trace returns the edits that make the reference of the last text, in order.
func (d *editDistance) trace() []edit {
	var trace []edit
	for i, j := len(d.text), len(d.reference); i > 0 || j > 0; {
		e := d.edits[i][j]
		trace = append(trace, e)
		if e != insert {
			i--
		}
		if e != remove {
			j--
		}
	}
	slices.Reverse(trace)
	return trace
}

// alignment is which words of a prediction and a reference belong together.
type alignment struct {
	// of each word of the reference: the place of its word in the prediction, or of the one before it; -1 before all
	places  []int
	missing []bool // words of the reference that the prediction does not have there
	wrong   []bool // words of the prediction that the reference does not have there
}

func align(trace []edit) alignment {
	var a alignment
	place := -1
	for _, e := range trace {
		if e != insert {
			place++
			a.wrong = append(a.wrong, e != keep)
		}
		if e != remove {
			a.places = append(a.places, place)
			a.missing = append(a.missing, e != keep)
		}
	}
	return a
}
