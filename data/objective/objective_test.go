package objective

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var t5 = Vocabulary{EOS: 1, FirstSentinel: 32099, Sentinels: 100}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// objectives are one of each kind, for short inputs.
func objectives(t testing.TB, input int) map[string]Objective {
	t.Helper()
	prefix := []int32{50, 51}
	all := map[string]Objective{
		"spans": must(NewSpanCorruption(SpanOptions{Input: input, Density: 0.15, Mean: 3}, t5)),
		"spans, final, prefix": must(NewSpanCorruption(SpanOptions{Input: input, Density: 0.3, Mean: 2,
			FinalSentinel: true, Prefix: prefix}, t5)),
		"dense spans": must(NewSpanCorruption(SpanOptions{Input: input, Density: 0.9, Mean: 1},
			Vocabulary{EOS: 1, FirstSentinel: 32099, Sentinels: 10_000})),
		"iid": must(NewIID(IIDOptions{Input: input, Density: 0.15, Prefix: prefix}, t5)),
		"iid, few sentinels": must(NewIID(IIDOptions{Input: input, Density: 0.15},
			Vocabulary{EOS: 1, FirstSentinel: 32099, Sentinels: input})),
		"prefix lm": must(NewPrefixLM(PrefixLMOptions{Input: input, Density: 0.25, Prefix: prefix}, t5)),
		"lm":        must(NewLM(input, t5)),
	}
	for _, d := range must(UL2(UL2Options{Input: input, Sequential: 0.2, Regular: prefix,
		SequenceToSequence: prefix[:1]}, t5)) {
		all["ul2 "+d.Name] = d.Objective
	}
	return all
}

// merge puts the tokens of an example where they were: what stands on one side stands for a sentinel on the other.
// Without sentinels the targets follow the inputs. It returns nil for sides that do not belong together.
func merge(inputs, targets []int32) []int32 {
	var text []int32
	next := [2]int32{t5.FirstSentinel, t5.FirstSentinel}
	sides := [2][]int32{inputs, targets}
	isSentinel := func(id int32) bool { return id > 20_000 }
	takeSentinel := func(side int) bool {
		if len(sides[side]) == 0 || sides[side][0] != next[side] {
			return false
		}
		next[side]--
		sides[side] = sides[side][1:]
		return true
	}
	takeRun := func(side int) {
		for len(sides[side]) > 0 && !isSentinel(sides[side][0]) {
			text = append(text, sides[side][0])
			sides[side] = sides[side][1:]
		}
	}
	if !slices.ContainsFunc(append(slices.Clone(inputs), targets...), isSentinel) {
		return append(slices.Clone(inputs), targets...)
	}
	for len(sides[0])+len(sides[1]) > 0 {
		switch {
		case takeSentinel(0):
			takeRun(1)
		case takeSentinel(1):
			takeRun(0)
		default:
			return nil
		}
	}
	return text
}

// checkExample makes an example and tells what is wrong with it.
func checkExample(t *testing.T, name string, o Objective, key Key, chunk []int32) {
	t.Helper()
	before := []int32{7}
	inputs, targets := o.Append(key, chunk, before, before)
	again, _ := o.Append(key, chunk, nil, nil)
	if inputs[0] != 7 || targets[0] != 7 || !slices.Equal(inputs[1:], again) {
		t.Fatalf("%s: does not append, or not the same twice", name)
	}
	inputs, targets = inputs[1:], targets[1:]
	most := o.Lengths()
	if len(inputs) > most.Inputs || len(targets) > most.Targets {
		t.Fatalf("%s: %d inputs and %d targets of %d tokens, want at most %+v", name, len(inputs), len(targets),
			len(chunk), most)
	}
	if inputs[len(inputs)-1] != 1 || targets[len(targets)-1] != 1 {
		t.Fatalf("%s: no EOS at the end of %v, %v", name, inputs, targets)
	}
	inputs, targets = inputs[:len(inputs)-1], targets[:len(targets)-1]
	for len(inputs) > 0 && (inputs[0] == 50 || inputs[0] == 51) { // prefix
		inputs = inputs[1:]
	}
	if s, ok := o.(*SpanCorruption); ok && s.options.FinalSentinel {
		targets = targets[:len(targets)-1]
	}
	if got := merge(inputs, targets); !slices.Equal(got, chunk) {
		t.Fatalf("%s: %v and %v make %v, want %v", name, inputs, targets, got, chunk)
	}
}

func TestAppend_LosesNoToken(t *testing.T) {
	for _, input := range []int{5, 6, 7, 8, 9, 16, 31, 64} {
		for name, o := range objectives(t, input) {
			for length := range o.Lengths().Tokens + 1 {
				for i := range int64(20) {
					checkExample(t, name, o, Key{Seed: 3, Epoch: i % 3, Index: i}, counting(length))
				}
			}
		}
	}
}

func FuzzAppend(f *testing.F) {
	f.Add(uint64(1), int64(0), int64(0), 64, 60)
	f.Add(uint64(1<<63), int64(1), int64(1<<62), 5, 2)
	f.Add(uint64(0), int64(-1), int64(7), 128, 1)
	f.Add(uint64(9), int64(2), int64(1), 33, 0)
	f.Fuzz(func(t *testing.T, seed uint64, epoch, index int64, input, length int) {
		if input < 5 || input > 200 || length < 0 {
			t.Skip()
		}
		for name, o := range objectives(t, input) {
			checkExample(t, name, o, Key{seed, epoch, index}, counting(length%(o.Lengths().Tokens+1)))
		}
	})
}

func TestAppend_FillsItsLengths(t *testing.T) {
	for name, o := range objectives(t, 64) {
		most, found := o.Lengths(), Lengths{}
		for i := range int64(2000) {
			inputs, targets := o.Append(Key{Seed: 5, Index: i}, counting(most.Tokens), nil, nil)
			found.Inputs, found.Targets = max(found.Inputs, len(inputs)), max(found.Targets, len(targets))
		}
		if _, ok := o.(*IID); ok { // whose extremes are rare
			continue
		}
		if found.Inputs != most.Inputs || found.Targets != most.Targets {
			t.Errorf("%s: examples of up to %+v, want %+v", name, found, most)
		}
	}
}

func TestAppend_DiffersBetweenKeys(t *testing.T) {
	for name, o := range objectives(t, 256) {
		if name == "lm" || strings.Contains(name, "mean 64") {
			continue // there is one way to divide noise into one span
		}
		seen := map[string]bool{}
		keys := 0
		for seed := range uint64(3) {
			for epoch := range int64(3) {
				for index := range int64(3) {
					inputs, _ := o.Append(Key{seed, epoch, index}, counting(o.Lengths().Tokens), nil, nil)
					var b strings.Builder
					for _, id := range inputs {
						b.WriteRune(id)
					}
					seen[b.String()] = true
					keys++
				}
			}
		}
		if len(seen) < keys/2 { // a split of a prefix may come twice
			t.Errorf("%s: %d keys make %d examples", name, keys, len(seen))
		}
	}
}

// TestAppend_Pinned keeps the examples of old runs: a run that resumes must resume with them.
func TestAppend_Pinned(t *testing.T) {
	key := Key{Seed: 1, Epoch: 2, Index: 3}
	for _, c := range []struct {
		name    string
		o       Objective
		inputs  []int32
		targets []int32
	}{
		{"spans", must(NewSpanCorruption(SpanOptions{Input: 16, Density: 0.3, Mean: 2}, t5)),
			[]int32{100, 101, 102, 103, 104, 32099, 107, 108, 109, 32098, 1}, []int32{32099, 105, 106, 32098, 110, 111,
				1}},
		{"iid", must(NewIID(IIDOptions{Input: 16, Density: 0.3}, t5)),
			[]int32{100, 101, 102, 103, 32099, 105, 106, 107, 108, 109, 110, 32098, 1}, []int32{32099, 104, 32098, 111,
				1}},
		{"prefix lm", must(NewPrefixLM(PrefixLMOptions{Input: 16, Density: 0.5}, t5)),
			[]int32{100, 101, 102, 103, 104, 105, 1}, []int32{106, 107, 108, 109, 110, 111, 1}},
	} {
		inputs, targets := c.o.Append(key, counting(12), nil, nil)
		if !slices.Equal(inputs, c.inputs) || !slices.Equal(targets, c.targets) {
			t.Errorf("%s: got %v and %v, want %v and %v", c.name, inputs, targets, c.inputs, c.targets)
		}
	}
}

func TestAppend_DoesNotAllocate(t *testing.T) {
	for name, o := range objectives(t, 64) {
		chunk := counting(o.Lengths().Tokens)
		inputs, targets := make([]int32, 0, o.Lengths().Inputs), make([]int32, 0, o.Lengths().Targets)
		if n := testing.AllocsPerRun(100, func() { o.Append(Key{1, 2, 3}, chunk, inputs, targets) }); n != 0 {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}

func TestAppend_RefusesLongChunks(t *testing.T) {
	for name, o := range objectives(t, 64) {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: takes a chunk that is too long", name)
				}
			}()
			o.Append(Key{}, counting(o.Lengths().Tokens+1), nil, nil)
		}()
	}
}

// TestPaper_SpanLengths568 is T5's setting: 512 input tokens.
func TestPaper_SpanLengths568(t *testing.T) {
	o := must(NewSpanCorruption(SpanOptions{Input: 512, Density: 0.15, Mean: 3}, t5))
	if got, want := o.Lengths(), (Lengths{Tokens: 568, Inputs: 512, Targets: 114}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	o = must(NewSpanCorruption(SpanOptions{Input: 512, Density: 0.15, Mean: 3, FinalSentinel: true,
		Prefix: []int32{1, 2}}, t5))
	tokens, targets := SpanLengths(510, 0.15, 3)
	if got, want := o.Lengths(), (Lengths{Tokens: tokens, Inputs: 512, Targets: targets + 1}); got != want {
		t.Errorf("with prefix and final sentinel: got %+v, want %+v", got, want)
	}
}

func TestNew_Errors(t *testing.T) {
	spans := func(o SpanOptions) error { _, err := NewSpanCorruption(o, t5); return err }
	iid := func(o IIDOptions) error { _, err := NewIID(o, t5); return err }
	prefix := func(o PrefixLMOptions) error { _, err := NewPrefixLM(o, t5); return err }
	lm := func(target int) error { _, err := NewLM(target, t5); return err }
	ul2 := func(o UL2Options, v Vocabulary) error { _, err := UL2(o, v); return err }
	bad := Vocabulary{EOS: 1, FirstSentinel: 98, Sentinels: 100}
	_, badSpans := NewSpanCorruption(SpanOptions{Input: 64, Density: 0.15, Mean: 3}, bad)
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"more spans than sentinels", spans(SpanOptions{Input: 512, Density: 0.5, Mean: 3}),
			"766 x density 0.5 = 383 tokens of noise; 383 / mean length 3 = 128 spans, but the vocabulary has 100 " +
				"sentinels: want at most 403 input tokens"},
		{"no room for the final sentinel", spans(SpanOptions{Input: 402, Density: 0.5, Mean: 3, FinalSentinel: true}),
			"100 spans and a final sentinel"},
		{"density 0", spans(SpanOptions{Input: 512, Mean: 3}), "density 0"},
		{"density 1", spans(SpanOptions{Input: 512, Density: 1, Mean: 3}), "density 1"},
		{"density NaN", spans(SpanOptions{Input: 512, Density: math.NaN(), Mean: 3}), "density NaN"},
		{"mean below 1", spans(SpanOptions{Input: 512, Density: 0.15, Mean: 0.5}), "mean span length 0.5"},
		{"no room", spans(SpanOptions{Input: 4, Density: 0.15, Mean: 3, Prefix: []int32{5, 6}}),
			"4 input tokens, want at least 5"},
		{"sentinels below id 0", badSpans, "100 sentinels from id 98 downwards"},
		{"iid with too many spans", iid(IIDOptions{Input: 512, Density: 0.5}),
			"511 tokens x density 0.5 x 0.5 = 127.8 spans on average and up to 146"},
		{"iid density", iid(IIDOptions{Input: 64, Density: 1}), "density 1"},
		{"iid no room", iid(IIDOptions{Input: 1, Density: 0.15}), "1 input tokens, want at least 2"},
		{"prefix lm density", prefix(PrefixLMOptions{Input: 64, Density: 0.6}), "density 0.6"},
		{"prefix lm no room", prefix(PrefixLMOptions{Input: 2, Density: 0.5, Prefix: []int32{5}}),
			"2 input tokens, want at least 3"},
		{"lm no room", lm(1), "1 target tokens, want at least 2"},
		{"ul2 rate", ul2(UL2Options{Input: 64, Sequential: 1}, t5), "rate of prefix language modelling 1"},
		{"ul2 no room", ul2(UL2Options{Input: 1, Sequential: 0.2}, t5), "1 input tokens"},
		{"ul2 without sentinels", ul2(UL2Options{Input: 64, Sequential: 0.2}, Vocabulary{EOS: 1}),
			"the vocabulary has 0 sentinels"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, c.err, c.want)
		}
	}
}

func TestUL2(t *testing.T) {
	denoisers := must(UL2(UL2Options{Input: 512, Sequential: 0.4, Extreme: []int32{8, 9}}, t5))
	want := []struct {
		name    string
		lengths Lengths
	}{
		{"S", Lengths{512, 512, 257}},
		{"R mean 3 density 0.15", Lengths{568, 512, 114}},
		{"R mean 8 density 0.15", Lengths{588, 512, 100}},
		{"X mean 3 density 0.5", Lengths{}}, // see below
		{"X mean 8 density 0.5", Lengths{}},
		{"X mean 64 density 0.15", Lengths{}},
		{"X mean 64 density 0.5", Lengths{}},
	}
	total := 0.0
	for i, d := range denoisers {
		total += d.Rate
		if d.Name != want[i].name || want[i].lengths.Tokens > 0 && d.Objective.Lengths() != want[i].lengths {
			t.Errorf("denoiser %d: got %s, %+v, want %+v", i, d.Name, d.Objective.Lengths(), want[i])
		}
		if d.Name[0] == 'X' {
			if inputs, _ := d.Objective.Append(Key{}, counting(40), nil, nil); !reflect.DeepEqual(inputs[:2],
				[]int32{8, 9}) {
				t.Errorf("%s: inputs begin with %v", d.Name, inputs[:2])
			}
		}
	}
	if math.Abs(total-1) > 1e-12 {
		t.Errorf("the rates add up to %g", total)
	}
	if got := denoisers[3].Objective.Lengths(); got.Tokens != 600 && got.Tokens != 602 {
		t.Errorf("128 spans do not fit: got %+v, want shorter inputs", got)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, name := range []string{"spans", "iid", "prefix lm"} {
		o := map[string]Objective{
			"spans":     must(NewSpanCorruption(SpanOptions{Input: 512, Density: 0.15, Mean: 3}, t5)),
			"iid":       must(NewIID(IIDOptions{Input: 512, Density: 0.15}, t5)),
			"prefix lm": must(NewPrefixLM(PrefixLMOptions{Input: 512, Density: 0.25}, t5)),
		}[name]
		b.Run(name, func(b *testing.B) {
			chunk := counting(o.Lengths().Tokens)
			var inputs, targets []int32
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				inputs, targets = o.Append(Key{1, 0, int64(i)}, chunk, inputs[:0], targets[:0])
			}
			b.ReportMetric(float64(b.N)*float64(len(chunk))/b.Elapsed().Seconds()/1e6, "Mtokens/s")
		})
	}
}
