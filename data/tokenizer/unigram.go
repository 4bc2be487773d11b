package tokenizer

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

// appendUnigram appends the most probable segmentation of normalised text (Viterbi; Kudo 2018, section 3.1). Of two
// equally probable ones the one found first stays, as in the reference implementations.
func (t *Tokenizer) appendUnigram(dst []int32, s *scratch, text []byte) []int32 {
	if len(text) == 0 {
		return dst
	}
	nodes := slices.Grow(s.nodes[:0], len(text)+1)[:len(text)+1]
	clear(nodes)
	s.nodes = nodes

	cells := t.trie.Cells
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
				offer(&nodes[k+1], t.round(sum+t.scores[v-1]), v-1, size)
				known = known || size == char
			}
		}
		if !known {
			offer(&nodes[i+char], t.round(sum+t.unkScore), t.unk, char)
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
		dst = t.appendPiece(dst, first, n.id, text[end-int(n.size):end])
	}
	return dst
}

// offer makes a path the best one to n if it is the first or beats the best so far.
func offer(n *node, score float64, id int32, size int) {
	if n.size == 0 || score > n.score {
		*n = node{score: score, id: id, size: int32(size)}
	}
}

// round gives a path's score the precision of the implementation whose rules hold: the tokenizers library sums in 64
// bits, SentencePiece in 32. It decides near ties such as "abababab".
func (t *Tokenizer) round(score float64) float64 {
	if t.rules == SentencePiece {
		return float64(float32(score))
	}
	return score
}

// appendPiece appends one piece of a text whose ids begin at dst[first]. A run of unknown characters becomes one
// unknown token, or the bytes they consist of if the model has pieces for those.
func (t *Tokenizer) appendPiece(dst []int32, first int, id int32, text []byte) []int32 {
	if id != t.unk {
		return append(dst, id)
	}
	if t.bytes != nil {
		for _, b := range text {
			dst = append(dst, t.bytes[b])
		}
		return dst
	}
	if len(dst) > first && dst[len(dst)-1] == t.unk {
		return dst
	}
	return append(dst, t.unk)
}
