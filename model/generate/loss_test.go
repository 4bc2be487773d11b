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

// The loss without a graph is the recorded one, and with holes in the masks and labels without a target that of the
// graph.
func TestGoldenLoss(t *testing.T) {
	for _, dir := range golden.Cases(t, "model") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c struct {
				Loss float64 `json:"loss_f64"`
			}
			golden.Read(t, dir, &c)
			m := loadCase(t, dir)
			b := goldenBatch(openRecord(t, dir))
			w := kernel.NewWorkers(2)
			loss := NewLoss(m, w)
			got, err := loss.Run(b)
			if err != nil {
				t.Fatal(err)
			}
			if mean := got.Loss / float64(got.Tokens); !(math.Abs(mean-c.Loss) <= 1e-5) {
				t.Errorf("loss %.8f, want %.8f", mean, c.Loss)
			}
			graph, err := m.LossGraph(w, model.LossOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer graph.Close()
			want, err := graph.Run(b, op.Pass{})
			if err != nil {
				t.Fatal(err)
			}
			if got.Tokens != want.Tokens || got.Correct != want.Correct || math.Abs(got.NLL-want.NLL) > 1e-5*want.NLL {
				t.Errorf("%d of %d tokens with a loss of %.6f, the graph has %d of %d with %.6f",
					got.Correct, got.Tokens, got.NLL, want.Correct, want.Tokens, want.NLL)
			}
			if i := slices.IndexFunc(b.Labels.IDs,
				func(label int32) bool { return label != kernel.IgnoreLabel }); got.Hits[i] != want.Hits[i] {
				t.Errorf("label %d is hit: %v, in the graph %v", i, got.Hits[i], want.Hits[i])
			}
		})
	}
}

// A model whose weights are all 0 finds every token equally probable. It is right about the first one only.
func TestLossOfACollapsedModel(t *testing.T) {
	dir := golden.Cases(t, "model")[0]
	m := loadCase(t, dir)
	for _, p := range m.Params {
		clear(p.Value)
	}
	b := goldenBatch(openRecord(t, dir))
	got, err := NewLoss(m, kernel.NewWorkers(2)).Run(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, hit := range got.Hits {
		if hit != (b.Labels.IDs[i] == 0) {
			t.Errorf("label %d is hit: %v", b.Labels.IDs[i], hit)
		}
	}
}

func goldenBatch(r record) model.Batch {
	read := func(name string) (values []int32, offsets []int32) {
		ids, rows, cols := r.ints(name)
		for _, id := range ids {
			values = append(values, int32(id))
		}
		for i := range rows + 1 {
			offsets = append(offsets, int32(i*cols))
		}
		return values, offsets
	}
	masked := func(name string) (mask []bool) {
		if _, ok := r.file.Tensor(name); !ok {
			return nil
		}
		seen, _ := read(name)
		for _, v := range seen {
			mask = append(mask, v == 0)
		}
		return mask
	}
	var b model.Batch
	b.Inputs.IDs, b.Inputs.Offsets = read("input_ids")
	b.Labels.IDs, b.Labels.Offsets = read("labels")
	b.Inputs.Masked, b.Labels.Masked = masked("attention_mask"), masked("decoder_attention_mask")
	return b
}

func TestLossRefusesBadBatches(t *testing.T) {
	loss := NewLoss(toy(t, "t5", "relu"), kernel.NewWorkers(1))
	good := model.Batch{
		Inputs: op.Ragged{IDs: []int32{3, 1}, Offsets: []int32{0, 2}},
		Labels: op.Ragged{IDs: []int32{4, 1}, Offsets: []int32{0, 2}},
	}
	if _, err := loss.Run(good); err != nil {
		t.Fatal(err)
	}
	bad := good
	bad.Labels.IDs = []int32{4, 40}
	if _, err := loss.Run(bad); err == nil {
		t.Error("a label beyond the vocabulary: no error")
	}
}
