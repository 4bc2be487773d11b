package convert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/internal/mmap"
	"t5train/internal/ui"
	"t5train/model"
)

// ConvertOptions say what Convert changes.
type ConvertOptions struct {
	DType        string // one of DTypes; "": every tensor keeps its type
	MaxShardSize int64  // bytes of the largest file of weights; 0: checkpoints.DefaultShardSize
	VocabSize    int    // rows of the embedding; 0: as many as there are, or as a new vocabulary needs
	NoVerify     bool   // take the weights as they are, damaged or not
	// run, folder or file (see OpenTokenizer) of the vocabulary to bring the model to; "": it keeps its own
	Tokenizer string

	// The checkpoints of which the result is the mean: last:N for the N of the highest steps of the run, or a list of
	// names with commas between them, each a step of the run, the name of one of its checkpoints, or any checkpoint.
	// All files but the weights come from the last one. "": there is one checkpoint.
	Average string

	// Adapter to merge into the weights: its folder, or a run that trained one; "": there is none.
	Adapter string

	// Blocks to keep, as the first weights of a smaller student: 0,2,4 of both stacks, in that order, or 0,2,4/0,5 of
	// the encoder and the decoder. "": all.
	Layers string
}

// Int8 is the type of weights for inference: the linear layers in eight bits, with a scale for each row.
const Int8 = "int8"

// DTypes lists the types that Convert writes.
func DTypes() []string { return []string{"float32", "bfloat16", "float16", Int8} }

var dtypes = map[string]safetensors.DType{"float32": safetensors.F32, "bfloat16": safetensors.BF16,
	"float16": safetensors.F16}

// copied are the files that a converted checkpoint takes along as they are. The state of the training is not among
// them: it belongs to the weights as they were.
var copied = []string{
	checkpoints.GenerationName, checkpoints.InfoName, "spiece.model", "tokenizer.json", "tokenizer_config.json",
	"special_tokens_map.json", "added_tokens.json", cardName,
}

const cardName = "README.md"

// Convert writes the checkpoint at path (see Open) to the folder out, which must be new or empty, in another type, in
// files of another size, with another number of rows in the embedding, with another vocabulary, or the mean of it and
// others. Tensors go from file to file one after the other, so that memory does not grow with the model. The folder
// appears complete or not at all.
func Convert(ctx context.Context, path, out string, o ConvertOptions, sink ui.Sink) error {
	if o.DType != "" && !slices.Contains(DTypes(), o.DType) {
		return fmt.Errorf("convert %s: the type is %q, want one of %s", path, o.DType, strings.Join(DTypes(), ", "))
	}
	if o.MaxShardSize == 0 {
		o.MaxShardSize = checkpoints.DefaultShardSize
	}
	dirs, how, err := o.folders(path)
	if err != nil {
		return err
	}
	dir := dirs[len(dirs)-1]
	if err := CheckNewFolder(dir, out); err != nil {
		return fmt.Errorf("convert to %s: %w", out, err)
	}
	return o.openAll(dirs, func(all []*checkpoints.Weights) error {
		c, err := newConversion(ctx, dir, all, o)
		if err != nil {
			return fmt.Errorf("convert %s: %w", dir, err)
		}
		return c.run(how, out, sink)
	})
}

// folders returns the folder of the checkpoint at path, or those of a mean, of which the last one gives all files but
// the weights; how says how they were found.
func (o *ConvertOptions) folders(path string) (dirs []string, how string, err error) {
	if o.Average != "" {
		return o.averaged(path)
	}
	if path, err = o.findAdapter(path); err != nil {
		return nil, "", err
	}
	dir, how, err := checkpoints.Resolve(path)
	if o.Adapter != "" {
		how += ", with the adapter " + o.Adapter
	}
	return []string{dir}, how, err
}

// openAll opens the weights of folders for a function, and closes them behind it.
func (o ConvertOptions) openAll(dirs []string, use func(all []*checkpoints.Weights) error) error {
	var all []*checkpoints.Weights
	for _, dir := range dirs {
		weights, err := checkpoints.OpenWeights(dir)
		if err != nil {
			return err
		}
		defer weights.Close()
		if !o.NoVerify {
			if err := weights.Verify(); err != nil {
				return fmt.Errorf("convert %s: %w", dir, err)
			}
		}
		all = append(all, weights)
	}
	return mmap.Guard(func() error { return use(all) })
}

// run writes the new folder.
func (c *conversion) run(how, out string, sink ui.Sink) error {
	if err := checkRoom(out, c.tensors); err != nil {
		return fmt.Errorf("convert to %s: %w", out, err)
	}
	ui.Say(sink, "", "%s", how)
	for _, note := range c.notes {
		ui.Say(sink, note.key, "%s", note.text)
	}
	if c.tokenizerErr != nil {
		ui.Say(sink, ui.Warning, "its tokenizer cannot be read, so its files are copied unseen: %v", c.tokenizerErr)
	}
	return checkpoints.Create(out, c.write)
}

// CheckNewFolder refuses a folder that would be written over.
func CheckNewFolder(dir, out string) error {
	info, err := os.Stat(out)
	if errors.Is(err, fs.ErrNotExist) {
		return atomicfile.CheckWritable(out)
	} else if err != nil {
		return err
	}
	if from, err := os.Stat(dir); err == nil && os.SameFile(from, info) {
		return errors.New("that is the checkpoint itself: choose another folder")
	}
	if !info.IsDir() {
		return errors.New("a file of that name is there: choose another folder")
	}
	entries, err := os.ReadDir(out)
	if err == nil && len(entries) > 0 {
		err = errors.New("the folder holds files already: choose another one, or remove it first")
	}
	if err != nil {
		return err
	}
	return atomicfile.CheckWritable(out)
}

// checkRoom makes sure that the disk has room for tensors.
func checkRoom(out string, tensors []safetensors.Lazy) error {
	var bytes int64
	for _, t := range tensors {
		size := int64(t.DType.Size())
		for _, n := range t.Shape {
			size *= int64(n)
		}
		bytes += size
	}
	return checkFree(out, bytes)
}

// checkFree makes sure that the disk of a folder, or of where it will be, has room for the bytes of weights.
func checkFree(dir string, bytes int64) error {
	if free, ok := atomicfile.Free(atomicfile.Existing(dir)); ok && free < bytes {
		return fmt.Errorf("the disk has %s MB left, and the weights take %s MB: free some space or choose another "+
			"folder", ui.Grouped(int(free>>20)), ui.Grouped(int(bytes>>20)))
	}
	return nil
}

// conversion is a checkpoint on its way into another folder.
type conversion struct {
	ctx     context.Context
	dir     string
	options ConvertOptions

	config       []byte // config.json as it will be
	parsed       model.Config
	tensors      []safetensors.Lazy
	encoder      bool                 // there is no decoder
	tokenizer    *tokenizer.Tokenizer // nil: it cannot be read
	tokenizerErr error
	layers       *layers          // nil: all
	adapted      *model.T5        // names and adapters alone; nil: there are none
	transfer     *transfer        // nil: the vocabulary stays
	replaced     []tokenizer.File // what goes with it
	notes        []note
}

// newConversion makes the conversion of the last of some open checkpoints, which is that of dir, or of their mean.
func newConversion(ctx context.Context, dir string, all []*checkpoints.Weights, o ConvertOptions) (*conversion,
	error) {
	last := len(all) - 1
	weights := all[last]
	stored, resolved, tensors, err := resolve(weights)
	if err != nil {
		return nil, err
	}
	c := &conversion{ctx: ctx, dir: dir, options: o, parsed: resolved}
	c.tokenizer, c.tokenizerErr = tokenizer.Load(dir)
	others, err := c.sameModels(all[:last])
	if err == nil && len(others) > 0 {
		err = c.forget()
	}
	if err != nil {
		return nil, err
	}
	if model.IsEncoder(weights) {
		if o.Tokenizer != "" || o.Adapter != "" || o.Layers != "" {
			return nil, errors.New("the weights hold an encoder alone (T5EncoderModel), which keeps its vocabulary " +
				"and its layers: convert the whole model that it was taken from")
		}
		c.encoder = true
	}
	if o.Tokenizer != "" {
		err = c.changeVocabulary()
	} else {
		err = c.resize()
	}
	if err != nil {
		return nil, err
	}
	if o.Adapter != "" {
		if err := c.openAdapter(); err != nil {
			return nil, err
		}
	}
	if o.Layers != "" {
		if err := c.keepLayers(); err != nil {
			return nil, err
		}
	}
	if c.config, err = c.edit(weights.Config(), stored); err != nil {
		return nil, fmt.Errorf("edit config.json: %w", err)
	}
	for i, t := range tensors {
		var peers []safetensors.Tensor
		for _, other := range others {
			peers = append(peers, other[i])
		}
		c.tensors = append(c.tensors, c.lazy(t, peers)...)
	}
	if c.layers != nil {
		c.tensors = c.layers.selected(c.parsed, c.tensors)
	}
	return c, nil
}

// resolve returns the configuration of a checkpoint as it is stored and as its weights correct it, and the tensors of
// its model.
func resolve(weights *checkpoints.Weights) (stored, resolved model.Config, tensors []safetensors.Tensor, err error) {
	var found []model.Tensor
	if model.IsEncoder(weights) {
		if stored, err = model.ParseEncoderConfig(weights.Config()); err == nil {
			resolved = stored
			found, err = model.ResolveEncoder(stored, weights)
		}
	} else if stored, err = model.ParseConfig(weights.Config()); err == nil {
		resolved, found, err = model.Resolve(stored, weights)
	}
	if err == nil && model.InInt8(weights) {
		err = model.ErrInt8
	}
	for _, t := range found {
		source, _ := weights.Tensor(t.Stored) // Resolve has seen it
		source.Name = t.Name
		tensors = append(tensors, source)
	}
	return stored, resolved, tensors, err
}

// resize sets the number of rows, unless one of them is in use and would go.
func (c *conversion) resize() error {
	rows := c.options.VocabSize
	if rows == 0 || rows == c.parsed.VocabSize {
		return nil
	}
	if rows < c.parsed.VocabSize {
		switch {
		case c.tokenizer == nil:
			return fmt.Errorf("%d rows of %d: which are in use only the tokenizer tells: %w", rows,
				c.parsed.VocabSize, c.tokenizerErr)
		case rows < c.tokenizer.VocabSize():
			return tooFewRows(rows, c.tokenizer)
		}
	}
	c.parsed.VocabSize = rows
	return c.parsed.Validate()
}

// edit returns config.json with what the conversion changes and all else as it was.
func (c *conversion) edit(raw []byte, stored model.Config) ([]byte, error) {
	keys, err := parseKeys(raw)
	if err != nil {
		return nil, err
	}
	keys["vocab_size"] = c.parsed.VocabSize
	if c.layers != nil {
		keys["num_layers"], keys["num_decoder_layers"] = c.parsed.NumLayers, c.parsed.NumDecoderLayers
		delete(keys, "num_hidden_layers") // the same under another name
	}
	if c.transfer != nil {
		c.dropped("config.json", dropTokens(keys))
		delete(keys, "tokenizer_class") // tokenizer_config.json tells it
		keys["pad_token_id"], keys["eos_token_id"], keys["decoder_start_token_id"] = c.parsed.PadTokenID,
			c.parsed.EOSTokenID,
			c.parsed.DecoderStartTokenID
	}
	if c.options.DType != "" && c.options.DType != Int8 { // which is no type of transformers
		keys["torch_dtype"] = c.options.DType
		if _, ok := keys["dtype"]; ok { // its name since transformers 4.56
			keys["dtype"] = c.options.DType
			delete(keys, "torch_dtype")
		}
	}
	// Noted, because rounded matrices may become equal.
	if stored.TieWordEmbeddings != c.parsed.TieWordEmbeddings {
		keys["tie_word_embeddings"] = c.parsed.TieWordEmbeddings
		keys["scale_decoder_outputs"] = c.parsed.ScaleDecoderOutputs
	}
	return json.MarshalIndent(keys, "", "  ")
}

// lazy returns a tensor, or the mean of it and its peers, as it will be: in eight bits it has another one with its
// scales.
func (c *conversion) lazy(t safetensors.Tensor, peers []safetensors.Tensor) []safetensors.Lazy {
	dtype := t.DType
	if c.options.DType == Int8 {
		dtype = safetensors.F32
	} else if c.options.DType != "" {
		dtype = dtypes[c.options.DType]
	}
	l := t.As(dtype)
	switch rows := c.parsed.VocabSize; {
	case c.changes(t.Name):
		l.Write = func(w io.Writer) error {
			merged, err := c.merged(t)
			if err != nil {
				return err
			}
			return merged.As(dtype).Write(w)
		}
	case len(peers) > 0:
		l = meanTensor(append(peers, t), dtype)
	case !model.IsVocabulary(t.Name):
	case c.transfer != nil:
		l = c.transfer.tensor(t, dtype)
	case rows != t.Shape[0]:
		l = resizeRows(t, rows, dtype)
	}
	write := l.Write
	l.Write = func(w io.Writer) error {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		return write(w)
	}
	if c.options.DType == Int8 && model.IsLinear(t.Name, t.Shape) {
		return int8Tensors(l)
	}
	return []safetensors.Lazy{l}
}

// write fills the new folder.
func (c *conversion) write(d *checkpoints.Dir) error {
	files, err := c.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := d.WriteFile(f.Name, f.Data); err != nil {
			return err
		}
	}
	return d.WriteWeights(c.tensors, c.options.MaxShardSize)
}

// files returns all but the weights: what changes, what is there as it is, and what is missing.
func (c *conversion) files() (files []tokenizer.File, err error) {
	files = append(c.replaced, tokenizer.File{Name: "config.json", Data: c.config})
	if c.transfer != nil {
		return files, nil
	}
	have := func(name string) bool {
		return slices.ContainsFunc(files, func(f tokenizer.File) bool { return f.Name == name })
	}
	for _, name := range copied {
		if have(name) || name == cardName && c.replaced != nil { // the card is that of another model
			continue
		}
		data, err := bounded.ReadFile(filepath.Join(c.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		files = append(files, tokenizer.File{Name: name, Data: data})
	}
	_, generation, err := checkpoints.ReadGenerationKeys(c.dir) // of config.json, where the other file is missing
	if err != nil {
		return nil, err
	}
	more := []tokenizer.File{{Name: checkpoints.GenerationName, Data: generation}}
	if c.encoder {
		if more, err = sentenceFiles(c.dir); err != nil {
			return nil, err
		}
	}
	if c.tokenizer != nil {
		own, err := c.tokenizer.Files()
		if err != nil {
			return nil, err
		}
		more = append(more, own...)
	}
	for _, f := range more {
		if !have(f.Name) {
			files = append(files, f)
		}
	}
	return files, nil
}
