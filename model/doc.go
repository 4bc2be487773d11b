// Package model is T5 (Raffel et al. 2020).
//
// It covers T5 1.0 (ReLU, tied embeddings), T5 1.1 and mT5 (gated GELU, untied) and UMT5 (a position bias table in
// every layer), in all published sizes and any other. The whole network is in t5.go. Its forward pass is written once,
// for a gorgonia graph that is differentiated and for evaluation at once, without gradients.
//
//	size, _ := model.SizeByName("small")
//	t5, err := model.New(size.Config)
//	t5.Init(42)
//	graph, err := t5.LossGraph(workers, model.LossOptions{Dropout: 0.1, Gradients: true})
//	totals, err := graph.Run(batch, op.Pass{Train: true, GradScale: 1 / float32(batch.Targets())})
//	gradient := t5.Params[0].Grad()
//	encoded := model.Network[op.Matrix]{op.NewEager(workers)}.Encode(t5, tokens) // at once
package model
