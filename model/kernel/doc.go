// Package kernel computes the float32 inner loops of T5 on slices: matrix products, ragged attention,
// norms, activations, dropout and the fused lm_head with cross-entropy, each with its backward pass; and products with
// weights in eight bits, for inference.
//
// All matrices are row-major. Shapes stand in the comments as [rows, columns]; a stride is the distance
// in elements between the starts of two rows. A batch is ragged: its sequences lie end to end in one
// [tokens, columns] matrix and offsets (length sequences+1) say where each begins, so nothing is padded.
//
// Results are the same bits for any number of threads: work is cut into tasks by shape alone, one task
// owns each output element, and partial sums are added in task order.
//
//	w := kernel.NewWorkers(2)
//	kernel.Gemm(w, false, true, m, n, k, x, k, weight, k, false, y, n) // y[m, n] = x[m, k] · weight[n, k]ᵀ
//
// The inner loops are written for several instruction set architectures (ISAs): AVX-512 and AVX2 assembly, which `go
// generate` writes (see folder gen), and portable Go. The best one that the processor has is chosen at run time; the
// environment variable T5_KERNEL forces one, so that all can be tested on any machine. ISAs differ by rounding.
// avx512-vnni is avx512 with products of bytes, and avx512-bf16 that with products of bfloat16, which Workers.In asks
// for. In float32 the three compute the same bits.
//
// The generator in folder gen writes x86 only, as its library avo does. ARM processors run portable Go. Kernels for
// them need assembly of their own, and a file isa_arm64.go whose function available lists their ISAs, as isa_amd64.go
// has it; the tests then compare them with portable Go.
//
// The package checks no shapes and no ids: package model checks each batch before it runs.
package kernel
