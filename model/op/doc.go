// Package op builds T5 out of fused gorgonia operations.
//
// A Graph is a gorgonia expression graph together with what its operations share: the workers, a pool of
// buffers and the dropout state. Each method of Graph adds one operation and returns its node; gorgonia
// differentiates the loss symbolically, through the SymDiff of each operation, and runs the program.
//
//	g := op.NewGraph(workers)
//	x := g.Embed(g.Param(table), ids, 0)
//	loss := g.CrossEntropy(g.Linear(x, []*gorgonia.Node{g.Param(w)}, op.LinearOptions{}), g.Param(head), labels, op.LossOptions{})
//	program, err := g.Compile(loss)
//	...
//	err = program.Run(op.Step{Train: true, GradScale: 1 / tokens})
//
// Values are matrices [tokens, columns] whose number of rows is known at run time only: gorgonia compares
// shapes while a graph is built and not between operations, so one graph serves every batch. Activations and
// their gradients are gorgonia values. The gradient of a parameter is not: each operation adds its share to
// Param.Grad in place and hands gorgonia a scalar receipt, so the three uses of a tied embedding cost one buffer
// and no additions, and gradients accumulate over batches for free.
package op
