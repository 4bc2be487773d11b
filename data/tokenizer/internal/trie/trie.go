// Package trie finds all keys that a text starts with.
package trie

import (
	"slices"
	"sort"
	"strings"
)

// Trie is a double-array trie (Aoe 1989): from state s, byte c leads to state Cells[s].Base+c if that cell's Check
// is s. One step is one memory access, which is what makes segmentation fast; callers for whom it counts take it
// themselves.
type Trie struct {
	Cells []Cell
}

// Cell is a state.
type Cell struct {
	Base  int32 // where this state's children start; 0: it has none
	Check int32 // the state this cell is a child of
	Value int32 // the id of the key that ends here plus one; 0: no key ends here
}

// Root is the state at the beginning of a text.
const Root int32 = 0

const free int32 = -1 // Check of a cell that is nobody's

// Entry is a key and its number, which is at least 0.
type Entry struct {
	Key string
	ID  int32
}

// New builds a trie of distinct, non-empty keys. It sorts entries.
func New(entries []Entry) *Trie {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	b := trieBuilder{t: &Trie{}, from: 1}
	b.grow(1)
	b.t.Cells[Root].Check = Root

	// A state's keys are a run of the sorted entries that share their first depth bytes.
	type state struct {
		entries []Entry
		depth   int
		index   int32
	}
	var labels []byte
	for todo := []state{{entries, 0, Root}}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		run := s.entries
		if len(run) > 0 && len(run[0].Key) == s.depth {
			b.t.Cells[s.index].Value = run[0].ID + 1
			run = run[1:]
		}
		if len(run) == 0 {
			continue
		}
		labels = labels[:0]
		for i, e := range run {
			if c := e.Key[s.depth]; i == 0 || c != labels[len(labels)-1] {
				labels = append(labels, c)
			}
		}
		base := b.place(labels)
		b.t.Cells[s.index].Base = base
		for _, c := range labels {
			n := sort.Search(len(run), func(i int) bool { return run[i].Key[s.depth] > c })
			child := base + int32(c)
			b.t.Cells[child].Check = s.index
			todo = append(todo, state{run[:n], s.depth + 1, child})
			run = run[n:]
		}
	}
	return b.t
}

// step follows byte c from state s; ok is false where no key follows.
func (t *Trie) step(s int32, c byte) (next int32, ok bool) {
	base := t.Cells[s].Base
	if base == 0 {
		return 0, false
	}
	next = base + int32(c)
	return next, t.Cells[next].Check == s
}

// Longest returns the longest key that s starts with; size is 0 if there is none.
func Longest[S string | []byte](t *Trie, s S) (id int32, size int) {
	state, ok := Root, false
	for i := 0; i < len(s); i++ {
		if state, ok = t.step(state, s[i]); !ok {
			break
		}
		if v := t.Cells[state].Value; v > 0 {
			id, size = v-1, i+1
		}
	}
	return id, size
}

type trieBuilder struct {
	t    *Trie
	from int // where the search for free cells starts
}

// place finds a base at which the cells of all labels (sorted) are free.
//
// A search that always starts at the first free cell is quadratic: 8 s for T5's vocabulary. As in Darts, the start
// moves on once the cells behind it are 95 % taken, which gives up a few holes and needs milliseconds.
func (b *trieBuilder) place(labels []byte) int32 {
	taken := 0
	for at := max(b.from, int(labels[0])+1); ; at++ {
		base := at - int(labels[0])
		b.grow(base + 256)
		if b.t.Cells[at].Check != free {
			taken++
			continue
		}
		if !b.fits(base, labels) {
			continue
		}
		if float64(taken) >= 0.95*float64(at-b.from+1) {
			b.from = at
		}
		return int32(base)
	}
}

func (b *trieBuilder) fits(base int, labels []byte) bool {
	for _, c := range labels {
		if b.t.Cells[base+int(c)].Check != free {
			return false
		}
	}
	return true
}

// grow makes at least n cells. Every base is followed by 256 of them, so that step needs no bounds of its own.
func (b *trieBuilder) grow(n int) {
	for len(b.t.Cells) < n {
		b.t.Cells = append(b.t.Cells, Cell{Check: free})
	}
}
