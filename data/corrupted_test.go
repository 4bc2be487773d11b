package data

import (
	"reflect"
	"slices"
	"testing"

	"t5train/data/objective"
)

// text is a list of chunks in memory.
type text [][]int32

func (t text) Len() int                          { return len(t) }
func (t text) Chunk(i int, into []int32) []int32 { return append(into, t[i]...) }

// corrupted makes examples of some chunks of 20 tokens, the last of 3.
func corrupted(t testing.TB, chunks int) *Corrupted {
	t.Helper()
	o, err := objective.NewSpanCorruption(objective.SpanOptions{Input: 20, Density: 0.3, Mean: 2},
		objective.Vocabulary{EOS: 1, FirstSentinel: 32099, Sentinels: 100})
	if err != nil {
		t.Fatal(err)
	}
	var all text
	for i := range chunks {
		length := 20
		if i == chunks-1 {
			length = 3
		}
		var chunk []int32
		for j := range length {
			chunk = append(chunk, int32(100+i*20+j))
		}
		all = append(all, chunk)
	}
	return NewCorrupted(all, o, 9)
}

// TestCorrupted_Layout holds a batch to what the objective makes of its chunks.
func TestCorrupted_Layout(t *testing.T) {
	c := corrupted(t, 5)
	const epoch = 2
	var b Batch
	var want Batch
	for _, i := range []int{4, 0, 3} {
		c.Append(epoch, i, &b)
		inputs, targets := c.objective.Append(objective.Key{Seed: 9, Epoch: epoch, Index: int64(i)},
			c.chunks.Chunk(i, nil), nil, nil)
		want.Inputs.Append(inputs...)
		want.Labels.Append(targets...)
		want.Index = append(want.Index, i)
	}
	b.chunk = nil
	if !reflect.DeepEqual(b, want) {
		t.Errorf("got %+v, want %+v", b, want)
	}
}

func TestCorrupted_AnewInEachEpoch(t *testing.T) {
	c := corrupted(t, 40)
	b := batches(t, c, Size{Examples: 40}, Order{})
	var first, second Batch
	b.Read(0, &first)
	b.Read(40, &second)
	if slices.Equal(first.Inputs.IDs, second.Inputs.IDs) {
		t.Error("two epochs have the same noise")
	}
}

func TestRead_DoesNotAllocate(t *testing.T) {
	m, err := NewMixture([]Component{{Name: "rows", Source: lengths(t, 8, 12, 30), Rate: 1},
		{Name: "text", Source: corrupted(t, 30), Rate: 3}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := batches(t, m, Size{Tokens: 200}, Order{})
	var batch Batch
	position := int64(0)
	read := func() { position = b.Read(position, &batch) }
	for range 100 { // until the batch has its memory
		read()
	}
	if n := testing.AllocsPerRun(200, read); n != 0 {
		t.Errorf("%g allocations a batch", n)
	}
}

// BenchmarkRead is the input pipeline behind the token store, on one thread.
func BenchmarkRead(b *testing.B) {
	o, err := objective.NewSpanCorruption(objective.SpanOptions{Input: 512, Density: 0.15, Mean: 3},
		objective.Vocabulary{EOS: 1, FirstSentinel: 32099, Sentinels: 100})
	if err != nil {
		b.Fatal(err)
	}
	chunks := make(text, 1000)
	for i := range chunks {
		chunks[i] = make([]int32, o.Lengths().Tokens)
	}
	read, err := NewBatches(NewCorrupted(chunks, o, 1), Size{Tokens: 8192}, Order{Shuffle: true, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	var batch Batch
	position := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		position = read.Read(position, &batch)
	}
	b.ReportMetric(float64(position)*float64(o.Lengths().Tokens)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
}
