// Package distill makes a small model learn from a larger one: it computes what a teacher answers to the examples that
// a student is trained on, keeps that in a file, and gives it to the student's batches.
//
//	outputs, err := distill.Open(ctx, path, key, examples.Len(), replace, teacher.Compute, sink)
//	train := &distill.Taught{Examples: examples, Outputs: outputs, Spec: spec}
package distill
