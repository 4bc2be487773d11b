package data

import (
	"slices"

	"t5train/data/task"
)

// Examples are tokenised examples, end to end in memory: 4 bytes a token and 20 an example, and what answers to
// held-out ones are checked against.
type Examples struct {
	inputs, targets sequences
	labels          []int32
	references      []task.Reference // of held-out examples

	// CutInputs and CutTargets count the sequences that were longer than their limit and lost their end.
	CutInputs, CutTargets int

	// CutAnswers counts those of CutInputs that lost what the answer is made of, such as the answer to a question that
	// stands in its context. Examples to train on are without them.
	CutAnswers int

	// Texts is what is wrong with the texts.
	Texts TextCounts
}

// Len returns the number of examples.
func (e *Examples) Len() int { return len(e.labels) }

// Append adds example i to a batch, the same in every epoch.
func (e *Examples) Append(_ int64, i int, b *Batch) {
	b.Inputs.IDs = append(b.Inputs.IDs, e.Input(i)...)
	b.Labels.IDs = append(b.Labels.IDs, e.Target(i)...)
	b.End(i)
}

// Input returns the ids of example i's input, which end in EOS. The caller must not change them.
func (e *Examples) Input(i int) []int32 { return e.inputs.at(i) }

// Target returns the ids of example i's target, which end in EOS. The caller must not change them.
func (e *Examples) Target(i int) []int32 { return e.targets.at(i) }

// Label returns the number of example i's label; -1 for a task without labels.
func (e *Examples) Label(i int) int { return int(e.labels[i]) }

// CountLabels returns how many examples have each of n labels.
func (e *Examples) CountLabels(n int) []int {
	counts := make([]int, n)
	for _, label := range e.labels {
		counts[label]++
	}
	return counts
}

// Reference returns what an answer to example i is checked against. Only examples that are built as [HeldOut] have it.
func (e *Examples) Reference(i int) task.Reference { return e.references[i] }

// Tokens returns the number of tokens of all inputs and of all targets.
func (e *Examples) Tokens() (inputs, targets int) { return len(e.inputs.ids), len(e.targets.ids) }

// join adds the examples of o behind those of e.
func (e *Examples) join(o *Examples) {
	e.inputs.append(&o.inputs)
	e.targets.append(&o.targets)
	e.labels = append(e.labels, o.labels...)
	e.references = append(e.references, o.references...)
	e.CutInputs += o.CutInputs
	e.CutTargets += o.CutTargets
	e.CutAnswers += o.CutAnswers
	e.Texts.join(&o.Texts)
}

// reset empties e and keeps its memory.
func (e *Examples) reset() {
	*e = Examples{
		inputs:     sequences{e.inputs.ids[:0], e.inputs.ends[:0]},
		targets:    sequences{e.targets.ids[:0], e.targets.ends[:0]},
		labels:     e.labels[:0],
		references: e.references[:0],
	}
}

// sequences is a data set's worth of them, which may have more tokens than fit in an int32: sequence i is
// ids[ends[i-1]:ends[i]].
type sequences struct {
	ids  []int32
	ends []int
}

func (r *sequences) at(i int) []int32 {
	start := 0
	if i > 0 {
		start = r.ends[i-1]
	}
	return r.ids[start:r.ends[i]:r.ends[i]]
}

// dropLast removes the last sequence.
func (r *sequences) dropLast() {
	last := len(r.ends) - 1
	r.ids = r.ids[:len(r.ids)-len(r.at(last))]
	r.ends = r.ends[:last]
}

func (r *sequences) append(o *sequences) {
	base := len(r.ids)
	r.ids = append(r.ids, o.ids...)
	r.ends = slices.Grow(r.ends, len(o.ends))
	for _, end := range o.ends {
		r.ends = append(r.ends, base+end)
	}
}
