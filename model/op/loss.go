package op

import (
	"errors"
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
	"t5train/model/kernel/xent"
)

// LossOptions configure CrossEntropy.
type LossOptions struct {
	Scale          float32 // of the logits: d_model^-0.5 when the embedding is tied; 0 means 1
	ZLoss          float32
	LabelSmoothing float32
	Soft           *xent.Soft // of the labels, as they are when the graph runs; nil is none
}

// CrossEntropy returns [Pass].GradScale times the summed cross-entropy of hidden [tokens, d] through the lm_head param
// [vocab, d], and puts the sums of the run into totals. Labels equal to kernel.IgnoreLabel do not count.
//
// The gradients are computed in the forward pass, while the logits of a chunk are in memory.
func (g *Graph) CrossEntropy(hidden *gorgonia.Node, param *Param, labels *Ragged, o LossOptions,
	totals *kernel.Totals) *gorgonia.Node {
	vocab, d := param.Shape[0], param.Shape[1]
	if o.Scale == 0 {
		o.Scale = 1
	}
	ce := xent.CrossEntropy{Vocab: vocab, Dim: d, Scale: o.Scale, ZLoss: o.ZLoss, LabelSmoothing: o.LabelSmoothing,
		Soft: o.Soft}
	var dHidden func(rows int) Matrix // set when the graph is differentiated
	f := &fused{name: "cross_entropy"}
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		h := view(in[0])
		if len(labels.IDs) != h.Rows {
			return nil, errors.New("the labels and the decoder tokens differ in number")
		}
		if err := o.Soft.Check(h.Rows, vocab); err != nil {
			return nil, err
		}
		var dh, dw []float32
		accumulate := false
		if dHidden != nil {
			dh = dHidden(h.Rows).Data
			if !param.Frozen {
				dw, accumulate = param.sink()
			}
		}
		*totals = ce.Forward(g.workers, h.Data, labels.IDs, g.floats(param), dh, dw, accumulate, g.pass.GradScale)
		return gorgonia.NewF32(float32(totals.Loss * float64(g.pass.GradScale))), nil
	}
	f.backward = func(*gorgonia.Node) gorgonia.Nodes {
		// The loss is what gorgonia differentiates, so its own gradient is 1.
		node, put := g.extraOutput("cross_entropy.dHidden", func() int { return d }, f.node)
		dHidden = put
		if param.Frozen {
			return gorgonia.Nodes{node, nil}
		}
		return gorgonia.Nodes{node, g.gradNode("cross_entropy.dWeight", param,
			func([]gorgonia.Value) error { return nil }, node)}
	}
	return g.scalarOp(f, hidden, g.Param(param))
}

// Pooling makes a vector of the hidden states of a sequence.
type Pooling int

// The poolings.
const (
	MeanOfRows Pooling = iota
	FirstRow
)

// VectorLoss returns loss plus, for each sequence s that has a vector v of k values, Pass.GradScale times
//
//	weight * (1 - cos(m, v))
//
// with m the first k columns, k <= d, of the mean of the sequence's rows of hidden [tokens, d], or of its first row if
// pooling is FirstRow. It adds the sum without GradScale to the Loss of totals, those of loss. (*vectors)[s] is nil
// where there is none; *vectors has as many elements as tokens has sequences, or none. So a model learns the direction
// of sentence vectors that a larger model has made (Reimers and Gurevych 2020, "Making Monolingual Sentence Embeddings
// Multilingual using Knowledge Distillation", with the cosine in place of the squared distance).
func (g *Graph) VectorLoss(loss, hidden *gorgonia.Node, tokens *Ragged, pooling Pooling, vectors *[][]float32,
	weight float32, totals *kernel.Totals) *gorgonia.Node {
	d := hidden.Shape()[1]
	var dHidden func(rows int) Matrix // set when the graph is differentiated
	f := &fused{name: "vector_loss"}
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		h := view(in[1])
		var dh []float32
		if dHidden != nil {
			dh = dHidden(h.Rows).Data
			clear(dh)
		}
		losses := make([]float64, len(*vectors))
		for s, v := range *vectors {
			if len(v) > d {
				return nil, fmt.Errorf("a vector of %d values, want at most d_model, %d", len(v), d)
			}
			if tokens.Offsets[s] == tokens.Offsets[s+1] && v != nil {
				return nil, fmt.Errorf("sequence %d has a vector and no tokens", s)
			}
		}
		g.workers.Run(len(losses), func(s int) {
			if v := (*vectors)[s]; v != nil {
				first, end := int(tokens.Offsets[s])*d, int(tokens.Offsets[s+1])*d
				if pooling == FirstRow {
					end = first + d
				}
				var into []float32
				if dh != nil {
					into = dh[first:end]
				}
				losses[s] = float64(weight) * cosineLoss(h.Data[first:end], d, v, into, weight*g.pass.GradScale)
			}
		})
		var sum float64
		for _, l := range losses {
			sum += l
		}
		totals.Loss += sum
		return gorgonia.NewF32(float32(totals.Loss * float64(g.pass.GradScale))), nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		if !f.wants[1] {
			return gorgonia.Nodes{dy, nil}
		}
		// As in CrossEntropy, the gradient of the sum is 1.
		node, put := g.extraOutput("vector_loss.dHidden", func() int { return d }, f.node)
		dHidden = put
		return gorgonia.Nodes{dy, node}
	}
	return g.scalarOp(f, loss, hidden)
}

// cosineLoss returns 1 - cos(m, v), where m is the mean of rows [n, d], in its first len(v) columns. It puts scale
// times the gradient into dRows, if that is not nil, of which the other columns stay as they are. Without a direction
// of m or v the loss is 1 and has no gradient.
func cosineLoss(rows []float32, d int, v, dRows []float32, scale float32) float64 {
	n := len(rows) / d
	mean := make([]float64, len(v))
	for t := range n {
		for j, x := range rows[t*d : t*d+len(v)] {
			mean[j] += float64(x)
		}
	}
	var mm, mv, vv float64
	for j, x := range v {
		mean[j] /= float64(n)
		mm += mean[j] * mean[j]
		mv += mean[j] * float64(x)
		vv += float64(x) * float64(x)
	}
	if mm == 0 || vv == 0 {
		return 1
	}
	cos := mv / math.Sqrt(mm*vv)
	if dRows == nil {
		return 1 - cos
	}
	// d cos / d m = v/(|m||v|) - cos m/|m|², and each row is 1/n of m
	toV, toM := 1/math.Sqrt(mm*vv)/float64(n), cos/mm/float64(n)
	for j, x := range v {
		grad := -scale * float32(toV*float64(x)-toM*mean[j])
		for t := range n {
			dRows[t*d+j] = grad
		}
	}
	return 1 - cos
}
