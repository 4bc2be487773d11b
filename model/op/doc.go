// Package op has the operations of T5, fused, on two backends: Graph records them for gorgonia, which runs and
// differentiates them, and Eager computes them at once. Both call the same kernels.
//
// A Graph is a gorgonia expression graph together with what its operations share: the workers, a pool of buffers and
// the dropout state. Each method adds one operation and returns its node; gorgonia differentiates the loss
// symbolically, through the SymDiff of each operation, and runs the program.
//
//	g := op.NewGraph(workers, op.GraphOptions{Dropout: 0.1})
//	x := g.Embed(table, tokens)
//	loss := g.CrossEntropy(g.Linear(x, w), head, labels, op.LossOptions{}, &totals)
//	program, err := g.Compile(loss)
//	...
//	err = program.Run(op.Pass{Train: true, GradScale: 1 / float32(n)})
//
// Values are matrices [tokens, columns] whose number of rows is known at run time only: gorgonia compares
// shapes while a graph is built and not between operations, so one graph serves every batch. Activations and
// their gradients are gorgonia values. The gradient of a parameter is not: each operation adds its share to the buffer
// that [Param.Grad] returns, and gorgonia gets a scalar for it. So the three uses of a tied embedding need one buffer
// and no graph nodes that add, and a buffer takes the gradients of several batches.
package op
