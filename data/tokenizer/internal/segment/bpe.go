package segment

import (
	"bytes"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/spiece"
	"t5train/data/tokenizer/internal/trie"
)

// symbol is a stretch of the text that BPE has merged so far, in a doubly linked list.
type symbol struct {
	start, end int // bytes of the text; an empty stretch has been merged into the one before it
	prev, next int // indices of the neighbours, -1 at the ends
	frozen     bool
}

// merge is a possible union of two neighbouring symbols.
type merge struct {
	left, right int
	size        int // bytes of both, by which a later change of either shows
	score       float64
}

// before orders merges: the best score first, then the leftmost.
func (m merge) before(o merge) bool {
	return m.score > o.score || m.score == o.score && m.left < o.left
}

// BPE cuts text by greedy merging. It never changes.
type BPE struct {
	Pieces   []spiece.Piece
	IDs      map[string]int32 // of the pieces
	Symbols  *trie.Trie       // the user-defined ones; nil: none
	Unknown  Unknown
	Wordwise bool // ▁ stands at the beginning of pieces only
}

// Append appends the pieces that greedy merging makes of normalised text (Sennrich et al. 2016; bpe_model.cc). A
// user-defined symbol is a piece from the start and never merges.
//
// Where no merge crosses a ▁, words are merged one by one: the same pieces, from small queues.
func (m *BPE) Append(dst []int32, s *Scratch, text []byte) []int32 {
	first := len(dst)
	for len(text) > 0 {
		end := len(text)
		if m.Wordwise {
			if i := bytes.Index(text[1:], []byte(spiece.Space)); i >= 0 {
				end = i + 1
			}
		}
		dst = m.appendMerged(dst, first, s, text[:end])
		text = text[end:]
	}
	return dst
}

// appendMerged appends the pieces of a part of the text whose ids begin at dst[first].
func (m *BPE) appendMerged(dst []int32, first int, s *Scratch, text []byte) []int32 {
	b := bpeState{BPE: m, text: text, symbols: s.symbols[:0], queue: s.queue[:0]}
	b.split()
	for i := 1; i < len(b.symbols); i++ {
		b.propose(i-1, i)
	}
	for len(b.queue) > 0 {
		union := b.queue.pop()
		left, right := &b.symbols[union.left], &b.symbols[union.right]
		if left.start == left.end || right.start == right.end || right.end-left.start != union.size {
			continue
		}
		left.end = right.end
		right.start = right.end
		left.next = right.next
		if right.next >= 0 {
			b.symbols[right.next].prev = union.left
		}
		b.propose(left.prev, union.left)
		b.propose(union.left, left.next)
	}
	for i := 0; i >= 0 && len(b.symbols) > 0; i = b.symbols[i].next {
		dst = b.appendSymbol(dst, first, text[b.symbols[i].start:b.symbols[i].end])
	}
	s.symbols, s.queue = b.symbols, b.queue
	return dst
}

type bpeState struct {
	*BPE
	text    []byte
	symbols []symbol
	queue   mergeQueue
	unmerge map[int32]int // an unused piece's id to the size of the left of the two that it was proposed from
}

// split makes one symbol of every character and of every user-defined symbol.
func (b *bpeState) split() {
	for i := 0; i < len(b.text); {
		size, frozen := 0, false
		if user := b.Symbols; user != nil {
			_, size = trie.Longest(user, b.text[i:])
			frozen = size > 0
		}
		if !frozen {
			_, size = utf8.DecodeRune(b.text[i:])
		}
		n := len(b.symbols)
		b.symbols = append(b.symbols, symbol{start: i, end: i + size, prev: n - 1, next: n + 1, frozen: frozen})
		i += size
	}
	if n := len(b.symbols); n > 0 {
		b.symbols[n-1].next = -1
	}
}

// propose queues the union of two neighbours if it is a piece.
func (b *bpeState) propose(left, right int) {
	if left < 0 || right < 0 || b.symbols[left].frozen || b.symbols[right].frozen {
		return
	}
	start, end := b.symbols[left].start, b.symbols[right].end
	id, ok := b.IDs[string(b.text[start:end])]
	if !ok || !b.Pieces[id].Segments() {
		return
	}
	p := b.Pieces[id]
	if p.Type == spiece.Unused {
		if b.unmerge == nil {
			b.unmerge = map[int32]int{}
		}
		b.unmerge[id] = b.symbols[left].end - start
	}
	b.queue.push(merge{left: left, right: right, size: end - start, score: p.Score})
}

// appendSymbol appends a final symbol. An unused piece, good for merging only, falls apart into its halves again.
func (b *bpeState) appendSymbol(dst []int32, first int, text []byte) []int32 {
	id, ok := b.IDs[string(text)]
	if !ok || !b.Pieces[id].Segments() {
		id = b.Unknown.ID
	}
	if left := b.unmerge[id]; left > 0 {
		dst = b.appendSymbol(dst, first, text[:left])
		return b.appendSymbol(dst, first, text[left:])
	}
	return b.Unknown.append(dst, first, id, text)
}

// mergeQueue is a binary heap with the best merge in front.
type mergeQueue []merge

func (q *mergeQueue) push(m merge) {
	h := append(*q, m)
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
	*q = h
}

func (q *mergeQueue) pop() merge {
	h := *q
	best, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[i]) {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	*q = h
	return best
}
