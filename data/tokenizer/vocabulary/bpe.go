package vocabulary

import (
	"cmp"
	"container/heap"
	"context"
	"math"
	"strings"

	"t5train/data/tokenizer/internal/spiece"
)

// bpeTrainer merges the most frequent pair of neighbours, again and again (Sennrich et al. 2016, section 3.2). The text
// is one list of symbols, linked both ways within each unit; a pair knows the places where it stands or has stood.
type bpeTrainer struct {
	o     *Options
	chars *alphabet
	count []int64 // occurrences of each unit

	symbols []string // texts: the characters of the alphabet, then those of the merges
	at      []int32  // symbol at each place of the text
	prev    []int32  // place of the symbol before it in its unit, -1: none
	next    []int32
	unit    []int32

	byKey  map[uint64]*pair
	queue  pairQueue
	raised []*pair // pairs that have new places and wait to be queued
}

// symbolMerged is what has been merged into the symbol before it. Like codeRare it takes part in no pair.
const symbolMerged int32 = -1

type pair struct {
	left, right int32
	text        string
	length      int32 // characters
	count       int64 // occurrences
	places      []int32
	raised      bool
	done        bool // it was merged, or may not be
}

// queued is a pair with the count that it had when it was queued.
type queued struct {
	*pair
	was int64
}

// pairQueue has the most frequent pair in front; of two as frequent the shorter one, then the first by its text.
type pairQueue []queued

func (q pairQueue) Len() int      { return len(q) }
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(queued)) }
func (q pairQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(b.was, a.was), cmp.Compare(a.length, b.length), strings.Compare(a.text, b.text)) < 0
}

func (q *pairQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// trainBPE returns the pieces of merges, in their order, and then the alphabet; at most wanted.
func trainBPE(ctx context.Context, c *counts, a *alphabet, o *Options, wanted int) ([]spiece.Piece, error) {
	if len(c.text) > math.MaxInt32 {
		return nil, tooMuch("2 GB", o)
	}
	t, err := newBPETrainer(ctx, c, a, o)
	if err != nil {
		return nil, err
	}
	merges := wanted - len(a.chars)
	var found []spiece.Piece
	add := func(text string) {
		found = append(found, spiece.Piece{Text: text, Score: -float64(len(found)), Type: spiece.Normal})
	}
	seen := map[string]bool{}
	for len(found) < merges {
		if len(found)%100 == 0 {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			o.progress("merge", "pieces", int64(len(found)), int64(merges))
		}
		p := t.best()
		if p == nil {
			break
		}
		p.done = true
		if seen[p.text] { // from another way to divide it
			p.places = nil
			continue
		}
		seen[p.text] = true
		add(p.text)
		t.merge(p)
	}
	for _, ch := range a.chars {
		add(string(ch.r))
	}
	return found, nil
}

func newBPETrainer(ctx context.Context, c *counts, a *alphabet, o *Options) (*bpeTrainer, error) {
	t := &bpeTrainer{o: o, chars: a, byKey: map[uint64]*pair{}}
	for _, ch := range a.chars {
		t.symbols = append(t.symbols, string(ch.r))
	}
	for n, u := range c.units {
		if n%unitsAtOnce == 0 {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			o.progress("find pairs", o.UnitName(), int64(n), int64(len(c.units)))
		}
		t.count = append(t.count, u.count)
		before := int32(-1)
		for text := c.of(u); len(text) > 0; {
			code, size := a.code(text)
			text = text[size:]
			here := int32(len(t.at))
			t.at, t.unit = append(t.at, code), append(t.unit, int32(n))
			t.prev, t.next = append(t.prev, before), append(t.next, -1)
			if before >= 0 {
				t.next[before] = here
			}
			before = here
		}
	}
	for place := range t.at {
		t.raise(int32(place), t.next[place])
	}
	t.enqueue()
	return t, nil
}

// pairAt returns the pair that stands at two places, nil where there is none that could be merged.
func (t *bpeTrainer) pairAt(left, right int32) *pair {
	if left < 0 || right < 0 || t.at[left] < 0 || t.at[right] < 0 {
		return nil
	}
	key := uint64(t.at[left])<<32 | uint64(t.at[right])
	p, ok := t.byKey[key]
	if !ok {
		p = &pair{left: t.at[left], right: t.at[right], text: t.symbols[t.at[left]] + t.symbols[t.at[right]]}
		shape, valid := t.shape(p.text)
		p.length, p.done = shape.length, !valid || !shape.piece()
		t.byKey[key] = p
	}
	if p.done {
		return nil
	}
	return p
}

// shape returns the shape of a text, if a piece may be so.
func (t *bpeTrainer) shape(text string) (s shape, ok bool) {
	s = noShape
	for _, r := range text {
		if s, ok = s.with(t.chars.chars[t.chars.of[r]], t.o); !ok {
			return s, false
		}
	}
	return s, true
}

// raise counts a pair at two places that have just become neighbours.
func (t *bpeTrainer) raise(left, right int32) {
	p := t.pairAt(left, right)
	if p == nil {
		return
	}
	p.places = append(p.places, left)
	p.count += t.count[t.unit[left]]
	if !p.raised {
		p.raised = true
		t.raised = append(t.raised, p)
	}
}

// lower takes back the pair at two places that one of is about to change.
func (t *bpeTrainer) lower(left, right int32) {
	if p := t.pairAt(left, right); p != nil {
		p.count -= t.count[t.unit[left]]
	}
}

func (t *bpeTrainer) enqueue() {
	for _, p := range t.raised {
		p.raised = false
		heap.Push(&t.queue, queued{p, p.count})
	}
	t.raised = t.raised[:0]
}

// best takes the pair that occurs most from the queue, nil if none occurs any more.
func (t *bpeTrainer) best() *pair {
	for len(t.queue) > 0 {
		top := &t.queue[0]
		switch {
		case top.done || top.count <= 0:
			heap.Pop(&t.queue)
		case top.was > top.count:
			top.was = top.count
			heap.Fix(&t.queue, 0)
		case top.was < top.count: // it was queued again since
			heap.Pop(&t.queue)
		default:
			return heap.Pop(&t.queue).(queued).pair
		}
	}
	return nil
}

// merge makes one symbol of a pair wherever it stands.
func (t *bpeTrainer) merge(p *pair) {
	merged := int32(len(t.symbols))
	t.symbols = append(t.symbols, p.text)
	for _, left := range p.places {
		right := t.next[left]
		if t.at[left] != p.left || right < 0 || t.at[right] != p.right {
			continue // it stands there no more
		}
		before, after := t.prev[left], t.next[right]
		t.lower(before, left) // p itself, as in "aaa", is done and not counted any more
		t.lower(right, after)
		t.at[left], t.at[right] = merged, symbolMerged
		t.next[left] = after
		if after >= 0 {
			t.prev[after] = left
		}
		t.raise(before, left)
		t.raise(left, after)
	}
	p.places = nil
	t.enqueue()
}
