package generate

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"t5train/internal/golden"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// encoderLimit is that of the golden README: max|a-b| / max|b|.
const encoderLimit = 1e-5

func eager(threads int) model.Network[op.Matrix] {
	return model.Network[op.Matrix]{Backend: op.NewEager(kernel.NewWorkers(threads))}
}

func TestGoldenEncoder(t *testing.T) {
	for _, dir := range golden.Cases(t, "model") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m := loadCase(t, dir)
			r := openRecord(t, dir)
			b := goldenBatch(r)
			tokens := b.Inputs
			want := r.floats("encoder_last_hidden_state_f64")
			e := eager(2)
			first := slices.Clone(e.Encode(m, &tokens).Data)
			var diff, size float64
			for i, v := range want {
				if !tokens.Masked[i/m.Config.DModel] { // what a masked token comes to means nothing
					diff, size = max(diff, math.Abs(float64(first[i])-v)), max(size, math.Abs(v))
				}
			}
			if !(diff <= encoderLimit*size) {
				t.Errorf("error %.2g, limit %.0g", diff/size, encoderLimit)
			}
			if !slices.Equal(first, e.Encode(m, &tokens).Data) {
				t.Error("the second run gives other bits: something is left in a buffer")
			}
			if !slices.Equal(first, eager(1).Encode(m, &tokens).Data) {
				t.Error("one and two threads give different bits")
			}
		})
	}
}

// More tokens than the feed-forward layer takes at once must come to what each input comes to alone.
func TestEncoderInParts(t *testing.T) {
	m := toy(t, "t5", "gated-gelu")
	e := eager(2)
	input := toyInputs[2]
	var many [][]int32
	for range 1024/len(input) + 2 {
		many = append(many, input)
	}
	run := func(inputs [][]int32) []float32 {
		tokens, err := ragged(inputs, nil, m.Config.VocabSize)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(e.Encode(m, &tokens).Data)
	}
	alone, all := run(many[:1]), run(many)
	for i, v := range all {
		if want := alone[i%len(alone)]; math.Abs(float64(v-want)) > 1e-5 {
			t.Fatalf("element %d is %g among many inputs and %g alone", i, v, want)
		}
	}
}
