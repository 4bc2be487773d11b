package kernel

import (
	"math"
	"slices"
	"testing"

	"t5train/model/kernel/portable"
)

// Known answers of Philox4x32-10, from the Random123 distribution.
func TestPaper_Philox(t *testing.T) {
	for _, c := range []struct{ counter, want [4]uint32 }{
		{[4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		var k0, k1 uint32
		if c.counter != [4]uint32{} {
			k0, k1 = 0xa4093822, 0x299f31d0
		}
		p := Dropout{Seed: uint64(k1)<<32 | uint64(k0), Op: c.counter[2], Pass: c.counter[3]}
		m := p.masker(nil)
		m.words[21] = c.counter[1]
		if got := philox(&m.words, c.counter[0]); got != c.want {
			t.Errorf("counter %08x: got %08x, want %08x", c.counter, got, c.want)
		}
	}
}

func TestDropout(t *testing.T) {
	const rows, d = 200, 501
	x := make([]float32, rows*d)
	for i := range x {
		x[i] = 1
	}
	w := NewWorkers(2)
	for _, rate := range []float32{0.1, 0.5} {
		p := Dropout{Rate: rate, Seed: 7, Pass: 1, Op: 2}
		y := make([]float32, len(x))
		p.Rows(w, y, x, rows, d)
		var mean, dropped float64
		for _, v := range y {
			mean += float64(v) / float64(len(y))
			if v == 0 {
				dropped += 1 / float64(len(y))
			}
		}
		// Five standard deviations of 100,200 draws.
		tolerance := 5 * math.Sqrt(float64(rate*(1-rate))/float64(len(y)))
		if math.Abs(dropped-float64(rate)) > tolerance {
			t.Errorf("rate %g: %g are dropped", rate, dropped)
		}
		if math.Abs(mean-1) > tolerance/float64(1-rate) {
			t.Errorf("rate %g: the mean went from 1 to %g", rate, mean)
		}
		again := make([]float32, len(x))
		p.Rows(NewWorkers(1), again, x, rows, d)
		if !slices.Equal(y, again) {
			t.Errorf("rate %g: one and two threads make different masks", rate)
		}
		for name, other := range map[string]Dropout{
			"seed": {Rate: rate, Seed: 8, Pass: 1, Op: 2}, "pass": {Rate: rate, Seed: 7, Pass: 2, Op: 2},
			"op": {Rate: rate, Seed: 7, Pass: 1, Op: 3},
		} {
			other.Rows(w, again, x, rows, d)
			same := 0.0
			for i := range y {
				if (y[i] == 0) == (again[i] == 0) {
					same += 1 / float64(len(y))
				}
			}
			// Independent masks agree with probability rate² + (1-rate)².
			if want := float64(rate*rate + (1-rate)*(1-rate)); math.Abs(same-want) > 0.02 {
				t.Errorf("rate %g: masks that differ by %s agree in %g of all places, want %g", rate, name, same, want)
			}
		}
	}
}

func TestExp(t *testing.T) {
	var worst float64
	for x := float32(0); x > -87; x -= 0.0137 {
		want := math.Exp(float64(x))
		worst = max(worst, math.Abs(float64(portable.Exp(x))-want)/want)
	}
	if worst > 2.5e-7 {
		t.Errorf("relative error %.2g, want 2 ulp", worst)
	}
	for x, want := range map[float32]float32{0: 1, -200: 0, float32(math.Inf(-1)): 0} {
		if got := portable.Exp(x); got != want {
			t.Errorf("exp of %g: got %g, want %g", x, got, want)
		}
	}
	if nan := float32(math.NaN()); !math.IsNaN(float64(portable.Exp(nan))) ||
		!math.IsNaN(float64(portable.Maximum([]float32{1, nan, 2}))) {
		t.Error("a NaN is lost")
	}
}

// attention is softmax(q·kᵀ + bias)·v in float64, sequence by sequence.
func referenceAttention(a Attention, values []float32, q, k, v []float32) []float64 {
	inner := a.Heads * a.Dim
	out := make([]float64, len(q))
	for s := range len(a.QueryOffsets) - 1 {
		q0, q1, k0, k1 := int(a.QueryOffsets[s]), int(a.QueryOffsets[s+1]), int(a.KeyOffsets[s]), int(a.KeyOffsets[s+1])
		for h := range a.Heads {
			for i := q0; i < q1; i++ {
				p := make([]float64, k1-k0)
				var sum float64
				for j := range p {
					if a.Causal && j > i-q0 || a.Masked != nil && a.Masked[k0+j] {
						continue
					}
					var score float64
					for c := range a.Dim {
						score += float64(q[i*inner+h*a.Dim+c]) * float64(k[(k0+j)*inner+h*a.Dim+c])
					}
					if values != nil {
						score += float64(values[h*(2*a.Bias.Length-1)+j-(i-q0)+a.Bias.Length-1])
					}
					p[j] = math.Exp(score)
					sum += p[j]
				}
				for j := range p {
					for c := range a.Dim {
						if sum > 0 {
							out[i*inner+h*a.Dim+c] += p[j] / sum * float64(v[(k0+j)*inner+h*a.Dim+c])
						}
					}
				}
			}
		}
	}
	return out
}

func TestAttentionAgainstFloat64(t *testing.T) {
	const heads, dim, length = 3, 5, 150
	inner := heads * dim
	queries, keys := []int32{0, 150, 150, 151, 220}, []int32{0, 150, 153, 154, 223}
	masked := make([]bool, 223)
	for i := range masked {
		masked[i] = i%3 == 0
	}
	bias := randoms(4, heads*(2*length-1))
	for name, a := range map[string]Attention{
		"plain":           {QueryOffsets: queries, KeyOffsets: keys},
		"bias":            {QueryOffsets: keys, KeyOffsets: keys, Bias: Bias{length, bias}},
		"causal and bias": {QueryOffsets: keys, KeyOffsets: keys, Bias: Bias{length, bias}, Causal: true},
		"masked":          {QueryOffsets: queries, KeyOffsets: keys, Masked: masked},
	} {
		t.Run(name, func(t *testing.T) {
			a.Heads, a.Dim = heads, dim
			q, k, v := randoms(1, int(a.QueryOffsets[4])*inner), randoms(2, 223*inner), randoms(3, 223*inner)
			rows := len(q) / inner
			a.Max, a.Inverse = make([]float32, rows*heads), make([]float32, rows*heads)
			want := referenceAttention(a, a.Bias.Values, q, k, v)
			for _, isa := range ISAs() {
				out := make([]float32, len(q))
				a.Forward(NewWorkersOn(isa, 2), out, inner, q, inner, k, v, inner)
				var diff, size float64
				for i, x := range want {
					diff, size = max(diff, math.Abs(float64(out[i])-x)), max(size, math.Abs(x))
				}
				if diff > 3e-6*size {
					t.Errorf("%s: error %.2g of %.2g", isa, diff, size)
				}
			}
		})
	}
}

// FuzzGemm holds products of any small shape to float64 and to the same bits on several threads.
func FuzzGemm(f *testing.F) {
	f.Add(uint8(3), uint8(5), uint8(7), uint8(0))
	f.Add(uint8(70), uint8(131), uint8(33), uint8(7))
	f.Add(uint8(1), uint8(200), uint8(0), uint8(2))
	f.Add(uint8(200), uint8(200), uint8(0), uint8(1))
	f.Fuzz(func(t *testing.T, m8, n8, k8, mode uint8) {
		m, n, k := int(m8), int(n8), int(k8)
		transA, transB, accumulate := mode&1 != 0, mode&2 != 0, mode&4 != 0
		lda, ldb := k, n
		if transA {
			lda = m
		}
		if transB {
			ldb = k
		}
		a, b, c := randoms(1, m*k), randoms(2, n*k), randoms(3, m*n)
		want := slices.Clone(c)
		referenceGemm(transA, transB, m, n, k, a, lda, b, ldb, accumulate, want, n)
		for _, isa := range ISAs() {
			got, threads := slices.Clone(c), slices.Clone(c)
			Gemm(NewWorkersOn(isa, 1), transA, transB, m, n, k, a, lda, b, ldb, accumulate, got, n)
			Gemm(NewWorkersOn(isa, 3), transA, transB, m, n, k, a, lda, b, ldb, accumulate, threads, n)
			if e := relativeError(got, want); e > 3e-6 {
				t.Errorf("%s: error %.2g", isa, e)
			}
			if !slices.Equal(got, threads) {
				t.Errorf("%s: one and three threads give different bits", isa)
			}
		}
	})
}

func TestISAFromEnvironment(t *testing.T) {
	for _, isa := range append(ISAs(), "") {
		t.Setenv(ISAVariable, isa)
		got, err := ISAFromEnvironment()
		if want := isa; err != nil || got != want && isa != "" || isa == "" && got != ISAs()[0] {
			t.Errorf("%q: got %q, %v", isa, got, err)
		}
		if w := NewWorkers(1); w.ISA() != got {
			t.Errorf("%q: the workers are on %q", isa, w.ISA())
		}
	}
	t.Setenv(ISAVariable, "avx1024")
	if _, err := ISAFromEnvironment(); err == nil {
		t.Error("an unknown ISA is no error")
	}
}
