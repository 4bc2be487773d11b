package tokenizer

import (
	"slices"
	"sort"
	"strings"
)

// trie is a double-array trie (Aoe 1989): from state s, byte c leads to state cells[s].base+c if that cell's check
// is s. One step is one memory access, which is what makes segmentation fast.
type trie struct {
	cells []cell
}

type cell struct {
	base  int32 // where this state's children start; 0: it has none
	check int32 // the state this cell is a child of; free: nobody's
	value int32 // the id of the key that ends here plus one; 0: no key ends here
}

const (
	root int32 = 0
	free int32 = -1
)

type entry struct {
	key string
	id  int32
}

// newTrie builds a trie of distinct, non-empty keys. It sorts entries.
func newTrie(entries []entry) *trie {
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	b := trieBuilder{t: &trie{}, from: 1}
	b.grow(1)
	b.t.cells[root].check = root

	// A state's keys are a run of the sorted entries that share their first depth bytes.
	type state struct {
		entries []entry
		depth   int
		index   int32
	}
	var labels []byte
	for todo := []state{{entries, 0, root}}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		run := s.entries
		if len(run) > 0 && len(run[0].key) == s.depth {
			b.t.cells[s.index].value = run[0].id + 1
			run = run[1:]
		}
		if len(run) == 0 {
			continue
		}
		labels = labels[:0]
		for i, e := range run {
			if c := e.key[s.depth]; i == 0 || c != labels[len(labels)-1] {
				labels = append(labels, c)
			}
		}
		base := b.place(labels)
		b.t.cells[s.index].base = base
		for _, c := range labels {
			n := sort.Search(len(run), func(i int) bool { return run[i].key[s.depth] > c })
			child := base + int32(c)
			b.t.cells[child].check = s.index
			todo = append(todo, state{run[:n], s.depth + 1, child})
			run = run[n:]
		}
	}
	return b.t
}

// step follows byte c from state s; ok is false where no key goes on.
func (t *trie) step(s int32, c byte) (next int32, ok bool) {
	base := t.cells[s].base
	if base == 0 {
		return 0, false
	}
	next = base + int32(c)
	return next, t.cells[next].check == s
}

// longestKey returns the longest key that s starts with; size is 0 if there is none.
func longestKey[S string | []byte](t *trie, s S) (id int32, size int) {
	state, ok := root, false
	for i := 0; i < len(s); i++ {
		if state, ok = t.step(state, s[i]); !ok {
			break
		}
		if v := t.cells[state].value; v > 0 {
			id, size = v-1, i+1
		}
	}
	return id, size
}

type trieBuilder struct {
	t    *trie
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
		if b.t.cells[at].check != free {
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
		if b.t.cells[base+int(c)].check != free {
			return false
		}
	}
	return true
}

// grow makes at least n cells. Every base is followed by 256 of them, so that step needs no bounds of its own.
func (b *trieBuilder) grow(n int) {
	for len(b.t.cells) < n {
		b.t.cells = append(b.t.cells, cell{check: free})
	}
}
