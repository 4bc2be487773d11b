package objective

import (
	"fmt"
	"math"

	"t5train/internal/random"
)

// Objective makes training examples of text, each of one chunk of it.
type Objective interface {
	// Lengths returns what an example takes at most.
	Lengths() Lengths
	// Append makes an example of a chunk of at most Lengths().Tokens tokens and appends its ids, which end in EOS, to
	// inputs and targets. All that is random about it is a pure function of the key.
	Append(key Key, chunk, inputs, targets []int32) (moreInputs, moreTargets []int32)
}

// Key names an example of a run.
type Key struct {
	Seed  uint64
	Epoch int64
	Index int64 // of the chunk
}

func (k Key) draw() random.Draw { return random.New(k.Seed, uint64(k.Epoch), uint64(k.Index)) }

// Lengths are numbers of tokens.
type Lengths struct {
	Tokens  int // of a chunk of text
	Inputs  int // of its inputs, with EOS and prefix
	Targets int // of its targets, with EOS
}

// check panics, as a slice does, for a chunk that is too long: its spans could need more sentinels than there are.
func (l Lengths) check(chunk []int32) {
	if len(chunk) > l.Tokens {
		panic(fmt.Sprintf("objective: chunk of %d tokens, want at most %d", len(chunk), l.Tokens))
	}
}

// Vocabulary is what an objective knows of the tokenizer.
type Vocabulary struct {
	EOS int32
	// FirstSentinel is the id of <extra_id_0>; those of <extra_id_1>, <extra_id_2>, ... go downwards from there.
	FirstSentinel int32
	Sentinels     int
}

func (v Vocabulary) check() error {
	if v.EOS < 0 || v.Sentinels < 0 || int(v.FirstSentinel) < v.Sentinels-1 {
		return fmt.Errorf("vocabulary with EOS %d and %d sentinels from id %d downwards, want ids of 0 or more", v.EOS,
			v.Sentinels, v.FirstSentinel)
	}
	return nil
}

// round is Python's round, and TensorFlow's: half to even.
func round(x float64) int { return int(math.RoundToEven(x)) }
