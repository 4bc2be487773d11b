package generate

import (
	"reflect"
	"slices"
	"testing"
)

// Watch is told of the tokens of the outputs, in their order, and of no others.
func TestWatch(t *testing.T) {
	g := newToyGenerator(t, 2)
	for name, o := range ways() {
		want := generate(t, g, toyInputs, o)
		seen := make([][]Output, len(toyInputs))
		for i := range seen {
			seen[i] = make([]Output, max(1, o.NumReturnSequences))
		}
		o.Watch = func(s Step) bool {
			out := &seen[s.Input][s.Number]
			if out.LogProb += s.LogProb; !s.EOS && s.Token >= 0 {
				out.IDs = append(out.IDs, s.Token)
			}
			out.Finished = s.EOS
			if last := s.EOS || len(out.IDs) == o.MaxTokens; s.Last != last {
				t.Errorf("%s: token %d of %+v is the last: %t", name, s.Token, out, s.Last)
			}
			return false
		}
		if got := generate(t, g, toyInputs, o); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: watched %v, want %v", name, got, want)
		}
		for i, outputs := range want {
			for _, out := range outputs {
				told := slices.ContainsFunc(seen[i], func(s Output) bool {
					return slices.Equal(s.IDs, out.IDs) && s.Finished == out.Finished && s.LogProb == out.LogProb
				})
				if told != (o.Beams <= 1) {
					t.Errorf("%s, input %d: %v was told: %t, of %v", name, i, out, told, seen[i])
				}
			}
		}
	}
}

// A sequence that Watch ends has the tokens so far, and the others go on.
func TestWatchEnds(t *testing.T) {
	g := newToyGenerator(t, 1)
	o := Options{MaxTokens: 8, EOS: []int32{}}
	want := generate(t, g, toyInputs, o)
	o.Watch = func(s Step) bool { return s.Input == 1 }
	for i, outputs := range generate(t, g, toyInputs, o) {
		ids := want[i][0].IDs
		if i == 1 {
			ids = ids[:1]
		}
		if out := outputs[0]; !slices.Equal(out.IDs, ids) || out.Finished {
			t.Errorf("input %d: %+v, want the tokens %v", i, out, ids)
		}
	}
}

func TestWatchWhereNoTokenIsLeft(t *testing.T) {
	g := newToyGenerator(t, 1)
	var steps []Step
	o := Options{MaxTokens: 8, Watch: func(s Step) bool {
		steps = append(steps, s)
		return false
	}}
	for id := range g.model.Config.VocabSize {
		o.Suppress = append(o.Suppress, int32(id))
	}
	generate(t, g, toyInputs[:1], o)
	if want := []Step{{Token: -1, Last: true}}; !reflect.DeepEqual(steps, want) {
		t.Errorf("told %+v, want %+v", steps, want)
	}
}
