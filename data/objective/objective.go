package objective

// Objective makes training examples of text, each of one piece of it.
type Objective interface {
	// Lengths returns what an example takes at most.
	Lengths() Lengths
	// Append makes an example of a piece of at most Lengths().Tokens tokens and appends its ids, which end in EOS, to
	// inputs and targets. All that is random about it is a pure function of the key.
	Append(key Key, piece, inputs, targets []int32) (moreInputs, moreTargets []int32)
}

// Key names an example of a run.
type Key struct {
	Seed  uint64
	Epoch int64
	Index int64 // of the piece
}

// Lengths are numbers of tokens.
type Lengths struct {
	Tokens  int // of a piece of text
	Inputs  int // of its inputs, with EOS and prefix
	Targets int // of its targets, with EOS
}

// Vocabulary is what an objective knows of the tokenizer.
type Vocabulary struct {
	EOS int32
	// FirstSentinel is the id of <extra_id_0>; those of <extra_id_1>, <extra_id_2>, ... go downwards from there.
	FirstSentinel int32
	Sentinels     int
}
