package metric

import "slices"

// TER is the translation edit rate (Snover et al. 2006) as sacrebleu computes it, on the scale of percent and above 100
// where predictions are long: edits over the length of the references. Smaller is better. Case does not count. Of several
// references the one with the fewest edits counts, and their mean length.
//
// The statistics of an example are its edits and the length of the reference in words.
type TER struct{}

// Statistics implements [Scorer].
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
func (TER) Score(sum []float64) []Value {
	edits, length := sum[0], sum[1]
	if length == 0 && edits > 0 {
		length = edits // nothing was to be said: 100
	}
	return []Value{{"ter", 100 * ratio(edits, length)}}
}

// Signature implements [Scorer]: sacrebleu's line.
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
// prediction: translation_edit_rate of sacrebleu/metrics/lib_ter.py. To find the fewest is too hard, so it is greedy: the
// move that saves the most other edits is made as long as one saves any.
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

// bestShift returns the prediction after the best move and how many edits that saves, 0 where there is none to try. tried
// goes up with each move that is.
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
				if !slices.Contains(a.wrong[start:start+length], true) || !slices.Contains(a.missing[at:at+length], true) {
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
					if s := (shift{before - distance.to(words), length, start, target}); best.length < 0 || s.better(best) {
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
