package segment

import (
	"slices"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/trie"
)

// unkPenalty lies between the worst piece's score and an unknown character's: kUnkPenalty of unigram_model.cc.
const unkPenalty = 10

// node is the best segmentation of the text up to one byte position.
type node struct {
	score float64 // sum of the log probabilities
	id    int32   // the last piece
	size  int32   // bytes of the last piece; 0: no segmentation ends here
}

// Unigram cuts text into its most probable pieces. It never changes.
type Unigram struct {
	trie     *trie.Trie // of every piece that text can give
	scores   []float64  // by id, what the search adds for a piece
	unkScore float64
	unknown  Unknown
	narrow   bool // sums have 32 bits
}

// NewUnigram returns a segmenter with the scores of pieces by id. entries are the pieces that text can give; an unknown
// character scores below worst, the least score of a piece. SentencePiece sums in 32 bits (narrow), the tokenizers
// library in 64; it decides near ties such as "abababab".
func NewUnigram(entries []trie.Entry, scores []float64, worst float64, unknown Unknown, narrow bool) *Unigram {
	u := &Unigram{trie: trie.New(entries), scores: scores, unknown: unknown, narrow: narrow}
	u.unkScore = u.round(worst - unkPenalty)
	return u
}

// Append appends the most probable segmentation of normalised text (Viterbi; Kudo 2018, section 3.1). Of two equally
// probable ones the one found first stays, as in the reference implementations.
func (u *Unigram) Append(dst []int32, s *Scratch, text []byte) []int32 {
	if len(text) == 0 {
		return dst
	}
	nodes := slices.Grow(s.nodes[:0], len(text)+1)[:len(text)+1]
	clear(nodes)
	s.nodes = nodes

	cells := u.trie.Cells
	for i := 0; i < len(text); {
		char := 1
		if text[i] >= utf8.RuneSelf {
			_, char = utf8.DecodeRune(text[i:])
		}
		sum := nodes[i].score
		known := false
		for state, k := trie.Root, i; k < len(text); k++ {
			base := cells[state].Base
			if base == 0 {
				break
			}
			next := base + int32(text[k])
			if cells[next].Check != state {
				break
			}
			state = next
			if v := cells[state].Value; v > 0 {
				size := k + 1 - i
				offer(&nodes[k+1], u.round(sum+u.scores[v-1]), v-1, size)
				known = known || size == char
			}
		}
		if !known {
			offer(&nodes[i+char], u.round(sum+u.unkScore), u.unknown.ID, char)
		}
		i += char
	}

	s.ends = s.ends[:0]
	for end := len(text); end > 0; end -= int(nodes[end].size) {
		s.ends = append(s.ends, end)
	}
	first := len(dst)
	for _, end := range slices.Backward(s.ends) {
		n := nodes[end]
		dst = u.unknown.append(dst, first, n.id, text[end-int(n.size):end])
	}
	return dst
}

// offer makes a path the best one to n if it is the first or beats the best so far.
func offer(n *node, score float64, id int32, size int) {
	if n.size == 0 || score > n.score {
		*n = node{score: score, id: id, size: int32(size)}
	}
}

func (u *Unigram) round(score float64) float64 {
	if u.narrow {
		return float64(float32(score))
	}
	return score
}
