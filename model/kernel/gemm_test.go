package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"t5train/model/kernel/bfloat16"
)

func randoms(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// relativeError returns max|a-b| / max|b|.
func relativeError(a, b []float32) float64 {
	var diff, size float64
	for i := range b {
		diff = max(diff, math.Abs(float64(a[i])-float64(b[i])))
		size = max(size, math.Abs(float64(b[i])))
	}
	if size == 0 {
		return diff
	}
	return diff / size
}

// rounded returns x rounded to bfloat16.
func rounded(x []float32) []float32 {
	y := slices.Clone(x)
	bfloat16.RoundAll(y)
	return y
}

func referenceGemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool,
	c []float32, ldc int) {
	for i := range m {
		for j := range n {
			var s float64
			for p := range k {
				var x, y float32
				if transA {
					x = a[p*lda+i]
				} else {
					x = a[i*lda+p]
				}
				if transB {
					y = b[j*ldb+p]
				} else {
					y = b[p*ldb+j]
				}
				s += float64(x) * float64(y)
			}
			if accumulate {
				s += float64(c[i*ldc+j])
			}
			c[i*ldc+j] = float32(s)
		}
	}
}

func TestGemmAgainstFloat64(t *testing.T) {
	shapes := [][3]int{{1, 1, 1}, {1, 7, 5}, {3, 130, 9}, {4, 4, 4}, {5, 3, 2}, {17, 33, 65}, {64, 128, 256},
		{9, 40, 100}, {12, 33, 65}, {16, 40, 100}, {32, 61, 130}, {65, 129, 257}, {130, 70, 600}, {170, 2100, 40},
		{29, 47, 1050}}
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		for mode := range 8 {
			transA, transB, accumulate := mode&1 != 0, mode&2 != 0, mode&4 != 0
			t.Run(fmt.Sprintf("%dx%dx%d/transA=%v/transB=%v/accumulate=%v", m, n, k, transA, transB, accumulate),
				func(t *testing.T) {
					lda, ldb, ldc := k+3, n+1, n+2
					rowsA, rowsB := m, k
					if transA {
						lda, rowsA = m+3, k
					}
					if transB {
						ldb, rowsB = k+1, n
					}
					a, b, c := randoms(1, rowsA*lda), randoms(2, rowsB*ldb), randoms(3, m*ldc)
					want := append([]float32(nil), c...)
					referenceGemm(transA, transB, m, n, k, a, lda, b, ldb, accumulate, want, ldc)
					wantRounded := slices.Clone(c)
					referenceGemm(transA, transB, m, n, k, rounded(a), lda, rounded(b), ldb, accumulate, wantRounded,
						ldc)
					for _, isa := range ISAs() {
						got := slices.Clone(c)
						Gemm(NewWorkersOn(isa, 1), transA, transB, m, n, k, a, lda, b, ldb, accumulate, got, ldc)
						if e := relativeError(got, want); e > 2e-6 {
							t.Errorf("%s: error %.2g against float64", isa, e)
						}
						for i := range m {
							for j := n; j < ldc; j++ {
								if got[i*ldc+j] != c[i*ldc+j] {
									t.Fatalf("%s: element [%d, %d] outside of C was written", isa, i, j)
								}
							}
						}
						threads := slices.Clone(c)
						Gemm(NewWorkersOn(isa, 3), transA, transB, m, n, k, a, lda, b, ldb, accumulate, threads, ldc)
						if !slices.Equal(threads, got) {
							t.Errorf("%s: one and three threads give different bits", isa)
						}
						checkBFloat16(t, isa, got, func(w *Workers, c []float32) {
							Gemm(w, transA, transB, m, n, k, a, lda, b, ldb, accumulate, c, ldc)
						}, c, wantRounded)
					}
				})
		}
	}
}

// checkBFloat16 compares a product in BFloat16 with that of rounded operands in float64, and with itself on three
// threads. It must not be the product in float32.
func checkBFloat16(t *testing.T, isa string, float []float32, product func(w *Workers, c []float32), c,
	want []float32) {
	t.Helper()
	got, threads := slices.Clone(c), slices.Clone(c)
	product(NewWorkersOn(isa, 1).In(BFloat16), got)
	product(NewWorkersOn(isa, 3).In(BFloat16), threads)
	if e := relativeError(got, want); e > 2e-6 {
		t.Errorf("%s: error %.2g in bfloat16 against float64", isa, e)
	}
	if !slices.Equal(threads, got) {
		t.Errorf("%s: one and three threads give different bits in bfloat16", isa)
	}
	if slices.Equal(got, float) {
		t.Errorf("%s: the operands were not rounded", isa)
	}
}

// The product with pairs is that of portable Go bit by bit where a processor has it: workers would fall back without a
// word.
func TestPairsOfBFloat16AreRight(t *testing.T) {
	if !slices.Contains(ISAs(), bf16ISA) {
		t.Skip("this processor has no AVX512-BF16")
	}
	if !pairsAreRight() || !NewWorkersOn(bf16ISA, 1).MultipliesBFloat16() {
		t.Error("the products of AVX512-BF16 differ from those of portable Go")
	}
}

func TestParsePrecision(t *testing.T) {
	for _, name := range Precisions() {
		if p, err := ParsePrecision(name); err != nil || p.String() != name {
			t.Errorf("%s: got %v, %v", name, p, err)
		}
	}
	if _, err := ParsePrecision("bf16"); err == nil {
		t.Error("an unknown precision is no error")
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range []struct {
		name           string
		transA, transB bool
		m, n, k        int
	}{
		{"NT_1280x512x512", false, true, 1280, 512, 512},
		{"NT_1280x2048x512", false, true, 1280, 2048, 512},
		{"NT_1280x512x2048", false, true, 1280, 512, 2048},
		{"NT_256x32128x512", false, true, 256, 32128, 512},
		{"NN_1280x512x2048", false, false, 1280, 512, 2048},
		{"NN_256x512x32128", false, false, 256, 512, 32128},
		{"TN_2048x512x1280", true, false, 2048, 512, 1280},
		{"TN_32128x512x256", true, false, 32128, 512, 256},
		{"NT_1x2048x512", false, true, 1, 2048, 512},
		{"NT_4x2048x512", false, true, 4, 2048, 512},
		{"NT_8x2048x512", false, true, 8, 2048, 512},
		{"NT_16x2048x512", false, true, 16, 2048, 512},
		{"NT_16x512x2048", false, true, 16, 512, 2048},
		{"NT_32x2048x512", false, true, 32, 2048, 512},
		{"NT_16x32128x512", false, true, 16, 32128, 512},
	} {
		for _, isa := range ISAs() {
			if isa == Portable && s.m*s.n*s.k > 1<<30 {
				continue
			}
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%s/threads=%d", s.name, isa, threads), func(b *testing.B) {
					w := NewWorkersOn(isa, threads)
					x, y, c := randoms(1, s.m*s.k), randoms(2, s.n*s.k), make([]float32, s.m*s.n)
					lda, ldb := s.k, s.n
					if s.transA {
						lda = s.m
					}
					if s.transB {
						ldb = s.k
					}
					for b.Loop() {
						Gemm(w, s.transA, s.transB, s.m, s.n, s.k, x, lda, y, ldb, false, c, s.n)
					}
					b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9,
						"GFLOP/s")
				})
			}
		}
	}
}

// The products inside attention run on one thread and read columns of a matrix of all heads.
func BenchmarkGemmInsideAttention(b *testing.B) {
	const stride = 1536 // query, key and value of 8 heads of 64 side by side
	for _, s := range []struct {
		name           string
		transA, transB bool
		m, n, k        int
		lda, ldb, ldc  int
	}{
		{"scores_64x128x64", false, true, 64, 128, 64, stride, stride, 128},
		{"values_64x64x128", false, false, 64, 64, 128, 128, stride, 512},
		{"dValues_128x64x64", true, false, 128, 64, 64, 128, 512, stride},
		{"scores_64x512x64", false, true, 64, 512, 64, stride, stride, 512},
		{"values_64x64x512", false, false, 64, 64, 512, 512, stride, 512},
		{"scores_32x32x64", false, true, 32, 32, 64, stride, stride, 32},
		{"values_32x64x32", false, false, 32, 64, 32, 32, stride, 512},
		{"scores_1x64x64", false, true, 1, 64, 64, stride, stride, 64},
		{"values_1x64x64", false, false, 1, 64, 64, 64, stride, 512},
	} {
		for _, isa := range ISAs() {
			b.Run(fmt.Sprintf("%s/%s", s.name, isa), func(b *testing.B) {
				x, y, c := randoms(1, 512*stride), randoms(2, 512*stride), make([]float32, 512*stride)
				NewWorkersOn(isa, 1).borrow(func(m *scratch) {
					for b.Loop() {
						m.gemm(s.m, s.n, s.k, Operand{x, s.lda, s.transA, false}, Operand{y, s.ldb, s.transB, false},
							false, c, s.ldc)
					}
				})
				b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9,
					"GFLOP/s")
			})
		}
	}
}
