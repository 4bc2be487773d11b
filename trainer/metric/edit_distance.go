package metric

import (
	"math"
	"slices"
)

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

// editDistance computes Levenshtein distances of many texts to one reference. It keeps its table from one text to the next:
// moves of words leave beginnings as they are. Texts have to be equally long.
type editDistance struct {
	reference []string
	text      []string
	costs     [][]int  // [words of the text + 1][words of the reference + 1]
	edits     [][]edit // the last step to there
}

// newEditDistance returns the table for texts of so many words.
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
	places  []int  // of each word of the reference: the place of its word in the prediction, or of the one before it; -1 before all
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
