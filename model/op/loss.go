package op

import (
	"errors"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// LossOptions configure CrossEntropy.
type LossOptions struct {
	Scale          float32 // of the logits: d_model^-0.5 when the embedding is tied; 0 means 1
	ZLoss          float32
	LabelSmoothing float32
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
	ce := kernel.CrossEntropy{Vocab: vocab, Dim: d, Scale: o.Scale, ZLoss: o.ZLoss, LabelSmoothing: o.LabelSmoothing}
	var dHidden func(rows int) Matrix // set when the graph is differentiated
	f := &fused{name: "cross_entropy"}
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		h := view(in[0])
		if len(labels.IDs) != h.Rows {
			return nil, errors.New("the labels and the decoder tokens differ in number")
		}
		var dh, dw []float32
		if dHidden != nil {
			dh = dHidden(h.Rows).Data
			if !param.Frozen {
				dw = param.zeroedSink()
			}
		}
		*totals = ce.Forward(g.workers, h.Data, labels.IDs, view(in[1]).Data, dh, dw, g.pass.GradScale)
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
