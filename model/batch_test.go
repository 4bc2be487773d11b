package model

import (
	"slices"
	"testing"

	"t5train/model/kernel"
	"t5train/model/op"
)

// The decoder starts with the token of the model, which is not always 0, and reads padding where a label is ignored.
func TestDecoderInputs(t *testing.T) {
	c := Config{DecoderStartTokenID: 7, PadTokenID: 9}
	var labels op.Ragged
	labels.Append(5, 6, 1)
	labels.Append()
	labels.Append(kernel.IgnoreLabel, 8, 1)
	got := c.DecoderInputs(&labels, []int32{3, 3})
	if want := []int32{7, 5, 6, 7, 9, 8}; !slices.Equal(got.IDs, want) || !slices.Equal(got.Offsets, labels.Offsets) {
		t.Errorf("got %d with the offsets %d, want %d with %d", got.IDs, got.Offsets, want, labels.Offsets)
	}
}

// The loss is that of a decoder that starts with the token of the model.
func TestLossUsesTheStartToken(t *testing.T) {
	m := tiny(t, "relu", true)
	graph, err := m.LossGraph(kernel.NewWorkers(1), LossOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	var losses []float64
	for _, start := range []int{0, 7} {
		m.Config.DecoderStartTokenID = start
		totals, err := graph.Run(tinyBatch(), op.Pass{})
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, totals.Loss)
	}
	if losses[0] == losses[1] {
		t.Errorf("a loss of %g with either start token", losses[0])
	}
}
