package vocabulary

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"sync"

	"t5train/internal/parallel"
)

// seed is a piece to start from.
type seed struct {
	text  string
	score float64 // occurrences times characters
}

// suffix is a place in the units.
type suffix struct {
	at   uint32 // in seeder.codes
	unit uint32
}

// seeder finds the substrings that occur often.
//
// A substring is worth a piece where different characters follow it: otherwise the longer one, which occurs as often,
// is. Such substrings are the inner nodes of the suffix tree of the text. spm_train finds them with a suffix array of
// the whole text. Here words are counted first, and the tree is walked without being built: all places of a substring
// are together, are divided by the character that follows, and so on down to the longest piece. What cannot become a
// piece is not followed.
//
// spm_train compares bytes, so what counts as different is the first byte of the next character; a word that ends is
// followed by the first byte of ▁, a line that ends by a zero byte.
type seeder struct {
	o     *Options
	chars []char
	codes []int32  // of the units, a negative number behind each: numbers of characters
	lead  []byte   // the first byte of each character
	count []uint64 // occurrences of each unit
}

// What stands behind a unit, or in it for a character that is none of the alphabet's.
const (
	codeWordEnd int32 = -1 - iota
	codeLineEnd
	codeRare
)

// maxCodes is what the places of suffixes and the sums of countingSort can count.
const maxCodes = math.MaxInt32

// newSeeder also returns the places of each character.
func newSeeder(c *counts, a *alphabet, o *Options, maxCodes int) (*seeder, [][]suffix, error) {
	s := &seeder{o: o, chars: a.chars}
	for _, ch := range a.chars {
		s.lead = append(s.lead, string(ch.r)[0])
	}
	// What is as large as the text is allocated once.
	places, codes := make([][]suffix, len(a.chars)), 0
	occurrences := make([]int, len(a.chars))
	s.eachUnit(c, func(text []byte, _ int64, _ int32) {
		for i := 0; i < len(text); {
			code, size := a.code(text[i:])
			if i += size; code >= 0 {
				occurrences[code]++
			}
			codes++
		}
		codes++
	})
	if codes > maxCodes {
		return nil, nil, tooMuch("2 billion characters", o)
	}
	for code, n := range occurrences {
		places[code] = make([]suffix, 0, n)
	}
	s.codes = make([]int32, 0, codes)
	s.eachUnit(c, func(text []byte, count int64, end int32) {
		for i := 0; i < len(text); {
			code, size := a.code(text[i:])
			if i += size; code >= 0 {
				places[code] = append(places[code], suffix{uint32(len(s.codes)), uint32(len(s.count))})
			}
			s.codes = append(s.codes, code)
		}
		s.codes = append(s.codes, end)
		s.count = append(s.count, uint64(count))
	})
	return s, places, nil
}

// eachUnit calls f for each unit, once for what ends words in it and once for what ends lines.
func (s *seeder) eachUnit(c *counts, f func(text []byte, count int64, end int32)) {
	for _, u := range c.units {
		lines := u.last
		if !s.o.SplitByWhitespace {
			lines = u.count
		}
		if words := u.count - lines; words > 0 {
			f(c.of(u), words, codeWordEnd)
		}
		if lines > 0 {
			f(c.of(u), lines, codeLineEnd)
		}
	}
}

// found is a seed as a place in the codes.
type found struct {
	at     uint32
	length int32
	score  float32 // spm_train's precision, which decides ties
	text   string
}

// findSeeds returns the substrings of at least two characters to start from, the best first.
func findSeeds(ctx context.Context, c *counts, a *alphabet, o *Options) ([]seed, error) {
	s, starts, err := newSeeder(c, a, o, maxCodes)
	if err != nil {
		return nil, err
	}
	walkers := make([]walker, o.threads())
	for i := range walkers {
		walkers[i].seeder = s
	}
	var mu sync.Mutex
	done := int64(0)
	parallel.Each(o.threads(), len(starts), func(thread, i int) {
		if ctx.Err() != nil {
			return
		}
		w := &walkers[thread]
		if shape, ok := noShape.with(s.chars[i], o); ok && len(starts[i]) > 1 {
			w.spare = slices.Grow(w.spare[:0], len(starts[i]))[:len(starts[i])]
			w.walk(ctx, starts[i], w.spare, shape)
		}
		starts[i] = nil // as large as the text
		mu.Lock()
		defer mu.Unlock()
		done++
		o.progress("find seed pieces", "characters", done, int64(len(starts)))
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var all []found
	for _, w := range walkers {
		all = append(all, w.found...)
	}
	all = best(all, o.SeedPieces)
	for i := range all {
		all[i].text = s.text(all[i])
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(len(b.text), len(a.text)),
			strings.Compare(a.text, b.text))
	})
	seeds := make([]seed, min(len(all), o.SeedPieces))
	for i := range seeds {
		seeds[i] = seed{all[i].text, float64(all[i].score)}
	}
	return seeds, nil
}

// best keeps the n seeds with the highest scores, and those that tie with the last of them: their texts decide later.
func best(all []found, n int) []found {
	if len(all) <= n {
		return all
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(b.score, a.score) })
	last := all[n-1].score
	for n < len(all) && all[n].score == last {
		n++
	}
	return all[:n]
}

func (s *seeder) text(f found) string {
	var b strings.Builder
	for _, code := range s.codes[f.at : f.at+uint32(f.length)] {
		b.WriteRune(s.chars[code].r)
	}
	return b.String()
}

// walker walks a part of the tree.
type walker struct {
	*seeder
	spare []suffix
	found []found
	full  int // length at which found is cut down to the best: memory does not grow with the text
}

// walk takes all places of a substring of some shape, divides them by the next character, and repeats that.
func (w *walker) walk(ctx context.Context, places, spare []suffix, at shape) {
	if len(places) > unitsAtOnce && ctx.Err() != nil {
		return
	}
	branches := false
	first := w.leadAt(places[0], at.length)
	for _, p := range places[1:] {
		if w.leadAt(p, at.length) != first {
			branches = true
			break
		}
	}
	if branches && at.length > 1 && at.piece() {
		occurrences := uint64(0)
		for _, p := range places {
			occurrences += w.count[p.unit]
		}
		w.found = append(w.found, found{at: places[0].at, length: at.length,
			score: float32(occurrences) * float32(at.length)})
		if len(w.found) >= w.full {
			w.found = best(w.found, w.o.SeedPieces)
			w.full = 2 * max(len(w.found), w.o.SeedPieces)
		}
	}
	if int(at.length) == w.o.MaxPieceLength {
		return
	}
	for _, group := range w.divide(places, spare, at.length) {
		if len(group) == 1 {
			continue // one place does not branch
		}
		code := w.codes[group[0].at+uint32(at.length)]
		if next, ok := at.with(w.chars[code], w.o); ok {
			w.walk(ctx, group, spare[:len(group)], next)
		}
	}
}

// leadAt returns the first byte of what follows a substring.
func (s *seeder) leadAt(p suffix, length int32) byte {
	switch code := s.codes[p.at+uint32(length)]; code {
	case codeLineEnd:
		return 0
	case codeWordEnd, codeRare:
		return spaceBytes[0] // that of ▅ is the same
	default:
		return s.lead[code]
	}
}

// divide sorts places by the code at some distance and returns the groups of those that have a character there.
func (s *seeder) divide(places, spare []suffix, distance int32) [][]suffix {
	code := func(p suffix) int32 { return s.codes[p.at+uint32(distance)] }
	if len(places) > 2*len(s.chars) {
		s.countingSort(places, spare, code)
	} else {
		slices.SortFunc(places, func(a, b suffix) int {
			return cmp.Or(cmp.Compare(code(a), code(b)),
				cmp.Compare(a.at, b.at))
		})
	}
	var groups [][]suffix
	for len(places) > 0 {
		first, n := code(places[0]), 1
		for n < len(places) && code(places[n]) == first {
			n++
		}
		if first >= 0 {
			groups = append(groups, places[:n])
		}
		places = places[n:]
	}
	return groups
}

func (s *seeder) countingSort(places, spare []suffix, code func(suffix) int32) {
	next := make([]int32, len(s.chars)+4) // codes begin at codeRare, -3
	for _, p := range places {
		next[code(p)+4]++
	}
	for i := 1; i < len(next); i++ {
		next[i] += next[i-1]
	}
	for _, p := range places {
		at := &next[code(p)+3]
		spare[*at] = p
		*at++
	}
	copy(places, spare)
}
