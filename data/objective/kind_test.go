package objective

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
)

// Every objective builds from its defaults, fills its own options and no others, is what its kind says, and is
// documented with the name.
func TestEveryObjective(t *testing.T) {
	tok := must(tokenizer.T5())
	_, doc, _ := strings.Cut(Source, "// How: ")
	doc, _, _ = strings.Cut(doc, "Name string")
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			s := Spec{Name: name}
			s.Resolve()
			set := reflect.ValueOf(s)
			for f := range set.Type().Fields() {
				of, limited := f.Tag.Lookup("of")
				owned := slices.Contains(strings.Fields(of), name)
				if limited && owned == set.FieldByIndex(f.Index).IsNil() {
					t.Errorf("%s: want set %t, as its tag says", f.Name, owned)
				}
			}
			if !strings.Contains(strings.ToLower(doc), name) {
				t.Errorf("the comment of name says nothing of %s", name)
			}
			kind, _ := KindOf(name)
			checkKind(t, kind, must(s.Config("concat").Denoisers(tok)), VocabularyOf(tok))

			_, err := s.Config("concat").Denoisers(tokenizer.ByT5()) // no sentinels that count downwards
			if refused := err != nil; refused != kind.Spans {
				t.Errorf("without sentinels: got error %v, needs them: %t", err, kind.Spans)
			}
		})
	}
}

// checkKind compares what a kind says of its examples with some of them.
func checkKind(t *testing.T, kind Kind, denoisers []Denoiser, v Vocabulary) {
	t.Helper()
	rate, spans, reads := 0.0, false, false
	for _, d := range denoisers {
		rate += d.Rate
		chunk := counting(d.Objective.Lengths().Tokens)
		inputs, _ := d.Objective.Append(Key{Seed: 1}, chunk, nil, nil)
		spans = spans || HasSentinel(v, inputs)
		reads = reads || slices.ContainsFunc(inputs, func(id int32) bool { return slices.Contains(chunk, id) })
	}
	if spans != kind.Spans || reads != kind.ReadsInput || rate < 1-1e-9 || rate > 1+1e-9 {
		t.Errorf("got spans %t, text in inputs %t and rates of %g in all, want %t, %t and 1", spans, reads, rate,
			kind.Spans, kind.ReadsInput)
	}
}

// Every name in a tag is that of an objective.
func TestOwnersOfKeysAreObjectives(t *testing.T) {
	for f := range reflect.TypeFor[Spec]().Fields() {
		for _, name := range strings.Fields(f.Tag.Get("of")) {
			if !slices.Contains(Names(), name) {
				t.Errorf("%s is of %s, which is no objective", f.Name, name)
			}
		}
	}
}

func TestUnknownObjective(t *testing.T) {
	_, err := Config{Name: "bert"}.Denoisers(tokenizer.ByT5())
	want := `objective "bert" does not exist: want span_corruption, iid, prefix_lm, lm or ul2`
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestConfig_String(t *testing.T) {
	c := Config{Name: NameSpanCorruption, InputLength: 32, Density: 0.15, MeanSpanLength: 3, FinalSentinel: true,
		ModeTokens: true, SequentialRate: 0.5, Split: "concat"}
	const want = "span_corruption of 32 tokens, documents by concat, density 0.15, mean span length 3, " +
		"final sentinel, mode tokens, sequential rate 0.5"
	if got := c.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := (Config{Name: NameLM, InputLength: 8,
		Split: "crop"}).String(); got != "lm of 8 tokens, documents by crop" {
		t.Errorf("settings of others are there: %s", got)
	}
}
