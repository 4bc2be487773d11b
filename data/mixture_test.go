package data

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// numbers is a source of some examples that tell which they are: the input is (id, epoch, i, EOS).
type numbers struct {
	id, len int
}

func (n numbers) Len() int { return n.len }

func (n numbers) Append(epoch int64, i int, b *Batch) {
	b.Inputs.IDs = append(b.Inputs.IDs, int32(n.id), int32(epoch), int32(i), 1)
	b.Labels.IDs = append(b.Labels.IDs, 1)
	b.End(i)
}

// mixture mixes sources of some lengths with some rates.
func mixture(t testing.TB, lengths []int, rates []float64) *Mixture {
	t.Helper()
	var tasks []Component
	for i, n := range lengths {
		tasks = append(tasks, Component{Name: fmt.Sprint("task ", i), Source: numbers{i, n}, Rate: rates[i]})
	}
	m, err := NewMixture(tasks, 5)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMixture_Turns(t *testing.T) {
	for _, c := range []struct {
		name  string
		rates []float64
		want  string
	}{
		{"the example of the documentation", []float64{3, 1}, "001000100010"},
		{"equal", []float64{1, 1, 1, 1}, "012301230123"},
		{"one", []float64{0.1}, "000000000000"},
		{"rare", []float64{1, 15}, "111111101111"},
	} {
		m := mixture(t, []int{5, 5, 5, 5}[:len(c.rates)], c.rates)
		got := ""
		for p := range int64(12) {
			task, _ := m.Locate(p)
			got += fmt.Sprint(task)
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

var mixedRates = [][]float64{
	{1}, {1, 1}, {3, 1}, {0.5, 0.25, 0.125, 0.125}, {1, 1e-6}, {1e-6, 1}, {1e-9, 1, 1e-9},
	{8551, 67349, 3668, 363849, 5749, 392702, 104743, 2490}, // GLUE
	{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71},
	slices.Repeat([]float64{math.Pi}, 40),
}

// TestMixture_Proportions follows the turns from several positions: each task's examples come one after the other, and
// of each there are as many as its rate says.
func TestMixture_Proportions(t *testing.T) {
	for _, rates := range mixedRates {
		m := mixture(t, slices.Repeat([]int{7}, len(rates)), rates)
		total := 0.0
		for _, r := range rates {
			total += r
		}
		for _, start := range []int64{0, 12_345, 1 << 30} {
			next := make([]int64, len(rates)) // -1: not seen yet
			for k := range next {
				next[k] = -1
				if start == 0 {
					next[k] = 0
				}
			}
			for p := start; p < start+3000; p++ {
				k, n := m.Locate(p)
				if next[k] >= 0 && n != next[k] {
					t.Fatalf("rates %g, position %d: example %d of task %d, want %d", rates, p, n, k, next[k])
				}
				next[k] = n + 1
				share := rates[k] / total
				limit := 0.5 + share*float64(len(rates))/2 + float64(p)/rateUnit
				for j, n := range map[int64]int64{p: n, p + 1: n + 1} {
					if off := math.Abs(float64(n) - float64(j)*share); off > limit {
						t.Fatalf("rates %g: %d of the first %d examples are of task %d, want %g up to %g", rates, n, j,
							k, float64(j)*share, limit)
					}
				}
			}
		}
	}
}

// TestMixture_FarPositions holds the invariant behind Locate where a run never comes: the turns of a position and of
// all before it are as many as there are positions.
func TestMixture_FarPositions(t *testing.T) {
	for _, rates := range mixedRates {
		m := mixture(t, slices.Repeat([]int{7}, len(rates)), rates)
		for _, p := range []int64{1 << 40, 1<<52 + 1, math.MaxInt64 / 2, math.MaxInt64 - 100} {
			seen := map[[2]int64]bool{}
			for d := range int64(100) {
				k, n := m.Locate(p + d)
				if n < 0 || seen[[2]int64{int64(k), n}] {
					t.Fatalf("rates %g, position %d: example %d of task %d comes twice or is none", rates, p+d, n, k)
				}
				seen[[2]int64{int64(k), n}] = true
			}
		}
	}
}

// TestMixture_RepeatsTasks reads some epochs of a mixture: each task goes through all its examples before it repeats
// one, in another order each time.
func TestMixture_RepeatsTasks(t *testing.T) {
	lengths := []int{11, 40, 3}
	m := mixture(t, lengths, []float64{1, 2, 1})
	if m.Len() != 54 {
		t.Errorf("%d examples in an epoch, want 54", m.Len())
	}
	read := make([][][2]int32, 3) // (epoch, number) in order of each task
	var b Batch
	for epoch := range int64(9) {
		for i := range m.Len() {
			m.Append(epoch, i, &b)
		}
	}
	for s := range b.Sequences() {
		ids := b.Inputs.At(s)
		read[ids[0]] = append(read[ids[0]], [2]int32{ids[1], ids[2]})
	}
	for k, n := range lengths {
		var orders [][]int32
		for start := 0; start+n <= len(read[k]); start += n {
			var order []int32
			for _, r := range read[k][start : start+n] {
				if int(r[0]) != start/n {
					t.Fatalf("task %d: an example of its epoch %d in place of %d", k, r[0], start/n)
				}
				order = append(order, r[1])
			}
			orders = append(orders, order)
			sorted := slices.Sorted(slices.Values(order))
			for i := range sorted {
				if int(sorted[i]) != i {
					t.Fatalf("task %d, epoch %d: example %d is missing", k, start/n, i)
				}
			}
		}
		if len(orders) < 2 || n > 3 && slices.Equal(orders[0], orders[1]) {
			t.Errorf("task %d: %d epochs, or two in one order", k, len(orders))
		}
	}
}

func TestMixture_OrdersOfTasksDiffer(t *testing.T) {
	m := mixture(t, []int{50, 50}, []float64{1, 1})
	var orders [2][]int
	var b Batch
	for i := range 100 {
		task, _ := m.Locate(int64(i))
		m.Append(0, i, &b)
		orders[task] = append(orders[task], b.Index[i])
	}
	if slices.Equal(orders[0], orders[1]) {
		t.Error("two tasks of one size have one order")
	}
}

// TestMixture_KeepsItsOrder reads a mixture of mixtures shuffled: the turns are those of the rates.
func TestMixture_KeepsItsOrder(t *testing.T) {
	inner := mixture(t, []int{40, 40}, []float64{3, 1})
	outer, err := NewMixture([]Component{{Name: "inner", Source: inner, Rate: 1},
		{Name: "other", Source: numbers{2, 80}, Rate: 1}}, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		m    *Mixture
		want string
	}{{"alone", inner, "001000100010"}, {"as a task", outer, "020212020202"}} {
		var b Batch
		batches(t, c.m, Size{Examples: 12}, Order{Shuffle: true, Seed: 3}).Read(0, &b)
		got := ""
		for s := range b.Sequences() {
			got += fmt.Sprint(b.Inputs.At(s)[0])
		}
		if got != c.want {
			t.Errorf("%s: got the turns %s, want %s", c.name, got, c.want)
		}
	}
}

// TestMixture_Batches cuts a mixture of rows and text into batches with a token budget, from any position.
func TestMixture_Batches(t *testing.T) {
	m, err := NewMixture([]Component{
		{Name: "rows", Source: lengths(t, 8, 12, 30, 9, 22), Rate: 1},
		{Name: "text", Source: corrupted(t, 30), Rate: 2},
	}, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []Size{{Examples: 4}, {Tokens: 90}, {Examples: 3, Tokens: 90}} {
		b := batches(t, m, size, Order{})
		var batch, again Batch
		count := 0
		for position := int64(0); position < 5*int64(m.Len()); {
			next := b.Read(position, &batch)
			if n := next - position; n != int64(batch.Sequences()) || n == 0 {
				t.Fatalf("%+v: a batch of %d examples moves the position by %d", size, batch.Sequences(), n)
			}
			if size.Tokens > 0 && batch.Tokens() > size.Tokens ||
				size.Examples > 0 && batch.Sequences() > size.Examples {
				t.Fatalf("%+v: a batch of %d examples and %d tokens", size, batch.Sequences(), batch.Tokens())
			}
			var fresh Batch
			b.Read(position, &fresh)
			b.Read(position, &again)
			fresh.chunk, again.chunk, batch.chunk = nil, nil, nil
			if !reflect.DeepEqual(batch, again) || !reflect.DeepEqual(batch, fresh) {
				t.Fatalf("%+v: position %d read again differs", size, position)
			}
			if b.Epoch(position) == 0 {
				count++
			}
			position = next
		}
		if b.Count(0) != count {
			t.Errorf("%+v: %d batches in the first epoch, Count says %d", size, count, b.Count(0))
		}
	}
}

func TestNewMixture_Errors(t *testing.T) {
	good := numbers{0, 5}
	for _, c := range []struct {
		name  string
		tasks []Component
		want  string
	}{
		{"no task", nil, "0 components"},
		{"rate 0", []Component{{Name: "a", Source: good, Rate: 1}, {Name: "b", Source: good, Rate: 0}}, "b has rate 0"},
		{"negative rate", []Component{{Name: "a", Source: good, Rate: -1}}, "a has rate -1"},
		{"not a number", []Component{{Name: "a", Source: good, Rate: math.NaN()}}, "a has rate NaN"},
		{"infinite", []Component{{Name: "a", Source: good, Rate: math.Inf(1)}}, "a has rate +Inf"},
		{"infinite together", []Component{{Name: "a", Source: good, Rate: math.MaxFloat64},
			{Name: "b", Source: good, Rate: math.MaxFloat64}}, "+Inf together"},
		{"too rare", []Component{{Name: "a", Source: good, Rate: 1}, {Name: "b", Source: good, Rate: 1e-12}},
			"rate 1e-12 of b"},
		{"more than all", []Component{{Name: "a", Source: good, Rate: 1, EpochShare: 1.5}},
			"a has an epoch share of 1.5"},
		{"empty", []Component{{Name: "a", Source: numbers{}, Rate: 1}}, "a has no examples"},
	} {
		if _, err := NewMixture(c.tasks, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestMixingRate(t *testing.T) {
	for name, c := range map[string]struct {
		examples          int
		most, temperature float64
		want              float64
	}{
		"examples":              {8551, 0, 0, 8551},
		"cap":                   {1_000_000, 1 << 19, 0, 1 << 19},
		"temperature":           {10_000, 0, 2, 100},
		"temperature after cap": {10_000, 400, 2, 20},
	} {
		if got, err := MixingRate(c.examples, c.most, c.temperature); err != nil || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: got %g, %v, want %g", name, got, err, c.want)
		}
	}
	for _, c := range [][2]float64{{-1, 0}, {0, -1}, {math.NaN(), 0}} {
		if _, err := MixingRate(10, c[0], c[1]); err == nil {
			t.Errorf("%v: no error", c)
		}
	}
}

func BenchmarkMixture_Locate(b *testing.B) {
	for _, tasks := range []int{1, 2, 7, 20, 100} {
		rates := make([]float64, tasks)
		for i := range rates {
			rates[i] = float64(i + 1)
		}
		m := mixture(b, slices.Repeat([]int{1000}, tasks), rates)
		b.Run(fmt.Sprint(tasks, " tasks"), func(b *testing.B) {
			for p := int64(0); b.Loop(); p += 12_345 {
				m.Locate(p)
			}
		})
	}
}

// Seven denoisers of one text make an epoch of one pass over it, not of seven.
func TestMixture_EpochShare(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts []float64
		want  int
	}{
		{"whole", []float64{0, 0}, 50},
		{"shared", []float64{0.5, 0.25}, 18}, // 10 of 20 and 7.5 of 30, rounded half to even
		{"at least one", []float64{0.001, 0.001}, 2},
	} {
		m, err := NewMixture([]Component{{Name: "a", Source: numbers{0, 20}, Rate: 1, EpochShare: c.parts[0]},
			{Name: "b", Source: numbers{1, 30}, Rate: 1, EpochShare: c.parts[1]}}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if m.Len() != c.want {
			t.Errorf("%s: got an epoch of %d, want %d", c.name, m.Len(), c.want)
		}
	}
}
