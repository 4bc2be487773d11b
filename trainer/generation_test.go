package trainer

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
	"t5train/internal/golden"
	"t5train/model/generate"
)

func TestParseGeneration(t *testing.T) {
	two, half := 2.0, 0.5
	for name, c := range map[string]struct {
		file string
		want generate.Options
		said string
	}{
		"what t5train writes": {`{"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}`, generate.Options{EOS: []int32{1}, Start: new(int32)}, ""},
		"what transformers writes": {
			`{"_from_model_config": true, "decoder_start_token_id": 0, "eos_token_id": [1], "pad_token_id": 0, "transformers_version": "5.0.0", "top_p": null}`,
			generate.Options{EOS: []int32{1}, Start: new(int32)}, "",
		},
		"other tokens": {
			`{"bos_token_id": 7, "eos_token_id": [1, 5], "forced_bos_token_id": 9}`,
			generate.Options{EOS: []int32{1, 5}, Start: new(int32(7)), Prefix: []int32{9}}, "forced_bos_token_id 9",
		},
		"no end": {
			`{"bos_token_id": 7, "decoder_start_token_id": 2, "eos_token_id": null}`, generate.Options{EOS: []int32{}, Start: new(int32(2))},
			"no eos_token_id, so that an output ends at its limit alone (as in transformers)",
		},
		"beams": {
			`{"num_beams": 4, "length_penalty": 2.0, "early_stopping": true, "max_length": 200, "min_length": 30, "no_repeat_ngram_size": 3, "num_beam_groups": 1}`,
			generate.Options{Beams: 4, LengthPenalty: &two, EarlyStopping: generate.Early, MaxTokens: 199, MinTokens: 29, NoRepeatNgram: 3},
			"early_stopping true, length_penalty 2.0, max_length 200, min_length 30, no_repeat_ngram_size 3, num_beams 4",
		},
		"new tokens come first": {
			`{"max_length": 200, "max_new_tokens": 5, "min_length": 3, "min_new_tokens": 4, "early_stopping": "never"}`,
			generate.Options{MaxTokens: 5, MinTokens: 4, EarlyStopping: generate.Never},
			`early_stopping "never", max_length 200, max_new_tokens 5, min_length 3, min_new_tokens 4`,
		},
		"sampling": {
			`{"do_sample": true, "temperature": 0.5, "top_p": 0.9, "min_p": 0.1, "typical_p": 0.8, "epsilon_cutoff": 0.01, "eta_cutoff": 0.02}`,
			generate.Options{Sampling: &generate.Sampling{Temperature: half, TopK: 50, TopP: 0.9, MinP: 0.1, TypicalP: 0.8, Epsilon: 0.01, Eta: 0.02}},
			"do_sample true, epsilon_cutoff 0.01, eta_cutoff 0.02, min_p 0.1, temperature 0.5, top_p 0.9, typical_p 0.8, top_k 50 (as in transformers)",
		},
		"sampling values without sampling": {`{"temperature": 0.5, "top_k": 5}`, generate.Options{}, "temperature 0.5, top_k 5"},
		"words": {
			`{"bad_words_ids": [[5], [6, 7]], "suppress_tokens": [8], "eos_token_id": 1, "forced_eos_token_id": 1, "repetition_penalty": 1.5, "encoder_no_repeat_ngram_size": 2}`,
			generate.Options{
				BadWords: [][]int32{{5}, {6, 7}}, Suppress: []int32{8}, EOS: []int32{1}, ForcedEOS: true, RepetitionPenalty: 1.5, EncoderNoRepeatNgram: 2,
			},
			"bad_words_ids [[5],[6,7]], encoder_no_repeat_ngram_size 2, forced_eos_token_id 1, repetition_penalty 1.5, suppress_tokens [8]",
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
		"no JSON":              {`{`, "copy the file again"},
		"a list":               {`[]`, "copy the file again"},
		"a wrong type":         {`{"num_beams": "four"}`, `num_beams is "four"`},
		"no mode":              {`{"early_stopping": "sometimes"}`, `want true, false or "never"`},
		"what cannot be done":  {`{"penalty_alpha": 0.6, "diversity_penalty": 0.5}`, "diversity_penalty 0.5, penalty_alpha 0.6: delete the keys"},
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
	overwrite(t, dir, "config.json", `{"model_type": "t5", "d_model": 8, "num_beams": 3, "eos_token_id": [1, 4], "prefix": "a", "sequence_bias": null}`)
	want := generate.Options{Beams: 3, EOS: []int32{1, 4}}
	if o, said, err := ReadGeneration(dir); err != nil || said != "config.json: num_beams 3" || !reflect.DeepEqual(o, want) {
		t.Errorf("config.json alone: %+v, %q, %v, want %+v", o, said, err, want)
	}
	overwrite(t, dir, "config.json", `{"max_time": 5}`)
	if _, _, err := ReadGeneration(dir); err == nil || !strings.Contains(err.Error(), "config.json: it asks for what t5train cannot do: max_time 5") {
		t.Errorf("error %v, want the key of config.json in it", err)
	}
	overwrite(t, dir, generationName, `{"num_beams": "four"}`)
	if _, _, err := ReadGeneration(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, generationName)) {
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

// A word is banned as a word, and as the end of a longer one.
func TestBadWords(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	words, err := BadWords(tok)([]string{"day", "day"})
	if err != nil {
		t.Fatal(err)
	}
	var pieces []string
	for _, w := range words {
		text := ""
		for _, id := range w {
			text += tok.Piece(id)
		}
		pieces = append(pieces, text)
	}
	if !slices.Equal(pieces, []string{"▁day", "day"}) {
		t.Errorf("banned %q, want the word with a blank and without", pieces)
	}
	for _, text := range []string{"", " ", "日本"} {
		if words, err := BadWords(tok)([]string{text}); err == nil {
			t.Errorf("%q: banned %v, want an error", text, words)
		}
	}
}

// What outputs shall begin with must be text that they can begin with.
func TestPrefix(t *testing.T) {
	b := tinyBundle(t)
	if ids, err := Prefix(b.Tokenizer, "a day"); err != nil || !slices.Equal(ids, b.Tokenizer.Encode("a day")) {
		t.Errorf("got %v, %v", ids, err)
	}
	for text, want := range map[string]string{"日本": "does not know", "{": "does not know", " ": "has no token"} {
		if _, err := Prefix(b.Tokenizer, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	p := newTestPredictor(t, b, *b.Info.Task)
	if _, err := p.Generate(t.Context(), []string{"a"}, generate.Options{Prefix: b.Tokenizer.Encode("{")}); err == nil {
		t.Error("the unknown token as a beginning: no error")
	}
	var cuts Cuts
	lines, err := p.ScorePairs(t.Context(), []Pair{{Input: Input{Text: "a"}, Targets: []string{"a {", "a"}}}, &cuts)
	if err != nil || cuts.Unknown != 1 || lines[0][0].Unknown == nil || *lines[0][0].Unknown != 1 || lines[0][1].Unknown != nil {
		t.Errorf("scored %+v, %d unknown, %v, want it said of the first target", lines, cuts.Unknown, err)
	}
}

// A choice is the most probable text, which is not always where the most probable token leads.
func TestChoose(t *testing.T) {
	b := tinyBundle(t)
	p := newTestPredictor(t, b, *b.Info.Task)
	choices := []string{"a day", "a year and a day", "yes", "day", "no", "never"}
	var options generate.Options
	if err := Choose(&options, b.Tokenizer, choices); err != nil {
		t.Fatal(err)
	}
	options.MaxTokens = options.Allowed.Longest()
	stepwise, differs := options, false
	stepwise.Beams = 1
	for i := range 20 {
		text := fmt.Sprint("question ", i)
		answers, err := p.Generate(t.Context(), []string{text}, options)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := p.Score(t.Context(), []string{text}, [][]string{choices})
		if err != nil {
			t.Fatal(err)
		}
		best := 0
		for j, s := range scores[0].Targets {
			if s.LogProb > scores[0].Targets[best].LogProb {
				best = j
			}
		}
		if got := answers[0].Sequences[0]; got.Text != choices[best] || math.Abs(got.LogProb-scores[0].Targets[best].LogProb) > 1e-4 {
			t.Errorf("%s: got %q at %g, want %q at %g", text, got.Text, got.LogProb, choices[best], scores[0].Targets[best].LogProb)
		}
		tokenwise, err := p.Generate(t.Context(), []string{text}, stepwise)
		if err != nil {
			t.Fatal(err)
		}
		differs = differs || tokenwise[0].Sequences[0].Text != choices[best]
	}
	if !differs {
		t.Error("token by token gives the same, so that the test shows nothing")
	}
}

func TestChoose_Options(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	asked := generate.Options{Beams: 4, LengthPenalty: new(2.0)}
	if err := Choose(&asked, tok, []string{"a day", "yes"}); err != nil || asked.Beams != 4 || *asked.LengthPenalty != 2 {
		t.Errorf("beams that are asked for become %+v, %v", asked, err)
	}
	if want := len(tok.Encode("a day")) + 1; asked.Allowed.Longest() != want {
		t.Errorf("the longest choice has %d tokens, want %d", asked.Allowed.Longest(), want)
	}
	for name, texts := range map[string][]string{"none": nil, "an empty one": {"a", ""}, "unknown characters": {"日本"}} {
		if err := Choose(&generate.Options{}, tok, texts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCountInputs(t *testing.T) {
	dir := t.TempDir()
	writeRows(t, filepath.Join(dir, "in.parquet"), 7)
	for name, c := range map[string]struct {
		content string
		want    int64
	}{"in.txt": {"a\n\nb\r\n", 3}, "no end.txt": {"a\nb", 2}, "empty.txt": {"", 0}, "in.jsonl": {"{}\n\n{}\n \n", 2}, "in.csv": {"n,sms\n1,\"a\nb\"\n2,c\n", 2}, "in.parquet": {"", 7}} {
		path := filepath.Join(dir, name)
		if name != "in.parquet" {
			overwrite(t, dir, name, c.content)
		}
		if n, err := CountInputs(t.Context(), path, FormatOf(path), []string{"sms"}); n != c.want || err != nil {
			t.Errorf("%s: %d, %v, want %d", name, n, err, c.want)
		}
	}
	if n, err := CountInputs(t.Context(), "-", FormatText, nil); n >= 0 || err != nil {
		t.Errorf("standard input: %d, %v", n, err)
	}
	if n, err := CountInputs(t.Context(), os.DevNull, FormatText, nil); n >= 0 || err != nil {
		t.Errorf("a device: %d, %v", n, err)
	}
	if _, err := CountInputs(t.Context(), filepath.Join(dir, "in.parquet"), FormatParquet, []string{"text"}); err == nil {
		t.Error("a column that is not there: no error")
	}
	if _, err := CountInputs(t.Context(), filepath.Join(dir, "in.csv"), FormatCSV, []string{"text"}); err == nil {
		t.Error("a column that the table does not have: no error")
	}
	if _, err := CountInputs(t.Context(), filepath.Join(dir, "nothing.txt"), FormatText, nil); err == nil {
		t.Error("no file: no error")
	}
}
