// Package model is T5 (Raffel et al. 2020) as a gorgonia graph.
//
// It covers T5 1.0 (ReLU, tied embeddings), T5 1.1 and mT5 (gated GELU, untied) and UMT5 (a position bias table in
// every layer), in all published sizes and any other. It reads in the order of the files config, params, norm, ffn,
// attention, block, stack, t5; types and fields are named after the tensor paths of a Hugging Face checkpoint.
//
//	size, _ := model.SizeByName("small")
//	t5, err := model.New(size.Config)
//	t5.Init(42)
//	graph, err := t5.LossGraph(workers, model.LossOptions{Dropout: 0.1, Gradients: true})
//	totals, err := graph.Run(batch, op.Step{Train: true, GradScale: 1 / float32(batch.Targets())})
//	gradient := t5.Params[0].Grad()
package model
