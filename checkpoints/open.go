package checkpoints

import (
	"fmt"
	"path/filepath"

	"t5train/checkpoints/peft"
	"t5train/data/tokenizer"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// Open loads a checkpoint folder, the best checkpoint of a run folder, a Hugging Face folder, or a built-in model by
// its name. how says in words which it was. Damaged weights are an error: see [Weights.Verify].
func Open(path string) (b *Folder, how string, err error) { return OpenWith(path, OpenOptions{}) }

// OpenUnverified is Open for weights that are taken as they are.
func OpenUnverified(path string) (b *Folder, how string, err error) {
	return OpenWith(path, OpenOptions{Unverified: true})
}

// loader makes a model, or its encoder, of config.json and weights.
type loader struct {
	parse func(config []byte) (model.Config, error)
	load  func(model.Config, model.TensorSource) (*model.T5, error)
}

var (
	wholeModel   = loader{model.ParseConfig, model.Load}
	roundedModel = loader{model.ParseConfig, model.LoadBFloat16}
	encoderAlone = loader{model.ParseEncoderConfig, model.LoadEncoder}
)

// OpenOptions say how OpenWith reads a model.
type OpenOptions struct {
	Adapter    string // folder, run or name of an adapter beside the model; the zero value is none
	Unverified bool   // take weights as they are: see [OpenUnverified]
	BFloat16   bool   // for inference in half the memory: see [model.LoadBFloat16]
	Encoder    bool   // of the model alone, which may be all that there is: see [model.LoadEncoder]; it has no adapter
	Either     bool   // a folder that has an encoder alone is opened as with Encoder
}

func (o OpenOptions) loader() loader {
	l := wholeModel
	switch {
	case o.Encoder:
		return encoderAlone
	case o.BFloat16:
		l = roundedModel
	}
	if o.Either {
		return l.orEncoder()
	}
	return l
}

// orEncoder returns a loader of a whole model, or of an encoder where its weights are all that there is.
func (l loader) orEncoder() loader {
	var refused error // what a whole model cannot have in its config.json
	return loader{
		parse: func(config []byte) (c model.Config, err error) {
			if c, refused = l.parse(config); refused != nil {
				return model.ParseEncoderConfig(config)
			}
			return c, nil
		},
		load: func(c model.Config, src model.TensorSource) (*model.T5, error) {
			switch {
			case model.IsEncoder(src):
				return model.LoadEncoder(c, src)
			case refused != nil:
				return nil, refused
			}
			return l.load(c, src)
		},
	}
}

// OpenWith is Open with options. An adapter is merged into weights of float32, and stays beside others. A path that
// leads to an adapter means its base with it, as far as the adapter names its base.
func OpenWith(path string, o OpenOptions) (b *Folder, how string, err error) {
	dir, how, err := Find(path)
	if err != nil {
		return nil, "", err
	}
	switch {
	case o.Adapter != "":
	case !IsAdapter(dir):
		b, err := openModel(dir, o)
		return b, how, err
	default:
		o.Adapter = path
		if path, err = BaseOf(dir); err != nil {
			return nil, "", err
		}
	}
	if o.Encoder {
		return nil, "", fmt.Errorf("open %s: the encoder of a model has no adapter beside it: merge the adapter first "+
			"with convert", o.Adapter)
	}
	dir, _, err = Resolve(path)
	if err != nil {
		return nil, "", err
	}
	adapter, how, err := FindAdapter(o.Adapter)
	if err != nil {
		return nil, "", err
	}
	if b, err = openModel(dir, o); err != nil {
		return nil, "", err
	}
	return b, fmt.Sprintf("%s, an adapter beside %s", how, path), b.adapt(adapter, !o.Unverified)
}

func openModel(dir string, o OpenOptions) (*Folder, error) {
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	return openFolder(dir, tok, !o.Unverified, o.loader())
}

// IsAdapter reports whether a checkpoint folder is that of an adapter.
func IsAdapter(dir string) bool {
	return !isRegular(filepath.Join(dir, configName)) && isRegular(filepath.Join(dir, peft.ConfigName))
}

// FindAdapter is Find for an adapter: its folder, or a run that trained one.
func FindAdapter(path string) (dir, how string, err error) {
	dir, how, err = Find(path)
	if err == nil && !isRegular(filepath.Join(dir, peft.ConfigName)) {
		err = fmt.Errorf("find adapter %s: it is a whole model and no adapter, which would have %s: name it as the "+
			"model", path, peft.ConfigName)
	}
	return dir, how, err
}

// BaseOf returns the base that the adapter in a folder names.
func BaseOf(dir string) (string, error) {
	c, err := peft.ReadConfig(dir)
	if err != nil {
		return "", err
	}
	if _, _, err := Resolve(c.Base); err != nil {
		return "", fmt.Errorf("find the base of the adapter %s, which names %q: name it as the model, and the adapter "+
			"with checkpoints.adapter: %w", dir, c.Base, err)
	}
	return c.Base, nil
}

// adapt puts the adapter of a folder to the model. What the folder says of its task is about the two together.
func (b *Folder) adapt(dir string, verify bool) error {
	if err := b.AttachAdapter(dir, verify); err != nil {
		return err
	}
	info, err := ReadInfo(dir)
	if err != nil {
		return err
	}
	if isRegular(filepath.Join(dir, InfoName)) {
		b.Info = info
	}
	if b.Model.DType() != kernel.Float32.String() {
		return nil
	}
	b.Adapter = nil
	for _, p := range b.Model.Params {
		p.Frozen = false
	}
	return b.Model.MergeAdapters(nil)
}

// Beside opens an adapter, a folder or a run that trained one, beside a model that stays as it is: rows of inputs have
// the adapter (see [op.Adapter]). with is the folder of the two together, in the memory of the model.
func (b *Folder) Beside(path string, verify bool) (with *Folder, a *op.Adapter, err error) {
	dir, _, err := FindAdapter(path)
	if err != nil {
		return nil, nil, err
	}
	own := *b
	before := make([]op.Param, len(b.Model.Params))
	for i, p := range b.Model.Params {
		before[i] = *p
	}
	err = own.AttachAdapter(dir, verify)
	a = b.Model.Detach()
	for i, p := range b.Model.Params {
		if !p.Frozen && err == nil {
			err = fmt.Errorf("open adapter %s: it replaces %s (modules_to_save), which it would share with the model: "+
				"name it as the only adapter, or merge it with convert", dir, p.Name)
		}
		p.Value, p.Frozen, p.LoRA = before[i].Value, before[i].Frozen, before[i].LoRA
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := ReadInfo(dir)
	if err == nil && isRegular(filepath.Join(dir, InfoName)) {
		own.Info = info
	}
	own.Adapter = nil
	return &own, a, err
}

// AttachAdapter puts the adapter of a folder beside the model, which is frozen: see [peft.Attach].
func (b *Folder) AttachAdapter(dir string, verify bool) error {
	if verify {
		if err := Verify(dir); err != nil {
			return err
		}
	}
	c, err := peft.Attach(b.Model, dir)
	if err != nil {
		return fmt.Errorf("open adapter %s: %w", dir, err)
	}
	b.Adapter, b.adapterDir = &c, dir
	return nil
}

// OpenFolder loads the model of a folder with a tokenizer that may come from elsewhere.
func OpenFolder(dir string, tok *tokenizer.Tokenizer, verify bool) (*Folder, error) {
	return openFolder(dir, tok, verify, wholeModel)
}

// OpenBase is OpenFolder for a model whose weights are to stay as they are: its matrices are rounded to dtype, which is
// float32, bfloat16, int8, or empty for int8 where they are that and else float32.
func OpenBase(dir string, tok *tokenizer.Tokenizer, verify bool, dtype string) (*Folder, error) {
	l := wholeModel
	if dtype == kernel.BFloat16.String() {
		l = roundedModel
	}
	b, err := openFolder(dir, tok, verify, l)
	if err != nil {
		return nil, err
	}
	switch {
	case dtype == "int8":
		err = b.Model.QuantizeInt8()
	case dtype != "" && b.Model.Int8():
		err = model.ErrInt8
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return b, nil
}

// adapterError is the error for a folder that holds an adapter in place of a model.
func adapterError(dir string) error {
	base := "its base model"
	if c, err := peft.ReadConfig(dir); err == nil && c.Base != "" {
		base = fmt.Sprintf("its base model %q", c.Base)
	}
	return fmt.Errorf("it holds an adapter (%s), which changes %s and is no model by itself: name the base as the "+
		"model and the adapter with checkpoints.adapter, or merge the two with convert", peft.ConfigName, base)
}
