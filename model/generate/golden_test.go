package generate

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints/safetensors"
	"t5train/internal/golden"
	"t5train/model/kernel"
)

// recordedOptions are options by the names of transformers.
type recordedOptions map[string]json.RawMessage

// options returns what a recorded case asks of a model with an EOS. An option that is not known fails the test.
func (r recordedOptions) options(t *testing.T, eos int32) Options {
	t.Helper()
	o := Options{MaxTokens: 19} // transformers' max_length of 20 has the start token
	var s Sampling
	read := func(name string, v any) {
		if err := json.Unmarshal(r[name], v); err != nil {
			t.Fatalf("option %s: %v", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r)) { // max_length before max_new_tokens, which has the last word
		switch name {
		case "do_sample":
			var sample bool
			if read(name, &sample); sample {
				t.Fatal("option do_sample: its random numbers are not those of torch")
			}
		case "max_new_tokens":
			read(name, &o.MaxTokens)
		case "max_length":
			read(name, &o.MaxTokens)
			o.MaxTokens--
		case "min_new_tokens":
			read(name, &o.MinTokens)
		case "min_length":
			read(name, &o.MinTokens)
			o.MinTokens--
			o.MaxTokens = max(o.MaxTokens, o.MinTokens)
		case "num_beams":
			read(name, &o.Beams)
		case "num_return_sequences":
			read(name, &o.NumReturnSequences)
		case "length_penalty":
			read(name, &o.LengthPenalty)
		case "early_stopping":
			o.EarlyStopping = map[string]EarlyStopping{`true`: Early, `false`: Heuristic,
				`"never"`: Never}[string(r[name])]
		case "no_repeat_ngram_size":
			read(name, &o.NoRepeatNgram)
		case "encoder_no_repeat_ngram_size":
			read(name, &o.EncoderNoRepeatNgram)
		case "repetition_penalty":
			read(name, &o.RepetitionPenalty)
		case "bad_words_ids":
			read(name, &o.BadWords)
		case "suppress_tokens":
			read(name, &o.Suppress)
		case "forced_bos_token_id":
			o.Prefix = make([]int32, 1)
			read(name, &o.Prefix[0])
		case "forced_eos_token_id":
			var id int32
			if read(name, &id); id != eos {
				t.Fatalf("option %s: is %d, not the model's EOS", name, id)
			}
			o.ForcedEOS = true
		case "eos_token_id":
			if json.Unmarshal(r[name], &o.EOS) != nil { // one
				o.EOS = make([]int32, 1)
				read(name, &o.EOS[0])
			}
		case "temperature":
			read(name, &s.Temperature)
		case "top_k":
			read(name, &s.TopK)
		case "top_p":
			read(name, &s.TopP)
		case "min_p":
			read(name, &s.MinP)
		case "typical_p":
			read(name, &s.TypicalP)
		case "epsilon_cutoff":
			read(name, &s.Epsilon)
		case "eta_cutoff":
			read(name, &s.Eta)
		default:
			t.Fatalf("option %s is not known", name)
		}
	}
	if !reflect.ValueOf(s).IsZero() {
		if s.Temperature == 0 {
			s.Temperature = 1
		}
		o.Sampling = &s
	}
	return o
}

func TestGoldenGenerate(t *testing.T) {
	ran := 0
	for _, dir := range golden.Cases(t, "generate") {
		var file struct {
			Kind  string `json:"kind"`
			Cases []struct {
				Name      string          `json:"name"`
				Options   recordedOptions `json:"options"`
				Sequences [][]int32       `json:"sequences"`
				Scores    []float64       `json:"sequences_scores_f64"` // of a beam search
				LogProbs  [][]float64     `json:"token_log_probs_f64"`  // else
			} `json:"cases"`
		}
		golden.Read(t, dir, &file)
		if file.Kind != "generation" {
			continue
		}
		m := loadCase(t, dir)
		g, eos, pad := New(m, kernel.NewWorkers(2)), int32(m.Config.EOSTokenID), int32(m.Config.PadTokenID)
		inputs := inputsOf(t, dir)
		var longest int
		for _, in := range inputs {
			longest = max(longest, len(in))
		}
		for _, c := range file.Cases {
			ran++
			t.Run(filepath.Base(dir)+"/"+c.Name, func(t *testing.T) {
				o := c.Options.options(t, eos)
				all, err := g.Generate(context.Background(), inputs, o)
				if err != nil {
					t.Fatal(err)
				}
				outputs := slices.Concat(all...)
				if len(outputs) != len(c.Sequences) {
					t.Fatalf("%d sequences, want %d", len(outputs), len(c.Sequences))
				}
				for i, out := range outputs {
					want := c.Sequences[i][1:] // behind the start token
					n := len(out.IDs)
					if out.Finished {
						n++
					}
					same := len(want) >= n && slices.Equal(out.IDs, want[:len(out.IDs)])
					for j := len(out.IDs); same && j < len(want); j++ { // EOS and padding
						same = want[j] == eos || want[j] == pad || j < n && slices.Contains(o.EOS, want[j])
					}
					if !same {
						t.Errorf("sequence %d: got %v (finished: %v), want %v", i, out.IDs, out.Finished, want)
						continue
					}
					var score float64
					if c.Scores != nil {
						score = c.Scores[i]
					} else if c.LogProbs == nil {
						continue
					} else {
						for _, p := range c.LogProbs[i][:n] {
							score += p / float64(n)
						}
					}
					// transformers bans sequences with the input's padding too, which changes what the others are
					// worth.
					padded := o.EncoderNoRepeatNgram > 0 && len(inputs[i/max(1, o.NumReturnSequences)]) < longest
					if !padded && math.Abs(out.Score-score) > 1e-4 {
						t.Errorf("sequence %d: score %.6f, want %.6f", i, out.Score, score)
					}
				}
			})
		}
	}
	if ran == 0 {
		t.Skip("golden: no case of kind generation")
	}
}

func TestGoldenFilters(t *testing.T) {
	ran := 0
	for _, dir := range golden.Cases(t, "generate") {
		var file struct {
			Kind  string `json:"kind"`
			Cases []struct {
				Name    string          `json:"name"`
				Options recordedOptions `json:"options"`
			} `json:"cases"`
		}
		golden.Read(t, dir, &file)
		if file.Kind != "logits_processors" {
			continue
		}
		tensors, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		defer tensors.Close()
		logits, history, encoder := matrix[float32](t, tensors, "logits"), matrix[int32](t, tensors,
			"history"), matrix[int32](t, tensors, "encoder_ids")
		for _, c := range file.Cases {
			ran++
			t.Run(filepath.Base(dir)+"/"+c.Name, func(t *testing.T) {
				o := c.Options.options(t, 1)
				if o.EOS == nil {
					o.EOS = []int32{1}
				}
				if err := o.Validate(len(logits[0])); err != nil {
					t.Fatal(err)
				}
				wantOut, wantProb := matrix[float32](t, tensors, "out."+c.Name), matrix[float32](t, tensors,
					"prob."+c.Name)
				for row := range logits {
					out, prob := filtered(&o, slices.Clone(logits[row]), history[row], encoder[row])
					alike(t, row, "out", out, wantOut[row], logits[row])
					alike(t, row, "prob", prob, wantProb[row], logits[row])
				}
			})
		}
	}
	if ran == 0 {
		t.Skip("golden: no case of kind logits_processors")
	}
}

// filtered returns what the options make of logits, and the probabilities.
func filtered(o *Options, logits []float32, tokens, input []int32) (out, prob []float32) {
	for _, p := range o.processors() {
		p(logits, tokens, input)
	}
	s := o.Sampling
	if s == nil {
		s = &Sampling{Temperature: 1}
	}
	out, prob = make([]float32, len(logits)), make([]float32, len(logits))
	fill(out, never)
	var d distribution
	s.filter(kernel.NewWorkers(1), &d, logits)
	for _, id := range d.kept {
		out[id], prob[id] = d.logits[id], float32(float64(d.weight[id])/d.total)
	}
	return out, prob
}

// alike compares a row up to which of several tokens with the same logit a filter keeps: torch's sort does not say.
func alike(t *testing.T, row int, name string, got, want, logits []float32) {
	t.Helper()
	byLogit := func(values []float32) map[float32][]float32 {
		groups := map[float32][]float32{}
		for i, v := range values {
			groups[logits[i]] = append(groups[logits[i]], v)
		}
		for _, g := range groups {
			slices.Sort(g)
		}
		return groups
	}
	wanted := byLogit(want)
	for logit, values := range byLogit(got) {
		for i, v := range values {
			if w := wanted[logit][i]; v != w && !(math.Abs(float64(v-w)) <= 1e-5*max(1, math.Abs(float64(w)))) {
				t.Errorf("row %d, tokens with logit %v: %s %v, want %v", row, logit, name, values, wanted[logit])
				break
			}
		}
	}
}

// matrix reads a tensor of two dimensions.
func matrix[T int32 | float32](t *testing.T, file *safetensors.File, name string) [][]T {
	t.Helper()
	x, ok := file.Tensor(name)
	if !ok {
		t.Fatalf("golden: no tensor %s", name)
	}
	var values []T
	if strings.HasPrefix(string(x.DType), "I") {
		ints, err := x.Int64s()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range ints {
			values = append(values, T(v))
		}
	} else {
		floats, err := x.Float32()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range floats {
			values = append(values, T(v))
		}
	}
	return slices.Collect(slices.Chunk(values, x.Shape[1]))
}
