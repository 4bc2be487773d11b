package inspect

import (
	"slices"

	"t5train/data/tokenizer"
	"t5train/data/tokenizer/usage"
	"t5train/internal/parallel"
)

// Measure is how texts are measured.
type Measure struct {
	Tokenizer interface { // which is called from several goroutines at once
		usage.Encoder
		// RoundTrip decodes the ids of a text and returns how the result differs from it.
		RoundTrip(text string, ids []int32) (decoded string, loss tokenizer.Loss)
	}
	MaxInput  int // most tokens of a text that training keeps; 0 for checks: it keeps all
	MaxTarget int // of a target
	Threads   int // 0 is one
}

// measured is a text in tokens.
type measured struct {
	tokens  int            // with the one that ends a sequence
	unknown bool           // the vocabulary lacks a character
	decoded string         // of a target: what its tokens say
	loss    tokenizer.Loss // of a target: how that differs from it
}

// blocks gathers texts and measures many at once.
type blocks struct {
	measure Measure
	texts   []string
	targets []bool // whether a model writes them
	bytes   int
	done    func(results []measured) // gets what was added since the last call, in order
	results []measured
	scratch [][]int32 // ids, of each thread
}

const (
	blockTexts = 4096    // enough to keep threads busy between two waits
	blockBytes = 4 << 20 // in memory at once
)

func newBlocks(m Measure, done func([]measured)) *blocks {
	return &blocks{measure: m, done: done, scratch: make([][]int32, max(m.Threads, 1))}
}

// full reports whether it is time to flush.
func (b *blocks) full() bool { return len(b.texts) >= blockTexts || b.bytes >= blockBytes }

func (b *blocks) add(text string, target bool) {
	b.texts, b.targets = append(b.texts, text), append(b.targets, target)
	b.bytes += len(text)
}

func (b *blocks) flush() {
	b.results = slices.Grow(b.results[:0], len(b.texts))[:len(b.texts)]
	parallel.Each(len(b.scratch), len(b.texts), func(thread, i int) {
		ids := b.measure.Tokenizer.AppendEncode(b.scratch[thread][:0], b.texts[i])
		b.results[i] = measured{tokens: len(ids) + 1, unknown: slices.Contains(ids, b.measure.Tokenizer.Unk())}
		if r := &b.results[i]; b.targets[i] {
			r.decoded, r.loss = b.measure.Tokenizer.RoundTrip(b.texts[i], ids)
		}
		b.scratch[thread] = ids
	})
	b.done(b.results)
	clear(b.texts)
	b.texts, b.targets, b.bytes = b.texts[:0], b.targets[:0], 0
}
