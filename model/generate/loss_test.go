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

// The probabilities for a student are those of the loss; the k largest and the others add up to 1.
func TestLossSoft(t *testing.T) {
	m := loadCase(t, golden.Cases(t, "model")[0])
	w := kernel.NewWorkers(2)
	var b model.Batch
	b.Inputs.Append(5, 6, 1)
	b.Inputs.Append(7, 1)
	b.Labels.Append(8, 9, 1)
	b.Labels.Append(3, 1)
	vocab := m.Config.VocabSize
	totals, err := NewLoss(m, w).Run(b)
	if err != nil {
		t.Fatal(err)
	}
	all, err := NewLoss(m, w).Soft(b, vocab, vocab, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, label := range b.Labels.IDs {
		at := slices.Index(all.IDs[i*vocab:(i+1)*vocab], label)
		got, want := float64(all.Probabilities[i*(vocab+1)+at]), math.Exp(-totals.NLLs[i])
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("label %d has the probability %g, want %g", i, got, want)
		}
	}
	some, err := NewLoss(m, w).Soft(b, 3, vocab, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := some.Check(len(b.Labels.IDs), vocab); err != nil {
		t.Error(err)
	}
	for i := range b.Labels.IDs {
		p, q := some.Probabilities[i*4:][:4], all.Probabilities[i*(vocab+1):]
		sum := 0.0
		for _, v := range p {
			sum += float64(v)
		}
		// at temperature 2 the root of the ratio
		if math.Abs(sum-1) > 1e-5 || math.Abs(float64(p[0]/p[1])-math.Sqrt(float64(q[0]/q[1]))) > 1e-4 {
			t.Errorf("label %d has %v, of %v", i, p, q[:3])
		}
	}
	m.LMHead.Value[0] = float32(math.NaN())
	if _, err := NewLoss(m, w).Soft(b, 3, vocab, 1); err == nil {
		t.Error("no error of a weight that is NaN")
	}
}
