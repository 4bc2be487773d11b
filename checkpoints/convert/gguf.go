package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/checkpoints/gguf"
	"t5train/checkpoints/safetensors"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/kernel"
)

// GGUFTypes lists the types of weights that GGUF writes.
func GGUFTypes() []string { return []string{"float32", "bfloat16", "float16", "q8_0"} }

// ggufTypes has the type of the matrices by its name, with the number that llama.cpp has for a file of it
// (llama_ftype).
var ggufTypes = map[string]struct {
	matrices gguf.Type
	file     uint32
}{
	"float32": {gguf.F32, 0}, "float16": {gguf.F16, 1}, "q8_0": {gguf.Q8_0, 7}, "bfloat16": {gguf.BF16, 32},
}

// GGUF writes the checkpoint at path (see [checkpoints.Open]) to the file out, which must be new, as llama.cpp runs it.
// o.DType is one of [GGUFTypes], or "" for the one that has most bytes of the checkpoint. What llama.cpp cannot run is
// an error. Tensors go from file to file one after the other, and the file appears complete or not at all.
func GGUF(ctx context.Context, path, out string, o ConvertOptions, sink ui.Sink) error {
	if o.DType != "" && !slices.Contains(GGUFTypes(), o.DType) {
		return fmt.Errorf("convert %s: the type is %q, want one of %s", path, o.DType, strings.Join(GGUFTypes(), ", "))
	}
	dirs, how, err := o.folders(path)
	if err != nil {
		return err
	}
	dir := dirs[len(dirs)-1]
	if err := checkNewFile(out); err != nil {
		return fmt.Errorf("convert to %s: %w", out, err)
	}
	return o.openAll(dirs, func(all []*checkpoints.Weights) error {
		f, err := newGGUF(ctx, path, dir, all, o)
		if err != nil {
			return fmt.Errorf("convert %s to GGUF: %w", dir, err)
		}
		ui.Say(sink, "", "%s", how)
		for _, note := range f.notes {
			ui.Say(sink, note.key, "%s", note.text)
		}
		return f.write(out)
	})
}

// checkNewFile refuses a file that would be written over.
func checkNewFile(out string) error {
	switch info, err := os.Stat(out); {
	case out == "-":
		return errors.New("it cannot be standard output: name a file, such as model.gguf")
	case err == nil && info.IsDir():
		return errors.New("it is a folder: name a file in it, such as model.gguf")
	case err == nil && info.Mode().IsRegular():
		return errors.New("a file of that name is there: choose another one, or remove it first")
	case err == nil:
		return errors.New("it is no regular file: choose another one")
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return atomicfile.CheckOutput(out)
}

// ggufFile is a checkpoint on its way into a file of llama.cpp.
type ggufFile struct {
	*conversion

	keys    []gguf.KV
	tensors []gguf.Tensor
}

// newGGUF describes the file of a checkpoint in the folder dir, which the user knows as path.
func newGGUF(ctx context.Context, path, dir string, all []*checkpoints.Weights, o ConvertOptions) (*ggufFile, error) {
	dtype := o.DType
	o.DType = "float32" // as which the elements come here
	c, err := newConversion(ctx, dir, all, o)
	if err == nil && c.encoder {
		err = errors.New("an encoder alone (T5EncoderModel) is not written: name the whole model that it was " +
			"taken from")
	}
	if err == nil {
		err = checkLlama(c.parsed)
	}
	if err != nil {
		return nil, err
	}
	f := &ggufFile{conversion: c}
	if dtype == "" {
		dtype = storedAs(all[len(all)-1])
	}
	types := ggufTypes[dtype]
	if f.keys, err = f.metadata(path, types.file); err != nil {
		return nil, err
	}
	for _, t := range c.tensors {
		if f.tensors, err = f.appendTensor(f.tensors, t, types.matrices); err != nil {
			return nil, err
		}
	}
	f.deepen(types.matrices)
	return f, nil
}

// deepen gives the encoder blocks of zeros, which add nothing to what passes them, where the decoder is deeper:
// llama.cpp has room for as many blocks of the decoder as the encoder has.
func (f *ggufFile) deepen(matrices gguf.Type) {
	c := f.parsed
	if c.NumDecoderLayers <= c.NumLayers {
		return
	}
	f.notes = append(f.notes, note{"note", fmt.Sprintf("llama.cpp cannot run a decoder that is deeper than the "+
		"encoder: blocks of zeros, which change nothing, make the %d of the encoder %d", c.NumLayers,
		c.NumDecoderLayers)})
	first := slices.Clone(f.tensors)
	for i := c.NumLayers; i < c.NumDecoderLayers; i++ {
		for _, t := range first {
			part, ok := strings.CutPrefix(t.Name, "enc.blk.0.")
			if !ok || part == "attn_rel_b.weight" { // that of the first block serves all
				continue
			}
			t.Name, t.Write = fmt.Sprintf("enc.blk.%d.%s", i, part), zeros(t.Shape)
			f.tensors = append(f.tensors, t)
		}
	}
}

// zeros writes the elements of a tensor of zeros.
func zeros(shape []int) func(io.Writer) error {
	return func(w io.Writer) error {
		row := make([]byte, 4*shape[len(shape)-1])
		rows := 1
		for _, n := range shape[:len(shape)-1] {
			rows *= n
		}
		for range rows {
			if _, err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
	}
}

// storedAs returns the name of the type that has most bytes of the weights.
func storedAs(weights *checkpoints.Weights) string {
	for name, dtype := range dtypes {
		if dtype == weights.DTypes()[0].DType {
			return name
		}
	}
	return "float32"
}

// checkLlama refuses what the graph of llama.cpp for the architecture t5 does not compute: it has one distance for all
// models, and the activation follows from whether there is a gate.
func checkLlama(c model.Config) error {
	const most = 512 // LLAMA_MAX_LAYERS
	f, gated, err := c.Activation()
	if err != nil {
		return err
	}
	if want := map[bool]kernel.Activation{false: kernel.ReLU, true: kernel.GELU}[gated]; f != want {
		return fmt.Errorf("llama.cpp cannot run feed_forward_proj %s: of T5 it knows relu and gated-gelu: run the "+
			"checkpoint with t5train or transformers", c.FeedForwardProj)
	}
	if c.RelativeAttentionMaxDistance != 128 {
		return fmt.Errorf("llama.cpp cannot run relative_attention_max_distance %d: of T5 it knows 128: run the "+
			"checkpoint with t5train or transformers", c.RelativeAttentionMaxDistance)
	}
	if max(c.NumLayers, c.NumDecoderLayers) > most {
		return fmt.Errorf("llama.cpp cannot run %d and %d layers: it has room for %d: run the checkpoint with t5train "+
			"or transformers", c.NumLayers, c.NumDecoderLayers, most)
	}
	return nil
}

// appendTensor appends a tensor under llama.cpp's name. As its converter has it, vectors stay float32, and matrices
// whose rows are no blocks of Q8_0 become float16.
func (f *ggufFile) appendTensor(all []gguf.Tensor, t safetensors.Lazy, matrices gguf.Type) ([]gguf.Tensor, error) {
	name, err := llamaName(t.Name)
	if err != nil {
		return nil, err
	}
	g := gguf.Tensor{Name: name, Type: matrices, Shape: t.Shape, Write: t.Write}
	switch {
	case len(t.Shape) < 2:
		g.Type = gguf.F32
	case matrices == gguf.Q8_0 && t.Shape[1]%gguf.BlockSize != 0:
		g.Type = gguf.F16
	}
	if scale := f.parsed.LogitScale(); t.Name == finalNorm && scale != 1 {
		g.Write = scaled(t.Write, scale)
	}
	return append(all, g), nil
}

// finalNorm is the parameter that takes in the factor of the decoder output, which llama.cpp does not have: the logits
// are the same.
const finalNorm = "decoder.final_layer_norm.weight"

// scaled multiplies the elements that write writes, all at once: it is for a vector.
func scaled(write func(io.Writer) error, factor float32) func(io.Writer) error {
	return func(w io.Writer) error {
		var raw bytes.Buffer
		if err := write(&raw); err != nil {
			return err
		}
		values, err := safetensors.Tensor{
			DType: safetensors.F32, Shape: []int{raw.Len() / 4}, Data: raw.Bytes(),
		}.Float32()
		if err != nil {
			return err
		}
		for i := range values {
			values[i] *= factor
		}
		_, err = w.Write(safetensors.FromFloat32("", []int{len(values)}, values).Data)
		return err
	}
}

// llamaName returns the name that llama.cpp has for a parameter: decoder.block.1.layer.1.EncDecAttention.q.weight is
// dec.blk.1.cross_attn_q.weight.
func llamaName(name string) (string, error) {
	if fixed, ok := llamaNames[name]; ok {
		return fixed, nil
	}
	var stack, rest string
	var block, layer int
	if n, _ := fmt.Sscanf(name, "encoder.block.%d.layer.%d.%s", &block, &layer, &rest); n == 3 {
		stack = "enc"
	} else if n, _ := fmt.Sscanf(name, "decoder.block.%d.layer.%d.%s", &block, &layer, &rest); n == 3 {
		stack = "dec"
	}
	part := llamaParts[rest]
	if rest == "layer_norm.weight" {
		part = map[string][]string{
			"enc": {"attn_norm", "ffn_norm"}, "dec": {"attn_norm", "cross_attn_norm", "ffn_norm"},
		}[stack][layer]
	}
	if part == "" {
		return "", fmt.Errorf("llama.cpp has no tensor for %s", name)
	}
	return fmt.Sprintf("%s.blk.%d.%s.weight", stack, block, part), nil
}

var llamaNames = map[string]string{
	"shared.weight": "token_embd.weight", "lm_head.weight": "output.weight",
	"encoder.final_layer_norm.weight": "enc.output_norm.weight", finalNorm: "dec.output_norm.weight",
}

var llamaParts = map[string]string{
	"SelfAttention.q.weight": "attn_q", "SelfAttention.k.weight": "attn_k",
	"SelfAttention.v.weight": "attn_v", "SelfAttention.o.weight": "attn_o",
	"SelfAttention.relative_attention_bias.weight": "attn_rel_b",
	"EncDecAttention.q.weight":                     "cross_attn_q", "EncDecAttention.k.weight": "cross_attn_k",
	"EncDecAttention.v.weight": "cross_attn_v", "EncDecAttention.o.weight": "cross_attn_o",
	"DenseReluDense.wi.weight": "ffn_up", "DenseReluDense.wi_1.weight": "ffn_up",
	"DenseReluDense.wi_0.weight": "ffn_gate", "DenseReluDense.wo.weight": "ffn_down",
}

// write writes the file, which takes its name when it is complete.
func (f *ggufFile) write(out string) error {
	size, err := gguf.Size(f.keys, f.tensors)
	if err != nil {
		return err
	}
	if err := checkFree(filepath.Dir(out), int64(size)); err != nil {
		return fmt.Errorf("convert to %s: %w", out, err)
	}
	w, finish, err := atomicfile.OpenOutput(nil, out)
	if err != nil {
		return err
	}
	return finish(gguf.Write(w, f.keys, f.tensors))
}
