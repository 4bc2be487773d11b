package objective

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"t5train/internal/golden"
)

// TestGoldenSpan holds span corruption to every file of the group, by its kind.
func TestGoldenSpan(t *testing.T) {
	group := filepath.Join(golden.Root(t), "span")
	if _, err := os.Stat(group); err != nil {
		t.Skip(`golden: this root has no group "span"`)
	}
	files, err := filepath.Glob(filepath.Join(group, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("golden: group span holds no case: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var is struct{ Kind string }
			decode(t, raw, &is)
			switch is.Kind {
			case "span_corruption":
				goldenCorruption(t, raw)
			case "span_lengths":
				goldenLengths(t, raw)
			case "span_mask_statistics":
				goldenMasks(t, raw)
			default:
				t.Fatalf("unknown kind %q", is.Kind)
			}
		})
	}
}

func decode(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

func goldenCorruption(t *testing.T, raw []byte) {
	var file struct {
		Cases []struct {
			Name          string
			Tokens        []int32
			NoiseMask     []int `json:"noise_mask"`
			FirstSentinel int32 `json:"first_sentinel"`
			EOS           *int32
			Inputs        []int32
			Targets       []int32
			TooMany       bool `json:"needs_more_than_100_sentinels"`
		}
	}
	decode(t, raw, &file)
	if len(file.Cases) == 0 {
		t.Fatal("no case")
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			w := corruption{first: c.FirstSentinel, rest: c.Tokens}
			for start := 0; start < len(c.Tokens); {
				end := start
				for end < len(c.Tokens) && c.NoiseMask[end] == c.NoiseMask[start] {
					end++
				}
				if c.NoiseMask[start] == 1 {
					w.addNoise(end - start)
				} else {
					w.addNonNoise(end - start)
				}
				start = end
			}
			if c.EOS != nil {
				w.inputs, w.targets = append(w.inputs, *c.EOS), append(w.targets, *c.EOS)
			}
			if !slices.Equal(w.inputs, c.Inputs) {
				t.Errorf("inputs: got %v, want %v", w.inputs, c.Inputs)
			}
			if !slices.Equal(w.targets, c.Targets) {
				t.Errorf("targets: got %v, want %v", w.targets, c.Targets)
			}
			if got := max(w.noiseSpans, w.nonNoiseSpans) > 100; got != c.TooMany {
				t.Errorf("needs more than 100 sentinels: got %t, want %t", got, c.TooMany)
			}
		})
	}
}

func goldenLengths(t *testing.T, raw []byte) {
	var file struct{ Rows [][6]float64 }
	decode(t, raw, &file)
	if len(file.Rows) == 0 {
		t.Fatal("no row")
	}
	for _, r := range file.Rows {
		input, density, mean := int(r[0]), r[1], r[2]
		t.Run(fmt.Sprintf("%d/%g/%g", input, density, mean), func(t *testing.T) {
			tokens, targets := SpanLengths(input, density, mean)
			inputsOf := func(tokens int) int {
				noise := round(float64(tokens) * density)
				return tokens - noise + round(float64(noise)/mean) + 1
			}
			inputs := inputsOf(tokens)
			if longer := inputsOf(tokens + 1); longer <= input { // recorded before a chunk at density 0.5 loses a token
				inputs = longer
			}
			if got, want := [3]int{tokens, targets, inputs}, [3]int{int(r[3]), int(r[4]), int(r[5])}; got != want {
				t.Errorf("tokens, targets, inputs: got %d, want %d", got, want)
			}
		})
	}
}

// goldenMasks makes as many masks of each row as were recorded. The counts must be those of the row in every mask, the
// means those of the row, as far as chance allows.
func goldenMasks(t *testing.T, raw []byte) {
	var file struct {
		Different [][2]float64 `json:"length_density_where_float32_product_rounds_differently_from_float64"`
		Rows      []struct {
			Length    int
			Density   float64
			Mean      float64
			Noise     int  `json:"noise_tokens"`
			Spans     int  `json:"noise_spans"`
			FirstLost bool `json:"first_is_noise"`
			LastLost  bool `json:"last_is_noise"`
			Samples   int
			Second    *float64 `json:"p_second_token_noise"`
			Middle    *float64 `json:"p_middle_token_noise"`
			FirstRun  float64  `json:"expected_first_non_noise_run"`
		}
	}
	decode(t, raw, &file)
	if len(file.Rows) == 0 {
		t.Fatal("no row")
	}
	for _, r := range file.Different {
		if round(r[0]*r[1]) == round(float64(float32(r[0])*float32(r[1]))) {
			t.Errorf("%g x %g rounds as in float32", r[0], r[1])
		}
	}
	for _, r := range file.Rows {
		t.Run(fmt.Sprintf("%d/%g/%g", r.Length, r.Density, r.Mean), func(t *testing.T) {
			s := corruptionOf(t, r.Length, r.Density, r.Mean)
			second, middle, run, squares := 0, 0, 0.0, 0.0
			for i := range r.Samples {
				mask := maskOf(s, Key{Seed: 11, Index: int64(i)}, r.Length)
				noise, spans := 0, 0
				for j, masked := range mask {
					if masked {
						noise++
						if j == 0 || !mask[j-1] {
							spans++
						}
					}
				}
				if noise != r.Noise || spans != r.Spans || mask[0] != r.FirstLost || mask[r.Length-1] != r.LastLost {
					t.Fatalf("mask %d: %d tokens of noise in %d spans, want %d in %d; %v", i, noise, spans, r.Noise,
						r.Spans, mask)
				}
				if r.Length > 1 && mask[1] {
					second++
				}
				if mask[r.Length/2] {
					middle++
				}
				first := float64(max(slices.Index(mask, true), 0))
				run, squares = run+first, squares+first*first
			}
			n := float64(r.Samples)
			near := func(what string, got int, want *float64) {
				if want == nil {
					return
				}
				// Both are samples; six standard deviations of their difference, and one count for a rare thing.
				p := float64(got) / n
				if limit := 6*math.Sqrt((p*(1-p)+*want*(1-*want))/n) + 1/n; math.Abs(p-*want) > limit {
					t.Errorf("%s is noise in %g of the masks, want %g up to %g", what, p, *want, limit)
				}
			}
			near("the second token", second, r.Second)
			near("the middle token", middle, r.Middle)
			mean := run / n
			limit := 6 * math.Sqrt((squares/n-mean*mean)/n)
			if r.Noise > 0 && math.Abs(mean-r.FirstRun) > limit+1e-9 {
				t.Errorf("first run that stays: mean of %g tokens, want %g up to %g", mean, r.FirstRun, limit)
			}
		})
	}
}

// corruptionOf returns the objective for chunks of up to a number of tokens, from counting. The longest chunk is a
// longer one, so these are short, as at the end of a text.
func corruptionOf(t *testing.T, length int, density, mean float64) *SpanCorruption {
	t.Helper()
	// a span takes two tokens of a chunk at least, and leaves two
	o := SpanOptions{Input: 2*length + 10, Density: density, Mean: mean}
	sentinels := o.sentinels()
	v := Vocabulary{EOS: 1, FirstSentinel: int32(textID + length + sentinels), Sentinels: sentinels}
	s, err := NewSpanCorruption(o, v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// maskOf returns which tokens of a chunk an objective takes out.
func maskOf(o Objective, key Key, length int) []bool {
	inputs, _ := o.Append(key, counting(length), nil, nil)
	mask := make([]bool, length)
	for i := range mask {
		mask[i] = true
	}
	for _, id := range inputs {
		if i := int(id) - textID; i >= 0 && i < length {
			mask[i] = false
		}
	}
	return mask
}

// textID is the first id of counting: no EOS and no sentinel.
const textID = 100

// counting returns a chunk of different tokens.
func counting(length int) []int32 {
	chunk := make([]int32, length)
	for i := range chunk {
		chunk[i] = textID + int32(i)
	}
	return chunk
}
