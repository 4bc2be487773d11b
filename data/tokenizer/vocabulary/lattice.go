package vocabulary

import (
	"math"
	"slices"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/trie"
)

// unknownPenalty lies between the worst piece's score and an unknown character's: kUnkPenalty of unigram_model.cc.
const unknownPenalty = 10

// pieces is a unigram model under way: pieces and their log probabilities.
type pieces struct {
	texts  []string
	scores []float64 // log probabilities
	probs  []float64 // e to the scores
	index  *trie.Trie

	unknown     float64 // score of a character that is no piece
	unknownProb float64
}

func newPieces(texts []string, scores []float64) *pieces {
	m := &pieces{texts: texts, scores: scores, probs: make([]float64, len(scores))}
	entries := make([]trie.Entry, len(texts))
	worst := math.Inf(1)
	for i, text := range texts {
		entries[i] = trie.Entry{Key: text, ID: int32(i)}
		worst = min(worst, scores[i])
		m.probs[i] = math.Exp(scores[i])
	}
	m.unknown = worst - unknownPenalty
	m.unknownProb = math.Exp(m.unknown)
	m.index = trie.New(entries)
	return m
}

// span is a piece that covers a part of a text.
type span struct {
	from, to int32
	id       int32 // noPiece: a character that is none
}

const noPiece int32 = -1

// counted returns the piece that a span counts for. A character that is no piece counts for the first piece, the most
// frequent character: so it is in spm_train, whose trainer leaves the id of what is unknown at 0, and so T5's
// vocabulary was trained.
func counted(id int32) int32 { return max(id, 0) }

// lattice is all ways to cut one text into pieces. It is the scratch memory of one goroutine.
type lattice struct {
	m     *pieces
	spans []span // by their beginning
	alpha []float64
	beta  []float64
	shift []int32 // see forward

	best []float64
	back []int32 // the span that ends at each byte on the best way
	path []int32
}

// fill finds the spans of a text.
func (l *lattice) fill(text []byte) {
	l.spans = l.spans[:0]
	cells := l.m.index.Cells
	for i := 0; i < len(text); {
		char := 1
		if text[i] >= utf8.RuneSelf {
			_, char = utf8.DecodeRune(text[i:])
		}
		known := false
		for state, k := trie.Root, i; k < len(text); k++ {
			base := cells[state].Base
			if base == 0 {
				break
			}
			next := base + int32(text[k])
			c := &cells[next]
			if c.Check != state {
				break
			}
			state = next
			if c.Value > 0 {
				l.spans = append(l.spans, span{int32(i), int32(k + 1), c.Value - 1})
				known = known || k+1-i == char
			}
		}
		if !known {
			l.spans = append(l.spans, span{int32(i), int32(i + char), noPiece})
		}
		i += char
	}
}

func (m *pieces) prob(id int32) float64 {
	if id < 0 {
		return m.unknownProb
	}
	return m.probs[id]
}

func (m *pieces) score(id int32) float64 {
	if id < 0 {
		return m.unknown
	}
	return m.scores[id]
}

// A sum that is smaller than tiny is multiplied by 1/tiny.
const (
	tinyBits = 512
	tiny     = 1.0 / (1 << 256) / (1 << 256)
)

// marginals calls add for every span with the probability that a way through it is taken, and returns the log
// probability of the text: the forward-backward algorithm (Rabiner 1989, section III).
//
// Probabilities are multiplied as they are: no logarithm is computed in the loops. Those of long texts would be too
// small, so wherever the sum at a byte is tiny it is multiplied by 2^512: shift counts how often. Ways that meet at a
// byte may have been multiplied differently, as a long piece passes by the bytes that it covers: the sum there has the
// fewest shifts of all, so that no summand overflows, and one that vanishes is too small to matter. Backwards, the sums
// are kept near 1 by the same shifts.
func (l *lattice) marginals(text []byte, add func(id int32, probability float64)) float64 {
	l.fill(text)
	n := len(text)
	l.alpha = grown(l.alpha, n+1)
	l.beta = grown(l.beta, n+1)
	l.shift = grown(l.shift, n+1)
	alpha, beta, shift := l.alpha, l.beta, l.shift
	raise := func(at int32) {
		for alpha[at] > 0 && alpha[at] < tiny {
			alpha[at] = math.Ldexp(alpha[at], tinyBits)
			shift[at]++
		}
	}
	alpha[0] = 1
	beta[n] = 1
	for i := 0; i < len(l.spans); {
		from := l.spans[i].from
		raise(from)
		for a := alpha[from]; i < len(l.spans) && l.spans[i].from == from; i++ {
			s := l.spans[i]
			p := a * l.m.prob(s.id)
			switch more := shift[from] - shift[s.to]; {
			case alpha[s.to] == 0:
				shift[s.to] = shift[from]
			case more > 0:
				p = math.Ldexp(p, -tinyBits*int(more))
			case more < 0:
				alpha[s.to] = math.Ldexp(alpha[s.to], tinyBits*int(more))
				shift[s.to] = shift[from]
			}
			alpha[s.to] += p
		}
	}
	raise(int32(n))
	whole := 1 / alpha[n]
	for i := len(l.spans) - 1; i >= 0; i-- {
		s := l.spans[i]
		// beta[p] is the true sum times 2^(512 (shift[n] - shift[p])).
		b := l.m.prob(s.id) * beta[s.to]
		if more := shift[s.to] - shift[s.from]; more != 0 {
			b = math.Ldexp(b, tinyBits*int(more))
		}
		beta[s.from] += b
		add(counted(s.id), alpha[s.from]*b*whole)
	}
	return math.Log(alpha[n]) - float64(shift[n])*tinyBits*math.Ln2
}

// grown returns n zeros, in the memory of s where it is enough.
func grown[T any](s []T, n int) []T {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// viterbi returns the most probable way to cut a text and its log probability. The span of the whole text that has the
// number without is not taken; -1: none. ok is false where no way is left. Of two ways as probable the one found first
// stays.
func (l *lattice) viterbi(text []byte, without int32) (path []int32, score float64, ok bool) {
	l.fill(text)
	n := len(text)
	l.best, l.back = grown(l.best, n+1), grown(l.back, n+1)
	for i := range l.back {
		l.back[i] = -1
	}
	for i, s := range l.spans {
		if s.id == without && without >= 0 && int(s.to-s.from) == n || s.from > 0 && l.back[s.from] < 0 {
			continue
		}
		if score := l.best[s.from] + l.m.score(s.id); l.back[s.to] < 0 || score > l.best[s.to] {
			l.best[s.to], l.back[s.to] = score, int32(i)
		}
	}
	if l.back[n] < 0 {
		return nil, 0, false
	}
	l.path = l.path[:0]
	for at := int32(n); at > 0; at = l.spans[l.back[at]].from {
		l.path = append(l.path, l.spans[l.back[at]].id)
	}
	return l.path, l.best[n], true
}
