package convert

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/gguf"
	"t5train/data/tokenizer"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/model"
)

// toGGUF converts a folder and reads the file back.
func toGGUF(t *testing.T, dir string, o ConvertOptions, said *[]string) (*gguf.File, error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "model.gguf")
	if err := GGUF(context.Background(), dir, out, o, testdir.Sink{Said: func(line string) {
		if said != nil {
			*said = append(*said, line)
		}
	}}); err != nil {
		if left, _ := os.ReadDir(filepath.Dir(out)); len(left) > 0 {
			t.Errorf("after %v there is %s", err, left[0].Name())
		}
		return nil, err
	}
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Read(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return f, nil
}

// folderOf writes a tiny model of a configuration with the tiny vocabulary.
func folderOf(t *testing.T, change func(*model.Config)) (dir string) {
	t.Helper()
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	c := size.Config
	c.VocabSize = testrun.TinyVocab
	change(&c)
	m, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.Init(1)
	tok, err := tokenizer.Load(testrun.TinyTokenizer(t))
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "model")
	if err := checkpoints.Create(dir, (&checkpoints.Folder{Model: m, Tokenizer: tok}).Write); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Every parameter comes back under llama.cpp's name; the factor of the decoder output of a tied model is in its last
// norm.
func TestGGUF(t *testing.T) {
	names := map[string]string{
		"shared.weight": "token_embd.weight",
		"encoder.block.0.layer.0.SelfAttention.q.weight":                       "enc.blk.0.attn_q.weight",
		"encoder.block.1.layer.1.layer_norm.weight":                            "enc.blk.1.ffn_norm.weight",
		"encoder.block.1.layer.1.DenseReluDense.wi_0.weight":                   "enc.blk.1.ffn_gate.weight",
		"encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": "enc.blk.0.attn_rel_b.weight",
		"decoder.block.1.layer.1.EncDecAttention.o.weight":                     "dec.blk.1.cross_attn_o.weight",
		"decoder.block.1.layer.1.layer_norm.weight":                            "dec.blk.1.cross_attn_norm.weight",
		"decoder.block.1.layer.2.DenseReluDense.wi_1.weight":                   "dec.blk.1.ffn_up.weight",
		"decoder.block.0.layer.2.DenseReluDense.wo.weight":                     "dec.blk.0.ffn_down.weight",
		"decoder.final_layer_norm.weight":                                      "dec.output_norm.weight",
	}
	for _, tied := range []bool{false, true} {
		dir := folderOf(t, func(c *model.Config) { c.TieWordEmbeddings, c.ScaleDecoderOutputs = tied, tied })
		b, err := checkpoints.LoadModel(dir)
		if err != nil {
			t.Fatal(err)
		}
		f, err := toGGUF(t, dir, ConvertOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Tensors) != len(b.Params) {
			t.Errorf("%d tensors of %d parameters", len(f.Tensors), len(b.Params))
		}
		for _, p := range b.Params {
			name, err := llamaName(p.Name)
			if want := names[p.Name]; err != nil || want != "" && name != want {
				t.Errorf("%s is %q, %v, want %q", p.Name, name, err, want)
			}
			delete(names, p.Name)
			i := slices.IndexFunc(f.Tensors, func(s gguf.Stored) bool { return s.Name == name })
			if i < 0 {
				t.Fatalf("no tensor %s", name)
			}
			want := slices.Clone(p.Value)
			if tied && p.Name == finalNorm {
				for i := range want {
					want[i] *= float32(1 / math.Sqrt(float64(b.Config.DModel)))
				}
			}
			got, err := f.Float32(f.Tensors[i])
			if err != nil || f.Tensors[i].Type != gguf.F32 || !slices.Equal(f.Tensors[i].Shape, p.Shape) {
				t.Fatalf("%s is %+v, %v", name, f.Tensors[i], err)
			}
			for i := range got {
				if math.Abs(float64(got[i]-want[i])) > 1e-6*math.Abs(float64(want[i])) {
					t.Fatalf("%s[%d] is %g, want %g", name, i, got[i], want[i])
				}
			}
		}
	}
	if len(names) > 0 {
		t.Errorf("not seen: %v", names)
	}
}

// Matrices have the type that is asked for, vectors stay float32, and rows that are no blocks become float16.
func TestGGUFTypes(t *testing.T) {
	dir := folderOf(t, func(c *model.Config) { c.DFF = 48 })
	for name, want := range map[string]gguf.Type{
		"": gguf.F32, "float32": gguf.F32, "bfloat16": gguf.BF16, "float16": gguf.F16, "q8_0": gguf.Q8_0,
	} {
		f, err := toGGUF(t, dir, ConvertOptions{DType: name}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range f.Tensors {
			want := want
			if len(s.Shape) == 1 {
				want = gguf.F32
			} else if want == gguf.Q8_0 && s.Shape[1]%gguf.BlockSize != 0 {
				want = gguf.F16
			}
			if s.Type != want {
				t.Errorf("%s: %s %v is %s, want %s", name, s.Name, s.Shape, s.Type, want)
			}
		}
	}
}

// The keys that llama.cpp needs, the vocabulary with a name for each row, and what the model card says.
func TestGGUFKeys(t *testing.T) {
	dir := folderOf(t, func(c *model.Config) { c.VocabSize = 64 })
	testdir.Write(t, dir, "README.md", "---\nlicense: mit\nlanguage: [en, de]\nbase_model: google/t5-small\n"+
		"---\nText\n")
	var said []string
	f, err := toGGUF(t, dir, ConvertOptions{DType: "float16"}, &said)
	if err != nil {
		t.Fatal(err)
	}
	config := model.Config{}
	if size, err := model.SizeByName("v1_1-tiny"); err == nil {
		config = size.Config
	}
	for key, want := range map[string]any{
		"general.architecture": "t5", "general.name": "model", "general.file_type": uint32(1), "general.license": "mit",
		"general.languages": []string{"en", "de"}, "general.base_model.0.organization": "google",
		"general.base_model.0.repo_url": "https://huggingface.co/google/t5-small",
		"t5.context_length":             uint32(512), "t5.embedding_length": uint32(config.DModel),
		"t5.block_count": uint32(config.NumLayers), "t5.decoder_block_count": uint32(config.NumDecoderLayers),
		"t5.attention.head_count": uint32(config.NumHeads), "t5.attention.key_length": uint32(config.DKV),
		"t5.attention.layer_norm_rms_epsilon": float32(1e-6), "t5.attention.relative_buckets_count": uint32(32),
		"t5.decoder_start_token_id": uint32(0), "t5train.logit_scale": float32(1),
		"tokenizer.ggml.model": "t5", "tokenizer.ggml.eos_token_id": uint32(1),
		"tokenizer.ggml.padding_token_id": uint32(0),
		"tokenizer.ggml.unknown_token_id": uint32(2), "tokenizer.ggml.add_eos_token": true,
		"tokenizer.ggml.add_bos_token": false, "tokenizer.ggml.add_space_prefix": true,
	} {
		if got := f.Value(key); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts, _ := f.Value("tokenizer.ggml.tokens").([]string)
	types, _ := f.Value("tokenizer.ggml.token_type").([]int32)
	scores, _ := f.Value("tokenizer.ggml.scores").([]float32)
	if len(texts) != 64 || len(types) != 64 || len(scores) != 64 {
		t.Fatalf("%d texts, %d types and %d scores of 64 rows", len(texts), len(types), len(scores))
	}
	for id := range 64 {
		want, kind := "[PAD"+string(rune('0'+id/10))+string(rune('0'+id%10))+"]", int32(5)
		if id < tok.VocabSize() {
			want, kind = tok.Piece(int32(id)), types[id]
		}
		if texts[id] != want || types[id] != kind {
			t.Errorf("token %d is %q of type %d, want %q of %d", id, texts[id], types[id], want, kind)
		}
	}
	if types[0] != 3 || types[1] != 3 || types[2] != 2 {
		t.Errorf("padding, end and unknown are of types %v, want control, control and unknown", types[:3])
	}
}

// An encoder that is shallower than the decoder gets blocks of zeros, which change nothing; llama.cpp needs them.
func TestGGUFDeeperDecoder(t *testing.T) {
	dir := folderOf(t, func(c *model.Config) { c.NumLayers, c.NumDecoderLayers = 1, 3 })
	var said []string
	f, err := toGGUF(t, dir, ConvertOptions{}, &said)
	if err != nil || !strings.Contains(strings.Join(said, "\n"),
		"blocks of zeros, which change nothing, make the 1 of the encoder 3") {
		t.Fatalf("%v, said %q", err, said)
	}
	zeros, first := 0, 0
	for _, s := range f.Tensors {
		if strings.HasPrefix(s.Name, "enc.blk.0.") {
			first++
		}
		if !strings.HasPrefix(s.Name, "enc.blk.1.") && !strings.HasPrefix(s.Name, "enc.blk.2.") {
			continue
		}
		values, err := f.Float32(s)
		if err != nil || slices.ContainsFunc(values, func(v float32) bool { return v != 0 }) {
			t.Errorf("%s is not of zeros, %v", s.Name, err)
		}
		zeros++
	}
	if zeros != 2*(first-1) { // the table of distances is in the first block only
		t.Errorf("%d tensors of zeros beside %d in the first block", zeros, first)
	}
	if f.Value("t5.block_count") != uint32(3) || f.Value("t5train.encoder_block_count") != uint32(1) {
		t.Errorf("%v blocks, of which %v", f.Value("t5.block_count"), f.Value("t5train.encoder_block_count"))
	}
}

// Without a tokenizer there are ids only. The mean of checkpoints and another vocabulary go into a file as they go into
// a folder.
func TestGGUFOfChanges(t *testing.T) {
	dir := folderOf(t, func(*model.Config) {})
	other := folderOf(t, func(*model.Config) {})
	mean, err := toGGUF(t, "", ConvertOptions{Average: dir + "," + other}, nil)
	if err != nil {
		t.Fatal(err)
	}
	one, err := toGGUF(t, dir, ConvertOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range one.Tensors { // both have the same weights
		want, err := one.Float32(s)
		got, err2 := mean.Float32(mean.Tensors[i])
		if err := errors.Join(err, err2); err != nil || !slices.Equal(got, want) {
			t.Errorf("the mean of %s is another, %v", s.Name, err)
		}
	}
	bigger, err := toGGUF(t, dir, ConvertOptions{Tokenizer: testrun.TokenizerOf(t, 2, "▁new", "▁ones"),
		VocabSize: 128}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if texts, _ := bigger.Value("tokenizer.ggml.tokens").([]string); len(texts) != 128 ||
		!slices.Contains(texts, "▁ones") {
		t.Errorf("the other vocabulary has %d tokens, %q", len(texts), texts[:min(8, len(texts))])
	}
	for _, name := range []string{"spiece.model", "tokenizer.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	bare, err := toGGUF(t, dir, ConvertOptions{}, &said)
	if err != nil || bare.Value("tokenizer.ggml.model") != "no_vocab" ||
		!strings.Contains(strings.Join(said, "\n"), "there is no tokenizer") {
		t.Errorf("without a tokenizer: %v, said %q", err, said)
	}
}

// What llama.cpp cannot run is refused before anything is written, and a file that fails later does not appear.
func TestGGUFRefuses(t *testing.T) {
	plain := func(*model.Config) {}
	dir := folderOf(t, plain)
	for want, convert := range map[string]func() error{
		"cannot run feed_forward_proj gated-silu": func() error {
			silu := folderOf(t, func(c *model.Config) { c.FeedForwardProj = "gated-silu" })
			_, err := toGGUF(t, silu, ConvertOptions{}, nil)
			return err
		},
		"cannot run relative_attention_max_distance 64": func() error {
			near := folderOf(t, func(c *model.Config) { c.RelativeAttentionMaxDistance = 64 })
			_, err := toGGUF(t, near, ConvertOptions{}, nil)
			return err
		},
		"its tokenizer is ByT5's": func() error {
			bytes := t.TempDir()
			testdir.Write(t, bytes, "tokenizer_config.json", `{"tokenizer_class": "ByT5Tokenizer"}`)
			_, err := toGGUF(t, dir, ConvertOptions{Tokenizer: bytes}, nil)
			return err
		},
		`the type is "int8", want one of float32`: func() error {
			_, err := toGGUF(t, dir, ConvertOptions{DType: "int8"}, nil)
			return err
		},
		"a file of that name is there": func() error {
			testdir.Write(t, dir, "there.gguf", "x")
			return GGUF(t.Context(), dir, filepath.Join(dir, "there.gguf"), ConvertOptions{}, nil)
		},
		"it is a folder: name a file in it": func() error {
			return GGUF(t.Context(), dir, t.TempDir(), ConvertOptions{}, nil)
		},
		"it cannot be standard output": func() error { return GGUF(t.Context(), dir, "-", ConvertOptions{}, nil) },
		"context canceled": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			out := t.TempDir()
			err := GGUF(ctx, dir, filepath.Join(out, "x"), ConvertOptions{}, nil)
			if left, _ := os.ReadDir(out); len(left) > 0 {
				t.Errorf("%s is left", left[0].Name())
			}
			return err
		},
		"becomes infinite in F16": func() error {
			b, _, err := checkpoints.Open(folderOf(t, plain))
			if err != nil {
				return err
			}
			b.Model.Shared.Value[3] = 1e6
			large := filepath.Join(t.TempDir(), "large")
			if err := checkpoints.Create(large, b.Write); err != nil {
				return err
			}
			_, err = toGGUF(t, large, ConvertOptions{DType: "float16"}, nil)
			return err
		},
	} {
		if err := convert(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
