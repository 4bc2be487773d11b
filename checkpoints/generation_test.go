package checkpoints

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"t5train/internal/golden"
	"t5train/internal/testdir"
	"t5train/model/generate"
)

func TestParseGeneration(t *testing.T) {
	two, half := 2.0, 0.5
	for name, c := range map[string]struct {
		file string
		want generate.Options
		said string
	}{
		"what t5train writes": {`{"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}`,
			generate.Options{EOS: []int32{1}, Start: new(int32)}, ""},
		"what transformers writes": {
			`{"_from_model_config": true, "decoder_start_token_id": 0, "eos_token_id": [1], "pad_token_id": 0, "transformers_version": "5.0.0", "top_p": null}`,
			generate.Options{EOS: []int32{1}, Start: new(int32)}, "",
		},
		"other tokens": {
			`{"bos_token_id": 7, "eos_token_id": [1, 5], "forced_bos_token_id": 9}`,
			generate.Options{EOS: []int32{1, 5}, Start: new(int32(7)), Prefix: []int32{9}}, "forced_bos_token_id 9",
		},
		"no end": {
			`{"bos_token_id": 7, "decoder_start_token_id": 2, "eos_token_id": null}`, generate.Options{EOS: []int32{},
				Start: new(int32(2))},
			"no eos_token_id, so that an output ends at its limit alone (as in transformers)",
		},
		"beams": {
			`{"num_beams": 4, "length_penalty": 2.0, "early_stopping": true, "max_length": 200, "min_length": 30, "no_repeat_ngram_size": 3, "num_beam_groups": 1}`,
			generate.Options{Beams: 4, LengthPenalty: &two, EarlyStopping: generate.Early, MaxTokens: 199,
				MinTokens: 29, NoRepeatNgram: 3},
			"early_stopping true, length_penalty 2.0, max_length 200, min_length 30, no_repeat_ngram_size 3, " +
				"num_beams 4",
		},
		"new tokens come first": {
			`{"max_length": 200, "max_new_tokens": 5, "min_length": 3, "min_new_tokens": 4, "early_stopping": "never"}`,
			generate.Options{MaxTokens: 5, MinTokens: 4, EarlyStopping: generate.Never},
			`early_stopping "never", max_length 200, max_new_tokens 5, min_length 3, min_new_tokens 4`,
		},
		"sampling": {
			`{"do_sample": true, "temperature": 0.5, "top_p": 0.9, "min_p": 0.1, "typical_p": 0.8, "epsilon_cutoff": 0.01, "eta_cutoff": 0.02}`,
			generate.Options{Sampling: &generate.Sampling{Temperature: half, TopK: 50, TopP: 0.9, MinP: 0.1,
				TypicalP: 0.8, Epsilon: 0.01, Eta: 0.02}},
			"do_sample true, epsilon_cutoff 0.01, eta_cutoff 0.02, min_p 0.1, temperature 0.5, top_p 0.9, typical_p " +
				"0.8, top_k 50 (as in transformers)",
		},
		"sampling values without sampling": {`{"temperature": 0.5, "top_k": 5}`, generate.Options{},
			"temperature 0.5, top_k 5"},
		"words": {
			`{"bad_words_ids": [[5], [6, 7]], "suppress_tokens": [8], "eos_token_id": 1, "forced_eos_token_id": 1, "repetition_penalty": 1.5, "encoder_no_repeat_ngram_size": 2}`,
			generate.Options{
				BadWords: [][]int32{{5}, {6, 7}}, Suppress: []int32{8}, EOS: []int32{1}, ForcedEOS: true,
				RepetitionPenalty: 1.5, EncoderNoRepeatNgram: 2,
			},
			"bad_words_ids [[5],[6,7]], encoder_no_repeat_ngram_size 2, forced_eos_token_id 1, repetition_penalty " +
				"1.5, suppress_tokens [8]",
		},
	} {
		got, said, err := parseGeneration([]byte(c.file))
		if err != nil || !reflect.DeepEqual(got, c.want) || said != c.said {
			t.Errorf("%s: got %+v, %q, %v, want %+v, %q", name, got, said, err, c.want, c.said)
		}
	}
}

func TestParseGenerationRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"no JSON":      {`{`, "copy the file again"},
		"a list":       {`[]`, "copy the file again"},
		"a wrong type": {`{"num_beams": "four"}`, `num_beams is "four"`},
		"no mode":      {`{"early_stopping": "sometimes"}`, `want true, false or "never"`},
		"what cannot be done": {`{"penalty_alpha": 0.6, "diversity_penalty": 0.5}`,
			"diversity_penalty 0.5, penalty_alpha 0.6: delete the keys"},
		"an unknown key":       {`{"my_own": 1}`, "my_own 1"},
		"beams that sample":    {`{"do_sample": true, "num_beams": 4}`, "do_sample is true and num_beams is 4"},
		"several starts":       {`{"decoder_start_token_id": [0]}`, "decoder_start_token_id is [0]"},
		"another forced token": {`{"eos_token_id": 1, "forced_eos_token_id": 2}`, "forced_eos_token_id is [2]"},
	} {
		if _, _, err := parseGeneration([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
}

func TestReadGeneration(t *testing.T) {
	dir := t.TempDir()
	if o, said, err := ReadGeneration(dir); err != nil || said != "" || !reflect.DeepEqual(o, generate.Options{}) {
		t.Errorf("no file: %+v, %q, %v", o, said, err)
	}
	testdir.Write(t, dir, "config.json",
		`{"model_type": "t5", "d_model": 8, "num_beams": 3, "eos_token_id": [1, 4], "prefix": "a", "sequence_bias": null}`)
	want := generate.Options{Beams: 3, EOS: []int32{1, 4}}
	if o, said, err := ReadGeneration(dir); err != nil || said != "config.json: num_beams 3" ||
		!reflect.DeepEqual(o, want) {
		t.Errorf("config.json alone: %+v, %q, %v, want %+v", o, said, err, want)
	}
	testdir.Write(t, dir, "config.json", `{"max_time": 5}`)
	if _, _, err := ReadGeneration(dir); err == nil ||
		!strings.Contains(err.Error(), "config.json: it asks for what t5train cannot do: max_time 5") {
		t.Errorf("error %v, want the key of config.json in it", err)
	}
	testdir.Write(t, dir, GenerationName, `{"num_beams": "four"}`)
	if _, _, err := ReadGeneration(dir); err == nil ||
		!strings.Contains(err.Error(), filepath.Join(dir, GenerationName)) {
		t.Errorf("error %v, want the file's name in it", err)
	}
}

// The files of real checkpoints open.
func TestGoldenGenerationConfigs(t *testing.T) {
	for _, dir := range golden.Cases(t, "model") {
		if _, said, err := ReadGeneration(dir); err != nil || said != "" {
			t.Errorf("%s: said %q, %v", dir, said, err)
		}
	}
}

func FuzzParseGeneration(f *testing.F) {
	f.Add([]byte(`{"num_beams": 4, "early_stopping": "never", "eos_token_id": [1, 2], "max_length": 20}`))
	f.Add([]byte(`{"do_sample": true, "top_k": null, "forced_eos_token_id": 1}`))
	f.Add([]byte(`{"bad_words_ids": [[1], []], "suppress_tokens": [-1], "min_length": -5}`))
	f.Add([]byte(`{"max_length": 1000000000000000000, "no_repeat_ngram_size": 4611686018427387904, "x": [[[[{}]]]]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, _, err := parseGeneration(raw)
		if err != nil {
			return
		}
		o.MaxTokens = max(1, o.MaxTokens)
		_ = o.Validate(100) // whatever it says
	})
}
