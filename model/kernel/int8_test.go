package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomInt8 returns a weight whose integers reach from -127 to 127, and the elements that it stands for.
func randomInt8(seed uint64, out, in int) (m *Int8, rows [][]int8) {
	r := rand.New(rand.NewPCG(seed, 7))
	m = NewInt8(out, in)
	for o := range out {
		row := make([]int8, in)
		for i := range row {
			row[i] = int8(r.IntN(255) - 127)
		}
		m.SetRow(o, row, float32(0.001+r.Float64()/100))
		rows = append(rows, row)
	}
	return m, rows
}

// naiveInt8 is LinearInt8 with one weight, element by element: the product of integers where the ISA has it, and else
// in float64.
func naiveInt8(isa string, x []float32, rows int, m *Int8, weight [][]int8) []float32 {
	y := make([]float32, rows*m.Out)
	for r := range rows {
		row := x[r*m.In : (r+1)*m.In]
		largest := float32(0)
		for _, v := range row {
			largest = max(largest, float32(math.Abs(float64(v))))
		}
		for o := range m.Out {
			if isaByName(isa).int8Tile == nil {
				var sum float64
				for i, v := range row {
					sum += float64(v) * float64(weight[o][i])
				}
				y[r*m.Out+o] = float32(sum * float64(m.scale[o]))
				continue
			}
			sum := int64(0)
			for i, v := range row {
				if largest > 0 {
					sum += int64(math.RoundToEven(float64(v*(127/largest)))) * int64(weight[o][i])
				}
			}
			y[r*m.Out+o] = float32(sum) * (largest / 127 * m.scale[o])
		}
	}
	return y
}

func checkInt8(t *testing.T, isa string, got, want []float32) {
	t.Helper()
	if isaByName(isa).int8Tile != nil {
		if i := firstDifference(got, want); i >= 0 {
			t.Errorf("%s: element %d is %g, want exactly %g", isa, i, got[i], want[i])
		}
	} else if e := relativeError(got, want); !(e < 2e-6) {
		t.Errorf("%s: error %.2g against float64", isa, e)
	}
}

func firstDifference(a, b []float32) int {
	for i := range b {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

func TestInt8AgainstNaive(t *testing.T) {
	for _, s := range [][3]int{
		{1, 1, 1}, {1, 32, 4}, {1, 33, 5}, {2, 31, 7}, {3, 130, 9}, {4, 64, 128}, {5, 3, 2}, {13, 40, 100},
		{14, 32, 64}, {15, 33, 65},
		{29, 47, 1050}, {169, 70, 259}, {340, 5, 30},
	} {
		rows, out, in := s[0], s[1], s[2]
		t.Run(fmt.Sprintf("%dx%dx%d", rows, out, in), func(t *testing.T) {
			m, weight := randomInt8(1, out, in)
			x := randoms(2, rows*in)
			for _, isa := range ISAs() {
				want := naiveInt8(isa, x, rows, m, weight)
				got := make([]float32, rows*out)
				LinearInt8(NewWorkersOn(isa, 1), got, out, x, rows, false, m)
				checkInt8(t, isa, got, want)

				// Two weights side by side, added to what is there, and columns behind them that stay.
				stride := 2*out + 3
				wide := slices.Repeat([]float32{0.5}, rows*stride)
				LinearInt8(NewWorkersOn(isa, 1), wide, stride, x, rows, true, m, m)
				for r := range rows {
					for c := range stride {
						v := float32(0.5)
						if c < 2*out {
							v += got[r*out+c%out]
						}
						if d := math.Abs(float64(wide[r*stride+c] - v)); !(d <= 1e-6*max(1, math.Abs(float64(v)))) ||
							c >= 2*out && d > 0 {
							t.Fatalf("%s: added to 0.5, element [%d, %d] is %g, want %g", isa, r, c, wide[r*stride+c],
								v)
						}
					}
				}
				threads := slices.Repeat([]float32{0.5}, rows*stride)
				LinearInt8(NewWorkersOn(isa, 3), threads, stride, x, rows, true, m, m)
				if !slices.Equal(threads, wide) {
					t.Errorf("%s: one and three threads give different bits", isa)
				}
			}
		})
	}
}

// The largest sums there are: as many inputs as T5 11B has, all bytes at their ends. Saturation would show.
func TestInt8Extremes(t *testing.T) {
	const in, out = 65536, 3
	for name, c := range map[string]struct {
		x      float32
		weight int8
	}{"largest": {2, 127}, "least": {-2, 127}, "least weights": {2, -127}, "zeros": {0, 127}, "zero weights": {2, 0}} {
		m := NewInt8(out, in)
		row := slices.Repeat([]int8{c.weight}, in)
		for o := range out {
			m.SetRow(o, row, 0.25)
		}
		x := slices.Repeat([]float32{c.x}, 2*in)
		want := float32(float64(c.x) * float64(c.weight) * 0.25 * in)
		for _, isa := range ISAs() {
			y := make([]float32, 2*out)
			LinearInt8(NewWorkersOn(isa, 2), y, out, x, 2, false, m)
			for _, v := range y {
				if e := math.Abs(float64(v - want)); !(e <= 1e-6*math.Abs(float64(want))) {
					t.Errorf("%s, %s: got %g, want %g", name, isa, v, want)
				}
			}
		}
	}
}

// What is not finite must not come out finite, and must not spread to other rows.
func TestInt8SurfacesNaN(t *testing.T) {
	const rows, out, in = 17, 37, 70
	m, _ := randomInt8(1, out, in)
	for _, isa := range ISAs() {
		for name, bad := range map[string]float64{"NaN": math.NaN(), "infinite": math.Inf(1),
			"minus infinite": math.Inf(-1)} {
			x := randoms(2, rows*in)
			x[5*in+69] = float32(bad)
			y := make([]float32, rows*out)
			LinearInt8(NewWorkersOn(isa, 2), y, out, x, rows, false, m)
			for i, v := range y {
				finite := !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
				if finite != (i/out != 5) {
					t.Fatalf("%s, %s: row %d has %g", isa, name, i/out, v)
				}
			}
		}
	}
}

// A row so small that the inverse of its scale overflows counts as zeros.
func TestInt8TinyRows(t *testing.T) {
	m, _ := randomInt8(1, 5, 8)
	for _, isa := range ISAs() {
		y := make([]float32, 5)
		LinearInt8(NewWorkersOn(isa, 1), y, 5, slices.Repeat([]float32{1e-40}, 8), 1, false, m)
		for _, v := range y {
			if math.Abs(float64(v)) > 1e-36 || math.IsNaN(float64(v)) {
				t.Errorf("%s: got %g", isa, v)
			}
		}
	}
}

func TestQuantizeInt8(t *testing.T) {
	for name, c := range map[string]struct {
		x     []float32
		want  []int8
		scale float32
	}{
		"the largest is 127":         {[]float32{0.5, -1, 0.25}, []int8{64, -127, 32}, 1.0 / 127},
		"ties go to the even number": {[]float32{127, 0.5, 1.5, -2.5}, []int8{127, 0, 2, -2}, 1},
		"zeros":                      {[]float32{0, 0}, []int8{0, 0}, 0},
		"almost zeros":               {[]float32{1e-40, -1e-39}, []int8{0, 0}, 0},
	} {
		got := make([]int8, len(c.x))
		if scale := QuantizeInt8(got, c.x); !slices.Equal(got, c.want) || scale != c.scale {
			t.Errorf("%s: got %v times %g, want %v times %g", name, got, scale, c.want, c.scale)
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if scale := QuantizeInt8(make([]int8, 3), []float32{1, float32(bad), 2}); scale == scale {
			t.Errorf("%g: the scale is %g, want NaN", bad, scale)
		}
	}
}

func TestInt8Rows(t *testing.T) {
	for _, in := range []int{1, 13, 16, 33} {
		m, weight := randomInt8(3, 70, in)
		for _, c := range [][2]int{{0, 32}, {32, 64}, {64, 70}, {33, 34}, {69, 70}} {
			y := make([]float32, (c[1]-c[0])*in)
			m.Rows(y, c[0], c[1])
			for i, got := range y {
				o := c[0] + i/in
				if want := float32(weight[o][i%in]) * m.scale[o]; got != want {
					t.Fatalf("row %d, element %d is %g, want %g", o, i%in, got, want)
				}
			}
		}
	}
}

func BenchmarkInt8(b *testing.B) {
	for _, s := range [][3]int{{1, 512, 512}, {1, 2048, 512}, {1, 512, 2048}, {1, 32128, 512}, {4, 2048, 512},
		{16, 2048, 512}, {16, 32128, 512}, {64, 2048, 512}, {1280, 2048, 512}, {1280, 512, 2048}} {
		rows, out, in := s[0], s[1], s[2]
		for _, isa := range ISAs() {
			if isa == Portable && rows*out*in > 1<<28 {
				continue
			}
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%dx%dx%d/%s/threads=%d", rows, out, in, isa, threads), func(b *testing.B) {
					w := NewWorkersOn(isa, threads)
					m, _ := randomInt8(1, out, in)
					x, y := randoms(2, rows*in), make([]float32, rows*out)
					for b.Loop() {
						LinearInt8(w, y, out, x, rows, false, m)
					}
					b.ReportMetric(2*float64(rows)*float64(out)*float64(in)*float64(b.N)/b.Elapsed().Seconds()/1e9,
						"GOP/s")
					b.ReportMetric(float64(out)*float64(in)*float64(b.N)/b.Elapsed().Seconds()/1e9, "weightGB/s")
				})
			}
		}
	}
}
