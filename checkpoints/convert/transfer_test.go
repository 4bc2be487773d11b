package convert

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
)

// germanPieces are half letters and half words: in 3 + 7 + 3 tokens ä is unknown to tinyTokenizer, and the third
// sentinel to one with two.
var germanPieces = []string{"▁", "e", "n", "▁hand", "ä", "and", "z"}

// A row is that of the old piece, the mean of the old pieces, or that of all; those behind the tokens are the mean of
// them.
func TestTransferRows(t *testing.T) {
	from, to := testrun.TokenizerWith(t, 2), testrun.TokenizerOf(t, 3, germanPieces...)
	old, err := tokenizer.Load(from)
	if err != nil {
		t.Fatal(err)
	}
	id := func(pieces ...string) (ids []int) {
		for _, p := range pieces {
			n, ok := old.ID(p)
			if !ok {
				t.Fatalf("no piece %q", p)
			}
			ids = append(ids, int(n))
		}
		return ids
	}
	var all []int
	for i := range old.VocabSize() {
		all = append(all, i)
	}
	first, second := id("<extra_id_0>"), id("<extra_id_1>")
	origins := [][]int{
		id("<pad>"), id("</s>"), id("<unk>"), id("▁"), id("e"), id("n"), id("▁", "h", "a", "n", "d"), all, id("a",
			"n", "d"), id("z"),
		slices.Concat(first, second), second, first, // <extra_id_2>, <extra_id_1>, <extra_id_0>
	}
	for name, tied := range map[string]bool{"tied": true, "untied": false} {
		t.Run(name, func(t *testing.T) {
			dir, out := testrun.ModelOf(t, 40, tied, from), filepath.Join(t.TempDir(), "out")
			if err := convert(dir, out, ConvertOptions{Tokenizer: to}); err != nil {
				t.Fatal(err)
			}
			before, err := checkpoints.LoadModel(dir)
			if err != nil {
				t.Fatal(err)
			}
			b, _, err := checkpoints.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Model.Config.VocabSize; got != 128 {
				t.Fatalf("%d rows, want 128", got)
			}
			if b.Tokenizer.VocabSize() != 13 || b.Model.Config.TieWordEmbeddings != tied {
				t.Errorf("%d tokens, tied %v", b.Tokenizer.VocabSize(), b.Model.Config.TieWordEmbeddings)
			}
			for i, p := range b.Model.Params {
				was, columns := before.Params[i], p.Shape[len(p.Shape)-1]
				if p.Name != "shared.weight" && p.Name != "lm_head.weight" {
					if !slices.Equal(p.Value, was.Value) {
						t.Errorf("%s changed", p.Name)
					}
					continue
				}
				mean := func(rows []int, values []float32, column int) float64 {
					sum := 0.0
					for _, r := range rows {
						sum += float64(values[r*columns+column])
					}
					return sum / float64(len(rows))
				}
				var tokens []int
				for r := range origins {
					tokens = append(tokens, r)
				}
				for r := range 128 {
					for j := range columns {
						want := mean(tokens, p.Value, j)
						if r < len(origins) {
							want = mean(origins[r], was.Value, j)
						}
						if got := float64(p.Value[r*columns+j]); math.Abs(got-want) > 1e-6 || r < len(origins) &&
							len(origins[r]) == 1 && got != want {
							t.Fatalf("%s, row %d, column %d: got %g, want %g", p.Name, r, j, got, want)
						}
					}
				}
			}
		})
	}
}

// To another type and there and back: the type rounds what the transfer made, and a row that stays keeps its bits.
func TestTransferTypes(t *testing.T) {
	dir, to := testrun.Model(t, 40), testrun.TokenizerOf(t, 3, germanPieces...)
	changed := filepath.Join(t.TempDir(), "changed")
	if err := convert(dir, changed, ConvertOptions{Tokenizer: to}); err != nil {
		t.Fatal(err)
	}
	for _, dtype := range []string{"bfloat16", "float16", Int8} {
		for name, first := range map[string]ConvertOptions{
			"at once": {Tokenizer: to, DType: dtype, MaxShardSize: 20_000}, "one after the other": {DType: dtype,
				MaxShardSize: 20_000},
		} {
			source := dir
			if name != "at once" {
				source = changed
			}
			if err := convert(source, filepath.Join(changed, dtype, name), first); err != nil {
				t.Fatal(err)
			}
		}
		folder := filepath.Join(changed, dtype)
		shards, err := filepath.Glob(filepath.Join(folder, "at once", "model*-of-*.safetensors"))
		if err != nil || len(shards) < 2 {
			t.Fatalf("%s: shards %v, %v", dtype, shards, err)
		}
		for _, shard := range shards {
			a, errA := os.ReadFile(shard)
			b, errB := os.ReadFile(filepath.Join(folder, "one after the other", filepath.Base(shard)))
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("%s: %s differs, %v, %v", dtype, filepath.Base(shard), errA, errB)
			}
		}
	}
	half, back := filepath.Join(t.TempDir(), "half"), filepath.Join(t.TempDir(), "back")
	if err := convert(dir, half, ConvertOptions{DType: "bfloat16"}); err != nil {
		t.Fatal(err)
	}
	if err := convert(half, back, ConvertOptions{Tokenizer: to}); err != nil {
		t.Fatal(err)
	}
	row := func(dir string, id int) []byte {
		f, err := safetensors.Open(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		shared, _ := f.Tensor("shared.weight")
		if shared.DType != safetensors.BF16 {
			t.Errorf("%s holds %s", dir, shared.DType)
		}
		return bytes.Clone(shared.Rows(id, id+1).Data)
	}
	old, err := safetensors.Open(filepath.Join(half, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	shared, _ := old.Tensor("shared.weight")
	mean, letter := make([]float32, shared.Shape[1]), make([]float32, shared.Shape[1])
	for _, id := range []int{3, 4 + 'h' - 'a', 4 + 'a' - 'a', 4 + 'n' - 'a', 4 + 'd' - 'a'} { // ▁hand
		if err := shared.Rows(id, id+1).CopyFloat32(letter); err != nil {
			t.Fatal(err)
		}
		for j, v := range letter {
			mean[j] += v / 5 // numbers of 8 bits: the error is far below what bfloat16 rounds
		}
	}
	var rounded bytes.Buffer
	if err := safetensors.FromFloat32("", []int{1, len(mean)}, mean).As(safetensors.BF16).Write(&rounded); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(row(back, 6), rounded.Bytes()) {
		t.Error("▁hand is not the mean of its letters, rounded once")
	}
	if z := 3 + 26; !bytes.Equal(row(half, z), row(back, 9)) {
		t.Error("the row of z has other bits")
	}
}

// Files name the tokens of the new vocabulary, and nothing that was measured with the old one.
func TestTransferFiles(t *testing.T) {
	dir := testrun.Model(t, 40)
	edit := func(name string, change map[string]any) {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		keys, err := parseKeys(raw)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range change {
			keys[k] = v
		}
		raw, err = json.Marshal(keys)
		if err != nil {
			t.Fatal(err)
		}
		testdir.Write(t, dir, name, string(raw))
	}
	edit("config.json", map[string]any{"tokenizer_class": "T5Tokenizer", "bos_token_id": 7, "initializer_factor": 0.5})
	edit("generation_config.json", map[string]any{"num_beams": 4, "suppress_tokens": []int{5},
		"forced_bos_token_id": nil})
	edit("t5train.json", map[string]any{"max_input_length": 77, "step": 5, "metrics": map[string]float64{"loss": 1},
		"temperature": 2})
	testdir.Write(t, dir, "special_tokens_map.json", `{"sep_token": "</s>"}`)
	out := filepath.Join(t.TempDir(), "out")
	var said bytes.Buffer
	if err := Convert(context.Background(), dir, out, ConvertOptions{Tokenizer: testrun.TokenizerOf(t, 3,
		germanPieces...)}, terminal.Plain(&said)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"vocabulary: 13 tokens in place of 30, in 128 rows: 4 shared, 3 special, 2 from the mean of their old " +
			"pieces, 4 from the mean of all",
		`("ä" "<extra_id_2>" "<extra_id_1>" "<extra_id_0>")`,
		"config.json loses bos_token_id", "generation_config.json loses suppress_tokens: they",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("said %s, want %q", said.String(), want)
		}
	}
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for name, want := range map[string][]string{
		"config.json":             {`"vocab_size": 128`, `"initializer_factor": 0.5`},
		"generation_config.json":  {`"num_beams": 4`, `"eos_token_id": 1`, `"decoder_start_token_id": 0`},
		"special_tokens_map.json": {`"</s>"`, "<extra_id_2>"},
		"t5train.json":            {`"max_input_length": 77`},
	} {
		for _, w := range want {
			if !strings.Contains(read(name), w) {
				t.Errorf("%s lacks %s:\n%s", name, w, read(name))
			}
		}
		for _, no := range []string{"tokenizer_class", "bos_token_id", "suppress_tokens", "metrics", "temperature"} {
			if strings.Contains(read(name), no) {
				t.Errorf("%s has %s:\n%s", name, no, read(name))
			}
		}
	}
}

// A tokenizer without sentinels takes those of the model away, and says so.
func TestTransferLosesSentinels(t *testing.T) {
	dir := testrun.ModelOf(t, 40, true, testrun.TokenizerWith(t, 2))
	for sentinels, want := range map[int]bool{0: true, 1: true, 2: false, 3: false} {
		var said bytes.Buffer
		o := ConvertOptions{Tokenizer: testrun.TokenizerOf(t, sentinels, germanPieces...)}
		if err := Convert(context.Background(), dir, filepath.Join(t.TempDir(), "out"), o,
			terminal.Plain(&said)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(said.String(), "sentinels, the old one 2: the model loses"); got != want {
			t.Errorf("%d sentinels: said %s", sentinels, said.String())
		}
	}
}

// Bytes become pieces, and pieces bytes; a model can predict with what comes of it.
func TestTransferByT5(t *testing.T) {
	bytewise := t.TempDir()
	testdir.Write(t, bytewise, "tokenizer_config.json", `{"tokenizer_class": "ByT5Tokenizer"}`)
	dir := testrun.ModelOf(t, 384, false, bytewise)
	out, back := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "back")
	if err := convert(dir, out, ConvertOptions{Tokenizer: testrun.TokenizerOf(t, 100, germanPieces...)}); err != nil {
		t.Fatal(err)
	}
	if err := convert(out, back, ConvertOptions{Tokenizer: bytewise}); err != nil {
		t.Fatal(err)
	}
	before, err := checkpoints.LoadModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]string{out: "unigram", back: "bytes"} {
		b, _, err := checkpoints.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if b.Tokenizer.Kind() != kind {
			t.Errorf("%s has a vocabulary of kind %s", path, b.Tokenizer.Kind())
		}
		id, _ := b.Tokenizer.Sentinel(99)
		if b.Tokenizer.Kind() == "unigram" {
			id = 3 + 4 // ä
		}
		columns := b.Model.Config.DModel
		got, want := b.Model.Shared.Value[int(id)*columns], before.Shared.Value[(259+99)*columns]
		if kind == "unigram" {
			want = (before.Shared.Value[(3+0xc3)*columns] + before.Shared.Value[(3+0xa4)*columns]) / 2
		}
		if math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("%s: token %d begins with %g, want %g", kind, id, got, want)
		}
	}
}

func TestTransferRefuses(t *testing.T) {
	dir, bare, eight := testrun.Model(t, 40), testrun.Model(t, 40), filepath.Join(t.TempDir(), "eight")
	for _, name := range []string{"spiece.model", "tokenizer.json"} {
		if err := os.Remove(filepath.Join(bare, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := convert(dir, eight, ConvertOptions{DType: Int8}); err != nil {
		t.Fatal(err)
	}
	started := testrun.Model(t, 40)
	config, err := os.ReadFile(filepath.Join(started, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	testdir.Write(t, started, "config.json", strings.Replace(string(config), `"decoder_start_token_id": 0`,
		`"decoder_start_token_id": 4`, 1))
	to := testrun.TokenizerOf(t, 3, germanPieces...)
	fresh := filepath.Join(t.TempDir(), "fresh")
	for _, tt := range []struct {
		name, dir string
		o         ConvertOptions
		want      string
	}{
		{"no tokenizer", bare, ConvertOptions{Tokenizer: to}, "which row belongs to which piece only the tokenizer " +
			"of the checkpoint tells"},
		{"no new tokenizer", dir, ConvertOptions{Tokenizer: "nowhere"}, "load tokenizer nowhere"},
		{"too few rows", dir, ConvertOptions{Tokenizer: to, VocabSize: 12},
			"12 rows are too few: the tokenizer has 13 tokens"},
		{"eight bits", eight, ConvertOptions{Tokenizer: to}, "the weights are in eight bits"},
		{"a start that is gone", started, ConvertOptions{Tokenizer: to},
			"decoder_start_token_id is 4, a token that the new tokenizer lacks"},
	} {
		err := convert(tt.dir, fresh, tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %q", tt.name, err, tt.want)
		}
	}
	if entries, err := filepath.Glob(filepath.Join(filepath.Dir(fresh), "*")); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
